"""Which drawings a text names."""

import re
from collections import defaultdict
from functools import cache

from larvseg.miniature.words import words


@cache
def _named_by() -> dict[str, frozenset[str]]:
    named = defaultdict(set)
    for drawing, known in words().items():
        for word in known:
            named[word].add(drawing)
    return {word: frozenset(drawings) for word, drawings in named.items()}


@cache
def _pattern() -> re.Pattern:
    longest_first = sorted(_named_by(), key=len, reverse=True)  # "palm tree" before "tree"
    return re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")


def named_in(text: str) -> list[frozenset[str]]:
    """For each word of the table in `text` the drawings that are called so."""
    return [_named_by()[word] for word in _pattern().findall(text.lower())]
