"""Classes as dots over how often something was seen: what the tail and the gains share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from larvseg.reporting.diagnostics.page import BASE, INK, NOVEL, SMALL, TEXT, Box, Colour, Page, points

OUTLINE = [withStroke(linewidth=2.5, foreground="white")]  # so that words can be read on dots
NEVER = 0.5  # where classes that were never seen stand on a logarithmic axis
_STEPS = (1, 2, 5)
# offset in points and alignment of a name beside a dot, the better ones first
_PLACES = (((5, 0), "left", "center"), ((-5, 0), "right", "center"), ((0, 5), "center", "bottom"), ((0, -5), "center", "top"))


def frequency_axis(axes: Axes, counts: Sequence[float]) -> None:
    """A logarithmic x axis for `counts`, with round numbers, and 0 at its left end if one is 0."""
    low, high = max(min(counts), NEVER), max(*counts, 1)
    ticks = [step * 10**power for power in range(9) for step in _STEPS]
    ticks = [tick for tick in ticks if low / 1.3 <= tick <= high * 1.3]
    if len(ticks) > 5:
        ticks = [tick for tick in ticks if str(tick)[0] == "1"] if len(ticks) > 9 else ticks[:: 2 if len(ticks) > 6 else 1]
    labels = [f"{tick:,}".replace(",", " ") for tick in ticks]
    if min(counts) < 1:
        ticks, labels = [NEVER, *ticks], ["0", *labels]
    axes.set_xscale("log")
    axes.set_xlim(low / 1.25, high * 1.25)
    axes.xaxis.set(major_locator=FixedLocator(ticks), major_formatter=FixedFormatter(labels), minor_locator=NullLocator())


def dots(axes: Axes, counts: Sequence[float], values: Sequence[float | None], novel: Sequence[bool]) -> None:
    """A dot for each class that has a value; novel ones lie above base ones."""
    for kind, colour in ((False, BASE), (True, NOVEL)):
        chosen = [(max(count, NEVER), value) for count, value, is_novel in zip(counts, values, novel, strict=True) if is_novel == kind]
        there = np.array([pair for pair in chosen if pair[1] is not None], float).reshape(-1, 2)
        axes.scatter(*there.T, s=points(9) ** 2, color=colour, alpha=0.55, linewidths=0)


def level(axes: Axes, seen: tuple[float, float], mean: float, novel: bool, text: str) -> None:
    """A line at `mean` over the classes that were `seen` from so often to so often, with `text` above it."""
    colour = NOVEL if novel else BASE
    low, high = max(seen[0], NEVER) / 1.06, max(seen[1], NEVER) * 1.06
    for width, ink in ((5, "white"), (2.6, colour)):
        axes.plot((low, high), (mean, mean), color=ink, linewidth=width, solid_capstyle="butt")
    _beside(axes, text, np.sqrt(low * high), mean, (0, 4), "center", "bottom", colour)


def name_classes(axes: Axes, named: Sequence[tuple[str, float, float]]) -> None:
    """Write the names of classes (name, count, value) beside their dots, where no other name is; a name without such a place is left out."""
    renderer, taken = axes.figure.canvas.get_renderer(), []
    for name, count, value in named:
        for offset, ha, va in _PLACES:
            text = _beside(axes, name, max(count, NEVER), value, offset, ha, va, INK)
            box = text.get_window_extent(renderer)
            if axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()


def _beside(axes: Axes, text: str, x: float, y: float, offset: tuple[float, float], ha: str, va: str, colour: Colour) -> Annotation:
    """`text` at `offset` points from the place (x, y) in data, with a white rim."""
    place = {"xy": (x, y), "xytext": offset, "textcoords": "offset points", "ha": ha, "va": va}
    return axes.annotate(text, **place, fontsize=points(SMALL), color=colour, path_effects=OUTLINE)


def base_and_novel(sheet: Page, box: Box) -> None:
    """Say in the corner of a panel which colour is which."""
    for word, colour, below in (("base", BASE, 14), ("novel", NOVEL, 32)):
        sheet.text(box[0] + 10, box[1] + below, f"●  {word}", TEXT, colour)
