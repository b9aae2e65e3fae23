"""House, tower, and the parts of buildings: door, windowpane, blind, fireplace."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import DARK, GLASS, STONES, WHITES, arc, paint, wood


@drawing(aspect=1.15, height=3.4)
def house(pen: Pen, rng: np.random.Generator) -> None:
    """A house: a gable roof with a chimney, a door between two windows."""
    wall = pick(rng, [(0.92, 0.86, 0.74), (0.85, 0.78, 0.72), (0.9, 0.9, 0.86)], 0.05)
    roof = pick(rng, [(0.6, 0.22, 0.15), (0.4, 0.25, 0.2)])
    eaves, chimney = rng.uniform(0.38, 0.5), rng.choice([0.2, 0.7])
    pen.rectangle(chimney, 0.06, chimney + 0.1, 0.4, shade(roof, 0.75))
    pen.rectangle(chimney - 0.015, 0.04, chimney + 0.115, 0.09, shade(roof, 0.55))
    pen.rectangle(0.08, eaves - 0.03, 0.92, 1.0, wall)
    pen.polygon([(0.5, 0.0), (1.0, eaves), (0.0, eaves)], roof)
    pen.polygon([(0.5, 0.11), (0.85, eaves), (0.15, eaves)], shade(wall, 0.9))
    pen.ellipse(0.5, 0.33, 0.06, 0.07, DARK)
    pen.rectangle(0.42, 0.66, 0.58, 1.0, shade(paint(rng), 0.7))
    pen.ellipse(0.555, 0.84, 0.014, 0.016, (0.95, 0.85, 0.4))
    glass = shade(pick(rng, GLASS), 0.4)
    for x in (0.15, 0.65):
        pen.rectangle(x, 0.58, x + 0.2, 0.8, pick(rng, WHITES))
        for column in (0.02, 0.11):
            for row in (0.6, 0.7):
                pen.rectangle(x + column, row, x + column + 0.07, row + 0.08, glass)


@drawing(aspect=0.4, height=5.0)
def tower(pen: Pen, rng: np.random.Generator) -> None:
    """A stone tower: battlements over a tapering shaft with slit windows and a gate."""
    stone = pick(rng, STONES, 0.04)
    top, waist = rng.uniform(0.17, 0.22), rng.uniform(0.2, 0.27)
    pen.polygon([(waist, top), (1 - waist, top), (0.9, 1.0), (0.1, 1.0)], stone)
    pen.polygon([(0.6, top), (1 - waist, top), (0.9, 1.0), (0.66, 1.0)], shade(stone, 0.75))
    pen.polygon([(0.06, top - 0.08), (0.94, top - 0.08), (1 - waist, top + 0.02), (waist, top + 0.02)], shade(stone, 0.6))
    pen.rectangle(0.06, top - 0.13, 0.94, top - 0.06, stone)
    for x in (0.06, 0.31, 0.56, 0.81):
        pen.rectangle(x, top - 0.17, x + 0.13, top - 0.12, stone)
    for _ in range(14):
        x, y = rng.uniform(0.24, 0.64), rng.uniform(top + 0.05, 0.95)
        pen.rectangle(x, y, x + 0.12, y + 0.015, shade(stone, rng.uniform(0.75, 0.9)))
    for x, y in ((0.5, top + 0.1), (0.42, top + 0.28), (0.54, top + 0.46)):
        pen.rectangle(x - 0.05, y, x + 0.05, y + 0.09, DARK, 0.04)
    pen.rectangle(0.36, 0.9, 0.64, 1.0, DARK)
    pen.ellipse(0.5, 0.9, 0.14, 0.05, DARK)


@drawing(aspect=0.5, height=1.2)
def door(pen: Pen, rng: np.random.Generator) -> None:
    """A front door: an arched light above a panelled leaf with a knob, a doorstep."""
    leaf, frame = paint(rng, 0.4, 0.6), pick(rng, WHITES, 0.04)
    spring = rng.uniform(0.17, 0.24)
    pen.ellipse(0.5, spring, 0.46, spring, frame, 180, 360)
    pen.ellipse(0.5, spring, 0.35, spring * 0.75, shade(pick(rng, GLASS), 0.55), 180, 360)
    for tip in arc(0.5, spring, 0.36, spring * 0.77, 225, 315, 3):
        pen.line([(0.5, spring), tip], 0.03, frame)
    pen.rectangle(0.04, spring, 0.96, 0.97, frame)
    pen.rectangle(0.15, spring + 0.03, 0.85, 0.97, leaf)
    for x in (0.23, 0.54):
        for y0, y1 in ((spring + 0.08, 0.54), (0.64, 0.9)):
            pen.rectangle(x, y0, x + 0.23, y1, shade(leaf, 0.5))
            pen.rectangle(x + 0.05, y0 + 0.025, x + 0.23, y1, shade(leaf, 0.85))
    pen.ellipse(0.79, 0.6, 0.05, 0.025, (0.95, 0.82, 0.35))
    pen.rectangle(0.0, 0.96, 1.0, 1.0, pick(rng, STONES))


@drawing(aspect=1.25, height=0.8, hangs=True)
def windowpane(pen: Pen, rng: np.random.Generator) -> None:
    """A window: open shutters beside panes behind crossed bars, a sill below."""
    frame, glass, shutter = pick(rng, WHITES, 0.03), pick(rng, GLASS, 0.03), shade(wood(rng), 0.9)
    width = rng.uniform(0.14, 0.22)
    for side in (-1, 1):
        inner, outer = 0.5 + side * (0.48 - width), 0.5 + side * 0.48
        pen.polygon([(inner, 0.04), (outer, 0.11), (outer, 0.86), (inner, 0.84)], shutter)
        for y in np.arange(0.16, 0.82, 0.1):
            pen.line([(inner + side * 0.03, y), (outer - side * 0.03, y)], 0.03, shade(shutter, 0.5))
    left, right = 0.02 + width, 0.98 - width
    pen.rectangle(left, 0.0, right, 0.92, frame)
    middle, bar = rng.uniform(0.36, 0.5), 0.025
    for x0, x1 in ((left + 0.04, 0.5 - bar), (0.5 + bar, right - 0.04)):
        for y0, y1 in ((0.05, middle - bar), (middle + bar, 0.86)):
            pen.rectangle(x0, y0, x1, y1, shade(glass, 0.75))
            pen.polygon([(x0, y0), (x0 + 0.13, y0), (x0, y0 + 0.2)], shade(glass, 1.8))
    pen.rectangle(left - 0.08, 0.91, right + 0.08, 1.0, shade(frame, 0.8))


@drawing(aspect=0.85, height=0.8, hangs=True)
def blind(pen: Pen, rng: np.random.Generator) -> None:
    """A venetian blind: a head rail, many slats with dark gaps, tapes, a cord with a pull."""
    slat = pick(rng, [(0.92, 0.9, 0.84), (0.85, 0.88, 0.9), (0.88, 0.8, 0.66)], 0.04)
    count, bottom = int(rng.integers(9, 12)), rng.uniform(0.9, 0.95)
    pitch = (bottom - 0.08) / count
    for index in range(count):
        y = 0.08 + index * pitch
        pen.rectangle(0.03, y, 0.88, y + pitch * 0.45, shade(slat, 0.35))
        pen.rectangle(0.03, y + pitch * 0.4, 0.88, y + pitch * 1.02, slat)
    for x in (0.2, 0.7):
        pen.rectangle(x, 0.06, x + 0.03, bottom, shade(slat, 0.6))
    pen.rectangle(0.0, 0.0, 0.94, 0.09, shade(slat, 0.75))
    pen.rectangle(0.02, bottom, 0.89, bottom + 0.05, shade(slat, 0.65))
    pull = rng.uniform(0.5, 0.7)
    pen.rectangle(0.93, 0.05, 0.955, pull, shade(slat, 0.5))
    pen.ellipse(0.943, pull + 0.03, 0.045, 0.05, shade(slat, 0.4))


@drawing(aspect=1.2, height=0.75)
def fireplace(pen: Pen, rng: np.random.Generator) -> None:
    """A fireplace: a mantelpiece on brick jambs around a dark arch with flames on logs."""
    brick, mantel = pick(rng, [(0.6, 0.3, 0.22), (0.62, 0.58, 0.54)], 0.04), shade(wood(rng), rng.uniform(1.0, 1.4))
    pen.rectangle(0.06, 0.1, 0.94, 0.94, brick)
    for row in range(8):
        y = 0.18 + row * 0.1
        pen.line([(0.06, y), (0.94, y)], 0.014, shade(brick, 1.8))
        for x in np.arange(0.14 + 0.06 * (row % 2), 0.92, 0.13):
            pen.line([(x, y), (x, y + 0.1)], 0.012, shade(brick, 1.8))
    pen.rectangle(0.24, 0.45, 0.76, 0.94, (0.06, 0.04, 0.04))
    pen.ellipse(0.5, 0.46, 0.26, 0.14, (0.06, 0.04, 0.04))
    for x in (0.38, 0.5, 0.62):
        tip, sway = rng.uniform(0.42, 0.58), rng.uniform(-0.05, 0.05)
        flame = hsv(rng.uniform(0.04, 0.09), 0.95, 1.0)
        pen.blob([(x + sway, tip), (x + 0.07, 0.76), (x + 0.05, 0.87), (x - 0.05, 0.87), (x - 0.07, 0.76)], flame)
        pen.blob([(x + sway / 2, tip + 0.15), (x + 0.03, 0.8), (x, 0.87), (x - 0.03, 0.8)], (1.0, 0.92, 0.45))
    pen.line([(0.32, 0.9), (0.68, 0.86)], 0.05, (0.35, 0.2, 0.1))
    pen.line([(0.32, 0.85), (0.68, 0.9)], 0.05, (0.45, 0.27, 0.14))
    pen.rectangle(0.0, 0.0, 1.0, 0.08, mantel)
    pen.rectangle(0.04, 0.08, 0.96, 0.15, shade(mantel, 0.6))
    pen.rectangle(0.0, 0.93, 1.0, 1.0, pick(rng, STONES))
