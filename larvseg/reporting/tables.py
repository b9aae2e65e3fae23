"""Tables of the paper: our numbers beside the published ones, as tidy CSV and as text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from larvseg.columns import columns
from larvseg.config import TableConfig, TableRow, nearest
from larvseg.errors import LarvSegError
from larvseg.reporting.cells import Cell, measured, read_cells, rows_of, source, write_cells

PUBLISHED = Path("data/reference/published")
MEANS = ("all", "base", "novel")


def table(config: TableConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write a table of mIoU over all, base and novel classes beside the published one: its `cells`, and as `table` the CSV of these.

    inputs: the metrics of each run and seed, by `<run>.seed<k>`. mIoU is in percent: the mean over seeds of the unrounded values, rounded
    to one decimal (the nearest, the even one of two equally near). With several seeds, `*_std` is their sample standard deviation, empty
    for a run that trains nothing. A mean that some seed lacks stays empty, and so do all of a run that is quoted. A published row is that
    with the same text in every column that both tables have, the backbone aside.
    Raises LarvSegError for a row that the paper does not have and for metrics of another run, seed, profile or benchmark.
    """
    published = Published(config)
    cells = [cell for number, row in enumerate(config.rows) for cell in _cells_of(config, number, row, inputs, published)]
    write_cells(outputs["cells"], cells)
    write_csv(outputs["table"], rows_of(read_cells(outputs["cells"])))


class Published:
    """The published table that our rows stand beside."""

    def __init__(self, config: TableConfig):
        self.config = config
        self.path = PUBLISHED / f"{config.published}.csv"
        rows = read_csv(self.path)
        ours = config.rows[0].model_dump()
        self.key = tuple(column for column in rows[0] if column in ours and column != "backbone")
        self.beside = tuple(column for column in rows[0] if column not in self.key)
        self._rows = {tuple(row[column] for column in self.key): (number, row) for number, row in enumerate(rows)}

    def row_of(self, row: TableRow) -> tuple[int, Mapping[str, str]]:
        """The number (from 0) and the cells of the published row that `row` stands beside; LarvSegError if there is none."""
        ours = row.model_dump()
        key = tuple(ours[column] for column in self.key)
        if key not in self._rows:
            known, wanted = [" / ".join(other) for other in self._rows], " / ".join(key)
            raise LarvSegError(f"{self.config.table}: {self.path} has no row {wanted!r}{nearest(wanted, known)}")
        return self._rows[key]


def _cells_of(config: TableConfig, number: int, row: TableRow, inputs: Mapping[str, Path], published: Published) -> Iterator[Cell]:
    quoted, seeds = row.run in config.quoted, config.seeds_of(row.run)
    paths = [inputs[f"{row.run}.seed{seed}"] for seed in seeds]
    metrics = [_metrics(path, row, seed, config.profile) for path, seed in zip(paths, seeds, strict=True)]
    line, theirs = published.row_of(row)
    ours = row.model_dump()
    key = {column: ours[column] for column in (*published.key, "run")}
    cell = partial(Cell, config.table, number, key)
    for column in ours:
        if column != "run":
            yield cell(column, ours[column])
    for aggregate, suffix in {"mean": "", "std": "_std"}.items() if len(config.seeds) > 1 else [("mean", "")]:
        for name in MEANS:
            if quoted or (aggregate == "std" and len(seeds) == 1):
                yield cell(f"{name}{suffix}", "")
                continue
            raw, value = measured(aggregate, [numbers[name] for numbers in metrics])
            yield cell(f"{name}{suffix}", value, raw, aggregate, tuple(source(path, f"/{name}") for path in paths))
    for column in published.beside:
        yield cell(f"published_{column}", theirs[column], sources=(source(published.path, f"/{line}/{column}"),))
    about = {
        "status": "quoted" if quoted else "measured",
        "profile": config.profile,
        "seeds": " ".join(map(str, seeds)),
        "run": row.run,
    }
    for column, value in about.items():
        yield cell(column, value)


def print_table(path: Path) -> str:
    """The table `path` as aligned text for a terminal: ours beside the published mIoU in percent, and the place of each row by both."""
    rows = read_csv(path)
    head = ["benchmark", "model", "training data", *MEANS, "place", "", *MEANS, "place"]
    lines = [head]
    for row, *places in zip(rows, _places(rows, "novel"), _places(rows, "published_novel"), strict=True):
        ours = [f"{row[name]} ± {row[f'{name}_std']}" if row.get(f"{name}_std") else row[name] or "–" for name in MEANS]
        theirs = [row[f"published_{name}"] or "–" for name in MEANS]
        lines.append([row["benchmark"], row["model"], row["training_data"], *ours, places[0], "", *theirs, places[1]])
    texts = columns(lines, left=(0, 1, 2))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left, ours = sum(widths[:3]) + 6, sum(widths[3:7]) + 6
    title = f"{'':{left}}{'ours':<{ours + 4}}published".rstrip()
    rule = "-" * max(map(len, [title, *texts]))
    about = ["mIoU in percent (base and novel: alignment rule S); place: by novel mIoU, among rows of a benchmark with both numbers"]
    about.append(_seeds(rows))
    if any(row["status"] == "quoted" for row in rows):
        about.append("rows without numbers of ours are quoted: they are not run in this profile")
    about += [f"ours: {_backbones(rows, 'backbone')}", f"published: {_backbones(rows, 'published_backbone')}"]
    return "\n".join([title, texts[0], rule, *texts[1:], rule, *about]) + "\n"


def _seeds(rows: Sequence[Mapping[str, str]]) -> str:
    """Profile and seeds, and the models that have fewer of these."""
    seeds = max((row["seeds"] for row in rows), key=len)
    fewer = dict.fromkeys(row["model"] for row in rows if row["status"] == "measured" and row["seeds"] != seeds)
    untrained = f"; of {', '.join(fewer)} nothing is trained: one measurement" if fewer else ""
    return f"profile {rows[0]['profile']}, seeds {seeds}{untrained}"


def _backbones(rows: Sequence[Mapping[str, str]], column: str) -> str:
    """What most rows have, then what others have instead."""
    models: dict[str, dict[str, None]] = {}
    for row in rows:
        models.setdefault(row[column], {})[row["model"]] = None
    usual, *others = sorted(models, key=lambda backbone: -sum(row[column] == backbone for row in rows))
    return "; ".join([usual, *(f"{', '.join(models[backbone])}: {backbone}" for backbone in others)])


def _places(rows: Sequence[Mapping[str, str]], column: str) -> list[str]:
    """The place of each row by `column`, the highest number first, among the rows of its benchmark that are measured and published."""
    ranked = [row["novel"] != "" and row["published_novel"] != "" for row in rows]

    def place(row: Mapping[str, str]) -> int:
        others = (other for other, counts in zip(rows, ranked, strict=True) if counts and other["benchmark"] == row["benchmark"])
        return 1 + sum(float(other[column]) > float(row[column]) for other in others)

    return [str(place(row)) if counts else "–" for row, counts in zip(rows, ranked, strict=True)]


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


def _metrics(path: Path, row: TableRow, seed: int, profile: str) -> dict:
    metrics = json.loads(path.read_text(encoding="utf-8"))
    for key, wanted in {"run": row.run, "seed": seed, "profile": profile, "benchmark": row.benchmark}.items():
        if metrics[key] != wanted:
            raise LarvSegError(
                f"{path}: {key} is {metrics[key]!r}, the table wants {wanted!r}; check the rows of the table in experiments.yaml"
            )
    return metrics
