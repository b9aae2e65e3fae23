"""Figure: every class and every run of a benchmark, as a map of IoU."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from larvseg.config.diagnostics import Measured, RunsFigureConfig
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.diagnostics.page import (
    BASE,
    FOOT,
    GREY,
    INK,
    MARGIN,
    NOVEL,
    SMALL,
    TEXT,
    WIDTH,
    Page,
    head,
    ink_on,
    page,
    points,
    shade,
    wrapped,
)

ROW, CELL = 19, 34  # pixels
NAME, COUNT = 146, 54  # columns of class names and of what is known of them
LABELS = 176  # room for the names of runs
GAP = 84  # between blocks: names of runs lean into it
LONGEST = 100  # lines of a block


class Line(NamedTuple):
    """A line of the map: a class, or the heading of its kind."""

    text: str
    novel: bool
    about: tuple[str, ...] = ()  # how often it is seen, how large it is
    iou: tuple[float | None, ...] = ()


def class_map(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the `classes` of a benchmark: base, then novel, the most frequent first; a column for each run."""
    table = ClassTable(inputs["classes"])
    weak = config.weak
    lines = lines_of(table, weak, [run.run for run in config.runs])
    blocks = blocks_of(lines)
    columns = [*weak, "size"]
    width = NAME + COUNT * len(columns) + CELL * len(config.runs)
    explanation = wrapped(
        "IoU in percent on the validation pictures (blank: below 0.5; –: neither there nor predicted). Base: C171 has pixel labels of the "
        f"class; novel: it has not (rule S). Grey: how many training pictures of {' and of '.join(weak)} show it (the most frequent ones "
        "stand first), and how many percent of a validation picture it covers where it is."
    )
    top = head(explanation) + LABELS
    with page(outputs["figure"], max(WIDTH, 2 * MARGIN + len(blocks) * (width + GAP)), top + max(map(len, blocks)) * ROW + FOOT) as sheet:
        sheet.heading(f"Which method finds which category? {config.benchmark}", explanation)
        for number, block in enumerate(blocks):
            _block(sheet, block, MARGIN + number * (width + GAP), top, columns, config.runs)
        sheet.footer(about(config.profile, config.runs))


def lines_of(table: ClassTable, datasets: Sequence[str], runs: Sequence[str]) -> list[Line]:
    """Base classes below their heading, then novel ones; within each, those that most pictures of the first data set show come first."""
    pictures = list(zip(*(table.pictures(dataset) for dataset in datasets), strict=True))
    about = [(*(str(n or "–") for n in seen), _size(size)) for seen, size in zip(pictures, table.sizes, strict=True)]
    iou = list(zip(*(table.iou(run) for run in runs), strict=True))
    lines = []
    for novel in (False, True):
        chosen = sorted((i for i, kind in enumerate(table.novel) if kind == novel), key=lambda i: -pictures[i][0])
        lines += [Line("novel" if novel else "base", novel), *(Line(table.names[i], novel, about[i], iou[i]) for i in chosen)]
    return lines


def _size(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:.1f}" if percent < 10 else f"{percent:.0f}"


def blocks_of(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """`lines` side by side, in two blocks or as many as LONGEST asks for: base and novel ones apart if they are about as many."""
    novel = next(number for number, line in enumerate(lines) if line.novel)
    count = max(2, math.ceil(len(lines) / LONGEST))
    if count == 2 and 1 / 3 <= novel / len(lines) <= 2 / 3:
        return [lines[:novel], lines[novel:]]
    height = math.ceil(len(lines) / count)
    return [lines[start : start + height] for start in range(0, len(lines), height)]


def _block(sheet: Page, lines: Sequence[Line], left: int, top: int, columns: Sequence[str], runs: Sequence[Measured]) -> None:
    first = left + NAME + COUNT * len(columns)
    for column, run in enumerate(runs):
        x = first + CELL * (column + 0.5)
        sheet.text(x, top - 8, f"{run.title}  {run.training_data}", TEXT, INK, rotation=55, rotation_mode="anchor")
    for column, name in enumerate(columns):
        sheet.text(left + NAME + COUNT * (column + 1) - 10, top - 8, name, SMALL, GREY, ha="right")
    axes = sheet.axes(first, top, CELL * len(runs), ROW * len(lines))
    axes.set_axis_off()
    axes.set(xlim=(0, CELL * len(runs)), ylim=(ROW * len(lines), 0))
    colours = np.ones((len(lines), len(runs), 3))
    for number, line in enumerate(lines):
        middle, kind = top + ROW * (number + 0.5), NOVEL if line.novel else BASE
        if not line.about:
            sheet.text(left, middle, line.text, TEXT + 2, kind, va="center", weight="bold")
            continue
        sheet.text(left, middle, line.text, TEXT, kind, va="center")
        for column, text in enumerate(line.about):
            sheet.text(left + NAME + COUNT * (column + 1) - 10, middle, text, SMALL, GREY, ha="right", va="center")
        for column, iou in enumerate(line.iou):
            colours[number, column] = shade(kind, iou or 0)
            text = "–" if iou is None else f"{iou:.0f}" if iou >= 0.5 else ""
            place = (CELL * (column + 0.5), ROW * (number + 0.5))
            style = {"fontsize": points(SMALL), "color": ink_on(colours[number, column]), "ha": "center", "va": "center_baseline"}
            axes.text(*place, text, **style)
    axes.imshow(colours, extent=(0, CELL * len(runs), ROW * len(lines), 0), aspect="auto", interpolation="nearest")
