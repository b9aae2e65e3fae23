"""Classes as dots over how often something was seen: what the tail and the gains share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import Bbox

from larvseg.reporting.diagnostics.page import BASE, MARGIN, NOVEL, SMALL, Colour, Page, points

OUTLINE = [withStroke(linewidth=2.5, foreground="white")]  # so that words can be read on dots
NEVER = 0.5  # where classes that were never seen stand on a logarithmic axis
MANY = 300  # classes, of which dots are smaller
_STEPS = (1, 2, 5)
Place = tuple[tuple[float, float], str, str]  # of a word beside a point: offset in points, alignment
# of a name, the better ones first
_PLACES: tuple[Place, ...] = (
    ((5, 0), "left", "center"),
    ((-5, 0), "right", "center"),
    ((0, 5), "center", "bottom"),
    ((0, -5), "center", "top"),
)


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
    axes.xaxis.set(major_locator=FixedLocator(ticks), major_formatter=FixedFormatter(labels), minor_locator=NullLocator())


def both_logarithmic(axes: Axes, places: Sequence[float], values: Sequence[float]) -> None:
    """The same logarithmic axis to the right and upwards, for `places` and `values`, with a few round numbers."""
    low, high = min(*places, *values), max(*places, *values)
    ticks, labels = round_numbers(low, high)
    axes.set(xscale="log", yscale="log", xlim=(low / 1.3, high * 1.3), ylim=(low / 1.3, high * 1.3))
    for axis in (axes.xaxis, axes.yaxis):
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
            ink = {"facecolors": "none", "edgecolors": [colour], "linewidths": 1.2} if hollow else {"color": colour, "linewidths": 0}
            axes.scatter(*np.array(chosen, float).reshape(-1, 2).T, s=points(size) ** 2, alpha=alpha, **ink)


class Labels:
    """Words beside the dots and lines of one panel, none on another."""

    def __init__(self, axes: Axes):
        self.axes = axes
        self._taken: list[Bbox] = []

    def level(self, ends: tuple[float, float], mean: float, novel: bool, text: str) -> None:
        """A line at `mean` over the classes between two places, with `text` above or below it."""
        colour = NOVEL if novel else BASE
        low, high = ends[0] / 1.06, ends[1] * 1.06
        for width, ink in ((5, "white"), (2.6, colour)):
            self.axes.plot((low, high), (mean, mean), color=ink, linewidth=width, solid_capstyle="butt")
        middle = float(np.sqrt(low * high))
        above, below = ((0, 3), "center", "bottom"), ((0, -4), "center", "top")
        ends = [(low, ((2, 3), "left", "bottom")), (high, ((-2, 3), "right", "bottom")), (low, ((2, -4), "left", "top"))]
        if not self._write(text, colour, [(x, mean, place) for x, place in ((middle, above), (middle, below), *ends)]):
            self._put(text, middle, mean, above, colour)

    def keep_free(self, places: Iterable[tuple[float, float]]) -> None:
        """Put no word on the dots at `places`; the limits of the axes are final."""
        corner = 4.5  # pixels, half a dot
        for x, y in self.axes.transData.transform(list(places)):
            self._taken.append(Bbox([(x - corner, y - corner), (x + corner, y + corner)]))

    def names(self, named: Iterable[tuple[str, float, float, bool]]) -> None:
        """The names of classes (name, place, value, is novel) beside their dots; one that has no room is left out."""
        for name, x, y, novel in named:
            self._write(name, NOVEL if novel else BASE, [(x, y, place) for place in _PLACES])

    def _write(self, text: str, colour: Colour, places: Iterable[tuple[float, float, Place]]) -> bool:
        for x, y, place in places:
            written = self._put(text, x, y, place, colour)
            box, frame = written.get_window_extent(), self.axes.bbox
            if frame.x0 <= box.x0 and box.x1 <= frame.x1 and not any(box.overlaps(other) for other in self._taken):
                self._taken.append(box)
                return True
            written.remove()
        return False

    def _put(self, text: str, x: float, y: float, place: Place, colour: Colour) -> Annotation:
        """`text` beside the place (x, y) in data, with a white rim."""
        offset, ha, va = place
        where = {"xy": (x, y), "xytext": offset, "textcoords": "offset points", "ha": ha, "va": va}
        return self.axes.annotate(text, **where, fontsize=points(SMALL), color=colour, path_effects=OUTLINE)


def base_and_novel(sheet: Page) -> None:
    """Say in the upper right corner of the page which colour is which."""
    x = sheet.width - MARGIN
    for word, colour in (("novel", NOVEL), ("base", BASE)):
        x -= sheet.text(x, MARGIN + 18, f"● {word}", 15, colour, ha="right").get_window_extent().width + 18
