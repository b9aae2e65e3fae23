"""What people call the drawings in everyday language; captions are written in these words."""

from __future__ import annotations

from functools import cache

import numpy as np

from larvseg.miniature.chance import choose
from larvseg.vocabulary.names import read_reference


@cache
def words() -> dict[str, tuple[str, ...]]:
    """The words for each drawing, the most usual first; the names that the data sets give to a thing are among them."""
    return {row["drawing"]: tuple(row["words"].split(";")) for row in read_reference("miniature/words.csv")}


def draw_word(rng: np.random.Generator, drawing: str) -> str:
    """One of the words for `drawing`: the k-th most usual has the weight 1/k (Zipf)."""
    known = words()[drawing]
    return known[choose(rng, [1 / rank for rank in range(1, len(known) + 1)])]


def with_article(word: str) -> str:
    """ "a lamp", "an umbrella", but "blinds" and "people"."""
    if word in ("people", "ice") or (word.endswith("s") and not word.endswith(("ss", "us"))):
        return word
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
