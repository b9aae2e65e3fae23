"""What of a table is there already, while Snakemake makes the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from larvseg.audit.standing import Standing
from larvseg.audit.tree import Tree
from larvseg.config import TableConfig, parse
from larvseg.errors import LarvSegError
from larvseg.pipeline import Dag, Project, selected
from larvseg.pipeline.jobs.tables import table_path
from larvseg.reporting.layout import Layout, lay_out
from larvseg.reporting.rendering import grid
from larvseg.reporting.tables import NOT_YET, rows_so_far

# What Snakemake says of itself, of the machine and of each job; its log in .snakemake/log has it. All else is shown: above all, what went
# wrong. Words of another version that are not known here are shown, too.
LEFT_OUT = re.compile(
    r"\s*$|SNAKEMAKE$|={9}$|\[\w{3} \w{3} .*\]$|(local)?rule [\w.]+:$|Finished jobid: |Select jobs to execute|Execute \d+ jobs"
    r"|Using (workflow specific profile|shell:)|Assuming unrestricted|host: |Building DAG of jobs|Provided |Rules claiming more|Conda env"
)
STATS = "Job stats:"  # a table up to the next empty line
TOTAL = re.compile(r"total +(\d+)$")  # its last line
STEPS = re.compile(r"\d+ of \d+ steps \(.*\) done$")


class SoFar:
    """The rows of the table `path`, as far as their evaluations are there and stand in the tree `tree`."""

    def __init__(self, path: Path, tree: Tree):
        recipe = tree.recipe(path.as_posix())
        self.name, self._inputs = path.stem, recipe.inputs
        self._config: TableConfig = parse(TableConfig, recipe.config, path)
        self._standing = Standing(tree.recipes, recipe.inputs.values())
        self.rows: list[dict[str, str]] = []

    def look(self) -> Layout:
        """The table as it is now; `rows` are its rows."""
        standing = self._standing.look()
        there = {key: Path(path) for key, path in self._inputs.items() if path in standing}
        waiting = {key.rpartition(".seed")[0] for key in self._inputs if key not in there}
        self.rows = rows_so_far(self._config, there, waiting)
        return lay_out(self.name, self.rows)


def project_of(table: Path) -> Project:
    """The project that writes `table`: of the profile in whose folder it is (results/<profile>/<table>.csv), or of the selected one."""
    return selected(table.parent.name if table.parent.parent.as_posix() == "results" else None)


def so_far(path: Path) -> Layout:
    """The table `path` that is not made yet, as far as its rows are there; LarvSegError if none is, or it is no table of such rows."""
    missing = LarvSegError(f"{path}: no such file; `snakemake --cores all {path}` makes it")
    project = project_of(path)
    if path.as_posix() not in [table_path(project, name) for name in project.experiments.tables]:
        raise missing
    table = SoFar(path, Tree(Dag(project).recipes))
    layout = table.look()
    if all(row["status"] in (NOT_YET, "quoted") for row in table.rows):
        raise missing
    return replace(layout, notes=(*layout.notes, f"the rest: snakemake --cores all {path}"))


def follow(table: SoFar, lines: Iterable[str], out: TextIO) -> None:
    """Show what Snakemake says in `lines`: how far it is, and what went wrong; and each row of `table` once, when it is there.

    On a terminal, how far it is stays one line at the bottom. Where all rows are there from the start, none is shown.
    """
    live, steps, left_out, stats = out.isatty(), "", False, False
    shown: set[int] = set()

    def say(*said: str) -> None:
        text = "".join(f"{line}\n" for line in said)
        print(f"\r\x1b[K{text}{steps}" if live else text, end="", file=out, flush=True)

    def look() -> None:
        layout = _without_places(table.look())
        there = [number for number, row in enumerate(table.rows) if row["status"] != NOT_YET]
        new = [number for number in there if number not in shown]
        if new and (shown or len(there) < len(table.rows)):
            heads, body = grid(layout)
            say(*([] if shown else ["", *heads]), *(body[number] for number in new))
        shown.update(new)

    look()
    for line in map(str.rstrip, lines):
        if STEPS.match(line):
            steps = line
            say(*([] if live else [line]))
            look()
            continue
        stats = line == STATS or (stats and line != "")
        if stats and (total := TOTAL.match(line)):
            steps = f"0 of {total[1]} steps (0%) done"
            say(*([] if live else [steps]))
        if not line.startswith(" "):  # what is indented belongs to the line above it
            left_out = stats or bool(LEFT_OUT.match(line))
        if not left_out:
            say(line)
    look()
    if live and steps:
        print(file=out)


def _without_places(layout: Layout) -> Layout:
    """They are known when all rows are."""
    at = [number for number, column in enumerate(layout.columns) if column.heading != "place"]
    rows = tuple(tuple(row[number] for number in at) for row in layout.rows)
    return replace(layout, columns=tuple(layout.columns[number] for number in at), rows=rows)
