"""Car, bus, boat, minibike and bicycle."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import DARK, GLASS, METALS, WHITES, paint, polar, ring, wheel, wood


@drawing(aspect=2.1, height=0.85)
def car(pen: Pen, rng: np.random.Generator) -> None:
    """A car from the side, its bonnet to the right."""
    body, glass, metal = paint(rng, 0.5, 0.85), pick(rng, GLASS, 0.03), pick(rng, METALS)
    nose = rng.uniform(0.72, 0.8)
    roof, back = rng.uniform(0.02, 0.14), rng.uniform(0.07, 0.2)
    pen.polygon([(back - 0.06, 0.46), (back + 0.1, roof), (nose - 0.17, roof), (nose, 0.46)], body)
    pen.polygon([(back, 0.44), (back + 0.12, roof + 0.07), (0.41, roof + 0.07), (0.41, 0.44)], glass)
    pen.polygon([(0.45, 0.44), (0.45, roof + 0.07), (nose - 0.19, roof + 0.07), (nose - 0.07, 0.44)], glass)
    pen.blob([(0.01, 0.6), (0.04, 0.44), (0.3, 0.42), (0.72, 0.44), (0.95, 0.52), (0.99, 0.7), (0.95, 0.84), (0.04, 0.84)], body)
    pen.rectangle(0.0, 0.72, 1.0, 0.82, shade(body, 0.6), 0.04)
    pen.line([(0.43, 0.45), (0.43, 0.74)], 0.01, shade(body, 0.5))
    pen.rectangle(0.33, 0.52, 0.4, 0.57, DARK)
    pen.ellipse(0.95, 0.59, 0.03, 0.06, (1.0, 0.95, 0.7))
    pen.ellipse(0.03, 0.58, 0.02, 0.06, (0.8, 0.1, 0.1))
    for x in (0.23, 0.77):
        wheel(pen, x, 0.81, 0.095, 0.19, metal)


@drawing(aspect=2.0, height=1.7)
def bus(pen: Pen, rng: np.random.Generator) -> None:
    """A bus from the side: a long box with a row of windows and a door."""
    body, glass = paint(rng, 0.6, 0.9), shade(pick(rng, GLASS, 0.03), 0.45)
    pen.rectangle(0.01, 0.06, 0.99, 0.88, body, 0.07)
    pen.rectangle(0.1, 0.0, rng.uniform(0.5, 0.8), 0.08, shade(body, 0.75))
    pen.rectangle(0.01, 0.6, 0.99, 0.68, pick(rng, WHITES))
    pen.rectangle(0.01, 0.8, 0.99, 0.88, shade(body, 0.5))
    count = int(rng.integers(4, 6))
    for index in range(count):
        x = 0.05 + index * 0.7 / count
        pen.rectangle(x, 0.18, x + 0.7 / count - 0.03, 0.5, glass, 0.02)
        pen.polygon([(x + 0.03, 0.48), (x + 0.06, 0.2), (x + 0.09, 0.2), (x + 0.06, 0.48)], shade(glass, 1.6))
    pen.rectangle(0.76, 0.16, 0.86, 0.86, shade(body, 0.45))
    pen.rectangle(0.77, 0.2, 0.85, 0.62, glass)
    pen.rectangle(0.89, 0.16, 0.99, 0.52, glass, 0.02)
    pen.ellipse(0.965, 0.75, 0.018, 0.035, (1.0, 0.95, 0.7))
    for x in (0.2, 0.66):
        wheel(pen, x, 0.86, 0.07, 0.14, pick(rng, METALS))


@drawing(aspect=0.95, height=2.2)
def boat(pen: Pen, rng: np.random.Generator) -> None:
    """A sailing boat: a hull, a mast and two sails."""
    hull, sail = paint(rng, 0.4, 0.65), pick(rng, WHITES)
    mast, gaff = rng.uniform(0.42, 0.52), rng.uniform(0.12, 0.24)
    jib = shade(sail, 0.85) if rng.uniform() < 0.5 else paint(rng, 0.8, 0.95)
    pen.rectangle(mast - 0.015, 0.02, mast + 0.015, 0.8, wood(rng))
    pen.blob([(mast + 0.03, 0.04), (mast + gaff, 0.3), (0.95, 0.69), (mast + 0.25, 0.7), (mast + 0.03, 0.7)], sail)
    pen.polygon([(mast - 0.03, gaff), (mast - 0.03, 0.68), (0.07, 0.68)], jib)
    for y in (0.35, 0.52):
        pen.line([(mast + 0.03, y), (mast + 0.1 + (y - 0.1) * 0.5, y + 0.02)], 0.012, shade(sail, 0.7))
    pen.polygon([(0.0, 0.76), (1.0, 0.76), (0.94, 0.86), (0.82, 1.0), (0.2, 1.0), (0.08, 0.88)], hull)
    pen.polygon([(0.0, 0.76), (1.0, 0.76), (0.98, 0.81), (0.03, 0.81)], shade(hull, 2.5))
    for x in (0.3, 0.5, 0.7):
        pen.ellipse(x, 0.89, 0.03, 0.03, shade(sail, 0.9))


@drawing(aspect=1.4, height=0.7)
def minibike(pen: Pen, rng: np.random.Generator) -> None:
    """A small motorbike from the side: fat tyres, tank, engine, seat and exhaust."""
    body, metal = paint(rng, 0.6, 0.85), pick(rng, METALS)
    for x in (0.19, 0.81):
        wheel(pen, x, 0.735, 0.19, 0.265, metal)
    pen.line([(0.81, 0.735), (0.68, 0.2)], 0.045, shade(metal, 1.3))
    pen.line([(0.19, 0.735), (0.36, 0.6), (0.6, 0.72)], 0.07, shade(metal, 0.6))
    pen.rectangle(0.36, 0.5, 0.62, 0.8, shade(metal, 0.55), 0.04)
    for y in (0.56, 0.63, 0.7):
        pen.line([(0.4, y), (0.58, y)], 0.025, shade(metal, 1.4))
    pen.blob([(0.42, 0.36), (0.52, 0.27), (0.68, 0.3), (0.7, 0.42), (0.58, 0.52), (0.42, 0.5)], body)
    pen.blob([(0.08, 0.38), (0.16, 0.34), (0.3, 0.38), (0.45, 0.37), (0.46, 0.46), (0.3, 0.5), (0.14, 0.46)], DARK)
    pen.polygon([(0.1, 0.46), (0.36, 0.48), (0.36, 0.6), (0.24, 0.55)], body)
    ring(pen, 0.81, 0.735, 0.21, 0.29, 0.16, body, 200, 310)
    pen.line([(0.5, 0.84), (0.3, 0.88), (0.04, 0.8)], 0.065, shade(metal, 1.5))
    pen.line([(0.7, 0.24), (0.62, 0.14), (0.53, 0.15)], 0.04, DARK)
    pen.line([(0.66, 0.14), (0.66, rng.uniform(0.0, 0.05))], 0.02, metal)
    pen.ellipse(0.77, 0.29, 0.065, 0.09, (1.0, 0.95, 0.75))


@drawing(aspect=1.55, height=0.65)
def bicycle(pen: Pen, rng: np.random.Generator) -> None:
    """A bicycle from the side: two thin spoked wheels and a diamond frame."""
    frame, metal = paint(rng, 0.45, 0.7), pick(rng, METALS)
    for x in (0.205, 0.795):
        for angle in rng.uniform(0, 45) + np.arange(0, 180, 45):
            pen.line([polar(x, 0.69, 0.18, 0.28, angle), polar(x, 0.69, 0.18, 0.28, angle + 180)], 0.012, metal)
        ring(pen, x, 0.69, 0.2, 0.31, 0.15, DARK)
    rear, crank, saddle, head, front = (0.205, 0.69), (0.46, 0.71), (0.39, 0.24), (0.69, 0.24), (0.795, 0.69)
    for path in ([rear, crank, head, (0.41, 0.33), rear], [crank, saddle], [front, head, (0.675, 0.12)]):
        pen.line(path, 0.038, frame)
    pen.line([(0.67, 0.13), (0.75, 0.1), (0.79, 0.17), (0.74, 0.22)], 0.035, DARK)
    pen.blob([(0.3, 0.2), (0.38, 0.18), (0.49, 0.21), (0.47, 0.26), (0.38, 0.25), (0.3, 0.27)], DARK)
    ring(pen, *crank, 0.06, 0.09, 0.4, hsv(0.1, 0.1, 0.35))
    turn = rng.uniform(0, 180)
    pedals = [polar(*crank, 0.09, 0.14, angle) for angle in (turn, turn + 180)]
    pen.line(pedals, 0.022, DARK)
    for x, y in pedals:
        pen.rectangle(x - 0.035, y - 0.02, x + 0.035, y + 0.02, DARK)
