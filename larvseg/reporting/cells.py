"""The cells of a table: for each its text as in the CSV, the unrounded number, and where that number stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from pydantic import NonNegativeInt
from pydantic.dataclasses import dataclass

from larvseg.config import Model, conform
from larvseg.errors import reading
from larvseg.files import sha256_of


@dataclass(config=Model.model_config)
class Source:
    """A value in a file: `pointer` is a JSON pointer; in a CSV file it is /<row from 0>/<column>."""

    path: str
    pointer: str
    sha256: str


@dataclass(config=Model.model_config)
class Cell:
    """One cell of row `row` (from 0) of a table; `key` identifies the row for people.

    `raw` is `aggregate` of the numbers at `sources`, `value` its text. Without aggregate, `value` is the text at the one source; without
    source it is part of the table's configuration.
    """

    table: str
    row: NonNegativeInt
    key: dict[str, str]
    column: str
    value: str
    raw: float | None = None
    aggregate: Literal["mean", "std"] | None = None
    sources: tuple[Source, ...] = ()


def source(path: Path, pointer: str) -> Source:
    """The value at `pointer` in `path`, with the hash of the file as it is now."""
    return Source(path.as_posix(), pointer, sha256_of(path))


def pointed(document: Any, pointer: str) -> Any:
    """The value at the JSON pointer `pointer` (RFC 6901) in `document`. Raises KeyError, IndexError or ValueError if there is none."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        document = document[int(token)] if isinstance(document, Sequence) else document[token]
    return document


def write_cells(path: Path, cells: Iterable[Cell]) -> None:
    """Write `cells` to `path`, one JSON object a line."""
    lines = [json.dumps(asdict(cell), ensure_ascii=False, allow_nan=False) + "\n" for cell in cells]
    path.write_text("".join(lines), encoding="utf-8")


def read_cells(path: Path) -> list[Cell]:
    """The cells in `path`. Raises LarvSegError if it is missing or a line is not a cell."""
    cells = []
    with reading(path, "a file of cells", "delete it and make its table again", missing="`snakemake` writes it with its table"):
        for number, line in enumerate(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"), 1):
            with reading(f"{path}: line {number}", "a cell", "delete the file and make its table again"):
                cells.append(conform(Cell, json.loads(line)))
    return cells


def rows_of(cells: Sequence[Cell]) -> list[dict[str, str]]:
    """The rows of the table that consists of `cells`: column → text, columns in the order of the cells."""
    rows: dict[int, dict[str, str]] = {}
    for cell in cells:
        rows.setdefault(cell.row, {})[cell.column] = cell.value
    return [rows[row] for row in sorted(rows)]
