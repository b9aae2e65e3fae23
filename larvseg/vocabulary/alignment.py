"""Which ADE names C171 already has: base and novel categories under the two alignment rules, and the union of vocabularies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from larvseg.errors import LarvSegError
from larvseg.vocabulary.names import RULES, Vocabulary, load_vocabulary

# Rule P calls these C171 classes by their ADE names; all others are cut as under rule S.
_RENAMED = {
    "wine glass": "glass",
    "tv": "television receiver",
    "dirt": "dirt track",
    "window-blind": "blind",
    "window-other": "windowpane",
}


def c171_key(name: str, rule: str) -> str:
    """The union name of C171 class `name`: rule S cuts at the first hyphen ("wall-brick" → "wall"), rule P renames five classes first."""
    if rule not in RULES:
        raise LarvSegError(f"unknown alignment rule {rule!r}; known: {', '.join(RULES)}")
    cut = name.split("-")[0]
    return _RENAMED.get(name, cut) if rule == "P" else cut


def base_novel(target: Vocabulary | Iterable[str], base: Vocabulary, rule: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of the base and of the novel categories of `target`, a vocabulary or its names.

    Base: the name is a union name of the data set of `base` under `rule`. The whole list of that data set counts even where `base` is
    restricted to drawn classes, so restricting never makes a category novel. Names match exactly: A847's hyphens are part of them.
    """
    names = target.names if isinstance(target, Vocabulary) else tuple(target)
    known = set(load_vocabulary(base.dataset).keys(rule))
    indices = range(len(names))
    return tuple(i for i in indices if names[i] in known), tuple(i for i in indices if names[i] not in known)


class Union(NamedTuple):
    """One embedding for each distinct name; `index[dataset][i]` is the embedding of class i of that data set."""

    names: tuple[str, ...]
    index: dict[str, tuple[int, ...]]


def union(vocabularies: Iterable[Vocabulary], rule: str) -> Union:
    """The distinct union names of `vocabularies` under `rule`, in the order in which they are first seen."""
    position: dict[str, int] = {}
    index = {}
    for vocabulary in vocabularies:
        index[vocabulary.dataset] = tuple(position.setdefault(key, len(position)) for key in vocabulary.keys(rule))
    return Union(tuple(position), index)
