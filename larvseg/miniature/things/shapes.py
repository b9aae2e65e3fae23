"""Shapes and palettes that several drawings share."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Colour, Pen, hsv, pick, shade

WOODS = [(0.48, 0.3, 0.16), (0.58, 0.38, 0.2), (0.4, 0.24, 0.13)]
GREENS = [(0.2, 0.45, 0.16), (0.28, 0.5, 0.2), (0.16, 0.4, 0.22)]
METALS = [(0.55, 0.57, 0.6), (0.45, 0.47, 0.5)]
WHITES = [(0.93, 0.93, 0.92), (0.9, 0.92, 0.95)]
STONES = [(0.62, 0.6, 0.56), (0.66, 0.6, 0.5), (0.55, 0.55, 0.58)]
GLASS = [(0.68, 0.82, 0.92), (0.74, 0.84, 0.88)]
DARK = (0.12, 0.12, 0.14)


def paint(rng: np.random.Generator, low: float = 0.5, high: float = 0.75) -> Colour:
    """A saturated colour of any hue; `low` and `high` bound its value."""
    return hsv(rng.uniform(), rng.uniform(0.5, 0.85), rng.uniform(low, high))


def arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float, count: int = 9) -> list[tuple[float, float]]:
    """`count` points of an ellipse between two angles (degrees, clockwise from the right)."""
    angle = np.radians(np.linspace(start, stop, count))
    return list(zip(cx + rx * np.cos(angle), cy + ry * np.sin(angle), strict=True))


def polar(cx: float, cy: float, rx: float, ry: float, angle: float) -> tuple[float, float]:
    """The point of an ellipse at `angle` (degrees, clockwise from the right)."""
    return cx + rx * np.cos(np.radians(angle)), cy + ry * np.sin(np.radians(angle))


def ring(
    pen: Pen, cx: float, cy: float, rx: float, ry: float, thickness: float, colour: Colour, start: float = 0.0, stop: float = 360.0
) -> None:
    """An ellipse's rim, inwards `thickness` times its radii thick, between two angles; its inside stays as it is."""
    inner = 1 - thickness
    pen.polygon(arc(cx, cy, rx, ry, start, stop, 33) + arc(cx, cy, rx * inner, ry * inner, stop, start, 33), colour)


def taper(pen: Pen, x0: float, y0: float, w0: float, x1: float, y1: float, w1: float, colour: Colour) -> None:
    """An upright limb: `w0` wide at (x0, y0), `w1` wide at (x1, y1), the widths taken along x."""
    pen.polygon([(x0 - w0 / 2, y0), (x0 + w0 / 2, y0), (x1 + w1 / 2, y1), (x1 - w1 / 2, y1)], colour)


def wheel(pen: Pen, cx: float, cy: float, rx: float, ry: float, hub: Colour) -> None:
    """A tyre with a bright hub."""
    pen.ellipse(cx, cy, rx, ry, DARK)
    pen.ellipse(cx, cy, rx * 0.55, ry * 0.55, hub)
    pen.ellipse(cx, cy, rx * 0.2, ry * 0.2, shade(hub, 0.5))


def wood(rng: np.random.Generator) -> Colour:
    """A colour of wood."""
    return pick(rng, WOODS, 0.04)
