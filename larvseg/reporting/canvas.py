"""A page that matplotlib draws on, in pixels from its top left: the pictures, maps, names, boxes and arrows of Figures 1 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.path import Path as Line

from larvseg.reporting.drawing import GREY, INK, Colour, font

DPI = 100
Point = tuple[float, float]
Frame = tuple[float, float, float, float]  # left, top, right, bottom
_HORIZONTAL = {"l": "left", "m": "center", "r": "right"}
_VERTICAL = {"t": "top", "m": "center", "b": "bottom", "s": "baseline"}


@cache
def _typeface() -> IO[bytes]:
    """Hand the typeface of the other figures to matplotlib, which reads typefaces from files; this one is there as long as the process."""
    file = NamedTemporaryFile(suffix=".ttf")
    file.write(font(10).font_bytes)
    file.flush()
    fontManager.addfont(file.name)
    return file


def tint(colour: Colour, strength: float) -> Colour:
    """`colour` mixed with white: 0 is white, 1 the colour."""
    return tuple(round(255 + (part - 255) * strength) for part in colour)


def within(centre: Point, size: tuple[float, float], shape: Sequence[int]) -> Frame:
    """The largest frame around `centre` within `size` (width, height) that has the ratio of a picture of `shape` (height, width, …)."""
    scale = min(size[0] / shape[1], size[1] / shape[0])
    width, height = shape[1] * scale, shape[0] * scale
    return centre[0] - width / 2, centre[1] - height / 2, centre[0] + width / 2, centre[1] + height / 2


class Page:
    """A white page of `width`×`height` pixels. Places, lengths and sizes of letters are pixels; what is drawn later lies above."""

    def __init__(self, width: int, height: int) -> None:
        _typeface()
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        self._renderer = FigureCanvasAgg(self.figure).get_renderer()
        self._axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0), autoscale_on=False)
        self._axes.axis("off")
        self._above = 0

    def save(self, path: Path) -> None:
        """Write the page as PNG; the same page gives the same bytes."""
        self.figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})

    def heading(self, title: str, explanation: Sequence[str], margin: float) -> None:
        """The title of a figure and the lines that explain it, as in the other figures."""
        self.text((margin, margin + 26), title, 26)
        for number, line in enumerate(explanation):
            self.text((margin, margin + 56 + 24 * number), line, 17, GREY)

    def text(self, at: Point, text: str, size: float = 17, colour: Colour = INK, anchor: str = "ls") -> None:
        """Write `text`, math between $, with its `anchor` (l, m, r; t, m, b, s for the line it stands on) at `at`."""
        self._axes.text(
            *at,
            text,
            fontproperties=_properties(size),
            color=_rgb(colour),
            ha=_HORIZONTAL[anchor[0]],
            va=_VERTICAL[anchor[1]],
            zorder=self._next(),
        )

    def width_of(self, text: str, size: float) -> float:
        """Pixels that `text` without math is wide."""
        return self._renderer.get_text_width_height_descent(text, _properties(size), ismath=False)[0]

    def pill_size(self, text: str, size: float) -> tuple[float, float]:
        """Width and height of a pill."""
        return self.width_of(text, size) + 1.1 * size, 1.65 * size

    def pill(self, at: Point, text: str, colour: Colour, size: float) -> Frame:
        """`text` on a rounded ground of `colour` whose left top is `at`; returns the frame it fills."""
        width, height = self.pill_size(text, size)
        frame = at[0], at[1], at[0] + width, at[1] + height
        self.box(frame, colour, radius=height / 2)
        self.text((at[0] + width / 2, at[1] + height / 2 + 0.36 * size), text, size, (255, 255, 255), "ms")
        return frame

    def pills(self, frame: Frame, names: Sequence[tuple[str, Colour]], size: float) -> None:
        """Names with their colours in lines, as many as `frame` has room for; below it how many more there are."""
        x, y = frame[:2]
        for number, (text, colour) in enumerate(names):
            width, height = self.pill_size(text, size)
            if x > frame[0] and x + width > frame[2]:
                x, y = frame[0], y + height + 7
            if y + height > frame[3]:
                self.text((frame[0], frame[3] + 16), f"and {len(names) - number} more", 13, GREY)
                break
            x = self.pill((x, y), text, colour, size)[2] + 7

    def box(self, frame: Frame, face: Colour, edge: Colour | None = None, radius: float = 10, line: float = 1.5) -> None:
        """A box with rounded corners."""
        left, top, right, bottom = frame
        style = f"round,pad=0,rounding_size={radius}"
        box = FancyBboxPatch((left, top), right - left, bottom - top, style, facecolor=_rgb(face), linewidth=_points(line))
        box.set_edgecolor("none" if edge is None else _rgb(edge))
        self._add(box)

    def picture(self, frame: Frame, picture: np.ndarray, edge: Colour = GREY, line: float = 1.5, interpolation: str = "bicubic") -> None:
        """(H, W, 3) uint8, stretched to `frame`, with a line around it."""
        left, top, right, bottom = frame
        self._axes.imshow(picture, extent=(left, right, bottom, top), interpolation=interpolation, aspect="auto", zorder=self._next())
        self._rectangle(frame, edge, line)

    def cells(self, frame: Frame, grid: Sequence[int], chosen: Sequence[int], colour: Colour, line: float = 2) -> None:
        """Lines around the `chosen` cells, counted row by row, of a `grid` of rows and columns that fills `frame`."""
        high, wide = (frame[3] - frame[1]) / grid[0], (frame[2] - frame[0]) / grid[1]
        for cell in chosen:
            row, column = divmod(int(cell), grid[1])
            left, top = frame[0] + column * wide, frame[1] + row * high
            self._rectangle((left, top, left + wide, top + high), colour, min(line, wide / 3))  # so that small cells can still be seen

    def outline(self, frame: Frame, region: np.ndarray, colour: Colour, line: float = 2) -> None:
        """The border of `region` (H, W) bool, which is stretched to `frame`, with white on both sides."""
        left, top, right, bottom = frame
        height, width = region.shape
        x = left + (np.arange(-1, width + 1) + 0.5) / width * (right - left)
        y = top + (np.arange(-1, height + 1) + 0.5) / height * (bottom - top)
        padded = np.pad(region.astype(float), 1)
        for ink, wide in (((255, 255, 255), line + 2.5), (colour, line)):
            border = self._axes.contour(x.clip(left, right), y.clip(top, bottom), padded, [0.5], colors=[_rgb(ink)], zorder=self._next())
            border.set_linewidth(_points(wide))

    def line(self, start: Point, end: Point, colour: Colour) -> None:
        """A thin line."""
        self._axes.plot(*zip(start, end, strict=True), color=_rgb(colour), linewidth=_points(1), zorder=self._next())

    def arrow(self, start: Point, end: Point, colour: Colour = GREY, line: float = 2, dashed: bool = False) -> None:
        """A line with a head at its `end`."""
        head = "-|>,head_length=5,head_width=2.6"
        arrow = FancyArrowPatch(path=Line([start, end]), arrowstyle=head, color=_rgb(colour), linewidth=_points(line), mutation_scale=1.3)
        arrow.set(linestyle=(0, (3, 2)) if dashed else "-", joinstyle="round", capstyle="butt")
        self._add(arrow)

    def _rectangle(self, frame: Frame, colour: Colour, line: float) -> None:
        left, top, right, bottom = frame
        self._add(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=_rgb(colour), linewidth=_points(line)))

    def _add(self, patch: Patch) -> None:
        patch.set_zorder(self._next())
        self._axes.add_patch(patch)

    def _next(self) -> int:
        self._above += 1
        return self._above


def _properties(size: float) -> FontProperties:
    # the second for what the first has not, outside formulas
    return FontProperties(family=[font(10).getname()[0], "DejaVu Sans"], size=_points(size), math_fontfamily="stix")


def _points(pixels: float) -> float:
    return pixels * 72 / DPI


def _rgb(colour: Colour) -> tuple[float, ...]:
    return tuple(part / 255 for part in colour)
