"""Fountain, flag and streetlight."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Colour, Pen, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import METALS, STONES, WHITES, arc, paint


@drawing(aspect=1.05, height=1.3)
def fountain(pen: Pen, rng: np.random.Generator) -> None:
    """A fountain: a wide basin, a smaller bowl on a pillar, and jets that fall in arcs."""
    stone, water = pick(rng, STONES, 0.04), pick(rng, [(0.6, 0.82, 0.95), (0.7, 0.88, 0.95)], 0.03)
    jet, reach = rng.uniform(0.0, 0.06), rng.uniform(0.3, 0.36)
    pen.ellipse(0.5, 0.78, 0.46, 0.07, shade(water, 0.8))
    pen.polygon([(0.45, 0.5), (0.55, 0.5), (0.59, 0.8), (0.41, 0.8)], stone)
    pen.ellipse(0.5, 0.47, 0.2, 0.11, stone, 0, 180)
    pen.ellipse(0.5, 0.47, 0.2, 0.035, shade(water, 0.8))
    for side in (-1, 1):
        pen.line(arc(0.5 + side * 0.09, 0.45, 0.09, 0.4 - jet, 180 if side > 0 else 360, 360 if side > 0 else 180, 13), 0.03, water)
        outer = [(0.5 + side * reach * t, 0.06 + jet + 1.3 * (t - 0.18) ** 2) for t in np.linspace(0, 0.92, 12)]
        pen.line([point for point in outer if point[1] < 0.78], 0.035, shade(water, 1.4))
    pen.line([(0.5, 0.47), (0.5, jet)], 0.045, shade(water, 1.6))
    pen.polygon([(0.02, 0.78), *arc(0.5, 0.78, 0.48, 0.07, 180, 0, 17), (0.98, 0.78), (0.9, 0.94), (0.1, 0.94)], stone)
    pen.rectangle(0.0, 0.8, 1.0, 0.86, shade(stone, 1.3), 0.02)
    pen.rectangle(0.06, 0.93, 0.94, 1.0, shade(stone, 0.7))


@drawing(aspect=0.75, height=2.2)
def flag(pen: Pen, rng: np.random.Generator) -> None:
    """A flag that waves from a pole: stripes, a cross or a disc."""
    field, mark = paint(rng, 0.55, 0.8), pick(rng, WHITES)
    phase, wave = rng.uniform(-0.6, 0.6), rng.uniform(0.02, 0.035)
    x = np.linspace(0.12, rng.uniform(0.9, 0.99), 13)
    sway = 1.5 * wave * np.sin((x - 0.12) * 8 + phase) * (x - 0.05)  # stronger towards the free end

    def band(top: float, bottom: float, colour: Colour, first: int = 0, last: int = 12) -> None:
        edges = [np.column_stack([x, y + sway])[first : last + 1] for y in (top, bottom)]
        pen.polygon(np.concatenate([edges[0], edges[1][::-1]]), colour)

    band(0.06, 0.48, field)
    style = int(rng.integers(3))
    if style == 0:
        band(0.2, 0.34, mark)
    elif style == 1:
        band(0.23, 0.31, mark)
        band(0.06, 0.48, mark, 3, 5)
    else:
        band(0.06, 0.2, mark)
        band(0.34, 0.48, shade(field, 0.5))
    pole = pick(rng, METALS)
    pen.rectangle(0.08, 0.03, 0.13, 1.0, pole)
    pen.ellipse(0.105, 0.03, 0.045, 0.03, (0.85, 0.7, 0.25))
    pen.rectangle(0.02, 0.95, 0.19, 1.0, shade(pole, 0.6))


@drawing(aspect=0.42, height=2.2)
def streetlight(pen: Pen, rng: np.random.Generator) -> None:
    """A streetlight: a tall thin post whose arm bends over to a lamp."""
    metal = shade(pick(rng, METALS, 0.03), rng.uniform(0.4, 0.6))
    reach, crown = rng.uniform(0.66, 0.78), rng.uniform(0.12, 0.18)
    pen.rectangle(0.16, crown, 0.25, 1.0, metal)
    pen.line(arc((0.205 + reach) / 2, crown, (reach - 0.205) / 2, crown - 0.03, 180, 350, 13), 0.07, metal)
    pen.rectangle(0.1, 0.8, 0.31, 0.97, metal, 0.03)
    pen.rectangle(0.02, 0.96, 0.39, 1.0, shade(metal, 0.7))
    pen.rectangle(0.12, 0.3, 0.29, 0.33, shade(metal, 1.6))
    pen.polygon([(reach - 0.08, crown), (reach + 0.08, crown), (reach + 0.21, crown + 0.08), (reach - 0.21, crown + 0.08)], metal)
    pen.ellipse(reach, crown + 0.08, 0.17, 0.07, (1.0, 0.93, 0.6), 0, 180)
