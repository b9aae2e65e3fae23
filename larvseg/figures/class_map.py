"""Figure: every class and every run of a benchmark, as a map of IoU."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.config.diagnostics import Measured, RunsFigureConfig
from larvseg.figures.colours import GREY, INK, kind_colour, shade
from larvseg.figures.kit import MARGIN, SMALL, TEXT, WIDTH, cells, page, save, styled
from larvseg.reporting.diagnostics.classes import ClassTable
from larvseg.reporting.diagnostics.measured import about

ROW, CELL = 19, 34  # pixels
NAME, COUNT = 146, 54  # columns of class names and of what is known of them
LABELS, LETTER = 200, 6.2  # pixels for the names of runs at the least, and in height for a letter of them
GAP = 120  # between blocks: names of runs lean into it
LONGEST = 100  # lines of a block


class Line(NamedTuple):
    """A line of the map: a class, or the heading of its kind."""

    text: str
    novel: bool
    about: tuple[str, ...] = ()  # how often it is seen, how large it is
    iou: tuple[float | None, ...] = ()


def figure(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the `classes` of a benchmark: base, then novel, the most frequent first; a column for each run."""
    lines = lines_of(ClassTable(inputs["classes"]), config.weak, [run.run for run in config.runs])
    save(draw(config, blocks_of(lines)), outputs["figure"])


@styled()
def draw(config: RunsFigureConfig, blocks: Sequence[Sequence[Line]]) -> Figure:
    """The figure: `blocks` beside each other."""
    columns, longest = [*config.weak, "size"], max(map(len, blocks))
    width = NAME + COUNT * len(columns) + CELL * len(config.runs) + GAP
    explanation = (
        "IoU in percent on the validation images (blank: below 0.5; –: neither there nor predicted). Base: the base data set has pixel "
        "labels of the class; novel: it has not (rule S). "
        f"Grey: how many training images of {' and of '.join(config.weak)} show it (the most frequent ones stand first), and how many "
        "percent of a validation image it covers where it is."
    )
    title = f"Which method finds which category? {config.benchmark}"
    wide = max(WIDTH, 2 * MARGIN + len(blocks) * width)
    labels = max(LABELS, LETTER * max(len(_label(run)) for run in config.runs))
    sheet = page(title, explanation, labels + longest * ROW, wide, about(config.profile, config.runs), apart=(24, 12))
    for axes, block in zip(sheet.subplots(1, len(blocks), squeeze=False)[0], blocks, strict=True):
        axes.set(xlim=(0, len(config.runs)), ylim=(longest, 0), autoscale_on=False)
        _block(axes, block, columns, config.runs)
    return sheet


def lines_of(table: ClassTable, datasets: Sequence[str], runs: Sequence[str]) -> list[Line]:
    """Base classes below their heading, then novel ones; within each, those that most images of the first data set show come first."""
    images = list(zip(*(table.images(dataset) for dataset in datasets), strict=True))
    about = [(*(str(n or "–") for n in seen), _size(size)) for seen, size in zip(images, table.sizes, strict=True)]
    iou = list(zip(*(table.iou(run) for run in runs), strict=True))
    lines = []
    for novel in (False, True):
        chosen = sorted((i for i, kind in enumerate(table.novel) if kind == novel), key=lambda i: -images[i][0])
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


def _block(axes: Axes, lines: Sequence[Line], columns: Sequence[str], runs: Sequence[Measured]) -> None:
    """The cells of some classes, and to their left what the classes are."""

    def beside(row: float, column: int, text: str, **style: Any) -> None:
        x = -COUNT * len(columns) - NAME if column < 0 else -COUNT * (len(columns) - 1 - column) - 10
        where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center", "annotation_clip": False}
        axes.annotate(text, (0, row + 0.5), (x, 0), **where, ha="left" if column < 0 else "right", **style)

    for column, name in enumerate(columns):
        beside(-1, column, name, size=SMALL, color=GREY)
    colours = np.ones((len(lines), len(runs), 3))
    for row, line in enumerate(lines):
        kind, heading = kind_colour(line.novel), not line.about
        beside(row, -1, line.text, size=TEXT + 2 * heading, color=kind, weight="bold" if heading else "normal")
        for column, text in enumerate(line.about):
            beside(row, column, text, size=SMALL, color=GREY)
        if line.iou:
            colours[row] = [shade(kind, iou or 0) for iou in line.iou]
    cells(axes, colours, [["–" if iou is None else f"{iou:.0f}" if iou >= 0.5 else "" for iou in line.iou] for line in lines])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labeltop=True, labelbottom=False, labelcolor=INK, pad=8)
    axes.set(yticks=[], xticks=np.arange(len(runs)) + 0.5)
    axes.set_xticklabels(map(_label, runs), rotation=55, ha="left", va="center", rotation_mode="anchor", size=TEXT)


def _label(run: Measured) -> str:
    return f"{run.title}  {run.training_data}"
