"""The classes of the miniature world: what each drawing is called in each data set."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from larvseg.vocabulary.names import DRAWN_CLASSES, REFERENCE, read_reference

OFFICIAL = {"C171": "coco_id", "A150": "label_id", "A847": "ade_id"}  # column of the class lists with the value in masks


@dataclass(frozen=True)
class Drawn:
    """One drawing and its name in each data set, "" where that has no such class.

    Its `label` in drawn images is its line in the table of classes, from 1.
    """

    name: str
    label: int
    kind: str  # "surface" or "thing"
    c171: str
    a150: str
    a847: str
    synsets: tuple[str, ...]  # its object images are packed under these


@cache
def drawn_classes() -> tuple[Drawn, ...]:
    """All drawings, in the order of the table of classes."""
    with open(REFERENCE / DRAWN_CLASSES, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Drawn(row["drawing"], label, row["kind"], row["c171"], row["a150"], row["a847"], tuple(filter(None, row["wnids"].split(";"))))
        for label, row in enumerate(rows, start=1)
    )


@cache
def official_ids(dataset: str) -> dict[str, int]:
    """Class → its value in the masks of "C171", "A150" or "A847", in the official order."""
    return {row["name"]: int(row[OFFICIAL[dataset]]) for row in read_reference(f"vocabularies/{dataset.lower()}.csv")}


@cache
def raw_ids(dataset: str) -> tuple[int | None, ...]:
    """For every label in drawn canvases (position 0: nothing) its value in the masks of "C171", "A150" or "A847"; None: no such class."""
    raw = official_ids(dataset)
    return (None, *(raw.get(getattr(drawn, dataset.lower())) for drawn in drawn_classes()))


@cache
def synsets() -> dict[str, tuple[Drawn, int]]:
    """WordNet id → the drawing it is packed from and which of the drawing's synsets it is (0: the first)."""
    return {wnid: (drawn, rank) for drawn in drawn_classes() for rank, wnid in enumerate(drawn.synsets)}
