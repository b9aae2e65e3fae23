"""Words on a panel, none of which covers another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import BoxStyle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from scipy.optimize import isotonic_regression

from larvseg.figures.colours import Colour

RIM = [withStroke(linewidth=2.5, foreground="white")]  # so that words can be read on dots
CENTRE, RIGHT, LEFT, ABOVE, BELOW = (0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)  # where a word is, seen from its point
AROUND = (RIGHT, LEFT, ABOVE, BELOW)


class _Pill(BoxStyle.Round):
    """Rounded, with more room beside a text than above and below it."""

    def __call__(self, x0: float, y0: float, width: float, height: float, mutation_size: float) -> Path:
        side = 0.2 * mutation_size
        return super().__call__(x0 - side, y0, width + 2 * side, height, mutation_size)


def pill(colour: Colour) -> dict[str, Any]:
    """The options of a text that make it white on a rounded ground of `colour`."""
    return {"color": "white", "bbox": {"boxstyle": _Pill(0.35, 0.9), "facecolor": colour, "edgecolor": "none"}}


def extent(text: Annotation) -> Bbox:
    """What `text` covers with its ground, in pixels from the lower left of the page."""
    box = text.get_window_extent()
    if ground := text.get_bbox_patch():
        text.update_bbox_position_size(text.figure.canvas.get_renderer())
        return ground.get_window_extent()
    return box


class Words:
    """Words on `axes`, on a page that is laid out for good."""

    def __init__(self, axes: Axes):
        self.axes = axes
        self._taken = np.empty((0, 4))  # left, bottom, right, top of each word, in pixels

    def keep_free(self, points: Iterable[tuple[float, float]], radius: float) -> None:
        """Put no word on dots of `radius` pixels at `points`, which are in data."""
        centres = self.axes.transData.transform(np.reshape(list(points), (-1, 2)))
        self._taken = np.concatenate([self._taken, np.hstack([centres - radius, centres + radius])])

    def write(
        self,
        text: str,
        points: Sequence[tuple[float, float]] | np.ndarray,
        sides: Sequence[tuple[int, int]] = AROUND,
        gap: float = 7,
        must: bool = False,
        **style: Any,
    ) -> Annotation | None:
        """Write `text` beside the first of `points` where it is inside and on no other, on the first such side, `gap` pixels away.

        points: (N, 2), in data. Where there is no such place it is left out; if it `must` be there it covers another, inside if possible.
        """
        points = np.reshape(points, (-1, 2))
        middle = {"textcoords": "offset points", "ha": "center", "va": "center"}
        annotation = self.axes.annotate(text, points[0], (0, 0), **middle, annotation_clip=False, in_layout=False, **style)
        box = extent(annotation)
        half = np.array([box.width, box.height]) / 2
        pixels = self.axes.transData.transform(points)
        centres = (pixels[:, None] + np.array(sides) * (half + gap)).reshape(-1, 2)
        boxes = np.hstack([centres - half, centres + half])
        frame = self.axes.bbox
        inside = (boxes[:, :2] >= frame.min).all(1) & (boxes[:, 2:] <= frame.max).all(1)
        taken = self._taken
        meets = (boxes[:, None, :2] < taken[None, :, 2:]).all(2) & (taken[None, :, :2] < boxes[:, None, 2:]).all(2)
        free = inside & ~meets.any(1)
        chosen = int((free if free.any() else inside).argmax())
        if not (free.any() or must):
            annotation.remove()
            return None
        self._taken = np.vstack([taken, boxes[chosen]])
        annotation.xy = tuple(points[chosen // len(sides)])
        annotation.set_position(tuple(centres[chosen] - pixels[chosen // len(sides)]))
        return annotation


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """`places` moved as little as possible (least squares) so that any two are `gap` apart, in the same order, from `low` to `high`.

    The last ones go above `high` where there are too many.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(order))
    moved = isotonic_regression(np.asarray(places, float)[order] - steps).x.clip(low, max(high - gap * (len(order) - 1), low)) + steps
    return moved[order.argsort()].tolist()
