"""Figure: where the pixels of novel and of base categories go, and which base category takes which novel one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larvseg.config.diagnostics import ConfusionConfig
from larvseg.reporting import drawing
from larvseg.reporting.diagnostics.measured import about, counts_of
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
    part,
    points,
    shade,
    wrapped,
)
from larvseg.reporting.diagnostics.shares import Shares, Swallowed, read_shares, swallowed

NAMES, BAR, ROW = 290, 424, 30  # pixels: room for the names of runs, length and height of a bar
BETWEEN = 42  # the bars of novel and of base categories
PAIRS = (16, 10)  # novel × base categories of the map
CATEGORY, CELL, LINE = 230, 58, 23  # pixels: room for names of novel categories, cells of the map
LIGHT = 0.6  # of white in the colour of what is of the right kind and wrong
BASE_LIGHT, NOVEL_LIGHT = part(drawing.BASE, LIGHT), part(drawing.NOVEL, LIGHT)
SEGMENTS = {
    "novel": (("right", NOVEL), ("another novel", NOVEL_LIGHT), ("base", BASE)),
    "base": (("right", BASE), ("another base", BASE_LIGHT), ("novel", NOVEL)),
}


def confusion(config: ConfusionConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: the shares of each run, and below them the pairs that config.confused confuses.

    inputs: the table `shares`, and of each seed of the confused run the metrics `<run>.seed<k>` and counts `<run>.seed<k>.confusion`.
    """
    found = read_shares(inputs["shares"])
    counts = counts_of(config.confused, inputs, config)
    pairs = swallowed(counts.matrix, counts.novel, *PAIRS)
    explanation = wrapped(
        f"Of all validation pixels of {config.benchmark} that show a novel category, and of those that show a base category (rule S): how "
        "many percent each method gives the right category, another one of the same kind, or one of the other kind."
    )
    top = head(explanation) + 60
    turned = 24 + 5 * max(map(len, ["other novel", *(counts.names[base] for base in pairs.base)]))  # room for turned names, pixels
    middle = top + ROW * len(config.runs) + 62
    with page(outputs["figure"], WIDTH, middle + 50 + turned + LINE * len(pairs.novel) + FOOT) as sheet:
        sheet.heading(f"What are novel and base categories taken for? {config.benchmark}", explanation)
        for number, run in enumerate(config.runs):
            sheet.text(MARGIN, top + ROW * (number + 0.5), run.title, 14, va="center")
            sheet.text(MARGIN + 96, top + ROW * (number + 0.5), run.training_data, SMALL, GREY, va="center")
        for number, kind in enumerate(SEGMENTS):
            _bars(sheet, kind, [found[run.run, kind] for run in config.runs], MARGIN + NAMES + number * (BAR + BETWEEN), top)
        _map(sheet, config.confused.title, counts.names, pairs, middle, middle + 44 + turned)
        sheet.footer(about(config.profile, (*config.runs, config.confused)))


def _bars(sheet: Page, kind: str, found: Sequence[Shares], left: float, top: float) -> None:
    """A bar of three segments for each run, one below the other."""
    sheet.text(left, top - 32, f"Pixels of {kind} categories", 15, part(drawing.kind_colour(kind == "novel")))
    x = left
    for word, colour in SEGMENTS[kind]:
        sheet.text(x, top - 8, "■", 15, colour)
        x += 30 + sheet.text(x + 16, top - 8, word, SMALL, GREY).get_window_extent().width
    sheet.text(x - 2, top - 8, "❙ right, mean over categories", SMALL, INK)
    axes = sheet.axes(left, top, BAR, ROW * len(found))
    axes.set_axis_off()
    axes.set(xlim=(0, 100), ylim=(len(found), 0))
    for number, own in enumerate(found):
        start = 0.0
        for value, (_, colour) in zip(own, SEGMENTS[kind], strict=False):
            if np.isnan(value):
                continue
            axes.barh(number + 0.5, value, 0.74, start, color=colour)
            if value >= 5:
                style = {"fontsize": points(TEXT), "color": ink_on(colour), "ha": "center", "va": "center_baseline"}
                axes.text(start + value / 2, number + 0.5, f"{value:.0f}", **style)
            start += value
        for ends in ((0.04, 0.24), (0.76, 0.96)):  # the middle is left to the numbers
            axes.plot([own.mean_right] * 2, [number + end for end in ends], color=INK, linewidth=2, solid_capstyle="butt", clip_on=False)


def _map(sheet: Page, title: str, names: Sequence[str], pairs: Swallowed, top: float, down: float) -> None:
    """Below `down` novel categories one after the other; beside each what it is taken for, in percent of its pixels."""
    sheet.text(MARGIN, top, f"Which base category is seen where a novel one is? {title}", 18)
    explanation = "In percent of the category's pixels; those stand first that lose most pixels to base categories"
    sheet.text(MARGIN, top + 22, f"{explanation}. Grey: percent of all novel pixels.", 14, GREY)
    first = MARGIN + CATEGORY
    columns = [("right", NOVEL, pairs.right)]
    columns += [(names[base], BASE, pairs.taken[:, column]) for column, base in enumerate(pairs.base)]
    columns += [("other base", BASE, pairs.other_base), ("other novel", NOVEL_LIGHT, pairs.other_novel)]
    for row, category in enumerate(pairs.novel):
        sheet.text(MARGIN, down + LINE * (row + 0.5), f"{pairs.weight[row]:.1f}", SMALL, GREY, va="center")
        sheet.text(first - 10, down + LINE * (row + 0.5), names[category], TEXT, NOVEL, ha="right", va="center")
    x = first
    for number, (name, colour, values) in enumerate(columns):
        x += 10 * (number in (1, len(columns) - 2))  # the named base categories stand apart
        ink = GREY if number == 0 or number >= len(columns) - 2 else BASE
        sheet.text(x + CELL / 2 - 4, down - 8, name, TEXT, ink, rotation=45, rotation_mode="anchor")
        axes = sheet.axes(x, down, CELL, LINE * len(values))
        axes.set_axis_off()
        axes.imshow(np.array([[shade(colour, value)] for value in values]), extent=(0, 1, len(values), 0), aspect="auto")
        for row, value in enumerate(values):
            style = {"fontsize": points(SMALL), "color": ink_on(shade(colour, value)), "ha": "center", "va": "center_baseline"}
            axes.text(0.5, row + 0.5, f"{value:.0f}" if value >= 0.5 else "", **style)
        x += CELL
