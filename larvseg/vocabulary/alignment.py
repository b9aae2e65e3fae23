"""Which names of a data set another one has, and the union of vocabularies: how a classifier learns one name from several data sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from larvseg.errors import LarvSegError
from larvseg.vocabulary.names import RULES, Vocabulary

BY_NAME = "by_name"


def novel_in(names: Sequence[str], base: Vocabulary) -> dict[str, tuple[int, ...]]:
    """{alignment rule: positions of the novel ones of `names`, ascending}; the others are base: `base` has them under that rule.

    Names match exactly: A847's hyphens are part of them. `base` has to be a whole list: restricting one makes no category novel.
    "by_name": those that are novel under rule S by their name alone, because rule P, which knows more names, has them, hyphens aside.
    """
    known = {rule: set(base.keys[rule]) for rule in RULES}
    novel = {rule: tuple(position for position, name in enumerate(names) if name not in known[rule]) for rule in RULES}
    others = {name.replace("-", " ") for name in base.keys["P"]}
    return novel | {BY_NAME: tuple(position for position in novel["S"] if names[position].replace("-", " ") in others)}


class Union(NamedTuple):
    """One embedding for each distinct name; `index[dataset][i]` is the embedding of class i of that data set."""

    names: tuple[str, ...]
    index: dict[str, tuple[int, ...]]


def union(vocabularies: Iterable[Vocabulary], rule: str) -> Union:
    """The distinct names of `vocabularies` under `rule`, in the order in which they are first seen."""
    position: dict[str, int] = {}
    index = {}
    for vocabulary in vocabularies:
        if rule not in vocabulary.keys:
            raise LarvSegError(f"{vocabulary.dataset} has no names under the alignment rule {rule!r}; it has {', '.join(vocabulary.keys)}")
        index[vocabulary.dataset] = tuple(position.setdefault(key, len(position)) for key in vocabulary.keys[rule])
    return Union(tuple(position), index)
