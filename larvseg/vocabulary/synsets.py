"""Which ImageNet synsets there are."""

from __future__ import annotations

import csv
from pathlib import Path

CLASSES = Path(__file__).parents[2] / "data/reference/miniature/classes.csv"


def drawn_synsets() -> tuple[str, ...]:
    """The synsets that the miniature world draws, in ascending order."""
    with open(CLASSES, encoding="utf-8", newline="") as file:
        return tuple(sorted({wnid for row in csv.DictReader(file) for wnid in row["wnids"].split(";") if wnid}))
