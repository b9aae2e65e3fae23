"""Table 1: how well pixel embeddings group novel categories, ours beside the published numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from larvseg.config.grouping import Table1Config, Table1Row
from larvseg.errors import LarvSegError
from larvseg.evaluation.metrics import read_metrics
from larvseg.reporting.cells import Cell, rows_of, source, write_cells
from larvseg.reporting.tables import PUBLISHED, measured, read_csv, write_csv


def table1(config: Table1Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write Table 1 beside the published one: its `cells`, and as `table` the CSV of these, a line for each row and benchmark.

    inputs: the `grouping` of each run and seed, by `<run>.seed<k>`; a run may have fewer of config.seeds than others. `novel` is the mIoU
    in percent over the categories that C171 has not, by the rule of the paper's column (P on A150, S on A847): the mean over all draws of
    all seeds; `novel_std` is the sample standard deviation of the means of seeds, with one seed that of its draws, empty where nothing is
    drawn. Raises LarvSegError for a row that the paper
    lacks and that does not say so, for one without groupings, and for groupings of another run, seed, profile or benchmark.
    """
    published = read_csv(PUBLISHED / "table1.csv")
    cells = [cell for number, row in enumerate(config.rows) for cell in _cells_of(config, number, row, inputs, published)]
    write_cells(outputs["cells"], cells)
    write_csv(outputs["table"], rows_of(cells))


def _cells_of(
    config: Table1Config, number: int, row: Table1Row, inputs: Mapping[str, Path], published: list[dict[str, str]]
) -> Iterator[Cell]:
    paths = {seed: inputs[f"{row.run}.seed{seed}"] for seed in config.seeds if f"{row.run}.seed{seed}" in inputs}
    if not paths:
        raise LarvSegError(f"{config.table}: no groupings of {row.run} are among the inputs")
    about = {"run": row.run, "profile": config.profile, "benchmark": row.benchmark}
    found = [read_metrics(path, "the table", seed=seed, **about) for seed, path in paths.items()]
    rule = found[0]["rule"]
    about = found[0]["rules"][rule]
    draws = [(path, draw) for path, each in zip(paths.values(), found, strict=True) for draw in range(len(each["rules"][rule]["draws"]))]
    values = [value for each in found for value in each["rules"][rule]["draws"]]
    sources = tuple(source(path, f"/rules/{rule}/draws/{draw}") for path, draw in draws)
    key = {"model": row.model, "benchmark": row.benchmark, "training_data": row.training_data, "run": row.run}
    cell = partial(Cell, config.table, number, key)
    for column in ("model", "benchmark", "training_data"):
        yield cell(column, key[column])
    yield cell("categories", f"{row.benchmark}-C171")
    yield cell("rule", rule)
    yield cell("novel_classes", str(about["novel_classes"]))
    raw, value = measured("mean", values)
    yield cell("novel", value, raw, "mean", sources)
    if len(paths) > 1:
        raw, value = measured("std", [each["rules"][rule]["mean"] for each in found])
        yield cell("novel_std", value, raw, "std", tuple(source(path, f"/rules/{rule}/mean") for path in paths.values()))
    elif len(values) > 1:
        raw, value = measured("std", values)
        yield cell("novel_std", value, raw, "std", sources)
    else:
        yield cell("novel_std", "")
    yield cell("published_novel", *_published(row, published, config.table))
    ours = {"status": "measured", "draws": str(len(found[0]["rules"][rule]["draws"])), "profile": config.profile}
    for column, text in (ours | {"seeds": " ".join(map(str, paths)), "run": row.run}).items():
        yield cell(column, text)


def _published(row: Table1Row, published: list[dict[str, str]], table: str) -> tuple[Any, ...]:
    """The published cell as value, raw, aggregate and sources of a Cell."""
    if not row.published:
        return ("",)
    benchmark = row.benchmark.lower()
    for line, theirs in enumerate(published):
        if (theirs["model"], theirs[f"training_data_{benchmark}"]) == (row.model, row.training_data):
            column = f"{benchmark}_minus_c171_miou"
            return theirs[column], None, None, (source(PUBLISHED / "table1.csv", f"/{line}/{column}"),)
    known = ", ".join(f"{theirs['model']} / {theirs[f'training_data_{benchmark}']}" for theirs in published)
    raise LarvSegError(f"{table}: {PUBLISHED / 'table1.csv'} has no row {row.model} / {row.training_data!r}; known: {known}")
