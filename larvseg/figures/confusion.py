"""Figure: where the pixels of novel and of base categories go, and which base category takes which novel one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.config.diagnostics import ConfusionConfig
from larvseg.figures.colours import BASE, GREY, INK, NOVEL, ink_on, kind_colour, shade, tint
from larvseg.figures.kit import SMALL, TEXT, WIDTH, cells, legend, parted, save, section, styled
from larvseg.reporting.diagnostics.measured import Counts, about, counts_of
from larvseg.reporting.diagnostics.shares import Shares, Swallowed, read_shares, swallowed

BAR, CELL = 30, 23  # pixels: height of a bar with the space below it, of a cell of the map
DATA, LEFT = 194, 258  # pixels from the bars back to the training data of runs, from the map back to shares
NAMES, LETTER = 96, 7.6  # pixels for the names of runs at the least, and for a letter of them
PAIRS = (16, 10)  # novel × base categories of the map
LIGHT = 0.4  # strength of the colour of what is of the right kind and wrong
BASE_LIGHT, NOVEL_LIGHT = tint(BASE, LIGHT), tint(NOVEL, LIGHT)
SEGMENTS = {
    "novel": {"right": NOVEL, "another novel": NOVEL_LIGHT, "base": BASE},
    "base": {"right": BASE, "another base": BASE_LIGHT, "novel": NOVEL},
}


def figure(config: ConfusionConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: the shares of each run, and below them the pairs that config.confused confuses.

    inputs: the table `shares`, and of each seed of the confused run the metrics `<run>.seed<k>` and counts `<run>.seed<k>.confusion`.
    """
    save(draw(config, read_shares(inputs["shares"]), counts_of(config.confused, inputs, config)), outputs["figure"])


@styled()
def draw(config: ConfusionConfig, found: Mapping[tuple[str, str], Shares], counts: Counts) -> Figure:
    """The figure; found: {(run, kind of category): shares}."""
    pairs = swallowed(counts.matrix, counts.novel, *PAIRS)
    explanation = (
        f"Of all validation pixels of {config.benchmark} that show a novel category, and of those that show a base category (rule S): how "
        "many percent each method gives the right category, another one of the same kind, or one of the other kind."
    )
    heights = 50 + BAR * len(config.runs), 125 + CELL * max(len(pairs.novel), 1)
    title, notes = (
        f"What are novel and base categories taken for? {config.benchmark}",
        about(config.profile, (*config.runs, config.confused)),
    )
    names = max(NAMES, LETTER * max(len(run.title) for run in config.runs))
    sheet, (above, below) = parted(title, explanation, heights, WIDTH + names - NAMES, notes, apart=(36, 8))  # bars stay as long
    for axes, kind in zip(above.subplots(1, 2), SEGMENTS, strict=True):
        _bars(axes, kind, [found[run.run, kind] for run in config.runs])
        if kind == "novel":
            for row, run in enumerate(config.runs):
                _beside(axes, row, run.title, -DATA - names, size=14)
                _beside(axes, row, run.training_data, -DATA, size=SMALL, color=GREY)
    section(below, f"Which base category is seen where a novel one is? {config.confused.title}", 18)
    inner = below.subfigures()
    listed = "In percent of the category's pixels; those stand first that lose most pixels to base categories."
    section(inner, f"{listed} Grey: percent of all novel pixels.", 14, GREY)
    _map(inner.add_subplot(), counts.names, pairs)
    return sheet


def _beside(axes: Axes, row: int, text: str, x: float, **style: Any) -> None:
    """Write `text` beside line `row`, `x` pixels from the left of `axes`."""
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center", "annotation_clip": False}
    axes.annotate(text, (0, row + 0.5), (x, 0), **where, **style)


def _bars(axes: Axes, kind: str, found: Sequence[Shares]) -> None:
    """A bar of three segments for each run, one below the other."""
    axes.set_title(f"Pixels of {kind} categories", size=15, color=kind_colour(kind == "novel"), pad=28)
    legend(axes, SEGMENTS[kind])
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right"}
    axes.annotate("❙ right, mean over categories", (1, 1), (0, 5), **place, size=SMALL)
    axes.set_axis_off()
    axes.set(xlim=(0, 100), ylim=(len(found), 0))
    for row, own in enumerate(found):
        start = 0.0
        for value, colour in zip(own, SEGMENTS[kind].values(), strict=False):
            if np.isnan(value):
                continue
            axes.barh(row + 0.5, value, 0.74, start, color=colour)
            if value >= 5:
                axes.text(start + value / 2, row + 0.5, f"{value:.0f}", size=TEXT, color=ink_on(colour), ha="center", va="center_baseline")
            start += value
        for ends in ((0.04, 0.24), (0.76, 0.96)):  # the middle is left to the numbers
            axes.plot([own.mean_right] * 2, [row + end for end in ends], color=INK, linewidth=2, solid_capstyle="butt", clip_on=False)


def _map(axes: Axes, names: Sequence[str], pairs: Swallowed) -> None:
    """Novel categories one below the other; beside each what it is taken for, in percent of its pixels."""
    groups = (
        [("right", GREY, NOVEL, pairs.right)],
        [(names[base], BASE, BASE, pairs.taken[:, column]) for column, base in enumerate(pairs.base)],
        [("other base", GREY, BASE, pairs.other_base), ("other novel", GREY, NOVEL_LIGHT, pairs.other_novel)],
    )
    left, ticks = 0.0, []
    for group in filter(None, groups):
        values = np.stack([each for *_, each in group], axis=1)
        shown = [[shade(ground, value) for (_, _, ground, _), value in zip(group, row, strict=True)] for row in values]
        if len(values):
            cells(axes, np.array(shown), [[f"{value:.0f}" if value >= 0.5 else "" for value in row] for row in values], left)
        ticks += [(left + number + 0.5, name, ink) for number, (name, ink, *_) in enumerate(group)]
        left += len(group) + 0.17  # groups stand apart
    axes.set(xlim=(0, left), ylim=(max(len(pairs.novel), 1), 0))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.set(yticks=[], xticks=[place for place, *_ in ticks])
    for text, (_, _, ink) in zip(axes.set_xticklabels([name for _, name, _ in ticks]), ticks, strict=True):
        text.set(rotation=45, rotation_mode="anchor", ha="left", va="center", size=TEXT, color=ink)
    for row, category in enumerate(pairs.novel):
        _beside(axes, row, f"{pairs.weight[row]:.1f}", -LEFT, size=SMALL, color=GREY)
        _beside(axes, row, names[category], -10, size=TEXT, color=NOVEL, ha="right")
