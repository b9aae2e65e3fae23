"""Musical instruments and the microphone."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.outlines import symmetric
from larvseg.miniature.things.shapes import arc

DARK = (0.15, 0.1, 0.08)


@drawing(aspect=0.42, height=0.65)
def guitar(pen: Pen, rng: np.random.Generator) -> None:
    """Upright: waisted body with sound hole and bridge, long fretted neck, head with pegs."""
    u, body = rng.uniform, pick(rng, [(0.8, 0.5, 0.2), (0.7, 0.38, 0.16), (0.72, 0.25, 0.15)])
    waist = u(0.28, 0.33)
    outline = [(0.58, 0.47), (0.82, 0.49), (0.86, 0.57), (0.5 + waist, 0.67), (0.95, 0.78), (0.96, 0.9), (0.78, 0.99)]
    pen.blob([*outline, *((1 - x, y) for x, y in reversed(outline))], body)
    outline = [(0.5 + (x - 0.5) * 0.86, 0.74 + (y - 0.74) * 0.92) for x, y in outline]
    pen.blob([*outline, *((1 - x, y) for x, y in reversed(outline))], shade(body, 1.3))
    pen.ellipse(0.5, 0.67, 0.17, 0.07, DARK)
    pen.rectangle(0.42, 0.12, 0.58, 0.62, shade(body, 0.4))
    for y in (0.2, 0.28, 0.36, 0.44):
        pen.rectangle(0.42, y, 0.58, y + 0.012, (0.85, 0.8, 0.6))
    pen.polygon(symmetric([(0.65, 0.0), (0.6, 0.13)]), shade(body, 0.6))
    for y in (0.03, 0.07, 0.11):
        for x in (0.27, 0.66):
            pen.rectangle(x, y - 0.01, x + 0.07, y + 0.01, (0.85, 0.85, 0.85))
    pen.rectangle(0.32, 0.86, 0.68, 0.89, DARK)
    pen.unlabelled().rectangle(0.485, 0.12, 0.515, 0.87, (0.9, 0.88, 0.8))


@drawing(aspect=1.3, height=1.0)
def grand_piano(pen: Pen, rng: np.random.Generator) -> None:
    """Its lid raised on a stick, curved case, white keys and three legs."""
    u, case = rng.uniform, pick(rng, [(0.1, 0.1, 0.12), (0.3, 0.15, 0.08), (0.2, 0.12, 0.12)], 0.04)
    tip = u(0.0, 0.07)
    lid = [(0.1, 0.48), (0.3, 0.24), (0.62, tip + 0.03), (0.93, tip), (0.99, 0.12), (0.9, 0.36), (0.94, 0.5), (0.5, 0.52)]
    pen.blob(lid, shade(case, 0.8))
    pen.blob([(0.22, 0.49), (0.36, 0.33), (0.64, 0.14), (0.86, 0.12), (0.83, 0.36), (0.8, 0.47)], (0.75, 0.55, 0.25))
    pen.line([(0.72, 0.5), (0.82, 0.18)], 0.02, DARK)
    for x in (0.16, 0.5, 0.9):
        pen.polygon([(x - 0.04, 0.66), (x + 0.04, 0.66), (x + 0.02, 0.96), (x - 0.02, 0.96)], case)
        pen.ellipse(x, 0.97, 0.025, 0.03, (0.75, 0.6, 0.25))
    pen.rectangle(0.03, 0.48, 0.98, 0.7, case, 0.03)
    pen.rectangle(0.0, 0.52, 0.36, 0.64, shade(case, 0.6))
    pen.rectangle(0.01, 0.54, 0.35, 0.61, (0.97, 0.97, 0.95))
    for x in np.arange(0.035, 0.34, 0.045):
        pen.rectangle(x, 0.54, x + 0.02, 0.58, DARK)
    pen.rectangle(0.4, 0.52, 0.96, 0.54, shade(case, 1.8))
    pen.line([(0.3, 0.7), (0.31, 0.93)], 0.025, (0.75, 0.6, 0.25))


@drawing(aspect=0.7, height=1.0)
def harp(pen: Pen, rng: np.random.Generator) -> None:
    """A straight pillar, a waved neck, a slanting sound box and many strings."""
    u, gold = rng.uniform, pick(rng, [(0.72, 0.52, 0.15), (0.6, 0.36, 0.14), (0.55, 0.42, 0.2)])
    dip = u(0.22, 0.3)
    t = np.linspace(0, 1, 9)
    neck_x, neck_y = 0.15 + 0.75 * t, 0.08 + (dip - 0.08) * np.sin(np.pi * np.clip(t * 1.1, 0, 1)) ** 1.2 * (1 - 0.25 * t) + 0.12 * t
    for index in range(1, 8):
        x = neck_x[index]
        pen.line([(x, neck_y[index]), (x, 0.9 - (x - 0.2) * 0.78)], 0.016, (0.92, 0.88, 0.75))
    pen.polygon([(0.12, 0.92), (0.3, 0.95), (0.98, 0.26), (0.86, 0.2)], shade(gold, 0.7))
    pen.line([(0.15, 0.05), (0.15, 0.95)], 0.09, gold)
    pen.line(list(zip(neck_x, neck_y, strict=True)), 0.085, gold)
    pen.ellipse(0.15, 0.06, 0.085, 0.06, shade(gold, 1.3))
    pen.ellipse(0.91, neck_y[-1] + 0.02, 0.08, 0.06, shade(gold, 0.85))
    pen.rectangle(0.05, 0.93, 0.48, 1, shade(gold, 0.55))


@drawing(aspect=0.6, height=0.3)
def microphone(pen: Pen, rng: np.random.Generator) -> None:
    """A stage microphone: ribbed capsule in a fork on a stand with a round foot."""
    u, steel = rng.uniform, pick(rng, [(0.72, 0.73, 0.76), (0.62, 0.62, 0.68), (0.7, 0.62, 0.45)])
    wide = u(0.2, 0.24)
    pen.line(arc(0.5, 0.34, 0.36, 0.3, 5, 175, 13), 0.06, (0.2, 0.2, 0.22))
    pen.rectangle(0.46, 0.62, 0.54, 0.96, (0.2, 0.2, 0.22))
    pen.polygon(symmetric([(0.6, 0.91), (0.92, 0.96), (0.92, 1)]), (0.2, 0.2, 0.22))
    pen.rectangle(0.5 - wide, 0.0, 0.5 + wide, 0.58, steel, 0.2)
    for y in (0.08, 0.15, 0.22):
        pen.rectangle(0.56 - wide, y, 0.44 + wide, y + 0.035, (0.15, 0.15, 0.17))
    pen.rectangle(0.5 - wide, 0.29, 0.5 + wide, 0.35, shade(steel, 0.55))
    for x in np.linspace(0.56 - wide, 0.4 + wide, 4):
        pen.rectangle(x, 0.38, x + 0.04, 0.52, (0.15, 0.15, 0.17))
    for x in (0.14, 0.86):
        pen.ellipse(x, 0.35, 0.06, 0.04, (0.2, 0.2, 0.22))
