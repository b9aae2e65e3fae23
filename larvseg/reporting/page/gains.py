"""What one run gains over another, class by class, as the page shows it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from larvseg.config.page import ClassGains
from larvseg.reporting.compare import Line, gains, kind_of
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.layout import Layout


class Gains(NamedTuple):
    """A pair of runs: its title, how many classes gain and lose, and the table of them."""

    title: str
    gaining: int
    losing: int
    layout: Layout


def gains_of(config: ClassGains, path: str) -> list[Gains]:
    """Each pair of `config`, by the table of classes at `path`: the means over seeds of what `larvseg compare` shows."""
    table, found = ClassTable(Path(path)), []
    kinds = list(map(kind_of, table.novel, table.by_name))
    for pair in config.pairs:
        runs = [pair.without.run, pair.run.run]
        values = zip(*(table.iou(run) for run in runs), strict=True)
        lines = [Line(*each) for each in zip(table.names, kinds, values, strict=True)]
        differences = [line.gain for line in lines if line.gain is not None]
        title = f"{pair.title}: {runs[1]} beside {runs[0]}, {config.benchmark}"
        signs = (sum(gain > 0 for gain in differences), sum(gain < 0 for gain in differences))
        found.append(Gains(title, *signs, gains(title, runs, lines)))
    return found
