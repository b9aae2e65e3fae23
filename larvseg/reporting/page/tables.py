"""Tables as the page shows them: their layout, and from each number a link to where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from larvseg.reporting.cells import Cell
from larvseg.reporting.layout import NOTHING, Entry, Layout, layout_of
from larvseg.reporting.page.graph import Graph
from larvseg.reporting.page.numbers import Recount, number_of
from larvseg.reporting.tables import MEANS

KINDS = {"base": "base", "novel": "novel", "novel_s": "novel", "novel_p": "novel"}  # column of the CSV → what is blue or orange


class Shown(NamedTuple):
    """An entry on the page. `kind`: base, novel or nothing; `link`: the key of what opens; `share`: of the table's highest mIoU, 0 to 1."""

    text: str
    kind: str
    link: str | None
    share: float | None


class View(NamedTuple):
    """A table on the page: its layout, the kind of each of its columns, and its rows."""

    layout: Layout
    kinds: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]


def view(path: str, cells: Sequence[Cell], graph: Graph, recount: Recount) -> tuple[View, dict[str, dict[str, Any]]]:
    """The table `path` with its `cells`, and what its links open: <table>:<row from 0>:<column> → description.

    A table without cells has counts of data sets: they open their manifests.
    """
    layout = layout_of(Path(path))
    at = {(cell.row, cell.column): cell for cell in cells}
    highest = max((float(entry.text) for row in layout.rows for entry in row if _is_miou(entry)), default=1.0)
    numbers: dict[str, dict[str, Any]] = {}
    rows = []
    for row in layout.rows:
        shown = []
        for entry, column in zip(row, layout.columns, strict=True):
            about = None
            if column.number and entry.at and entry.text != NOTHING:
                about = number_of(at[entry.at], path, cells, recount) if cells else _count(path, row[0].text, entry, graph)
            key = f"{layout.name}:{entry.at[0]}:{entry.at[1]}" if about else None
            if about:
                numbers[key] = about | {"text": str(entry), "kind": _kind(entry)}
            shown.append(Shown(str(entry), _kind(entry), key, float(entry.text) / highest if _is_miou(entry) else None))
        rows.append(tuple(shown))
    kinds = tuple(_kind(entry) for entry in layout.rows[0])
    return View(layout, kinds, tuple(rows)), numbers


def _count(path: str, notation: str, entry: Entry, graph: Graph) -> dict[str, Any] | None:
    """What a count of Table 2 stands on; None where there is no manifest."""
    row, column = entry.at
    dataset = notation.removesuffix("-C171")
    files = [graph.files[number]["path"] for number in graph.job_of(path)["inputs"]]
    manifests = [file for file in files if Path(file).stem == dataset and not column.startswith("published_")]
    about = {"table": path, "row": {"notation": notation}, "column": column, "value": entry.text, "command": "larvseg audit verify"}
    return about | {"manifest": manifests[0]} if manifests else None


def _kind(entry: Entry) -> str:
    return KINDS.get(entry.at[1].removeprefix("published_"), "") if entry.at else ""


def _is_miou(entry: Entry) -> bool:
    return bool(entry.at) and entry.at[1].removeprefix("published_") in MEANS and entry.text != NOTHING
