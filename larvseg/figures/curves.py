"""Figure: losses, memory bank and contrast of attention over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter1d

from larvseg.config.diagnostics import RunsFigureConfig
from larvseg.errors import LarvSegError
from larvseg.figures.colours import RUNS, Colour
from larvseg.figures.kit import SMALL, page, save, styled, titled
from larvseg.figures.scatter import logarithmic
from larvseg.figures.words import apart
from larvseg.reporting.diagnostics.measured import about
from larvseg.reporting.tables import read_csv

HEIGHT = 340  # of a panel with its titles, pixels
SMOOTHED = 0.05  # share of training over which all but states are averaged
LOSSES = {
    "loss_seg": ("Segmentation loss", "of images with pixel labels"),
    "loss_cls": ("Image-label loss", "every pixel counts, weighted by λ"),
    "loss_aux": ("Attentive loss", "pixels count by their attention, weighted by λ"),
}
BANK = {
    "fill": ("How full is the memory bank?", "share of its slots that hold an image"),
    "warm": ("How many rings are full?", "share of the categories with image labels"),
    "contrast": ("How sharply does attention see?", "deviation of its score over an image, in cosines"),
}
STATES = ("fill", "warm")  # shares, as they are at a step


def figure(config: RunsFigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the curves.csv of each run and seed, by `<run>.seed<k>`.

    A line is the mean over seeds, the shade behind it their range. Runs without attention are in the panels of losses alone.
    Raises LarvSegError for curves without one of the columns, or of seeds that stopped at different steps.
    """
    found = [_of_seeds([read_curves(inputs[f"{run.run}.seed{seed}"]) for seed in run.seeds], run.run) for run in config.runs]
    save(draw(config, found), outputs["figure"])


@styled()
def draw(config: RunsFigureConfig, found: Sequence[Mapping[str, np.ndarray]]) -> Figure:
    """The figure; `found`: of each run the columns of its curves, (seeds, lines) each."""
    explanation = (
        "Above: the parts of the loss as they enter the sum, over all images of a step. Below, of runs with attention: a category has a "
        "ring of slots, each of which holds what one image showed of it. The score of a patch: its cosine to the ring of the category "
        "less that to other rings. Losses and score: mean over a twentieth of training."
        + (" Lines: mean over seeds; shade: from the lowest to the highest." if any(len(run.seeds) > 1 for run in config.runs) else "")
    )
    title = f"What happens while LarvSeg trains? {config.benchmark}"
    sheet = page(title, explanation, 2 * HEIGHT, notes=about(config.profile, config.runs), apart=(20, 24))
    for axes, (column, (title, explained)) in zip(sheet.subplots(2, 3).flat, (LOSSES | BANK).items(), strict=True):
        titled(axes, title, explained)
        axes.grid(axis="y")
        lines = [
            (run.title, colour, each["step"][0], each[column] if column in STATES else smoothed(each[column]))
            for run, colour, each in zip(config.runs, RUNS, found, strict=False)
            if each[column].any()
        ]
        for _, colour, steps, values in lines:
            axes.fill_between(steps, values.min(0), values.max(0), color=colour, alpha=0.2, linewidth=0)
            axes.plot(steps, values.mean(0), color=colour, linewidth=2.5)
        if column in STATES:
            axes.set(ylim=(-0.03, 1.03), yticks=(0, 0.25, 0.5, 0.75, 1))
        steps = [step for _, _, each, _ in lines for step in (each[0], each[-1])] or [1, 10]
        if column in BANK:  # they change most at the beginning
            logarithmic(axes, steps)
        first = min(steps) if column in BANK else 0
        if first < max(steps):  # a run whose curves have one line has one step
            axes.set_xlim(first, max(steps))
        axes.set_xlabel("steps, logarithmic →" if column in BANK else "steps →", loc="right")
        _name_lines(axes, [(title, colour, values.mean(0)[-1]) for title, colour, _, values in lines])
    return sheet


def read_curves(path: Path) -> dict[str, np.ndarray]:
    """The columns of the curves in `path` that the figure shows, (lines,) each; an empty cell is 0.

    Raises LarvSegError if one is missing or a cell is no number.
    """
    rows = read_csv(path)
    columns = ("step", *LOSSES, *BANK)
    if missing := [column for column in columns if not rows or column not in rows[0]]:
        raise LarvSegError(f"{path}: no column {missing[0]!r}; the run was made by other code: snakemake makes it again")
    try:
        return {column: np.array([float(row[column] or 0) for row in rows]) for column in columns}
    except ValueError as error:
        raise LarvSegError(f"{path}: {error}; delete it and make the run again") from None


def smoothed(values: np.ndarray) -> np.ndarray:
    """(…, lines) → the same, each the mean of its surroundings: SMOOTHED of all lines, the outermost ones repeated at the ends."""
    return uniform_filter1d(values, 2 * round(SMOOTHED * values.shape[-1] / 2) + 1, mode="nearest")


def _of_seeds(curves_of_seeds: Sequence[Mapping[str, np.ndarray]], run: str) -> dict[str, np.ndarray]:
    """The columns of one run, (seeds, lines) each."""
    if any(not np.array_equal(one["step"], curves_of_seeds[0]["step"]) for one in curves_of_seeds):
        raise LarvSegError(f"{run}: its seeds were trained for different steps; make the run again")
    return {column: np.stack([one[column] for one in curves_of_seeds]) for column in curves_of_seeds[0]}


def _name_lines(axes: Axes, lines: Sequence[tuple[str, Colour, float]]) -> None:
    """Write the names of lines (name, colour, last value) at their right ends, one clear of another."""
    low, high = axes.get_ylim()
    line = (high - low) / (HEIGHT - 110) * (SMALL + 3)  # its height in data, where titles and labels take the rest of a panel
    for (name, colour, _), y in zip(lines, apart([value for _, _, value in lines], line, low + line / 2, high - line / 2), strict=True):
        place = {"xy": (1, y), "xycoords": axes.get_yaxis_transform(), "xytext": (6, 0), "textcoords": "offset points"}
        axes.annotate(name, **place, size=SMALL, color=colour, va="center", annotation_clip=False)
