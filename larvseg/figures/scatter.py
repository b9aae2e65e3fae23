"""Classes as dots over how often something was seen: what the tail, the gains and the drawn world share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from scipy.stats import spearmanr

from larvseg.figures.colours import BASE, NOVEL, kind_colour
from larvseg.figures.kit import SMALL
from larvseg.figures.words import ABOVE, BELOW, RIM, Words

NEVER = 0.5  # where classes that were never seen stand on a logarithmic axis
MANY = 300  # classes, of which dots are smaller
_STEPS = (1, 2, 5)


def counted(counts: Iterable[float]) -> list[float]:
    """Where `counts` stand on a logarithmic axis."""
    return [max(count, NEVER) for count in counts]


def round_numbers(low: float, high: float) -> tuple[list[float], list[str]]:
    """A few round numbers for a logarithmic axis from `low` to `high`, and how they are written."""
    ticks = [step * 10.0**power for power in range(-4, 9) for step in _STEPS if low / 1.15 <= step * 10.0**power <= high * 1.15]
    for step in (2, 3):  # every other one if they are many, then the powers of ten
        if len(ticks) > 6:
            ticks = ticks[::2] if step == 2 and len(ticks) <= 9 else [tick for tick in ticks if round(np.log10(tick), 6).is_integer()]
    return ticks, [f"{tick:,.10g}".replace(",", " ") for tick in ticks]


def logarithmic(axes: Axes, places: Sequence[float], never: bool = True) -> None:
    """A logarithmic x axis for `places`, with a few round numbers; `never`: where NEVER is among them, it is called 0."""
    low, high = min(places), max(places)
    ticks, labels = round_numbers(low, high)
    if never and low == NEVER:
        ticks, labels = [NEVER, *(tick for tick in ticks if tick >= 1)], ["0", *labels[sum(tick < 1 for tick in ticks) :]]
    axes.set_xscale("log")
    axes.set_xlim(low / 1.3, high * 1.3)
    _tick(axes.xaxis, ticks, labels)


def both_logarithmic(axes: Axes, places: Sequence[float], values: Sequence[float]) -> None:
    """The same logarithmic axis to the right and upwards, for `places` and `values`, with a few round numbers."""
    low, high = min(*places, *values), max(*places, *values)
    ticks, labels = round_numbers(low, high)
    axes.set(xscale="log", yscale="log", xlim=(low / 1.3, high * 1.3), ylim=(low / 1.3, high * 1.3))
    for axis in (axes.xaxis, axes.yaxis):
        _tick(axis, ticks, labels)


def _tick(axis: Axis, ticks: Sequence[float], labels: Sequence[str]) -> None:
    axis.set(major_locator=FixedLocator(ticks), major_formatter=FixedFormatter(labels), minor_locator=NullLocator())


def dots(
    axes: Axes, places: Sequence[float | None], values: Sequence[float | None], novel: Sequence[bool], by_name: Sequence[bool]
) -> None:
    """A dot for each class that has a place and a value; novel ones lie above base ones, hollow where they are novel `by_name` alone."""
    size, alpha = (9, 0.55) if len(novel) < MANY else (6, 0.35)
    for kind, colour in ((False, BASE), (True, NOVEL)):
        there = [(x, y, alone) for x, y, is_novel, alone in zip(places, values, novel, by_name, strict=True) if is_novel == kind]
        for hollow in (False, True):
            chosen = [(x, y) for x, y, alone in there if None not in (x, y) and alone == hollow]
            ink = {"facecolors": "none", "edgecolors": [colour], "linewidths": 1.7} if hollow else {"color": colour, "linewidths": 0}
            axes.scatter(*np.array(chosen, float).reshape(-1, 2).T, s=size**2, alpha=alpha, **ink)


def level(words: Words, ends: tuple[float, float], mean: float, novel: bool, text: str) -> None:
    """A line at `mean` over the classes between two places, with `text` above or below it."""
    low, high = ends[0] / 1.06, ends[1] * 1.06
    for width, ink in ((7, "white"), (3.6, kind_colour(novel))):
        words.axes.plot((low, high), (mean, mean), color=ink, linewidth=width, solid_capstyle="butt")
    points = [(x, mean) for x in np.geomspace(low, high, 9)[[4, 3, 5, 2, 6, 1, 7]]]  # from the middle
    words.write(text, points, (ABOVE, BELOW), gap=3, must=True, size=SMALL, color=kind_colour(novel), path_effects=RIM)


def names(words: Words, named: Iterable[tuple[str, float, float, bool]]) -> None:
    """The names of classes (name, place, value, is novel) beside their dots; one that has no room is left out."""
    for name, x, y, novel in named:
        words.write(name, [(x, y)], size=SMALL, color=kind_colour(novel), path_effects=RIM)


def correlation(classes: Sequence[tuple[str, float, float, bool]]) -> str:
    """Spearman's rank correlation of place and value of `classes` (name, place, value, is novel); a dash where one of them is constant."""
    places, values = ([item[part] for item in classes] for part in (1, 2))
    if len(set(places)) < 2 or len(set(values)) < 2:
        return "–"
    return f"{spearmanr(places, values).statistic:+.2f}".replace("-", "−")
