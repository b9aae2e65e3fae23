"""Person, horse and dog."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import DARK, paint, taper

SKINS = [(0.95, 0.78, 0.65), (0.82, 0.6, 0.44), (0.55, 0.36, 0.25)]
COATS = [(0.5, 0.3, 0.16), (0.38, 0.24, 0.16), (0.6, 0.42, 0.25)]


@drawing(aspect=0.45, height=1.0)
def person(pen: Pen, rng: np.random.Generator) -> None:
    """A standing person, arms and legs a little apart."""
    skin, hair = pick(rng, SKINS, 0.04), pick(rng, [(0.15, 0.1, 0.08), (0.4, 0.25, 0.12)])
    shirt, trousers = paint(rng, 0.65, 0.9), hsv(rng.uniform(0.55, 0.7), 0.45, rng.uniform(0.25, 0.4))
    stride, reach = rng.uniform(0.08, 0.16), rng.uniform(0.34, 0.46)
    skirt, long_hair = rng.uniform(size=2) < 0.35
    for side in (-1, 1):
        hip, foot = 0.5 + side * 0.1, 0.5 + side * (0.08 + stride)
        taper(pen, hip, 0.5, 0.24, foot, 0.95, 0.15, shade(skin if skirt else trousers, 0.8 if side < 0 else 1))
        pen.ellipse(foot + side * 0.04, 0.97, 0.13, 0.03, DARK)
        hand = 0.5 + side * reach, rng.uniform(0.4, 0.56)
        pen.line([(0.5 + side * 0.24, 0.22), (0.5 + side * 0.35, 0.35), hand], 0.1, shade(shirt, 0.75))
        pen.ellipse(*hand, 0.07, 0.03, skin)
    if skirt:
        pen.polygon([(0.3, 0.48), (0.7, 0.48), (0.84, 0.74), (0.16, 0.74)], trousers)
    if long_hair:
        pen.rectangle(0.29, 0.05, 0.71, 0.24, hair, 0.05)
    pen.polygon([(0.24, 0.19), (0.4, 0.165), (0.6, 0.165), (0.76, 0.19), (0.71, 0.53), (0.29, 0.53)], shirt)
    pen.rectangle(0.43, 0.13, 0.57, 0.19, shade(skin, 0.85))
    pen.ellipse(0.5, 0.085, 0.175, 0.085, skin)
    pen.ellipse(0.5, 0.075, 0.19, 0.075, hair, 180, 360)
    for eye in (0.43, 0.57):
        pen.ellipse(eye, 0.092, 0.03, 0.011, DARK)


@drawing(aspect=1.2, height=1.0)
def horse(pen: Pen, rng: np.random.Generator) -> None:
    """A horse from the side, its head to the right."""
    coat = pick(rng, COATS, 0.04)
    mane = shade(coat, rng.uniform(0.3, 0.45))
    step, nod = rng.uniform(-0.06, 0.06), rng.uniform(0, 0.09)
    for x, bend, tone in ((0.3, -step, 0.7), (0.64, step, 0.7), (0.22, step, 1.0), (0.57, -step, 1.0)):
        pen.polygon([(x - 0.05, 0.55), (x + 0.05, 0.55), (x + 0.025 + bend, 0.94), (x - 0.02 + bend, 0.94)], shade(coat, tone))
        pen.rectangle(x - 0.025 + bend, 0.93, x + 0.04 + bend, 1, mane)
    pen.blob([(0.16, 0.42), (0.04, 0.5), (0.03, 0.72), (0.08, 0.74), (0.11, 0.55)], mane)
    pen.blob([(0.13, 0.45), (0.2, 0.36), (0.4, 0.4), (0.6, 0.36), (0.7, 0.48), (0.62, 0.62), (0.4, 0.64), (0.2, 0.62)], coat)
    pen.polygon([(0.5, 0.42), (0.68, 0.1 + nod), (0.8, 0.12 + nod), (0.7, 0.56)], coat)
    pen.polygon([(0.5, 0.4), (0.64, 0.08 + nod), (0.71, 0.04 + nod), (0.7, 0.14 + nod), (0.58, 0.4)], mane)
    pen.blob([(0.68, 0.1 + nod), (0.78, 0.07 + nod), (0.97, 0.27 + nod), (0.94, 0.34 + nod), (0.88, 0.34 + nod), (0.74, 0.25 + nod)], coat)
    pen.polygon([(0.69, 0.1 + nod), (0.72, 0.0 + nod), (0.76, 0.1 + nod)], coat)
    pen.ellipse(0.8, 0.16 + nod, 0.014, 0.018, DARK)
    pen.ellipse(0.94, 0.29 + nod, 0.012, 0.014, DARK)


@drawing(aspect=1.15, height=0.42)
def dog(pen: Pen, rng: np.random.Generator) -> None:
    """A standing dog from the side, its head to the right, tail up."""
    coat = pick(rng, [(0.78, 0.6, 0.38), (0.85, 0.78, 0.66), (0.65, 0.48, 0.32)], 0.05)
    ear = shade(coat, rng.uniform(0.35, 0.5))
    wag, step = rng.uniform(-0.05, 0.1), rng.uniform(-0.03, 0.03)
    pen.line([(0.16, 0.5), (0.05 + wag / 2, 0.36), (0.07 + wag, 0.16)], 0.06, coat)
    for x, tone in ((0.27 - step, 0.75), (0.63 + step, 0.75), (0.17 + step, 1.0), (0.55 - step, 1.0)):
        pen.rectangle(x - 0.05, 0.6, x + 0.05, 0.98, shade(coat, tone), 0.03)
        pen.ellipse(x + 0.02, 0.965, 0.075, 0.035, shade(coat, tone))
    pen.blob([(0.12, 0.55), (0.17, 0.43), (0.4, 0.44), (0.62, 0.38), (0.7, 0.52), (0.62, 0.72), (0.38, 0.7), (0.18, 0.72)], coat)
    if rng.uniform() < 0.5:
        pen.ellipse(rng.uniform(0.3, 0.45), 0.52, 0.1, 0.08, ear)
    pen.ellipse(0.7, 0.28, 0.165, 0.2, coat)
    pen.rectangle(0.74, 0.26, 0.97, 0.44, shade(coat, 1.25), 0.07)
    pen.blob([(0.58, 0.12), (0.66, 0.1), (0.68, 0.3), (0.62, 0.47), (0.53, 0.4), (0.53, 0.22)], ear)
    pen.ellipse(0.95, 0.29, 0.045, 0.045, DARK)
    pen.ellipse(0.77, 0.2, 0.025, 0.03, DARK)
    pen.line([(0.82, 0.385), (0.94, 0.375)], 0.02, DARK)
    pen.polygon([(0.57, 0.45), (0.76, 0.48), (0.75, 0.54), (0.56, 0.51)], paint(rng))
