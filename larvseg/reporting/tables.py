"""Tables of the paper: our numbers beside the published ones, as tidy CSV."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from larvseg.config import TableConfig, TableRow, nearest
from larvseg.errors import LarvSegError, reading
from larvseg.evaluation.metrics import read_metrics
from larvseg.reporting.cells import Cell, source, write_cells

PUBLISHED = Path("data/reference/published")
MEANS = ("all", "base", "novel")
BY_NAME = "novel_by_name_alone"  # classes that the base data set has pixel labels of under another name
NOT_YET = "not yet"  # the status of a row whose run is not evaluated; never in a table of results/
AGGREGATES = {"mean": statistics.fmean, "std": statistics.stdev}  # those of pandas are not the same to the last bit on every machine


def table(config: TableConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write a table of mIoU over all, base and novel classes beside the published one, and as `cells` where each number of it stands.

    inputs: the metrics of each run and seed, by `<run>.seed<k>`; a run may have fewer of config.seeds than others. mIoU is in percent: the
    mean over seeds of the unrounded values, rounded to one decimal (the nearest, the even one of two equally near). With several seeds,
    `*_std` is their sample standard deviation, empty where a run has one. A mean that some seed lacks stays empty, and so do all of a run
    that is quoted.
    Raises LarvSegError for a row that the paper lacks and that does not say so, and for metrics of another run, seed, profile or benchmark.
    """
    made = _Table(config, inputs)
    write_csv(outputs["table"], made.rows)
    write_cells(outputs["cells"], made.cells())


def rows_so_far(config: TableConfig, inputs: Mapping[str, Path], waiting: Collection[str]) -> list[dict[str, str]]:
    """The rows as `table` will write them, but for those of the runs `waiting`: they have no numbers of ours, and the status NOT_YET.

    inputs: as those of `table`; those of `waiting` may be missing.
    """
    rows = _Table(config.model_copy(update={"quoted": (*config.quoted, *waiting)}), inputs).rows
    rows.loc[rows["run"].isin(waiting), "status"] = NOT_YET
    return rows.to_dict("records")


class _Table:
    """`rows`: a table as it is printed, (rows, columns) of text."""

    def __init__(self, config: TableConfig, inputs: Mapping[str, Path]):
        self._config = config
        self._numbers = pd.DataFrame(_numbers(config, inputs), columns=["row", "seed", "path", *MEANS, BY_NAME])
        by_row, texts = self._numbers.groupby("row"), pd.DataFrame([row.texts for row in config.rows], columns=config.columns)
        means = [_aggregated(by_row, "mean")]
        if len(config.seeds) > 1:
            means.append(_aggregated(by_row, "std").add_suffix("_std"))
        self._raw = pd.concat(means, axis=1).reindex(texts.index)
        self._published = Published(config, texts)
        runs, ours = pd.Series([row.run for row in config.rows]), [not row.published for row in config.rows]
        about = {
            "status": np.select([runs.isin(config.quoted), ours], ["quoted", "not in the paper"], "measured"),
            "profile": config.profile,
            "seeds": by_row["seed"].agg(" ".join).reindex(texts.index, fill_value=" ".join(map(str, config.seeds))),
            "run": runs,
            BY_NAME: by_row[BY_NAME].first().reindex(texts.index, fill_value=""),
        }
        self.rows = pd.concat([texts, self._raw.map(printed), self._published.beside], axis=1).assign(**about)

    def cells(self) -> Iterator[Cell]:
        """Each cell with the numbers that it was made of, row by row."""
        paths = self._numbers.groupby("row")["path"].agg(tuple)
        count = self.rows["run"].value_counts()
        for number, row in enumerate(self._config.rows):
            key = {column: row.texts[column] for column in self._published.key}
            if count[row.run] == 1:
                key["run"] = row.run  # where two rows share it, it does not say which
            for column, text in self.rows.loc[number].items():
                origin = self._of_ours(number, column, paths.get(number, ())) or self._published.origin(number, column)
                yield Cell(self._config.table, number, key, column, text, **origin)

    def _of_ours(self, number: int, column: str, paths: Sequence[Path]) -> dict[str, Any]:
        name = column.removesuffix("_std")
        aggregate = "mean" if name == column else "std"
        if column not in self._raw or not paths or (aggregate == "std" and len(paths) == 1):
            return {}
        raw = self._raw.at[number, column]
        sources = tuple(source(path, f"/{name}") for path in paths)
        return {"raw": None if pd.isna(raw) else float(raw), "aggregate": aggregate, "sources": sources}


class Published:
    """What the paper has beside our rows `texts` (of text, a column for each of config.columns); without such a table, nothing.

    A published row is known by the columns that we have, too: as `published_<column>` where ours says both what the paper did and what is
    done here, otherwise by the same name, the backbone aside. `key`: these columns of ours; `beside`: the other published columns, a row
    for each of ours. Raises LarvSegError if a row that is said to be published is not.
    """

    def __init__(self, config: TableConfig, texts: pd.DataFrame):
        self.path = PUBLISHED / f"{config.published}.csv"
        columns = [*(column for column in config.columns if column != "backbone"), *MEANS]
        theirs = pd.DataFrame(read_csv(self.path) if config.published else [], columns=None if config.published else columns, dtype=str)
        own = {column: _own_column(config, column) for column in theirs}
        self.key = [column for column in own.values() if column]
        theirs = theirs.rename(columns={column: ours or f"published_{column}" for column, ours in own.items()})
        found = texts[self.key].merge(theirs.assign(line=range(len(theirs))), how="left", on=self.key, validate="many_to_one")
        self._lines = found.pop("line").where([row.published for row in config.rows])
        if missing := [number for number, row in enumerate(config.rows) if row.published and pd.isna(self._lines[number])]:
            wanted, known = (frame[self.key].agg(" / ".join, axis=1).tolist() for frame in (texts.loc[missing], theirs))
            hint = nearest(wanted[0], known) if known else ""
            raise LarvSegError(f"{config.table}: {self.path} has no row {wanted[0]!r} (a row of our own says `published: false`){hint}")
        self.beside = found.drop(columns=self.key).where(self._lines.notna(), "")

    def origin(self, number: int, column: str) -> dict[str, Any]:
        """Where the cell of `column` beside our row `number` is from; empty if it is not a published one."""
        if column not in self.beside or pd.isna(self._lines[number]):
            return {}
        return {"sources": (source(self.path, f"/{int(self._lines[number])}/{column.removeprefix('published_')}"),)}


def _own_column(config: TableConfig, column: str) -> str | None:
    names = (f"published_{column}", column)
    return next((name for name in names if name in config.columns and name != "backbone"), None)


def _numbers(config: TableConfig, inputs: Mapping[str, Path]) -> Iterator[tuple[Any, ...]]:
    """(row, seed as text, path, all, base, novel, names of the classes that are novel by name alone) of each row that is not quoted."""
    for number, row in enumerate(config.rows):
        if row.run in config.quoted:
            continue
        found = [(seed, inputs[name]) for seed in config.seeds if (name := f"{row.run}.seed{seed}") in inputs]
        if not found:
            raise LarvSegError(f"{config.table}: no metrics of {row.run} are among the inputs")
        for seed, path in found:
            metrics = read_metrics(path, "the table", seed=seed, **_about(config, row))
            by_name = ";".join(each["name"] for each in metrics["classes"] if each["by_name"])
            yield number, str(seed), path, *(metrics[name] for name in MEANS), by_name


def _about(config: TableConfig, row: TableRow) -> dict[str, str]:
    return {"run": row.run, "profile": config.profile} | {key: row.texts[key] for key in ("benchmark",) if key in row.texts}


def _aggregated(by_row: Any, aggregate: str) -> pd.DataFrame:
    """MEANS of each row, unrounded; NaN for what there is not."""
    return by_row[list(MEANS)].agg(lambda numbers: measured(aggregate, numbers)[0]).astype(float)


def measured(aggregate: str, numbers: Iterable[float | None]) -> tuple[float | None, str]:
    """`aggregate` ("mean" or "std") of `numbers`, and its text.

    (None, "") if a number is missing, and for the deviation of one number.
    """
    numbers = list(numbers)
    missing = any(map(pd.isna, numbers)) or (aggregate == "std" and len(numbers) < 2)
    raw = None if missing else AGGREGATES[aggregate](numbers)
    return raw, printed(raw)


def printed(raw: float | None) -> str:
    """One decimal, the nearest, the even one of two equally near; nothing for None and NaN."""
    return "" if pd.isna(raw) else f"{raw:.1f}"


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, cells as text. Raises LarvSegError if it is missing or a row has too few or too many cells."""
    with reading(path, "a CSV file in UTF-8", "delete it, so that it is made again", missing="make it first"):
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))  # pandas fills short rows and says nothing
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise LarvSegError(f"{path}: row {line} has another number of cells than the header")
    return rows


def write_csv(path: Path, rows: pd.DataFrame | Sequence[Mapping[str, Any]], numbers: str | None = None) -> None:
    """Write `rows` to `path`, columns in their order, NaN as nothing; lines end with a line feed on every system.

    numbers: how those are printed that are not text already, as "%.2f".
    """
    pd.DataFrame(rows).to_csv(path, index=False, lineterminator="\n", float_format=numbers)
