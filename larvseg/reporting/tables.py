"""Tables of the paper: our numbers beside the published ones, as tidy CSV and as text."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from larvseg.config import TableConfig, TableRow, nearest
from larvseg.errors import LarvSegError

PUBLISHED = Path(__file__).parents[2] / "data/reference/published/table3.csv"
MEANS = ("all", "base", "novel")
KEY = ("model", "benchmark", "training_data")


def table(config: TableConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the table of mIoU over all, base and novel classes as CSV: one line a row of the paper's Table 3.

    inputs: the metrics of each run and seed, by `<run>.seed<k>`. mIoU is in percent: the mean over seeds of the unrounded values, rounded
    to one decimal (the nearest, the even one of two equally near). With several seeds, `*_std` is their sample standard deviation. A mean
    that some seed lacks stays empty.
    Raises LarvSegError for a row that the paper does not have and for metrics of another run, seed, profile or benchmark.
    """
    published = {tuple(row[column] for column in KEY): row for row in read_csv(PUBLISHED)}
    rows = []
    for row in config.rows:
        ours = [_metrics(inputs[f"{row.run}.seed{seed}"], row, seed, config.profile) for seed in config.seeds]
        theirs = _published_row(published, row, config.table)
        cells = {"model": row.model, "backbone": row.backbone, "benchmark": row.benchmark, "training_data": row.training_data}
        cells |= _summary({name: [metrics[name] for metrics in ours] for name in MEANS})
        cells |= {f"published_{name}": theirs[name] for name in ("backbone", *MEANS)}
        cells |= {"status": "measured", "profile": config.profile, "seeds": " ".join(map(str, config.seeds)), "run": row.run}
        rows.append(cells)
    write_csv(outputs["table"], rows)


def print_table(path: Path) -> str:
    """The table `path` as aligned text for a terminal: ours beside the published mIoU in percent."""
    rows = read_csv(path)
    head = ["benchmark", "model", "training data", *MEANS, "", *MEANS]
    lines = [head]
    for row in rows:
        ours = [f"{row[name]} ± {row[f'{name}_std']}" if row.get(f"{name}_std") else row[name] or "–" for name in MEANS]
        theirs = [row[f"published_{name}"] or "–" for name in MEANS]
        lines.append([row["benchmark"], row["model"], row["training_data"], *ours, "", *theirs])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(_align(cell, width, i < 3) for i, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip() for line in lines
    ]
    left, ours = sum(widths[:3]) + 6, sum(widths[3:6]) + 4
    title = f"{'':{left}}{'ours':<{ours + 4}}published".rstrip()
    rule = "-" * max(map(len, [title, *texts]))
    where = sorted(
        {f"profile {row['profile']}, {row['backbone']}, seeds {row['seeds']}; published: {row['published_backbone']}" for row in rows}
    )
    return "\n".join([title, texts[0], rule, *texts[1:], rule, "mIoU in percent (base and novel: alignment rule S)", *where]) + "\n"


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


def _published_row(published: Mapping[tuple[str, ...], Mapping[str, str]], row: TableRow, name: str) -> Mapping[str, str]:
    key = (row.model, row.benchmark, row.training_data)
    if key not in published:
        known = {" / ".join(other): other for other in published}
        raise LarvSegError(f"{name}: the paper's Table 3 has no row {' / '.join(key)!r}{nearest(' / '.join(key), list(known))}")
    return published[key]


def _summary(values: Mapping[str, Sequence[float | None]]) -> dict[str, str]:
    """Means and, where there are several seeds, their sample standard deviations."""
    complete = {name: None not in numbers for name, numbers in values.items()}
    cells = {name: f"{statistics.fmean(numbers):.1f}" if complete[name] else "" for name, numbers in values.items()}
    if len(next(iter(values.values()))) > 1:
        cells |= {f"{name}_std": f"{statistics.stdev(numbers):.1f}" if complete[name] else "" for name, numbers in values.items()}
    return cells


def _align(cell: str, width: int, left: bool) -> str:
    return f"{cell:<{width}}" if left else f"{cell:>{width}}"
