"""Training curves, thinned out to what a page can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from larvseg.errors import reading
from larvseg.reporting.tables import read_csv

POINTS = 240  # of a run at the most
NO_SERIES = ("step", "learning_rate")


def curves_of(path: Path) -> dict[str, Any]:
    """{"step": [...], a list for each column of `path` in which something is not 0}, with at most POINTS lines: the last is kept.

    Each line of curves.csv is a mean already; those in between are left out.
    """
    with reading(path, "a file of curves", "delete it and make the run again"):
        return _series(read_csv(path))


def _series(rows: Sequence[Mapping[str, str]]) -> dict[str, list[Any]]:
    stride = -(-len(rows) // POINTS)
    kept = rows[::-1][::stride][::-1]
    series = {column: [_number(row[column]) for row in kept] for column in (rows[0] if rows else ()) if column not in NO_SERIES}
    return {"step": [int(row["step"]) for row in kept]} | {column: values for column, values in series.items() if any(values)}


def _number(text: str) -> float | None:
    """To four digits, which a line on a screen does not exceed; None where nothing was measured."""
    return float(f"{float(text):.4g}") if text else None
