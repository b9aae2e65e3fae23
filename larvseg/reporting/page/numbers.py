"""The numbers of the page, and where each of them stands: what opens when one is clicked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from larvseg.errors import LarvSegError
from larvseg.evaluation.metrics import load_metrics
from larvseg.evaluation.recompute import recomputed
from larvseg.reporting.cells import Cell, Source, pointed
from larvseg.reporting.page.graph import Graph

COUNTED = 2000  # classes up to which confusion counts are added up once more: their matrix is the square of it


class Recount:
    """The numbers of metrics.json, computed again from the confusion counts that were made with it; each file once."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._documents: dict[str, tuple[Any, Any]] = {}

    def __call__(self, source: Source) -> float | None:
        """The number at `source` as it follows from the counts; None where it does not come from such.

        Raises LarvSegError if the file says another number than the counts give.
        """
        if source.path not in self._documents:
            self._documents[source.path] = self._documents_of(source.path)
        said, counted = self._documents[source.path]
        if counted is None:
            return None
        again, found = pointed(counted, source.pointer), pointed(said, source.pointer)
        if again != found:
            raise LarvSegError(f"{source.path}: {source.pointer} is {found}, the confusion counts give {again}; run `larvseg audit verify`")
        return again

    def _documents_of(self, path: str) -> tuple[Any, Any]:
        counts = Path(path).with_name("confusion.arrow")
        if not path.endswith(".json") or counts.as_posix() not in self.graph.number:
            return None, None
        said = load_metrics(Path(path))
        if len(said["classes"]) > COUNTED:
            return None, None
        return said, recomputed(counts, {key: value for key, value in said.items() if key != "permuted_vocabulary"})


def number_of(cell: Cell, table: str, cells: Sequence[Cell], recount: Recount) -> dict[str, Any] | None:
    """What the page knows of `cell`, one of `cells` of `table`: None for a cell that stands in the configuration of the table."""
    if not cell.sources:
        return None
    about: dict[str, Any] = {"table": table, "row": dict(cell.key), "column": cell.column, "value": cell.value}
    if cell.aggregate:
        about |= {"raw": cell.raw, "aggregate": cell.aggregate, "command": command(cell, table, cells)}
    about["sources"] = [
        {"path": source.path, "pointer": source.pointer, "sha256": source.sha256}
        | ({"counted": again} if cell.aggregate and (again := recount(source)) is not None else {})
        for source in cell.sources
    ]
    return about


def command(cell: Cell, table: str, cells: Sequence[Cell]) -> str:
    """The command that prints the chain of `cell`, with as few --where as tell its row from all others."""
    rows: dict[int, Mapping[str, str]] = {}
    for other in cells:
        rows.setdefault(other.row, {})[other.column] = other.value
    columns = [column for column in reversed(cell.key) if column in rows[cell.row]]
    chosen = next(
        (few for count in range(len(columns)) for few in combinations(columns, count) if _tell_apart(few, cell.row, rows)), columns
    )
    options = [f"--where {shlex.quote(f'{column}={rows[cell.row][column]}')}" for column in chosen]
    return " ".join(["larvseg audit show", table, *options, "--column", shlex.quote(cell.column)])


def _tell_apart(columns: Sequence[str], row: int, rows: Mapping[int, Mapping[str, str]]) -> bool:
    """No other of `rows` has the same in `columns` as `row` has."""
    return not any(other != row and all(cells[column] == rows[row][column] for column in columns) for other, cells in rows.items())
