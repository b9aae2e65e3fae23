"""Tree and palm."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import GREENS, wood


@drawing(aspect=0.8, height=3.0)
def tree(pen: Pen, rng: np.random.Generator) -> None:
    """A broad-leaved tree: a trunk that forks into a crown of clumps."""
    bark, leaf = wood(rng), pick(rng, GREENS, 0.05)
    width, height = rng.uniform(0.9, 1.05), rng.uniform(0.85, 1.1)
    pen.polygon([(0.44, 0.5), (0.56, 0.5), (0.57, 0.92), (0.64, 1), (0.36, 1), (0.43, 0.92)], bark)
    pen.line([(0.5, 0.75), (0.3, 0.5)], 0.05, bark)
    pen.line([(0.5, 0.72), (0.7, 0.5)], 0.05, bark)
    clumps = [(0.5, 0.46, 0.3), (0.24, 0.46, 0.2), (0.76, 0.46, 0.2), (0.3, 0.26, 0.2), (0.7, 0.26, 0.2), (0.5, 0.2, 0.2)]
    for cx, cy, radius in clumps:
        x, y = 0.5 + (cx - 0.5) * width + rng.uniform(-0.03, 0.03), 0.02 + cy * height + rng.uniform(-0.02, 0.02)
        pen.ellipse(x, y, radius, radius * 0.85, shade(leaf, rng.uniform(0.75, 0.9)))
        pen.ellipse(x - 0.04, y - 0.05, radius * 0.6, radius * 0.45, leaf)
    for _ in range(12):
        pen.ellipse(rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.55), 0.035, 0.025, shade(leaf, 1.35))


@drawing(aspect=0.85, height=3.0)
def palm(pen: Pen, rng: np.random.Generator) -> None:
    """A palm: a thin ringed trunk that leans, and a star of drooping fronds."""
    bark, leaf = pick(rng, [(0.62, 0.48, 0.32)]), pick(rng, GREENS, 0.05)
    lean, top = rng.uniform(0.0, 0.1), rng.uniform(0.31, 0.38)
    x0, x1 = 0.5 - lean, 0.5 + lean
    for index in range(12):
        t = index / 12
        x, y = x0 + (x1 - x0) * t**2, 1 - (1 - top) * t
        pen.rectangle(x - 0.04 + 0.015 * t, y - 0.058, x + 0.04 - 0.015 * t, y, bark if index % 2 else shade(bark, 0.7))
    for angle in np.radians([185, 215, 250, 290, 325, 355, 150, 30]) + rng.uniform(-0.1, 0.1, 8):
        reach = rng.uniform(0.38, 0.44)
        dx, dy = np.cos(angle) * reach, np.sin(angle) * reach * 0.7
        droop = 0.1 + 0.06 * abs(dx) / reach
        tip = (x1 + dx, top + dy + droop)
        upper, lower = (x1 + dx * 0.55, top + dy * 0.9 - 0.04), (x1 + dx * 0.5, top + dy * 0.65 + 0.06)
        pen.blob([(x1, top), upper, tip, lower], shade(leaf, rng.uniform(0.75, 1.15)))
        pen.line([(x1, top), ((upper[0] + lower[0]) / 2, (upper[1] + lower[1]) / 2), tip], 0.012, shade(leaf, 0.5))
    for dx, dy in ((-0.045, 0.03), (0.04, 0.035), (0.0, 0.055)):
        pen.ellipse(x1 + dx, top + dy, 0.04, 0.035, (0.36, 0.22, 0.1))
