"""Object images: one large thing before a background that says nothing about it, as in ImageNet."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from larvseg.miniature.chance import expose
from larvseg.miniature.pen import Canvas, Colour, Pen, hsv, shade
from larvseg.miniature.surfaces import SURFACES
from larvseg.miniature.things import THINGS

Generator = np.random.Generator

SIZE = 64  # pixels
_BACKDROPS = ("sky", "wall_plain", "wall_brick", "sea", "sand", "snow", "grass")
_GROUNDS = ("grass", "road", "floor_wood", "floor_tile", "sand", "field", "snow", "sea")


def draw_object(rng: Generator, name: str) -> Image.Image:
    """A 64×64 RGB image of the thing `name`: 60 to 90 % of the frame, mirrored or not, turned a little, in any light."""
    canvas = Canvas(SIZE, SIZE)
    background(Pen.on(canvas, 0, 0, SIZE, SIZE), rng)
    thing = THINGS[name]
    longer = rng.uniform(0.6, 0.9) * SIZE
    width, height = longer * min(1.0, thing.aspect), longer * min(1.0, 1 / thing.aspect)
    left, top = (SIZE - width) / 2 * rng.uniform(0.6, 1.4), (SIZE - height) / 2 * rng.uniform(0.6, 1.4)
    pen = Pen.on(canvas, left, top, width, height).turned(float(rng.normal(0, 0.09)))
    thing.draw(pen.mirrored() if rng.random() < 0.5 else pen, rng)
    return expose(canvas.image(), rng, (0.9, 1.12), (0.82, 1.1), (0.8, 1.2))


def background(pen: Pen, rng: Generator) -> None:
    """Fill the unit square of `pen`: a plain gradient, two surfaces, or clutter."""
    kind = rng.random()
    if kind < 0.35:
        colour = _muted(rng)
        for band in range(16):
            pen.rectangle(0, band / 16, 1, 1, shade(colour, 0.8 + 0.4 * band / 15))
    elif kind < 0.75:
        horizon = rng.uniform(0.4, 0.7)
        SURFACES[_BACKDROPS[int(rng.integers(len(_BACKDROPS)))]](pen.within(0, 0, 1, horizon + 0.02), rng)
        SURFACES[_GROUNDS[int(rng.integers(len(_GROUNDS)))]](pen.within(0, horizon, 1, 1 - horizon), rng)
    else:
        pen.rectangle(0, 0, 1, 1, _muted(rng))
        for _ in range(int(rng.integers(8, 16))):
            (x, y), size = rng.uniform(0, 1, 2), rng.uniform(0.06, 0.25)
            angles = np.arange(int(rng.integers(3, 9))) + rng.uniform(0, 1)
            angles *= 2 * math.pi / len(angles)
            pen.polygon(np.column_stack([x + size * np.cos(angles), y + size * np.sin(angles)]), _muted(rng))


def _muted(rng: Generator) -> Colour:
    return hsv(rng.random(), rng.uniform(0.05, 0.4), rng.uniform(0.35, 0.92))
