"""Which fault is which: the kind of each number, and how many of its kind came before. Neither depends on how many there are to be."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

from tests.chaos import faults, whole

ROUND = 1000  # after so many numbers the kinds come in the same order again


def kinds() -> dict[str, float]:
    """Title → how many of a hundred numbers are of this kind."""
    return {title: share for title, (share, *_) in {**faults.KINDS, **whole.KINDS}.items()}


@cache
def order() -> tuple[str, ...]:
    """The kinds of one round."""
    titles = [title for title, share in kinds().items() for _ in range(round(share * ROUND / 100))]
    random.Random(0).shuffle(titles)
    return tuple(titles)


def kind_of(number: int) -> str:
    return order()[number % len(order())]


def rank_of(number: int) -> int:
    """How many numbers of the same kind are smaller."""
    kind, (rounds, rest) = kind_of(number), divmod(number, len(order()))
    return rounds * Counter(order())[kind] + order()[:rest].count(kind)


def numbers(how_many: int, among: set[str]) -> list[int]:
    """The first numbers of the kinds `among`."""
    found, number = [], 0
    while len(found) < how_many:
        if kind_of(number) in among:
            found.append(number)
        number += 1
    return found
