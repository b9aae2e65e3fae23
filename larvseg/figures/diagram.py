"""A page on which images, names, boxes and arrows are placed in pixels from its top left: Figures 1 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle

from larvseg.figures.colours import GREY, INK, Colour, class_colours, kind_colour
from larvseg.figures.images import cover, faded, inside, outline
from larvseg.figures.words import CENTRE, Words, extent, pill

NAMED = 0.04  # share of a map that a class must cover to be named
Point = tuple[float, float]
Frame = tuple[float, float, float, float]  # left, top, right, bottom
_HORIZONTAL = {"l": "left", "m": "center", "r": "right"}


class Classes(NamedTuple):
    """What the labels 0 … N − 1 of a map are."""

    names: Sequence[str]
    novel: Sequence[bool]
    benchmark: Sequence[str]  # in whose order they have their colours


def within(centre: Point, size: tuple[float, float], shape: Sequence[int]) -> Frame:
    """The largest frame around `centre` within `size` (width, height) that has the ratio of an image of `shape` (height, width, …)."""
    scale = min(size[0] / shape[1], size[1] / shape[0])
    width, height = shape[1] * scale, shape[0] * scale
    return centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2


class Diagram:
    """Things placed on `figure`, a page without panels. Places, lengths and sizes of letters are pixels."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        figure.set_layout_engine("none")
        self.width, self.height = figure.bbox.width, figure.bbox.height
        self._axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0), autoscale_on=False)
        self._axes.axis("off")

    def panel(self, frame: Frame) -> Axes:
        """Axes that fill `frame`; they lie above everything else."""
        left, top, right, bottom = frame
        size = (right - left) / self.width, (bottom - top) / self.height
        return self.figure.add_axes((left / self.width, 1 - bottom / self.height, *size))

    def text(self, at: Point, text: str, size: float = 15, colour: Colour = INK, align: str = "l", **style: object) -> None:
        """Write `text`, math between $, on the line at `at`: it starts there (l), ends there (r) or has its middle there (m)."""
        self._axes.text(*at, text, size=size, color=colour, ha=_HORIZONTAL[align], **style)

    def pills(self, frame: Frame, names: Sequence[tuple[str, Colour]], size: float) -> None:
        """Names on the ground of their colours in lines, as many as `frame` has room for; below it how many more there are."""
        (left, top, right, bottom), gap = frame, 7
        x, y = left, top
        for number, (text, colour) in enumerate(names):
            word = self._axes.annotate(text, (0, 0), size=size, ha="center", va="center", **pill(colour))
            box = extent(word)
            if x > left and x + box.width > right:
                x, y = left, y + box.height + gap
            if y + box.height > bottom:
                word.remove()
                self.text((left, bottom + 16), f"and {len(names) - number} more", 12, GREY)
                break
            word.xy = x + box.width / 2, y + box.height / 2
            word.set_position(word.xy)
            x += box.width + gap

    def box(self, frame: Frame, face: Colour, edge: Colour = "none", radius: float = 10, line: float = 1.5) -> None:
        """A box with rounded corners."""
        left, top, right, bottom = frame
        style = f"round,pad=0,rounding_size={radius}"
        self._add(FancyBboxPatch((left, top), right - left, bottom - top, style, facecolor=face, edgecolor=edge, linewidth=line))

    def line(self, start: Point, end: Point, colour: Colour) -> None:
        """A thin line."""
        self._axes.plot(*zip(start, end, strict=True), color=colour, linewidth=1)

    def arrow(self, start: Point, end: Point, colour: Colour = GREY, line: float = 2, dashed: bool = False) -> None:
        """A line with a head at its `end`."""
        style = {"arrowstyle": "-|>,head_length=5,head_width=2.6", "mutation_scale": 1.8, "shrinkA": 0, "shrinkB": 0}
        self._add(FancyArrowPatch(start, end, color=colour, linewidth=line, linestyle=(0, (3, 2)) if dashed else "-", **style))

    def bars(self, frame: Frame, novel: Sequence[bool]) -> None:
        """A bar for each name of a union, base before novel ones."""
        wide = (frame[2] - frame[0]) / len(novel)
        for number, kind in enumerate(sorted(novel)):
            left = frame[0] + (number + 0.15) * wide
            self.box((left, frame[1], left + 0.7 * wide, frame[3]), kind_colour(kind), radius=0)

    def _add(self, patch: Patch) -> None:
        patch.set_zorder(2)  # as lines: what is drawn later lies above
        self._axes.add_patch(patch)


def label_map(axes: Axes, image: np.ndarray, labels: np.ndarray, classes: Classes, size: float, edge: Colour = GREY) -> None:
    """`labels` (h, w), −1 without one, over `image` in grey: novel regions outlined, large ones named in letters of `size`."""
    faded(axes, image, edge=edge)
    cover(axes, class_colours(classes.names, classes.benchmark)[labels])
    present, counts = np.unique(labels[labels >= 0], return_counts=True)
    large = [int(label) for label, count in zip(present, counts, strict=True) if count >= NAMED * labels.size]
    for label in large:
        if classes.novel[label]:
            outline(axes, labels == label, kind_colour(True), "white", 2)
    words = Words(axes)
    for label in sorted(large, key=lambda label: not classes.novel[label]):
        style = {"size": size, **pill(kind_colour(classes.novel[label]))}
        words.write(classes.names[label], inside(labels == label), (CENTRE,), **style)


def framed(axes: Axes, grid: Sequence[int], chosen: Sequence[int], colour: Colour, line: float = 2) -> None:
    """Lines around the `chosen` cells, counted row by row, of a `grid` of rows and columns on an image that fills `axes`."""
    high, wide = 1 / grid[0], 1 / grid[1]
    for cell in chosen:
        row, column = divmod(int(cell), grid[1])
        width = min(line, wide * axes.bbox.width / 3)  # so that small cells can still be seen
        axes.add_patch(Rectangle((column * wide, row * high), wide, high, fill=False, edgecolor=colour, linewidth=width))
