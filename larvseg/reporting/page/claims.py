"""The claims of the paper beside what was measured."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from larvseg.reporting.page.graph import Graph
from larvseg.reporting.tables import read_csv

VERDICTS = ("holds", "does not hold", "undecided")
WIDTH, HEIGHT = 160, 20  # of an interval's drawing


class Interval(NamedTuple):
    """Places in a drawing WIDTH wide with 0 in its middle; None for what is not there."""

    low: float | None
    high: float | None
    measured: float | None
    published: float | None


class Claims(NamedTuple):
    """The claims in `path`: `rows` are those of the file; `counts`: verdict → how many."""

    path: str
    rows: list[tuple[dict[str, str], Interval]]
    counts: dict[str, int]


def claims_of(path: str, graph: Graph) -> Claims:
    """The claims in the CSV file `path`, each with its interval drawn to one scale for all of the same unit."""
    rows = read_csv(Path(path))
    counts = Counter(row["verdict"] for row in rows)
    return Claims(path, [(row, _interval(row)) for row in rows], {verdict: counts[verdict] for verdict in (*VERDICTS, *counts)})
