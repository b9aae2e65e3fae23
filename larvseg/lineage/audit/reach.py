"""Which printed numbers stand on a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from larvseg.errors import LarvSegError
from larvseg.lineage.audit.tree import Job, Tree
from larvseg.reporting.cells import Cell, read_cells, rows_of
from larvseg.reporting.tables import read_csv

SPELT_OUT = 3  # altered cells


def cells_of(job: Job) -> list[Cell]:
    """The cells of the table that `job` writes; none if it writes no table or its cells cannot be read."""
    try:
        return read_cells(Path(job.outputs["cells"])) if "cells" in job.outputs else []
    except LarvSegError:
        return []


def reach(tree: Tree, paths: Collection[str]) -> tuple[str, ...]:
    """What is printed and stands on `paths`: cells where a table has them, otherwise whole files."""
    affected = {*paths, *tree.above(paths)}
    lines = []
    for job in tree.jobs:
        hit = [path for path in job.outputs.values() if path in affected]
        if not hit or not (job.wanted or (job.made and not tree.feeds(job))):
            continue
        own = [path for path in hit if path in paths]
        if not own and _repeats(tree, job):
            continue
        cells = cells_of(job)
        if not cells:
            lines += hit
            continue
        if own == [job.outputs["table"]] and Path(own[0]).is_file():
            lines.append(alterations(job, altered_cells(job, cells)))
            continue
        if own:
            reached = [cell for cell in cells if cell.sources]
        else:
            reached = [cell for cell in cells if any(source.path in affected for source in cell.sources)]
        if reached:
            lines.append(described(job.outputs["table"], reached))
    return tuple(lines)


def _repeats(tree: Tree, job: Job) -> bool:
    """`job` sets in type what other jobs, which are told of themselves, have printed: the report, and whatever is made of such alone."""
    return job.recipe.rule == "page" or all(path in tree.job_of and tree.job_of[path].wanted for _, path in job.inputs)


def altered_cells(job: Job, cells: Iterable[Cell]) -> list[tuple[Cell, str | None]]:
    """The cells whose text in the CSV is another, with that text; all, with None, if the CSV is no table of the same form."""
    cells = list(cells)
    try:
        printed = read_csv(Path(job.outputs["table"]))
    except (LarvSegError, UnicodeDecodeError):
        return [(cell, None) for cell in cells]
    if [list(row) for row in printed] != [list(row) for row in rows_of(cells)]:
        return [(cell, None) for cell in cells]
    return [(cell, text) for cell in cells if (text := printed[cell.row][cell.column]) != cell.value]


def alterations(job: Job, altered: Sequence[tuple[Cell, str | None]]) -> str:
    """The `altered` cells of the table of `job`; few of them with both texts."""
    if not altered:
        return job.outputs["table"]
    texts = [f"made as {cell.value!r}, now {text!r}" for cell, text in altered if text is not None]
    spelt_out = f" ({', '.join(texts)})" if 0 < len(texts) <= SPELT_OUT else ""
    return described(job.outputs["table"], [cell for cell, _ in altered]) + spelt_out


def described(table: str, cells: Iterable[Cell]) -> str:
    """ "6 cells of results/table3.csv: all, base, novel of larvseg-a150; …"."""
    cells = list(cells)
    columns: dict[str, list[str]] = {}
    for cell in cells:
        columns.setdefault(name_of(cell), []).append(cell.column)
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, names in columns.items():
        rows.setdefault(tuple(dict.fromkeys(names)), []).append(name)
    texts = [f"{', '.join(names)} of {', '.join(rows_)}" for names, rows_ in rows.items()]
    return f"{len(cells)} cell{'s' * (len(cells) != 1)} of {table}: {'; '.join(texts)}"


def name_of(cell: Cell) -> str:
    """The row of `cell` as people call it."""
    return cell.key.get("run") or " / ".join(cell.key.values())
