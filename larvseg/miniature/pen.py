"""A pen that draws the same shape into an image and into its label map.

Coordinates are those of a unit square: x to the right, y down, (0, 0) the upper left corner. Things stand on the line y = 1.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[float, float, float]

SUPERSAMPLE = 4


class Canvas:
    """An image of `width`×`height` pixels drawn at four times the resolution, with a label for every pixel (0: none)."""

    def __init__(self, width: int, height: int, background: Colour = (0.5, 0.5, 0.5)):
        self.width, self.height = width, height
        size = (width * SUPERSAMPLE, height * SUPERSAMPLE)
        self.colours = Image.new("RGB", size, _bytes(background))
        self.labels = Image.new("L", size, 0)
        self._draw_colours = ImageDraw.Draw(self.colours)
        self._draw_labels = ImageDraw.Draw(self.labels)

    def fill(self, polygon: np.ndarray, colour: Colour, label: int | None) -> None:
        """Fill `polygon` (n×2, supersampled pixels); `label` None leaves the label map as it is."""
        points = polygon.ravel().tolist()
        self._draw_colours.polygon(points, fill=_bytes(colour))
        if label is not None:
            self._draw_labels.polygon(points, fill=label)

    @contextmanager
    def clip(self, polygon: np.ndarray) -> Iterator[None]:
        """Keep what the block draws inside `polygon` (n×2, supersampled pixels) and undo the rest."""
        colours, labels = self.colours.copy(), self.labels.copy()
        yield
        outside = Image.new("L", self.labels.size, 255)
        ImageDraw.Draw(outside).polygon(polygon.ravel().tolist(), fill=0)
        self.colours.paste(colours, mask=outside)
        self.labels.paste(labels, mask=outside)

    def darken(self, polygon: np.ndarray, factor: float) -> None:
        """Multiply the colours inside `polygon` (n×2, supersampled pixels) by `factor`: a shadow, which has no label."""
        left, top = np.floor(np.clip(polygon.min(0), 0, self.labels.size)).astype(int).tolist()
        right, bottom = np.ceil(np.clip(polygon.max(0), 0, self.labels.size)).astype(int).tolist()
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(mask).polygon((polygon - (left, top)).ravel().tolist(), fill=255)
        dark = self.colours.crop((left, top, right, bottom)).point(lambda value: round(value * factor))
        self.colours.paste(dark, (left, top), mask)

    def image(self) -> Image.Image:
        """The image, height×width RGB, antialiased."""
        return self.colours.reduce(SUPERSAMPLE)

    def label_map(self) -> np.ndarray:
        """The labels, (height, width) uint8, not antialiased."""
        middle = SUPERSAMPLE // 2
        return np.asarray(self.labels)[middle::SUPERSAMPLE, middle::SUPERSAMPLE].copy()


@dataclass(frozen=True)
class Pen:
    """Draws on `canvas` through an affine map; every filled shape carries `label`. `light` multiplies each colour channel."""

    canvas: Canvas
    matrix: np.ndarray  # 2×3, unit square to supersampled pixels
    label: int | None = None
    light: Colour = (1.0, 1.0, 1.0)

    @classmethod
    def on(cls, canvas: Canvas, x: float, y: float, width: float, height: float, **kwargs) -> Pen:
        """A pen whose unit square is the box at (x, y) of `width`×`height`, in pixels of the finished image."""
        s = SUPERSAMPLE
        return cls(canvas, np.array([[width * s, 0.0, x * s], [0.0, height * s, y * s]]), **kwargs)

    def within(self, x: float, y: float, width: float, height: float, turn: float = 0.0) -> Pen:
        """A pen whose unit square is the box at (x, y) of `width`×`height` of this one, turned by `turn` radians about its centre."""
        cos, sin = math.cos(turn), math.sin(turn)
        # centre to origin, scale, turn, move to the box's centre
        linear = np.array([[cos * width, -sin * height], [sin * width, cos * height]])
        offset = np.array([x + width / 2, y + height / 2]) - linear @ np.array([0.5, 0.5])
        outer_linear, outer_offset = self.matrix[:, :2], self.matrix[:, 2]
        matrix = np.column_stack([outer_linear @ linear, outer_linear @ offset + outer_offset])
        return replace(self, matrix=matrix)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the unit square, in pixels of the finished image."""
        width, height = np.hypot(self.matrix[0, :2], self.matrix[1, :2]) / SUPERSAMPLE
        return float(width), float(height)

    def turned(self, angle: float) -> Pen:
        """This pen turned by `angle` radians about the centre of its unit square, without skew whatever its proportions."""
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        linear, offset = self.matrix[:, :2], self.matrix[:, 2]
        centre = linear @ np.array([0.5, 0.5]) + offset
        return replace(self, matrix=np.column_stack([turn @ linear, turn @ (offset - centre) + centre]))

    def mirrored(self) -> Pen:
        """This pen with left and right exchanged."""
        linear, offset = self.matrix[:, :2], self.matrix[:, 2]
        return replace(self, matrix=np.column_stack([-linear[:, 0], linear[:, 1], offset + linear[:, 0]]))

    def unlabelled(self) -> Pen:
        """This pen, leaving the label map as it is (markings, shadows, reflections)."""
        return replace(self, label=None)

    def polygon(self, points: Sequence[Point] | np.ndarray, colour: Colour) -> None:
        """Fill a polygon of at least three points."""
        mapped = np.asarray(points, dtype=float) @ self.matrix[:, :2].T + self.matrix[:, 2]
        lit = tuple(min(max(channel * light, 0.0), 1.0) for channel, light in zip(colour, self.light, strict=True))
        self.canvas.fill(mapped, lit, self.label)

    def polygons(self, shapes: np.ndarray, colours: np.ndarray) -> None:
        """Fill many polygons of k points: `shapes` (n, k, 2), `colours` (n, 3) or (3,). Far quicker than one by one."""
        mapped = shapes @ self.matrix[:, :2].T + self.matrix[:, 2]
        lit = np.broadcast_to(np.clip(np.asarray(colours) * self.light, 0, 1), (len(shapes), 3))
        for points, colour in zip(mapped, lit.tolist(), strict=True):
            self.canvas.fill(points, colour, self.label)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, corner: float = 0.0) -> None:
        """Fill a rectangle; `corner` is the radius of its rounded corners."""
        if corner <= 0:
            self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
            return
        corner = min(corner, abs(x1 - x0) / 2, abs(y1 - y0) / 2)
        quarter = np.linspace(0, math.pi / 2, 6)
        centres = [(x1 - corner, y0 + corner), (x1 - corner, y1 - corner), (x0 + corner, y1 - corner), (x0 + corner, y0 + corner)]
        outline = []
        for index, (cx, cy) in enumerate(centres):
            angle = quarter - math.pi / 2 + index * math.pi / 2
            outline.extend(zip(cx + corner * np.cos(angle), cy + corner * np.sin(angle), strict=True))
        self.polygon(outline, colour)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, colour: Colour, start: float = 0.0, stop: float = 360.0) -> None:
        """Fill an ellipse, or the segment between the angles `start` and `stop` (degrees, clockwise from the right)."""
        angle = np.radians(np.linspace(start, stop, 33))
        self.polygon(np.column_stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)]), colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A line through `points` of the given width, with round joints."""
        ends = np.asarray(points, dtype=float)
        for (x0, y0), (x1, y1) in zip(ends[:-1], ends[1:], strict=True):
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            nx, ny = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
            self.polygon([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], colour)
        for x, y in ends[1:-1]:
            self.ellipse(x, y, width / 2, width / 2, colour)

    def blob(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill the smooth closed curve (Catmull-Rom) through `points`."""
        knots = np.asarray(points, dtype=float)
        before, after, beyond = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
        t = np.linspace(0, 1, 8, endpoint=False)[:, None, None]
        curve = 0.5 * (
            2 * knots
            + (after - before) * t
            + (2 * before - 5 * knots + 4 * after - beyond) * t**2
            + (3 * knots - before - 3 * after + beyond) * t**3
        )
        self.polygon(curve.transpose(1, 0, 2).reshape(-1, 2), colour)


def shade(colour: Colour, factor: float) -> Colour:
    """`colour` darkened (factor below 1) or lightened towards white (above 1)."""
    if factor <= 1:
        return tuple(channel * factor for channel in colour)
    return tuple(1 - (1 - channel) / factor for channel in colour)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour from hue (turns), saturation and value, each in [0, 1]."""
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def pick(rng: np.random.Generator, colours: Sequence[Colour], spread: float = 0.06) -> Colour:
    """One of `colours`, each channel moved by up to `spread`."""
    base = colours[int(rng.integers(len(colours)))]
    return tuple(float(np.clip(channel + rng.uniform(-spread, spread), 0, 1)) for channel in base)


def _bytes(colour: Colour) -> tuple[int, int, int]:
    return tuple(round(channel * 255) for channel in colour)
