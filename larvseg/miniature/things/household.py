"""Things of the household: appliances, lights, ornaments, containers."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import DARK, METALS, WHITES, arc, paint, polar, ring, wood

GLOW = (1.0, 0.93, 0.65)
BRASS = [(0.8, 0.62, 0.25), (0.72, 0.55, 0.28)]


@drawing(aspect=0.5, height=1.1)
def refrigerator(pen: Pen, rng: np.random.Generator) -> None:
    """A refrigerator: a rounded box, a small door over a large one, long handles."""
    body = pick(rng, [(0.92, 0.93, 0.94), (0.78, 0.8, 0.83), (0.75, 0.86, 0.86)], 0.03)
    split = rng.uniform(0.28, 0.38)
    for x in (0.1, 0.74):
        pen.rectangle(x, 0.94, x + 0.16, 1.0, DARK)
    pen.rectangle(0.04, 0.02, 0.96, 0.96, body, 0.14)
    pen.rectangle(0.85, 0.1, 0.96, 0.88, shade(body, 0.8))
    pen.rectangle(0.04, split - 0.012, 0.96, split + 0.012, shade(body, 0.3))
    pen.rectangle(0.12, split - 0.2, 0.2, split - 0.04, shade(body, 0.4), 0.03)
    pen.rectangle(0.12, split + 0.05, 0.2, split + 0.33, shade(body, 0.4), 0.03)
    pen.rectangle(0.04, 0.87, 0.96, 0.89, shade(body, 0.6))
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(0.35, 0.7), rng.uniform(0.08, 0.22)
        pen.rectangle(x, y, x + 0.12, y + 0.05, paint(rng, 0.7, 0.95))


@drawing(aspect=0.72, height=0.5)
def toilet(pen: Pen, rng: np.random.Generator) -> None:
    """A toilet from the side: cistern left, raised lid, bowl on a foot."""
    china = pick(rng, WHITES, 0.03)
    edge = shade(china, 0.45)
    pen.polygon([(0.3, 0.7), (0.72, 0.72), (0.66, 0.86), (0.76, 1.0), (0.22, 1.0)], shade(china, 0.78))
    pen.rectangle(0.02, 0.1, 0.34, 0.58, china, 0.05)
    pen.rectangle(0.0, 0.04, 0.36, 0.13, shade(china, 0.85), 0.03)
    pen.rectangle(0.08, 0.0, 0.2, 0.05, pick(rng, METALS))
    pen.rectangle(0.3, 0.16, 0.34, 0.56, edge)
    tilt = rng.uniform(0.0, 0.06)
    pen.blob([(0.36, 0.52), (0.47, 0.54), (0.55 + tilt, 0.3), (0.52 + tilt, 0.12), (0.44 + tilt, 0.14), (0.42, 0.3)], shade(china, 0.55))
    pen.blob([(0.1, 0.56), (0.5, 0.56), (0.97, 0.57), (0.94, 0.7), (0.72, 0.82), (0.4, 0.82), (0.14, 0.72)], china)
    pen.rectangle(0.34, 0.52, 1.0, 0.58, edge, 0.03)
    pen.rectangle(0.36, 0.57, 0.98, 0.61, shade(china, 0.85))
    pen.rectangle(0.18, 0.96, 0.8, 1.0, edge)


@drawing(aspect=1.75, height=0.42)
def bathtub(pen: Pen, rng: np.random.Generator) -> None:
    """A bathtub on claw feet: rolled rim, bulging body, a tap at one end, foam."""
    china, brass = pick(rng, WHITES, 0.03), pick(rng, BRASS)
    for x in (0.2, 0.8):
        pen.blob([(x - 0.04, 0.84), (x + 0.04, 0.84), (x + 0.05, 0.99), (x - 0.05, 0.99)], brass)
    pen.line([(0.13, 0.42), (0.13, 0.06), (0.19, 0.02), (0.25, 0.08), (0.25, 0.16)], 0.028, brass)
    for x in np.linspace(0.36, 0.8, 6):
        pen.ellipse(x, 0.34, rng.uniform(0.04, 0.06), rng.uniform(0.06, 0.12), shade(WHITES[1], rng.uniform(0.88, 1.1)))
    pen.blob([(0.05, 0.4), (0.5, 0.41), (0.95, 0.4), (0.92, 0.66), (0.8, 0.88), (0.5, 0.91), (0.2, 0.88), (0.08, 0.66)], china)
    pen.blob([(0.1, 0.62), (0.5, 0.72), (0.9, 0.62), (0.8, 0.86), (0.5, 0.9), (0.2, 0.86)], shade(china, 0.8))
    pen.rectangle(0.0, 0.36, 1.0, 0.46, shade(china, 0.93), 0.05)
    pen.line([(0.03, 0.465), (0.97, 0.465)], 0.02, shade(china, 0.5))


@drawing(aspect=0.6, height=0.5)
def lamp(pen: Pen, rng: np.random.Generator) -> None:
    """A lamp: a glowing shade on a bellied foot."""
    foot, cloth = paint(rng, 0.3, 0.5), pick(rng, [(1.0, 0.92, 0.68), (0.98, 0.88, 0.75)], 0.03)
    top, rim, girth = rng.uniform(0.18, 0.28), rng.uniform(0.4, 0.5), rng.uniform(0.08, 0.18)
    pen.rectangle(0.47, 0.4, 0.53, 0.95, shade(foot, 1.3))
    pen.blob([(0.44, 0.62), (0.56, 0.62), (0.5 + girth, 0.74), (0.57, 0.88), (0.43, 0.88), (0.5 - girth, 0.74)], foot)
    pen.ellipse(0.43, 0.74, 0.035, 0.05, shade(foot, 2.2))
    pen.ellipse(0.5, 0.96, 0.26, 0.04, shade(foot, 0.7))
    pen.polygon([(0.5 - top, 0.03), (0.5 + top, 0.03), (0.5 + rim, 0.48), (0.5 - rim, 0.48)], cloth)
    pen.polygon([(0.5 - top, 0.03), (0.5 + top, 0.03), (0.5 + top + 0.02, 0.07), (0.48 - top, 0.07)], shade(cloth, 0.7))
    pen.polygon([(0.52 - rim, 0.43), (0.48 + rim, 0.43), (0.5 + rim, 0.48), (0.5 - rim, 0.48)], shade(cloth, 0.7))
    pen.ellipse(0.5, 0.27, 0.15, 0.12, shade(cloth, 3))
    pen.line([(0.68, 0.48), (0.68, 0.58)], 0.02, DARK)


@drawing(aspect=1.1, height=0.5, hangs=True)
def chandelier(pen: Pen, rng: np.random.Generator) -> None:
    """A chandelier: a chain, curved arms that carry candles, crystal drops."""
    brass = pick(rng, BRASS, 0.04)
    low = rng.uniform(0.66, 0.76)
    pen.rectangle(0.42, 0.0, 0.58, 0.04, shade(brass, 0.7))
    pen.rectangle(0.485, 0.0, 0.515, 0.5, shade(brass, 0.6))
    pen.ellipse(0.5, 0.42, 0.06, 0.07, brass)
    for reach in (-0.43, 0.43, -0.22, 0.22):
        half = reach / 2
        pen.line(arc(0.5 + half, 0.52, half, low - 0.52 + 0.04, 180, 0, 11), 0.035, brass)
        x = 0.5 + reach
        pen.rectangle(x - 0.05, 0.5, x + 0.05, 0.54, shade(brass, 0.7))
        pen.rectangle(x - 0.025, 0.36, x + 0.025, 0.5, (0.96, 0.94, 0.88))
        pen.blob([(x, 0.24), (x + 0.03, 0.33), (x, 0.37), (x - 0.03, 0.33)], (1.0, 0.85, 0.3))
        pen.ellipse(0.5 + half, low + 0.115, 0.022, 0.055, (0.85, 0.93, 1.0))
    pen.blob([(0.5, 0.5), (0.56, 0.66), (0.5, 0.86), (0.44, 0.66)], shade(brass, 0.8))
    pen.ellipse(0.5, 0.92, 0.04, 0.06, (0.85, 0.93, 1.0))


@drawing(aspect=1.1, height=0.5)
def television(pen: Pen, rng: np.random.Generator) -> None:
    """A television set: two aerials, a bulging screen, knobs, short legs."""
    case, screen = wood(rng), hsv(rng.uniform(0.5, 0.62), 0.35, rng.uniform(0.3, 0.42))
    spread = rng.uniform(0.17, 0.26)
    for side in (-1, 1):
        pen.line([(0.5, 0.28), (0.5 + side * spread, 0.02)], 0.022, pick(rng, METALS))
        pen.ellipse(0.5 + side * spread, 0.025, 0.025, 0.025, DARK)
        pen.line([(0.5 + side * 0.3, 0.88), (0.5 + side * 0.36, 1.0)], 0.05, DARK)
    pen.ellipse(0.5, 0.29, 0.12, 0.06, shade(case, 0.5), 180, 360)
    pen.rectangle(0.02, 0.28, 0.98, 0.91, case, 0.08)
    pen.rectangle(0.07, 0.33, 0.74, 0.86, shade(case, 0.4), 0.12)
    pen.blob([(0.1, 0.38), (0.4, 0.35), (0.71, 0.38), (0.72, 0.6), (0.71, 0.81), (0.4, 0.84), (0.1, 0.81), (0.09, 0.6)], screen)
    pen.polygon([(0.16, 0.7), (0.34, 0.4), (0.46, 0.4), (0.24, 0.78)], shade(screen, 1.7))
    for y in (0.42, 0.56):
        pen.ellipse(0.86, y, 0.055, 0.055, (0.92, 0.88, 0.75))
        pen.line([(0.86, y), polar(0.86, y, 0.05, 0.05, rng.uniform(0, 360))], 0.02, DARK)
    for y in (0.68, 0.74, 0.8):
        pen.line([(0.79, y), (0.93, y)], 0.022, shade(case, 0.35))


@drawing(aspect=1.2, height=0.6, hangs=True)
def painting(pen: Pen, rng: np.random.Generator) -> None:
    """A painting: a landscape in a wide gilt frame that hangs by a wire from a nail."""
    gilt, sky = pick(rng, BRASS, 0.04), hsv(rng.uniform(0.5, 0.62), 0.35, 0.95)
    for side in (-1, 1):
        pen.line([(0.5, 0.02), (0.5 + side * 0.36, 0.22)], 0.018, DARK)
    pen.ellipse(0.5, 0.025, 0.025, 0.025, DARK)
    pen.rectangle(0.01, 0.2, 0.99, 1.0, gilt)
    pen.rectangle(0.04, 0.23, 0.96, 0.97, shade(gilt, 0.6))
    pen.rectangle(0.07, 0.26, 0.93, 0.94, gilt)
    for x, y in ((0.05, 0.24), (0.95, 0.24), (0.05, 0.96), (0.95, 0.96), (0.5, 0.22), (0.5, 0.98)):
        pen.ellipse(x, y, 0.05, 0.04, shade(gilt, 1.7))
    pen.rectangle(0.15, 0.33, 0.85, 0.87, sky)
    pen.ellipse(rng.uniform(0.28, 0.72), 0.44, 0.055, 0.065, (1.0, 0.9, 0.5))
    peak = rng.uniform(0.3, 0.45)
    pen.polygon([(0.15, 0.7), (peak, 0.45), (0.55, 0.66), (0.85, 0.58), (0.85, 0.75), (0.15, 0.75)], hsv(0.65, 0.3, 0.5))
    pen.blob([(0.16, 0.72), (0.4, 0.66), (0.6, 0.7), (0.84, 0.66), (0.84, 0.86), (0.16, 0.86)], hsv(rng.uniform(0.22, 0.36), 0.6, 0.4))


@drawing(aspect=0.85, height=0.3)
def clock(pen: Pen, rng: np.random.Generator) -> None:
    """An alarm clock: a round face with marks and hands, two bells, two feet."""
    case, face = paint(rng, 0.45, 0.7), pick(rng, WHITES, 0.03)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.25, 0.85), (0.5 + side * 0.36, 1.0)], 0.08, shade(case, 0.6))
        bell = pen.within(0.5 + side * 0.28 - 0.2, 0.04, 0.4, 0.3, side * 0.55)
        bell.ellipse(0.5, 0.6, 0.45, 0.5, (0.82, 0.72, 0.4), 180, 360)
    pen.line([(0.5, 0.2), (0.5, 0.04)], 0.04, DARK)
    pen.rectangle(0.43, 0.0, 0.57, 0.06, DARK, 0.02)
    pen.ellipse(0.5, 0.57, 0.47, 0.4, case)
    pen.ellipse(0.5, 0.57, 0.37, 0.315, face)
    for inner, outer in zip(arc(0.5, 0.57, 0.28, 0.24, 0, 330, 12), arc(0.5, 0.57, 0.34, 0.29, 0, 330, 12), strict=True):
        pen.line([inner, outer], 0.035, DARK)
    hour, minute = rng.uniform(0, 360, 2)
    pen.line([(0.5, 0.57), polar(0.5, 0.57, 0.17, 0.145, hour)], 0.055, DARK)
    pen.line([(0.5, 0.57), polar(0.5, 0.57, 0.27, 0.23, minute)], 0.035, DARK)
    pen.ellipse(0.5, 0.57, 0.035, 0.03, (0.75, 0.1, 0.1))


@drawing(aspect=0.6, height=0.45)
def vase(pen: Pen, rng: np.random.Generator) -> None:
    """A bellied vase with a narrow neck, a painted band, and a few flowers."""
    china, stem = paint(rng, 0.5, 0.75), (0.2, 0.45, 0.18)
    belly = rng.uniform(0.32, 0.44)
    for x in (0.24, 0.5, 0.76):
        tip = (x + rng.uniform(-0.06, 0.06), rng.uniform(0.09, 0.15))
        pen.line([(0.5, 0.48), tip], 0.035, stem)
        petal = paint(rng, 0.85, 1.0)
        for cx, cy in arc(*tip, 0.085, 0.052, 0, 300, 6):
            pen.ellipse(cx, cy, 0.06, 0.038, petal)
        pen.ellipse(*tip, 0.05, 0.03, (1.0, 0.85, 0.2))
    pen.blob([(0.3, 0.26), (0.4, 0.3), (0.47, 0.38), (0.36, 0.37)], shade(stem, 1.3))
    outline = [(0.36, 0.42), (0.4, 0.5), (0.5 - belly, 0.68), (0.38, 0.93), (0.32, 1.0)]
    pen.polygon(outline + [(1 - x, y) for x, y in reversed(outline)], china)
    pen.ellipse(0.5, 0.7, belly, 0.17, china)
    pen.rectangle(0.3, 0.405, 0.7, 0.44, shade(china, 0.6), 0.02)
    pen.rectangle(0.52 - belly, 0.67, 0.48 + belly, 0.74, shade(china, 2.6))
    pen.ellipse(0.36, 0.62, 0.06, 0.05, shade(china, 2.0))


@drawing(aspect=1.0, height=0.35)
def basket(pen: Pen, rng: np.random.Generator) -> None:
    """A woven basket: chequered sides that widen upwards, a braided rim, a hooped handle."""
    cane = pick(rng, [(0.75, 0.55, 0.3), (0.68, 0.48, 0.27)], 0.04)
    hoop = rng.uniform(0.36, 0.49)
    ring(pen, 0.5, 0.5, 0.4, hoop, 0.16, shade(cane, 0.7), 180, 360)

    def across(column: int, y: float) -> float:
        inset = 0.05 + 0.25 * (y - 0.52)
        return inset + (1 - 2 * inset) * column / 8

    rows = 5
    for row in range(rows):
        y0, y1 = 0.52 + row * 0.48 / rows, 0.52 + (row + 1) * 0.48 / rows
        for column in range(8):
            tone = 1.25 if (row + column) % 2 else 0.6
            corners = [(across(column + step, y), y) for step, y in ((0, y0), (1, y0), (1, y1), (0, y1))]
            pen.polygon(corners, shade(cane, tone))
    pen.rectangle(0.0, 0.47, 1.0, 0.56, shade(cane, 0.85), 0.04)
    for x in np.linspace(0.06, 0.9, 8):
        pen.line([(x, 0.55), (x + 0.05, 0.48)], 0.025, shade(cane, 0.45))


@drawing(aspect=0.76, height=0.55)
def barrel(pen: Pen, rng: np.random.Generator) -> None:
    """A wooden barrel: bulging staves, iron hoops, the lid seen from a little above."""
    stave, iron = shade(wood(rng), 1.2), shade(pick(rng, METALS), 0.4)
    bulge = rng.uniform(0.06, 0.14)

    def half(y: float) -> float:
        return 0.5 - bulge * (2 * y - 1) ** 2

    heights = np.linspace(0.08, 0.94, 9)
    for index in range(6):
        fractions = (-1 + index / 3, -1 + (index + 1) / 3)
        left, right = ([(0.5 + fraction * half(y), y) for y in heights] for fraction in fractions)
        pen.polygon(left + right[::-1], shade(stave, 0.8 if index % 2 else 1.1))
    pen.ellipse(0.5, 0.94, half(0.94), 0.06, shade(stave, 0.9), 0, 180)
    for y in (0.16, 0.34, 0.68, 0.86):
        top, bottom = arc(0.5, y, half(y) + 0.005, 0.05, 180, 0, 11), arc(0.5, y + 0.06, half(y + 0.06) + 0.005, 0.05, 0, 180, 11)
        pen.polygon(top + bottom, iron)
    pen.ellipse(0.5, 0.08, half(0.08), 0.075, shade(stave, 0.5))
    pen.ellipse(0.5, 0.08, half(0.08) - 0.05, 0.05, shade(stave, 1.5))


@drawing(aspect=0.95, height=0.7)
def umbrella(pen: Pen, rng: np.random.Generator) -> None:
    """An open umbrella: a scalloped dome in panels, a thin stick with a crook."""
    cloth = paint(rng, 0.55, 0.8)
    second = shade(cloth, 1.8) if rng.uniform() < 0.6 else shade(cloth, 0.55)
    base = rng.uniform(0.46, 0.56)

    def rib(x: float) -> list[tuple[float, float]]:
        return [(0.5 + (x - 0.5) * np.sin(t), base - (base - 0.05) * np.cos(t)) for t in np.linspace(0, np.pi / 2, 9)]

    pen.rectangle(0.485, 0.0, 0.515, 0.92, DARK)
    pen.line(arc(0.57, 0.91, 0.07, 0.07, 180, 0, 9), 0.045, wood(rng))
    edges = [0.0, 0.22, 0.41, 0.59, 0.78, 1.0]
    for index, (x0, x1) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        scallop = arc((x0 + x1) / 2, base, (x1 - x0) / 2, 0.07, 0, -180, 7)
        pen.polygon(rib(x1) + scallop + rib(x0)[::-1], second if index % 2 else cloth)
    pen.rectangle(0.48, 0.0, 0.52, 0.07, DARK)


@drawing(aspect=0.52, height=0.85)
def fan(pen: Pen, rng: np.random.Generator) -> None:
    """A standing electric fan: blades in a round wire cage on a pole with a foot."""
    frame, blade = shade(pick(rng, METALS), rng.uniform(0.35, 0.7)), paint(rng, 0.55, 0.85)
    cx, cy, rx, ry = 0.5, 0.27, 0.48, 0.25
    pen.rectangle(0.45, 0.4, 0.55, 0.95, frame)
    pen.rectangle(0.41, 0.58, 0.59, 0.7, shade(frame, 0.6), 0.03)
    pen.ellipse(0.5, 1.0, 0.34, 0.07, shade(frame, 0.7), 180, 360)
    pen.ellipse(cx, cy, rx, ry, (0.9, 0.92, 0.93))
    count, turn = int(rng.integers(3, 5)), rng.uniform(0, 360)
    for angle in turn + np.arange(count) * 360 / count:
        tips = [polar(cx, cy, rx * r, ry * r, angle + a) for r, a in ((0.1, 0), (0.6, -26), (0.86, -8), (0.84, 22), (0.5, 26))]
        pen.blob(tips, blade)
    for angle in np.arange(12) * 30.0:
        pen.line([(cx, cy), polar(cx, cy, rx, ry, angle)], 0.012, shade(frame, 0.8))
    ring(pen, cx, cy, rx, ry, 0.1, frame)
    ring(pen, cx, cy, rx * 0.6, ry * 0.6, 0.06, frame)
    pen.ellipse(cx, cy, 0.09, 0.047, shade(frame, 0.5))


@drawing(aspect=0.78, height=0.55)
def ashcan(pen: Pen, rng: np.random.Generator) -> None:
    """A trash can: a ribbed tin that narrows downwards, full of waste, under a domed lid that sits askew."""
    tin = shade(pick(rng, [*METALS, (0.3, 0.42, 0.36)], 0.04), rng.uniform(0.9, 1.3))
    foot, askew, lift = rng.uniform(0.3, 0.36), rng.uniform(0.12, 0.3), rng.uniform(0.0, 0.04)
    for side in (-1, 1):
        ring(pen, 0.5 + side * 0.42, 0.52, 0.08, 0.08, 0.4, shade(tin, 0.4))
    pen.polygon([(0.1, 0.34), (0.9, 0.34), (0.5 + foot, 1.0), (0.5 - foot, 1.0)], tin)
    for index in range(7):
        t = -0.86 + index * 0.287
        pen.line([(0.5 + 0.4 * t, 0.42), (0.5 + foot * t, 0.94)], 0.04, shade(tin, 0.45))
    for y in (0.36, 0.95):
        half = 0.4 + (foot - 0.4) * (y - 0.34) / 0.66
        pen.rectangle(0.48 - half, y - 0.03, 0.52 + half, y + 0.04, shade(tin, 0.7), 0.02)
    pen.blob([(0.12, 0.34), (0.16, 0.2), (0.3, 0.16), (0.42, 0.22), (0.44, 0.35)], pick(rng, WHITES))
    pen.polygon([(0.3, 0.34), (0.24, 0.14), (0.36, 0.1), (0.46, 0.34)], paint(rng, 0.7, 0.95))
    lid = pen.within(0.08, 0.05 - lift, 0.9, 0.34, askew)
    ring(lid, 0.5, 0.22, 0.13, 0.22, 0.4, shade(tin, 0.5), 180, 360)
    lid.ellipse(0.5, 0.8, 0.46, 0.62, shade(tin, 1.4), 180, 360)
    lid.ellipse(0.38, 0.5, 0.14, 0.1, shade(tin, 2.2))
    lid.rectangle(0.0, 0.74, 1.0, 0.92, shade(tin, 0.55), 0.06)


@drawing(aspect=0.84, height=0.55)
def washer(pen: Pen, rng: np.random.Generator) -> None:
    """A washing machine: a box with a large round glass door, behind it wet clothes, above it a drawer and a dial."""
    case, panel = pick(rng, [*WHITES, (0.78, 0.8, 0.83)], 0.03), rng.uniform(0.17, 0.21)
    rim = shade(pick(rng, METALS), rng.uniform(0.6, 1.3))
    for x in (0.08, 0.76):
        pen.rectangle(x, 0.95, x + 0.16, 1.0, DARK)
    pen.rectangle(0.04, 0.0, 0.96, 0.97, case, 0.05)
    pen.rectangle(0.04, panel, 0.96, panel + 0.025, shade(case, 0.5))
    pen.rectangle(0.09, 0.05, 0.38, panel - 0.035, shade(case, 0.7), 0.02)
    pen.rectangle(0.15, 0.09, 0.32, 0.12, shade(case, 0.35))
    dial = rng.uniform(0.5, 0.6)
    pen.ellipse(dial, panel / 2, 0.07, 0.06, shade(case, 0.4))
    pen.line([(dial, panel / 2), polar(dial, panel / 2, 0.06, 0.05, rng.uniform(0, 360))], 0.025, WHITES[0])
    pen.rectangle(0.71, 0.05, 0.91, panel - 0.04, DARK, 0.02)
    cy, radius = rng.uniform(0.56, 0.59), rng.uniform(0.34, 0.38)
    pen.ellipse(0.5, cy, radius + 0.03, (radius + 0.03) * 0.84, shade(case, 0.6))
    pen.ellipse(0.5, cy, radius, radius * 0.84, rim)
    pen.ellipse(0.5, cy, radius * 0.76, radius * 0.64, (0.14, 0.18, 0.24))
    pen.ellipse(0.5, cy, radius * 0.7, radius * 0.59, paint(rng, 0.6, 0.9), rng.uniform(0, 25), rng.uniform(155, 185))
    pen.line(arc(0.5, cy, radius * 0.55, radius * 0.46, 200, 275), 0.045, (0.85, 0.92, 0.97))
    pen.rectangle(0.5 + radius * 0.78, cy - 0.05, 0.5 + radius * 1.04, cy + 0.05, shade(case, 0.35), 0.02)


@drawing(aspect=1.45, height=0.42)
def radiator(pen: Pen, rng: np.random.Generator) -> None:
    """A radiator of cast iron: a row of upright hollow sections with round ends, feet, a pipe with a valve."""
    iron = pick(rng, [(0.92, 0.91, 0.87), (0.8, 0.81, 0.82), (0.5, 0.5, 0.52)], 0.04)
    count = int(rng.integers(7, 10))
    pitch = 0.86 / count
    pen.line([(0.86, 0.84), (0.95, 0.84), (0.95, 1.0)], 0.04, shade(iron, 0.55))
    pen.rectangle(0.9, 0.72, 1.0, 0.82, pick(rng, BRASS), 0.03)
    for y in (0.14, 0.78):
        pen.rectangle(0.03, y, 0.84, y + 0.1, shade(iron, 0.5))
    for index in range(count):
        x = 0.01 + index * pitch
        pen.rectangle(x, 0.0, x + pitch * 0.84, 0.92, shade(iron, 0.62), 0.045)
        pen.rectangle(x, 0.0, x + pitch * 0.6, 0.92, iron, 0.03)
        pen.rectangle(x + pitch * 0.26, 0.16, x + pitch * 0.5, 0.76, shade(iron, 0.3), 0.02)
    for x in (0.01, 0.01 + (count - 1) * pitch):
        pen.rectangle(x, 0.86, x + pitch * 0.75, 1.0, shade(iron, 0.6))
