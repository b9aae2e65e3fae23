"""Tables of the paper: our numbers beside the published ones, as tidy CSV."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from larvseg.config import TableConfig, TableRow, nearest
from larvseg.errors import LarvSegError
from larvseg.reporting.cells import Cell, measured, read_cells, rows_of, source, write_cells
from larvseg.reporting.documents import read_document

PUBLISHED = Path("data/reference/published")
MEANS = ("all", "base", "novel")
BY_NAME = "novel_by_name_alone"  # classes that the base data set has pixel labels of under another name
NOT_YET = "not yet"  # the status of a row whose run is not evaluated; never in a table of results/


def table(config: TableConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write a table of mIoU over all, base and novel classes beside the published one: its `cells`, and as `table` the CSV of these.

    inputs: the metrics of each run and seed, by `<run>.seed<k>`; a run may have fewer of config.seeds than others. mIoU is in percent: the
    mean over seeds of the unrounded values, rounded to one decimal (the nearest, the even one of two equally near). With several seeds,
    `*_std` is their sample standard deviation, empty where a run has one. A mean that some seed lacks stays empty, and so do all of a run
    that is quoted.
    Raises LarvSegError for a row that the paper lacks and that does not say so, and for metrics of another run, seed, profile or benchmark.
    """
    write_cells(outputs["cells"], _cells(config, inputs))
    write_csv(outputs["table"], rows_of(read_cells(outputs["cells"])))


def rows_so_far(config: TableConfig, inputs: Mapping[str, Path], waiting: Collection[str]) -> list[dict[str, str]]:
    """The rows as `table` will write them, but for those of the runs `waiting`: they have no numbers of ours, and the status NOT_YET.

    inputs: as those of `table`; those of `waiting` may be missing.
    """
    rows = rows_of(_cells(config.model_copy(update={"quoted": (*config.quoted, *waiting)}), inputs))
    return [row | {"status": NOT_YET} if row["run"] in waiting else row for row in rows]


def _cells(config: TableConfig, inputs: Mapping[str, Path]) -> list[Cell]:
    published = Published(config)
    return [cell for number, row in enumerate(config.rows) for cell in _cells_of(config, number, row, inputs, published)]


class Published:
    """The published table that our rows stand beside; without one, their published cells are empty.

    A published row is known by the columns that we have, too: as `published_<column>` where ours says both what the paper did and what is
    done here, otherwise by the same name, the backbone aside. `key`: these columns of ours; `beside`: the other published columns.
    """

    def __init__(self, config: TableConfig):
        self.config = config
        self.path = PUBLISHED / f"{config.published}.csv"
        rows = read_csv(self.path) if config.published else []
        own = {column: self._own_column(column) for column in (rows[0] if rows else MEANS)}
        self.beside = tuple(column for column, ours in own.items() if ours is None)
        self.key = tuple(filter(None, own.values())) or tuple(column for column in config.columns if column != "backbone")
        self._rows = {tuple(row[column] for column, ours in own.items() if ours): (line, row) for line, row in enumerate(rows)}

    def _own_column(self, column: str) -> str | None:
        names = (f"published_{column}", column)
        return next((name for name in names if name in self.config.columns and name != "backbone"), None)

    def row_of(self, row: TableRow) -> tuple[int, Mapping[str, str]]:
        """The number (from 0) and the cells of the published row that `row` stands beside; LarvSegError if there is none."""
        key = tuple(row.texts[column] for column in self.key)
        if key not in self._rows:
            known, wanted = [" / ".join(other) for other in self._rows], " / ".join(key)
            hint = nearest(wanted, known) if known else ""
            raise LarvSegError(f"{self.config.table}: {self.path} has no row {wanted!r} (a row of our own says `published: false`){hint}")
        return self._rows[key]


def _cells_of(config: TableConfig, number: int, row: TableRow, inputs: Mapping[str, Path], published: Published) -> Iterator[Cell]:
    quoted = row.run in config.quoted
    paths = {seed: inputs[f"{row.run}.seed{seed}"] for seed in config.seeds if f"{row.run}.seed{seed}" in inputs}
    if not paths and not quoted:
        raise LarvSegError(f"{config.table}: no metrics of {row.run} are among the inputs")
    about = {"run": row.run, "profile": config.profile} | {key: row.texts[key] for key in ("benchmark",) if key in row.texts}
    metrics = [read_document(path, "the table", seed=seed, **about) for seed, path in paths.items()]
    key = {column: row.texts[column] for column in published.key}
    if sum(other.run == row.run for other in config.rows) == 1:
        key["run"] = row.run  # where two rows share it, it does not say which
    cell = partial(Cell, config.table, number, key)
    for column in config.columns:
        yield cell(column, row.texts[column])
    for aggregate, suffix in {"mean": "", "std": "_std"}.items() if len(config.seeds) > 1 else [("mean", "")]:
        for name in MEANS:
            if quoted or (aggregate == "std" and len(paths) == 1):
                yield cell(f"{name}{suffix}", "")
                continue
            raw, value = measured(aggregate, [numbers[name] for numbers in metrics])
            yield cell(f"{name}{suffix}", value, raw, aggregate, tuple(source(path, f"/{name}") for path in paths.values()))
    line, theirs = published.row_of(row) if row.published else (None, {})
    for column in published.beside:
        sources = (source(published.path, f"/{line}/{column}"),) if row.published else ()
        yield cell(f"published_{column}", theirs.get(column, ""), sources=sources)
    about = {
        "status": "quoted" if quoted else "measured" if row.published else "not in the paper",
        "profile": config.profile,
        "seeds": " ".join(map(str, config.seeds if quoted else paths)),
        "run": row.run,
        BY_NAME: ";".join(each["name"] for each in metrics[0]["classes"] if each["by_name"]) if metrics else "",
    }
    for column, value in about.items():
        yield cell(column, value)


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, cells as text. Raises LarvSegError if it is missing or a row has too few or too many cells."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file") from None
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise LarvSegError(f"{path}: row {line} has another number of cells than the header")
    return rows


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write `rows`, which share their columns, to `path`; lines end with a line feed on every system."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
