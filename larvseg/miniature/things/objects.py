"""Household things, tools and weapons."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.outlines import symmetric
from larvseg.miniature.things.shapes import arc, ring

WOOD = [(0.5, 0.32, 0.17), (0.6, 0.4, 0.2), (0.45, 0.28, 0.15)]
STEEL = [(0.75, 0.77, 0.8), (0.68, 0.7, 0.74)]
IRON = (0.2, 0.2, 0.22)


@drawing(aspect=0.8, height=0.7)
def rocking_chair(pen: Pen, rng: np.random.Generator) -> None:
    """Seen from the side: curved rockers, leaning slatted back, seat and armrest."""
    u, wood = rng.uniform, pick(rng, WOOD)
    lean, dark = u(0.0, 0.06), shade(wood, 0.7)
    pen.line(arc(0.5, 0.3, 0.62, 0.67, 38, 142, 13), 0.055, dark)
    for x0, x1 in ((0.3, 0.24), (0.72, 0.74)):
        pen.line([(x0, 0.6), (x1, 0.92)], 0.05, wood)
    pen.line([(0.27, 0.77), (0.73, 0.77)], 0.03, dark)
    pen.line([(0.78, 0.62), (0.92 + lean, 0.02)], 0.06, wood)
    pen.line([(0.7, 0.6), (0.82 + lean, 0.06)], 0.03, dark)
    for y in (0.1, 0.22, 0.34):
        pen.line([(0.79 + lean - y / 5, y), (0.93 + lean - y / 5, y)], 0.04, wood)
    pen.polygon([(0.2, 0.55), (0.8, 0.58), (0.8, 0.65), (0.2, 0.62)], hsv(u(0, 1), 0.5, 0.6))
    pen.line([(0.24, 0.6), (0.22, 0.4)], 0.04, wood)
    pen.line([(0.16, 0.39), (0.84, 0.41)], 0.05, wood)


@drawing(aspect=0.5, height=1.3)
def ladder(pen: Pen, rng: np.random.Generator) -> None:
    """Two long rails joined by rungs."""
    u, wood = rng.uniform, pick(rng, [(0.62, 0.42, 0.2), (0.5, 0.35, 0.2), (0.6, 0.6, 0.62)])
    top, rungs = u(0.2, 0.32), int(rng.integers(6, 9))
    for y in np.linspace(0.08, 0.9, rungs):
        half = top + (0.38 - top) * y
        pen.rectangle(0.5 - half, y - 0.014, 0.5 + half, y + 0.018, shade(wood, 0.75))
    for side in (-1, 1):
        pen.line([(0.5 + side * top, 0), (0.5 + side * 0.4, 1)], 0.09, wood)


@drawing(aspect=1.7, height=0.15)
def hat(pen: Pen, rng: np.random.Generator) -> None:
    """A brimmed hat: dented crown, dark band, wide curved brim."""
    u, felt = rng.uniform, pick(rng, [(0.5, 0.36, 0.22), (0.62, 0.5, 0.32), (0.45, 0.42, 0.42)])
    top = u(0.2, 0.29)
    pen.blob([(0, 0.66), (0.2, 0.72), (0.5, 0.66), (0.8, 0.72), (1, 0.66), (0.85, 0.9), (0.5, 0.98), (0.15, 0.9)], shade(felt, 0.8))
    pen.blob(symmetric([(0.52, 0.12), (0.58, 0.03), (0.42 + top, 0.05), (0.47 + top, 0.3), (0.5 + top, 0.8)]), felt)
    pen.polygon([(0.51 - top, 0.56), (0.49 + top, 0.56), (0.5 + top, 0.78), (0.5, 0.84), (0.5 - top, 0.78)], hsv(u(0, 1), 0.4, 0.2))
    pen.blob([(0.48, 0.18), (0.5, 0.14), (0.52, 0.18), (0.5, 0.45)], shade(felt, 0.6))


@drawing(aspect=0.85, height=0.3)
def boot(pen: Pen, rng: np.random.Generator) -> None:
    """A high shaft with laces, a toe to the left, heel and thick sole."""
    u, leather = rng.uniform, pick(rng, [(0.45, 0.26, 0.13), (0.25, 0.2, 0.18), (0.6, 0.4, 0.2)])
    shaft = u(0.36, 0.47)
    pen.polygon([(shaft - 0.02, 0.03), (0.88, 0.0), (0.85, 0.5), (0.92, 0.88), (0.3, 0.9), (shaft, 0.5)], leather)
    pen.blob([(0.06, 0.88), (0.06, 0.75), (0.17, 0.65), (shaft, 0.56), (0.7, 0.6), (0.9, 0.88)], leather)
    pen.rectangle(shaft - 0.02, 0.0, 0.9, 0.09, shade(leather, 1.6), 0.02)
    pen.polygon([(0.0, 0.87), (0.96, 0.87), (0.96, 1), (0.64, 1), (0.62, 0.94), (0.0, 0.94)], (0.12, 0.1, 0.1))
    pen.ellipse(0.16, 0.76, 0.13, 0.1, shade(leather, 0.65))
    for index, y in enumerate(np.linspace(0.18, 0.56, int(rng.integers(3, 6)))):
        pen.line([(shaft - 0.02 - 0.01 * index, y), (shaft + 0.17, y + 0.05)], 0.035, (0.95, 0.9, 0.75))
    pen.line([(0.74, 0.12), (0.72, 0.6), (0.92, 0.66)], 0.022, shade(leather, 0.55))


@drawing(aspect=1.45, height=0.18)
def teapot(pen: Pen, rng: np.random.Generator) -> None:
    """A round belly with a curved spout, a looped handle and a knobbed lid."""
    u, glaze = rng.uniform, hsv(rng.uniform(0, 1), rng.uniform(0.45, 0.6), 0.65)
    wide = u(0.23, 0.29)
    pen.line(arc(0.74, 0.56, 0.22, 0.26, -110, 110, 13), 0.055, shade(glaze, 0.75))
    pen.polygon([(0.34, 0.88), (0.14, 0.66), (0.07, 0.36), (0.0, 0.3), (0.05, 0.24), (0.14, 0.27), (0.2, 0.45), (0.36, 0.55)], glaze)
    pen.ellipse(0.5, 0.62, wide, 0.34, glaze)
    pen.rectangle(0.34, 0.92, 0.66, 1, shade(glaze, 0.6))
    pen.ellipse(0.5, 0.32, 0.19, 0.15, shade(glaze, 1.25), 180, 360)
    pen.rectangle(0.3, 0.3, 0.7, 0.35, shade(glaze, 0.55))
    pen.ellipse(0.5, 0.1, 0.045, 0.08, shade(glaze, 0.55))
    if rng.uniform() < 0.5:
        pen.rectangle(0.51 - wide, 0.58, 0.49 + wide, 0.68, (0.95, 0.93, 0.88))
    else:
        for x in (0.36, 0.5, 0.64):
            pen.ellipse(x, 0.66, 0.04, 0.06, (0.95, 0.93, 0.88))
    pen.ellipse(0.38, 0.48, 0.04, 0.08, shade(glaze, 2.5))


@drawing(aspect=0.6, height=0.25)
def candle(pen: Pen, rng: np.random.Generator) -> None:
    """A burning candle with dripping wax in a saucer holder with a ring."""
    u, wax, brass = rng.uniform, pick(rng, [(0.95, 0.92, 0.82), (0.9, 0.85, 0.75)], 0.03), pick(rng, [(0.6, 0.45, 0.15), (0.45, 0.35, 0.3)])
    top, half = u(0.28, 0.46), u(0.12, 0.18)
    pen.line(arc(0.86, 0.84, 0.11, 0.07, -150, 150, 13), 0.045, brass)
    pen.rectangle(0.5 - half, top, 0.5 + half, 0.9, wax)
    pen.rectangle(0.5 + half * 0.3, top, 0.5 + half, 0.9, shade(wax, 0.78))
    pen.ellipse(0.5 - half * 0.6, top + 0.1, 0.06, 0.09, shade(wax, 0.88))
    pen.ellipse(0.5, top, half, 0.025, shade(wax, 1.5))
    pen.line([(0.5, top), (0.5, top - 0.07)], 0.04, IRON)
    pen.blob([(0.5, top - 0.3), (0.6, top - 0.13), (0.5, top - 0.02), (0.4, top - 0.13)], (1.0, 0.62, 0.1))
    pen.blob([(0.5, top - 0.2), (0.55, top - 0.1), (0.5, top - 0.03), (0.45, top - 0.1)], (1.0, 0.95, 0.6))
    pen.polygon([(0.3, 0.8), (0.7, 0.8), (0.66, 0.9), (0.34, 0.9)], shade(brass, 0.8))
    pen.polygon([(0.06, 0.89), (0.94, 0.89), (0.78, 1), (0.22, 1)], brass)


@drawing(aspect=0.4, height=0.6)
def sword(pen: Pen, rng: np.random.Generator) -> None:
    """Point down: long blade with a fuller, cross-guard, grip and pommel."""
    u, steel, gold = rng.uniform, pick(rng, STEEL, 0.04), pick(rng, [(0.75, 0.55, 0.15), (0.4, 0.35, 0.3)])
    half, guard = u(0.14, 0.2), u(0.34, 0.48)
    pen.polygon(symmetric([(0.5 + half, 0.24), (0.5 + half * 0.8, 0.88), (0.5, 1)]), shade(steel, 1.3))
    pen.polygon([(0.5, 0.24), (0.5 + half, 0.24), (0.5 + half * 0.8, 0.88), (0.5, 1)], shade(steel, 0.65))
    pen.rectangle(0.43, 0.06, 0.57, 0.24, pick(rng, [(0.3, 0.15, 0.1), (0.15, 0.15, 0.3)]))
    pen.blob([(0.5 - guard, 0.2), (0.5, 0.21), (0.5 + guard, 0.2), (0.5 + guard, 0.25), (0.5, 0.27), (0.5 - guard, 0.25)], gold)
    pen.ellipse(0.5, 0.045, 0.12, 0.045, gold)


@drawing(aspect=0.95, height=0.9)
def telescope(pen: Pen, rng: np.random.Generator) -> None:
    """A tube pointing up from a tripod."""
    u, tube, leg = rng.uniform, pick(rng, [(0.8, 0.65, 0.3), (0.85, 0.85, 0.87), (0.7, 0.3, 0.25)]), pick(rng, WOOD)
    for x in (0.22, 0.5, 0.78):
        pen.line([(0.5, 0.4), (x, 1)], 0.04, leg)
    pen.rectangle(0.46, 0.32, 0.54, 0.5, IRON)
    barrel = pen.within(0.04, 0.24, 0.92, 0.18, -u(0.35, 0.5))
    barrel.rectangle(0.72, -0.1, 1.0, 1.1, tube)
    barrel.rectangle(0.3, 0.08, 0.74, 0.92, shade(tube, 0.85))
    barrel.rectangle(0.06, 0.25, 0.32, 0.75, shade(tube, 0.7))
    barrel.rectangle(0.0, 0.15, 0.07, 0.85, IRON)
    for x in (0.3, 0.72, 0.97):
        barrel.rectangle(x - 0.025, -0.14 if x > 0.5 else 0.0, x + 0.025, 1.14 if x > 0.5 else 1.0, IRON)


@drawing(aspect=0.5, height=0.5)
def fire_extinguisher(pen: Pen, rng: np.random.Generator) -> None:
    """A red cylinder with a lever valve, a black hose with horn and a pale label."""
    u, red = rng.uniform, pick(rng, [(0.82, 0.08, 0.08), (0.72, 0.1, 0.1)])
    end = u(0.66, 0.74)
    pen.line([(0.56, 0.13), (0.8, 0.15), (0.9, 0.3), (0.88, end)], 0.06, IRON)
    pen.polygon([(0.84, end - 0.02), (0.92, end - 0.02), (1.0, end + 0.16), (0.78, end + 0.16)], IRON)
    pen.rectangle(0.1, 0.24, 0.72, 0.98, red, 0.13)
    pen.rectangle(0.1, 0.6, 0.72, 1, red, 0.03)
    pen.rectangle(0.55, 0.32, 0.68, 0.94, shade(red, 0.65))
    pen.rectangle(0.17, 0.32, 0.24, 0.9, shade(red, 1.7))
    pen.rectangle(0.34, 0.12, 0.5, 0.26, (0.3, 0.3, 0.32))
    pen.line([(0.5, 0.1), (0.2, 0.0 + u(0.02, 0.05))], 0.05, IRON)
    pen.line([(0.56, 0.15), (0.16, 0.16)], 0.045, IRON)
    pen.rectangle(0.26, 0.48, 0.6, 0.74, (0.95, 0.93, 0.85))
    for y in (0.53, 0.6, 0.67):
        pen.rectangle(0.31, y, 0.55, y + 0.025, IRON)


@drawing(aspect=1.55, height=0.35)
def watering_can(pen: Pen, rng: np.random.Generator) -> None:
    """A drum with a long rising spout that ends in a rose, and a high handle."""
    u, tin = rng.uniform, pick(rng, [(0.2, 0.5, 0.35), (0.35, 0.5, 0.6), (0.5, 0.55, 0.58)])
    pen.line(arc(0.72, 0.45, 0.24, 0.4, -165, 75, 17), 0.05, shade(tin, 0.65))
    rise = u(0.08, 0.26)
    pen.polygon([(0.5, 0.9), (0.5, 0.72), (0.13, rise), (0.07, rise + 0.08)], tin)
    pen.polygon([(0.15, rise - 0.1), (0.18, rise + 0.0), (0.05, rise + 0.22), (0.0, rise + 0.14)], shade(tin, 1.5))
    pen.polygon([(0.5, 0.42), (0.84, 0.42), (0.88, 1), (0.46, 1)], tin)
    pen.polygon([(0.72, 0.42), (0.84, 0.42), (0.88, 1), (0.74, 1)], shade(tin, 0.7))
    pen.ellipse(0.67, 0.42, 0.17, 0.06, shade(tin, 0.35))
    for y in (0.56, 0.92):
        pen.rectangle(0.47, y, 0.875, y + 0.035, shade(tin, 0.55))


@drawing(aspect=0.85, height=0.3)
def bucket(pen: Pen, rng: np.random.Generator) -> None:
    """A pail that narrows to its foot, an open dark mouth, a raised wire handle."""
    u, pail = rng.uniform, pick(rng, [(0.6, 0.64, 0.68), (0.3, 0.5, 0.72), (0.75, 0.4, 0.3)])
    foot, high = u(0.24, 0.34), u(0.3, 0.42)
    pen.line(arc(0.5, 0.44, 0.45, high, 180, 360, 17), 0.035, IRON)
    pen.polygon(symmetric([(0.96, 0.45), (0.5 + foot, 0.96), (0.5, 1)]), pail)
    pen.polygon([(0.68, 0.5), (0.96, 0.45), (0.5 + foot, 0.96), (0.62, 0.99)], shade(pail, 0.7))
    pen.polygon([(0.13, 0.55), (0.23, 0.55), (0.32, 0.95), (0.26, 0.95)], shade(pail, 1.8))
    pen.ellipse(0.5, 0.45, 0.47, 0.09, shade(pail, 1.5))
    pen.ellipse(0.5, 0.46, 0.42, 0.07, shade(pail, 0.25))
    pen.polygon([(0.13, 0.7), (0.87, 0.7), (0.855, 0.74), (0.145, 0.74)], shade(pail, 0.55))


@drawing(aspect=0.75, height=0.35)
def hammer(pen: Pen, rng: np.random.Generator) -> None:
    """Head up: flat face on one side, curved claw on the other, long handle."""
    grip, steel = pick(rng, [(0.65, 0.42, 0.18), (0.6, 0.2, 0.12), (0.5, 0.32, 0.15)]), pick(rng, [(0.32, 0.33, 0.36), (0.4, 0.41, 0.44)])
    pen.polygon(symmetric([(0.55, 0.15), (0.57, 0.6), (0.61, 0.95), (0.58, 1)]), grip)
    pen.polygon(symmetric([(0.585, 0.66), (0.61, 0.95), (0.58, 1)]), shade(grip, 0.6))
    drop = rng.uniform(0.25, 0.33)
    pen.blob([(0.4, 0.03), (0.6, 0.03), (0.85, 0.08), (0.98, drop), (0.94, drop + 0.01), (0.78, 0.2), (0.6, 0.23), (0.4, 0.23)], steel)
    pen.polygon([(0.5, 0.03), (0.22, 0.05), (0.22, 0.2), (0.5, 0.23)], steel)
    pen.rectangle(0.06, 0.0, 0.24, 0.26, steel, 0.02)
    pen.polygon([(0.22, 0.07), (0.78, 0.08), (0.78, 0.11), (0.22, 0.11)], shade(steel, 2.2))
    pen.rectangle(0.41, 0.02, 0.59, 0.25, shade(steel, 0.7))


@drawing(aspect=0.85, height=0.9)
def target(pen: Pen, rng: np.random.Generator) -> None:
    """An archery target: concentric rings on an easel, arrows in the middle."""
    u, ring = rng.uniform, pick(rng, [(0.75, 0.1, 0.1), (0.12, 0.2, 0.5), (0.15, 0.15, 0.17)], 0.04)
    wood = pick(rng, WOOD)
    for x in (0.12, 0.88):
        pen.line([(0.5, 0.2), (x, 1)], 0.06, wood)
    pen.line([(0.2, 0.86), (0.8, 0.86)], 0.04, shade(wood, 0.7))
    for index, radius in enumerate((0.42, 0.335, 0.25, 0.165, 0.08)):
        pen.ellipse(0.5, 0.42, radius / 0.85, radius, (0.96, 0.95, 0.92) if index % 2 else ring)
    for _ in range(2):
        x, y = 0.5 + u(-0.12, 0.12), 0.42 + u(-0.1, 0.1)
        pen.line([(x, y), (x + 0.2, y - 0.12)], 0.022, (0.85, 0.65, 0.2))


@drawing(aspect=1.15, height=0.12)
def mug(pen: Pen, rng: np.random.Generator) -> None:
    """A straight cup with a big D-shaped handle and dark coffee."""
    u, glaze = rng.uniform, hsv(rng.uniform(0, 1), rng.uniform(0.5, 0.7), 0.7)
    grip = u(0.17, 0.25)
    pen.line(arc(0.7, 0.55, grip, 0.27, -90, 90, 13), 0.085, shade(glaze, 0.8))
    pen.rectangle(0.06, 0.1, 0.72, 1, glaze, 0.07)
    pen.rectangle(0.06, 0.1, 0.72, 0.4, glaze)
    pen.polygon([(0.52, 0.12), (0.72, 0.12), (0.72, 0.94), (0.52, 0.98)], shade(glaze, 0.72))
    pen.ellipse(0.39, 0.11, 0.33, 0.1, shade(glaze, 1.7))
    pen.ellipse(0.39, 0.125, 0.28, 0.072, (0.2, 0.1, 0.05))
    pale = (0.97, 0.95, 0.9)
    match int(rng.integers(3)):
        case 0:
            pen.blob([(0.28, 0.5), (0.33, 0.46), (0.38, 0.52), (0.43, 0.46), (0.48, 0.5), (0.38, 0.68)], pale)
        case 1:
            pen.rectangle(0.06, 0.48, 0.72, 0.62, pale)
        case _:
            for x in (0.2, 0.39, 0.58):
                pen.ellipse(x, 0.56, 0.06, 0.07, pale)


@drawing(aspect=0.55, height=0.15)
def drinking_glass(pen: Pen, rng: np.random.Generator) -> None:
    """A clear tall tumbler, part full, with a bright edge and a straw."""
    u, clear, rim = rng.uniform, (0.86, 0.93, 0.96), 0.2
    drink, level, foot = pick(rng, [(0.55, 0.78, 0.9), (0.9, 0.7, 0.3), (0.85, 0.5, 0.45)]), u(0.34, 0.58), u(0.24, 0.34)

    def half(y: float) -> float:
        return 0.42 + (foot - 0.42) * (y - rim) / (1 - rim)

    pen.polygon(symmetric([(0.5 + half(rim), rim), (0.5 + half(1), 1)]), clear)
    pen.line([(0.42, 0.9), (0.66, 0.04), (0.92, 0.0)], 0.06, hsv(u(0, 1), 0.8, 0.55))
    pen.polygon(symmetric([(0.46 + half(level), level), (0.46 + half(0.93), 0.93)]), drink)
    pen.line([(0.43, 0.88), (0.56, level)], 0.05, shade(drink, 0.6))
    pen.ellipse(0.5, level, half(level) - 0.04, 0.03, shade(drink, 0.7))
    for x, y in ((0.36, level + 0.05), (0.52, level + 0.12)):
        pen.rectangle(x, y, x + 0.16, y + 0.08, shade(drink, 2.5))
    for side in (-1, 1):
        pen.line([(0.5 + side * half(rim), rim), (0.5 + side * half(1), 1)], 0.035, (0.6, 0.7, 0.75))
    ring(pen, 0.5, rim, half(rim), 0.03, 0.35, (0.6, 0.7, 0.75))


@drawing(aspect=0.8, height=0.8)
def anchor(pen: Pen, rng: np.random.Generator) -> None:
    """A ring, a cross stock, a shank and two curved arms with flukes."""
    u, iron = rng.uniform, pick(rng, [(0.18, 0.2, 0.24), (0.3, 0.24, 0.22), (0.12, 0.2, 0.32)], 0.04)
    wide = u(0.38, 0.42)
    ring(pen, 0.5, 0.09, 0.11, 0.09, 0.45, iron)
    pen.rectangle(0.45, 0.14, 0.55, 0.95, iron)
    pen.rectangle(0.24, 0.22, 0.76, 0.29, iron, 0.03)
    pen.line(arc(0.5, 0.55, wide, 0.4, 12, 168, 15), 0.09, iron)
    for side in (-1, 1):
        x = 0.5 + side * wide
        pen.polygon([(x - side * 0.14, 0.66), (x + side * 0.03, u(0.48, 0.53)), (x + side * 0.1, 0.74)], iron)
    pen.polygon(symmetric([(0.62, 0.92), (0.5, 1)]), iron)
    pen.rectangle(0.48, 0.3, 0.51, 0.88, shade(iron, 1.6))
    pen.ellipse(0.74, 0.255, 0.04, 0.05, iron)
    pen.ellipse(0.26, 0.255, 0.04, 0.05, iron)
