"""Buildings and monuments, vehicles and gear that stand out of doors."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.outlines import symmetric
from larvseg.miniature.things.shapes import arc, polar, ring

STONE = [(0.72, 0.68, 0.6), (0.66, 0.64, 0.62), (0.76, 0.66, 0.52)]
IRON = (0.2, 0.2, 0.22)
WOOD = [(0.5, 0.32, 0.17), (0.58, 0.38, 0.2), (0.42, 0.27, 0.15)]


@drawing(aspect=0.85, height=4.0)
def windmill(pen: Pen, rng: np.random.Generator) -> None:
    """A tapered tower with a cap and four lattice sails."""
    u, wall = rng.uniform, pick(rng, [(0.85, 0.8, 0.7), (0.75, 0.6, 0.48), (0.8, 0.75, 0.72)])
    top, foot = u(0.09, 0.14), u(0.18, 0.28)
    pen.polygon(symmetric([(0.5 + top, 0.42), (0.5 + foot, 1)]), wall)
    pen.polygon([(0.5 + top * 0.3, 0.42), (0.5 + top, 0.42), (0.5 + foot, 1), (0.5 + foot * 0.4, 1)], shade(wall, 0.75))
    pen.ellipse(0.5, 0.45, top * 1.25, 0.11, pick(rng, [(0.35, 0.18, 0.14), (0.25, 0.25, 0.3)]), 180, 360)
    pen.rectangle(0.45, 0.83, 0.55, 1, shade(wall, 0.35))
    pen.rectangle(0.46, 0.6, 0.53, 0.67, shade(wall, 0.35))
    turn, cloth = u(20, 70), pick(rng, [(0.95, 0.93, 0.88), (0.9, 0.85, 0.75)], 0.03)
    for angle in turn + 90 * np.arange(4):
        sail = [polar(0.5, 0.42, r / 0.85, r, angle + a) for r, a in ((0.1, 4), (0.42, 1), (0.43, 16), (0.13, 48))]
        pen.polygon(sail, cloth)
        pen.line([(0.5, 0.42), polar(0.5, 0.42, 0.49, 0.42, angle)], 0.022, IRON)
        for r in (0.2, 0.31):
            slat = [polar(0.5, 0.42, r / 0.85, r, angle + a) for a in (0, 4.4 / r)]
            pen.unlabelled().line(slat, 0.012, IRON)
    pen.ellipse(0.5, 0.42, 0.03, 0.025, IRON)


@drawing(aspect=1.8, height=1.6)
def helicopter(pen: Pen, rng: np.random.Generator) -> None:
    """Seen from the side: round cabin, tail boom with a small rotor, long main rotor, skids."""
    u, paint = rng.uniform, pick(rng, [(0.75, 0.15, 0.12), (0.15, 0.3, 0.6), (0.3, 0.38, 0.2), (0.8, 0.55, 0.1)])
    tail = u(0.36, 0.5)
    pen.polygon([(0.5, tail), (0.95, tail - 0.06), (0.95, tail + 0.01), (0.45, 0.62)], paint)
    pen.polygon([(0.88, tail), (0.93, tail - 0.22), (0.99, tail - 0.22), (0.96, tail + 0.02)], shade(paint, 0.8))
    for angle in u(0, 60) + np.arange(3) * 60:
        pen.line([polar(0.94, tail - 0.07, r / 1.8, r, angle) for r in (-0.15, 0.15)], 0.014, IRON)
    pen.blob([(0.06, 0.62), (0.14, 0.4), (0.34, 0.3), (0.52, 0.36), (0.58, 0.56), (0.46, 0.78), (0.2, 0.8)], paint)
    pen.blob([(0.09, 0.6), (0.16, 0.44), (0.3, 0.37), (0.29, 0.6)], (0.75, 0.88, 0.95))
    pen.rectangle(0.34, 0.42, 0.45, 0.6, (0.75, 0.88, 0.95), 0.02)
    pen.polygon([(0.07, 0.68), (0.55, 0.64), (0.46, 0.78), (0.2, 0.8)], shade(paint, 0.6))
    for x in (0.22, 0.44):
        pen.line([(x, 0.76), (x - 0.02, 0.95)], 0.02, IRON)
    pen.line([(0.06, 0.9), (0.1, 0.97), (0.56, 0.97)], 0.03, IRON)
    slant = u(-0.04, 0.04)
    pen.rectangle(0.33, 0.14, 0.37, 0.34, IRON)
    pen.line([(0, 0.12 + slant), (0.35, 0.1), (0.72, 0.12 - slant)], 0.045, IRON)


@drawing(aspect=0.95, height=5.0)
def ferris_wheel(pen: Pen, rng: np.random.Generator) -> None:
    """A spoked ring on two slanting legs, with coloured cabins on the rim."""
    u, frame = rng.uniform, pick(rng, [(0.35, 0.4, 0.5), (0.5, 0.3, 0.32), (0.4, 0.4, 0.42)])
    cabins, radius, turn = int(rng.integers(9, 13)), 0.38, u(0, 40)
    for x in (0.22, 0.78):
        pen.line([(0.5, 0.45), (x, 1)], 0.045, shade(frame, 0.6))
    pen.rectangle(0.15, 0.96, 0.85, 1, shade(frame, 0.5))
    ring(pen, 0.5, 0.45, radius / 0.95 + 0.015, radius + 0.015, 0.08, frame)
    ring(pen, 0.5, 0.45, radius * 0.75 / 0.95, radius * 0.75, 0.06, frame)
    for angle in turn + np.arange(cabins) * 360 / cabins:
        pen.line([(0.5, 0.45), polar(0.5, 0.45, radius / 0.95, radius, angle)], 0.014, frame)
    hue = u(0, 1)
    for index, angle in enumerate(turn + np.arange(cabins) * 360 / cabins):
        x, y = polar(0.5, 0.45, radius / 0.95, radius, angle)
        pen.rectangle(x - 0.05, y - 0.02, x + 0.05, y + 0.065, hsv(hue + 0.33 * (index % 3), 0.75, 0.75), 0.02)
    pen.ellipse(0.5, 0.45, 0.05, 0.05, shade(frame, 0.6))


@drawing(aspect=2.1, height=0.75)
def hammock(pen: Pen, rng: np.random.Generator) -> None:
    """A striped cloth that sags between two leaning posts."""
    u, cloth, post = rng.uniform, hsv(rng.uniform(0, 1), 0.65, 0.75), pick(rng, WOOD)
    sag, light = u(0.7, 0.9), (0.95, 0.92, 0.82)
    for side in (-1, 1):
        pen.line([(0.5 + 0.42 * side, 1), (0.5 + 0.46 * side, 0.05)], 0.045, post)
        pen.rectangle(0.5 + 0.42 * side - 0.07, 0.95, 0.5 + 0.42 * side + 0.07, 1, shade(post, 0.7))
        for end in (0.33, 0.42):
            pen.line([(0.5 + 0.45 * side, 0.2), (0.5 + 0.32 * side, end)], 0.018, (0.85, 0.8, 0.65))
    t = np.linspace(-1, 1, 15)
    upper, lower = sag - 0.22 - (sag - 0.54) * t**2, sag - (sag - 0.42) * t**2
    for index in range(14):
        x0, x1 = 0.5 + 0.34 * t[index], 0.5 + 0.34 * t[index + 1]
        corners = [(x0, upper[index]), (x1, upper[index + 1]), (x1, lower[index + 1]), (x0, lower[index])]
        pen.polygon(corners, light if index % 4 == 1 else cloth)
    pen.unlabelled().line(list(zip(0.5 + 0.34 * t, upper, strict=True)), 0.035, shade(cloth, 0.6))


@drawing(aspect=0.5, height=4.0)
def rocket(pen: Pen, rng: np.random.Generator) -> None:
    """A pointed hull with fins, portholes and an engine bell."""
    u, paint = rng.uniform, pick(rng, [(0.75, 0.12, 0.12), (0.15, 0.25, 0.6), (0.8, 0.4, 0.08)])
    hull, half, neck = pick(rng, [(0.93, 0.93, 0.95), (0.85, 0.87, 0.9)], 0.03), u(0.18, 0.27), u(0.24, 0.34)
    pen.polygon(symmetric([(0.62, 0.88), (0.7, 1)]), IRON)
    for side in (-1, 1):
        fin = [(half * 0.8, 0.58), (0.48, 0.82), (0.48, 1), (half * 0.7, 0.9)]
        pen.polygon([(0.5 + side * x, y) for x, y in fin], paint)
    outline = [(0.5, 0), (0.5 + half * 0.55, neck * 0.5), (0.5 + half, neck), (0.5 + half, 0.75), (0.5 + half * 0.75, 0.92)]
    pen.polygon(symmetric(outline), hull)
    pen.polygon([(0.56, neck), (0.5 + half, neck), (0.5 + half, 0.75), (0.5 + half * 0.75, 0.92), (0.54, 0.92)], shade(hull, 0.75))
    pen.polygon(symmetric(outline[:3]), paint)
    pen.rectangle(0.5 - half, 0.7, 0.5 + half, 0.75, paint)
    for y in ((0.42, 0.57), (0.46,), (0.38, 0.5, 0.62))[int(rng.integers(3))]:
        pen.ellipse(0.5, y, 0.12, 0.06, shade(paint, 0.6))
        pen.ellipse(0.5, y, 0.08, 0.04, (0.6, 0.85, 0.95))
    pen.polygon(symmetric([(0.5, 0.75), (0.56, 0.8), (0.54, 1)]), shade(paint, 0.7))


@drawing(aspect=1.6, height=0.65)
def cannon(pen: Pen, rng: np.random.Generator) -> None:
    """A raised barrel on a spoked wheel, its wooden trail resting on the ground."""
    u, metal, wood = rng.uniform, pick(rng, [(0.2, 0.21, 0.23), (0.35, 0.27, 0.13)]), pick(rng, WOOD)
    pen.polygon([(0.45, 0.5), (0.56, 0.62), (0.1, 1), (0.0, 1), (0.02, 0.92)], wood)
    barrel = pen.within(0.13, 0.3, 0.86, 0.28, -u(0.15, 0.5))
    barrel.polygon([(0.05, 0.05), (0.5, 0.1), (0.95, 0.25), (0.95, 0.75), (0.5, 0.9), (0.05, 0.95)], metal)
    barrel.ellipse(0.02, 0.5, 0.05, 0.22, metal)
    barrel.polygon([(0.06, 0.2), (0.95, 0.33), (0.95, 0.42), (0.06, 0.35)], shade(metal, 1.6))
    for x, half in ((0.06, 0.55), (0.5, 0.48), (0.94, 0.38)):
        barrel.rectangle(x - 0.025, 0.5 - half, x + 0.025, 0.5 + half, shade(metal, 0.7))
    cx, cy = u(0.44, 0.5), 0.68
    for angle in u(0, 45) + np.arange(4) * 45:
        pen.line([polar(cx, cy, r / 1.6, r, angle) for r in (-0.3, 0.3)], 0.035, wood)
    ring(pen, cx, cy, 0.32 / 1.6, 0.32, 0.2, shade(wood, 0.6))
    pen.ellipse(cx, cy, 0.045, 0.07, IRON)


@drawing(aspect=1.0, height=6.0)
def crane(pen: Pen, rng: np.random.Generator) -> None:
    """A tower crane: lattice mast, jib with a hanging load, counterweight."""
    u, paint = rng.uniform, pick(rng, [(0.85, 0.6, 0.05), (0.8, 0.25, 0.1), (0.75, 0.7, 0.15)])
    x, jib, load = u(0.3, 0.36), u(0.2, 0.25), u(0.62, 0.85)
    for side in (-0.045, 0.045):
        pen.line([(x + side, jib), (x + side, 1)], 0.028, paint)
    for index, y in enumerate(np.arange(jib + 0.08, 0.91, 0.09)):
        side = 0.045 if index % 2 else -0.045
        pen.line([(x - side, y), (x + side, y + 0.09)], 0.022, paint)
    pen.rectangle(x - 0.15, 0.95, x + 0.15, 1, (0.4, 0.4, 0.4))
    pen.line([(0.03, jib), (1, jib)], 0.035, paint)
    pen.line([(x, jib - 0.07), (0.96, jib - 0.04)], 0.018, paint)
    for step in np.arange(x + 0.1, 0.95, 0.1):
        pen.line([(step, jib), (step + 0.05, jib - 0.055)], 0.016, paint)
    pen.line([(0.06, jib), (x, 0.02), (0.8, jib - 0.03)], 0.016, IRON)
    pen.line([(x, 0.0), (x, jib)], 0.05, paint)
    pen.rectangle(0.02, jib, 0.15, jib + 0.12, (0.35, 0.35, 0.37))
    pen.rectangle(x - 0.03, jib + 0.02, x + 0.12, jib + 0.13, shade(paint, 0.7))
    pen.rectangle(x + 0.05, jib + 0.04, x + 0.11, jib + 0.09, (0.75, 0.88, 0.95))
    drop = u(0.5, 0.62)
    pen.line([(load, jib), (load, drop)], 0.016, IRON)
    wide = u(0.06, 0.13)
    pen.rectangle(load - wide, drop, load + wide, drop + u(0.06, 0.12), pick(rng, [(0.5, 0.32, 0.2), (0.4, 0.42, 0.45)]))


@drawing(aspect=1.3, height=1.4)
def tractor(pen: Pen, rng: np.random.Generator) -> None:
    """A huge rear wheel, a small front wheel, bonnet with exhaust pipe and an open cab."""
    u, paint = rng.uniform, pick(rng, [(0.75, 0.12, 0.1), (0.12, 0.5, 0.18), (0.12, 0.3, 0.65)])
    rim, tyre, roof = (0.9, 0.8, 0.3), (0.12, 0.12, 0.13), u(0.02, 0.08)
    pen.rectangle(0.06, roof, 0.52, roof + 0.07, paint, 0.02)
    for x0, x1 in ((0.1, 0.13), (0.47, 0.5)):
        pen.line([(x1, roof + 0.03), (x0 + 0.02, 0.55)], 0.03, paint)
    pen.rectangle(0.12, roof + 0.07, 0.47, 0.48, (0.78, 0.88, 0.93))
    pen.line([(0.5, 0.5), (0.42, 0.38)], 0.025, tyre)
    pen.rectangle(0.2, 0.45, 0.92, 0.72, paint, 0.03)
    pen.rectangle(0.6, 0.66, 0.9, 0.8, (0.25, 0.25, 0.26))
    for y in (0.51, 0.58):
        pen.rectangle(0.6, y, 0.84, y + 0.03, shade(paint, 0.5))
    pen.rectangle(0.88, 0.48, 0.94, 0.68, shade(paint, 0.4))
    pen.line([(0.72, 0.5), (0.72, u(0.18, 0.28))], 0.035, (0.2, 0.2, 0.2))
    for cx, radius in ((0.26, 0.32), (0.83, 0.18)):
        pen.ellipse(cx, 1 - radius, radius / 1.3, radius, tyre)
        pen.ellipse(cx, 1 - radius, radius * 0.55 / 1.3, radius * 0.55, rim)
        pen.ellipse(cx, 1 - radius, radius * 0.2 / 1.3, radius * 0.2, shade(rim, 0.5))


@drawing(aspect=3.2, height=0.45)
def canoe(pen: Pen, rng: np.random.Generator) -> None:
    """A long slender hull with upturned ends and a paddle laid across."""
    u, paint = rng.uniform, pick(rng, [(0.65, 0.2, 0.12), (0.2, 0.4, 0.22), (0.6, 0.38, 0.16), (0.15, 0.3, 0.5)])
    rise, dip = u(0.1, 0.32), u(0.55, 0.66)
    t = np.linspace(-1, 1, 21)
    upper = dip - (dip - rise) * np.abs(t) ** 2.5
    lower = 1 - 0.25 * np.abs(t) ** 3 - 0.5 * np.maximum(np.abs(t) - 0.85, 0)
    x = 0.5 + 0.5 * t
    pen.polygon([(0.18, dip - 0.07), (0.5, dip - 0.13), (0.82, dip - 0.07), (0.5, dip + 0.1)], shade(paint, 0.4))
    for seat in (0.32, 0.62):
        pen.rectangle(seat, dip - 0.06, seat + 0.06, dip + 0.05, (0.8, 0.65, 0.4))
    pen.polygon([*zip(x, upper, strict=True), *zip(x[::-1], lower[::-1], strict=True)], paint)
    pen.line(list(zip(x, upper, strict=True)), 0.05, (0.85, 0.72, 0.48))
    pen.unlabelled().line(list(zip(x[2:-2], 0.25 * upper[2:-2] + 0.75 * lower[2:-2], strict=True)), 0.06, shade(paint, 0.6))
    pen.line([(0.66, 0.75), (0.5, 0.1)], 0.03, (0.8, 0.65, 0.4))
    pen.blob([(0.48, 0.22), (0.455, 0.05), (0.475, 0.0), (0.505, 0.03), (0.52, 0.18)], (0.8, 0.65, 0.4))


@drawing(aspect=1.5, height=2.2)
def iceberg(pen: Pen, rng: np.random.Generator) -> None:
    """Jagged white peaks with blue shadowed facets."""
    u, ice = rng.uniform, (0.93, 0.97, 1.0)
    high, low = (u(0.3, 0.46), u(0.0, 0.08)), (u(0.68, 0.8), u(0.25, 0.45))
    notch = (u(0.54, 0.64), u(0.48, 0.62))
    rise = [(0, 1), (0.05, u(0.68, 0.8)), (0.16, u(0.5, 0.6)), (0.24, u(0.42, 0.5))]
    pen.polygon([*rise, high, (high[0] + 0.08, 0.2), notch, low, (0.88, 0.62), (0.94, 0.85), (1, 1)], ice)
    blue, deep = (0.62, 0.8, 0.92), (0.36, 0.58, 0.78)
    pen.polygon([high, (high[0] + 0.08, 0.2), notch, (0.62, 1), (0.42, 1), (high[0] + 0.02, 0.55)], blue)
    pen.polygon([low, (0.88, 0.62), (0.94, 0.85), (1, 1), (0.78, 1), (low[0] + 0.01, 0.68)], blue)
    pen.polygon([(high[0] + 0.02, 0.55), (0.42, 1), (0.3, 1)], deep)
    pen.polygon([notch, (0.62, 1), (0.54, 1), (0.53, 0.75)], deep)
    pen.polygon([(0.05, 0.8), (0.16, 0.66), (0.2, 1), (0.0, 1)], (0.8, 0.9, 0.97))
    pen.polygon([(0, 0.95), (1, 0.95), (1, 1), (0, 1)], deep)


@drawing(aspect=0.72, height=4.0)
def balloon(pen: Pen, rng: np.random.Generator) -> None:
    """A hot-air balloon: striped envelope, ropes and a basket."""
    u, hue = rng.uniform, rng.uniform(0, 1)
    first, second = hsv(hue, 0.75, 0.8), hsv(hue + u(0.1, 0.5), 0.35, 0.95)
    widest, t = u(0.3, 0.34), np.linspace(0, 1, 11)
    y = np.concatenate([widest * t**2, widest + (0.76 - widest) * t[1:]])
    half = 0.5 * np.concatenate([np.sqrt(1 - (1 - t**2) ** 2), 0.24 + 0.76 * np.cos(t[1:] * 1.57)])
    gores = int(rng.choice([5, 7, 9]))
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, gores + 1))
    for index in range(gores):
        left, right = 0.5 + edges[index] * half, 0.5 + edges[index + 1] * half
        gore = [*zip(left, y, strict=True), *zip(right[::-1], y[::-1], strict=True)]
        pen.polygon(gore, shade(second if index % 2 else first, 1 - 0.04 * index))
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.12, 0.75), (0.5 + side * 0.09, 0.88)], 0.015, IRON)
    pen.rectangle(0.39, 0.87, 0.61, 1, pick(rng, WOOD), 0.02)
    pen.rectangle(0.37, 0.86, 0.63, 0.89, (0.3, 0.18, 0.1))


@drawing(aspect=1.05, height=4.0)
def arch(pen: Pen, rng: np.random.Generator) -> None:
    """A triumphal arch: two piers, a round opening, cornices."""
    u, stone = rng.uniform, pick(rng, STONE)
    half, spring, attic = u(0.18, 0.27), u(0.5, 0.58), u(0.17, 0.24)
    opening = [(0.5 + half, 1), *arc(0.5, spring, half, half * 1.05, 0, -180, 17), (0.5 - half, 1)]
    pen.polygon([(0.04, 1), (0.04, 0.05), (0.96, 0.05), (0.96, 1), *opening], stone)
    ring(pen, 0.5, spring, half + 0.05, half * 1.05 + 0.05, 0.2, shade(stone, 0.7), -180, 0)
    pen.rectangle(0, 0, 1, 0.06, shade(stone, 0.75))
    pen.rectangle(0.01, attic, 0.99, attic + 0.035, shade(stone, 0.65))
    pen.rectangle(0.3, 0.09, 0.7, attic - 0.03, shade(stone, 0.8))
    for x in (0.1, 0.9 - 0.07):
        pen.rectangle(x, attic + 0.06, x + 0.07, 0.92, shade(stone, 1.5))
    for x0, x1 in ((0, 0.5 - half), (0.5 + half, 1)):
        pen.rectangle(x0, 0.93, x1, 1, shade(stone, 0.65))


@drawing(aspect=0.32, height=5.0)
def obelisk(pen: Pen, rng: np.random.Generator) -> None:
    """A tapering pillar with a pointed tip on a stepped base."""
    u, stone = rng.uniform, pick(rng, STONE)
    top, foot, tip = u(0.12, 0.19), u(0.22, 0.32), u(0.07, 0.13)
    pen.polygon([(0.5 - top, tip), (0.5, 0), (0.5 + top, tip), (0.5 + foot, 0.84), (0.5 - foot, 0.84)], stone)
    pen.polygon([(0.5, 0), (0.5 + top, tip), (0.5 + foot, 0.84), (0.5 + foot * 0.25, 0.84), (0.5 + top * 0.25, tip)], shade(stone, 0.65))
    for y in np.arange(0.22, 0.8, 0.1):
        pen.unlabelled().rectangle(0.42, y, 0.5, y + 0.035, shade(stone, 0.45))
    pen.rectangle(0.14, 0.83, 0.86, 0.92, shade(stone, 0.85))
    pen.rectangle(0, 0.92, 1, 1, shade(stone, 0.7))


@drawing(aspect=0.9, height=1.4)
def well(pen: Pen, rng: np.random.Generator) -> None:
    """A round stone wall under a small roof on two posts, a bucket on its rope."""
    u, stone, wood = rng.uniform, pick(rng, STONE), pick(rng, WOOD)
    roof = pick(rng, [(0.5, 0.2, 0.15), (0.35, 0.25, 0.2)])
    pen.ellipse(0.5, 0.64, 0.38, 0.06, (0.1, 0.1, 0.12))
    for x in (0.17, 0.83):
        pen.rectangle(x - 0.035, 0.25, x + 0.035, 0.66, wood)
    pen.rectangle(0.12, 0.36, 0.93, 0.4, shade(wood, 0.7))
    drop = u(0.46, 0.52)
    pen.line([(0.5, 0.38), (0.5, drop)], 0.02, (0.8, 0.75, 0.6))
    pen.polygon([(0.41, drop), (0.59, drop), (0.56, drop + 0.12), (0.44, drop + 0.12)], shade(wood, 0.6))
    pen.polygon([(0.12, 0.65), (0.88, 0.65), (0.88, 1), (0.12, 1)], shade(stone, 0.55))
    for row in range(4):
        for x in np.arange(0.12 + (row % 2) * 0.095, 0.8, 0.19):
            pen.rectangle(max(x, 0.12), 0.66 + row * 0.087, min(x + 0.17, 0.88), 0.73 + row * 0.087, shade(stone, u(0.9, 1.15)), 0.015)
    pen.polygon([(0.5, 0), (1, u(0.27, 0.31)), (0, 0.29)], roof)
    pen.polygon([(0.5, 0), (0.5, 0.08), (0.12, 0.29), (0, 0.29)], shade(roof, 0.7))


@drawing(aspect=0.8, height=0.45)
def traffic_cone(pen: Pen, rng: np.random.Generator) -> None:
    """An orange cone with white bands on a square foot."""
    u, orange = rng.uniform, pick(rng, [(0.95, 0.4, 0.08), (0.9, 0.3, 0.1)])
    top, foot = u(0.04, 0.08), u(0.27, 0.38)

    def band(y0: float, y1: float, colour: tuple[float, float, float]) -> None:
        w0, w1 = (top + (foot - top) * y / 0.9 for y in (y0, y1))
        pen.polygon([(0.5 - w0, y0), (0.5 + w0, y0), (0.5 + w1, y1), (0.5 - w1, y1)], colour)
        pen.polygon([(0.5 + w0 * 0.4, y0), (0.5 + w0, y0), (0.5 + w1, y1), (0.5 + w1 * 0.4, y1)], shade(colour, 0.8))

    band(0, 0.9, orange)
    band(u(0.22, 0.27), 0.42, (0.96, 0.96, 0.96))
    band(0.6, u(0.72, 0.76), (0.96, 0.96, 0.96))
    pen.polygon([(0.08, 0.88), (0.92, 0.88), (1, 1), (0, 1)], shade(orange, 0.55))


@drawing(aspect=1.7, height=0.65)
def wheelbarrow(pen: Pen, rng: np.random.Generator) -> None:
    """A slanting tray with earth, one wheel in front, a leg and long handles."""
    u, tray, wood = rng.uniform, pick(rng, [(0.15, 0.4, 0.25), (0.7, 0.2, 0.12), (0.2, 0.35, 0.6)]), pick(rng, WOOD)
    heap, load = u(0.0, 0.16), pick(rng, [(0.32, 0.2, 0.12), (0.3, 0.42, 0.15)])
    pen.blob([(0.2, 0.32), (0.3, heap + 0.08), (0.45, heap), (0.6, heap + 0.1), (0.7, 0.32)], load)
    for x in (0.56, 0.66):
        pen.line([(x, 0.6), (x + 0.02, 1)], 0.035, shade(wood, 0.6))
    pen.line([(0.17, 0.8), (0.45, 0.7), (0.7, 0.6), (1, u(0.36, 0.46))], 0.06, wood)
    pen.polygon([(0.08, 0.25), (0.8, 0.25), (0.66, 0.68), (0.3, 0.72)], tray)
    pen.polygon([(0.3, 0.72), (0.66, 0.68), (0.7, 0.56), (0.24, 0.58)], shade(tray, 0.7))
    pen.rectangle(0.06, 0.23, 0.82, 0.29, shade(tray, 1.8))
    pen.ellipse(0.16, 0.8, 0.2 / 1.7, 0.2, (0.13, 0.13, 0.14))
    pen.ellipse(0.16, 0.8, 0.1 / 1.7, 0.1, (0.85, 0.8, 0.7))
    pen.ellipse(0.16, 0.8, 0.03, 0.05, (0.2, 0.2, 0.2))


@drawing(aspect=1.5, height=1.0)
def tent(pen: Pen, rng: np.random.Generator) -> None:
    """A ridge tent: a triangular front with open flaps, one long slope, poles and guy ropes with pegs."""
    u, cloth = rng.uniform, hsv(rng.uniform(0, 1), rng.uniform(0.45, 0.8), rng.uniform(0.65, 0.9))
    apex, back, end = (u(0.32, 0.38), u(0.07, 0.12)), (u(0.7, 0.78), u(0.12, 0.2)), u(0.84, 0.9)
    left, right = (0.1, 1.0), (0.62, 1.0)
    for start, peg in ((apex, (0.0, 0.96)), (back, (1.0, 0.93))):
        pen.line([start, peg], 0.018, (0.88, 0.84, 0.7))
        pen.line([(peg[0] * 0.97 + 0.015, 0.88), (peg[0] * 0.97 + 0.015, 1.0)], 0.025, IRON)
    pen.line([apex, (apex[0], 0.0)], 0.02, IRON)
    pen.line([back, (back[0], back[1] - 0.08)], 0.02, IRON)
    pen.polygon([apex, back, (0.95, end), right], shade(cloth, 0.6))
    pen.line([(0.5 * (apex[0] + back[0]), 0.5 * (apex[1] + back[1])), (0.5 * (0.95 + right[0]), 0.5 * (end + 1))], 0.014, shade(cloth, 0.4))
    pen.polygon([apex, left, right], shade(cloth, 1.25))
    gap = u(0.1, 0.17)
    foot = 0.5 * (left[0] + right[0])
    pen.polygon([(apex[0], 0.26), (foot - gap, 1.0), (foot + gap, 1.0)], (0.12, 0.1, 0.1))
    for side, colour in ((-1, 1.9), (1, 1.7)):
        pen.polygon([(apex[0], 0.26), (foot + side * gap, 1.0), (foot + side * (gap + 0.09), 0.8)], shade(cloth, colour))


@drawing(aspect=0.5, height=1.5)
def sculpture(pen: Pen, rng: np.random.Generator) -> None:
    """A bust of stone or green bronze: a head with curls and shoulders cut off below, on a tall fluted pedestal."""
    u, stone = rng.uniform, pick(rng, [(0.9, 0.89, 0.85), (0.82, 0.79, 0.72), (0.47, 0.56, 0.5)], 0.03)
    base, shaft, beard = pick(rng, STONE, 0.03), u(0.2, 0.26), rng.uniform() < 0.5
    pen.rectangle(0.5 - shaft, 0.6, 0.5 + shaft, 0.93, base)
    for t in (-0.6, 0.0, 0.6):
        pen.rectangle(0.47 + shaft * t, 0.64, 0.53 + shaft * t, 0.9, shade(base, 0.6))
    for x, y in ((0.24, 0.57), (0.17, 0.54)):
        pen.rectangle(x, y, 1 - x, y + 0.04, shade(base, 1.3 if x < 0.2 else 0.7))
    pen.rectangle(0.2, 0.89, 0.8, 0.95, shade(base, 1.2))
    pen.rectangle(0.1, 0.94, 0.9, 1.0, shade(base, 0.75))
    pen.rectangle(0.42, 0.5, 0.58, 0.55, shade(stone, 0.7))
    pen.blob([(0.4, 0.33), (0.6, 0.33), (0.86, 0.4), (0.88, 0.47), (0.62, 0.52), (0.38, 0.52), (0.12, 0.47), (0.14, 0.4)], stone)
    pen.polygon([(0.5, 0.38), (0.86, 0.41), (0.84, 0.48), (0.6, 0.52), (0.5, 0.52)], shade(stone, 0.75))
    pen.rectangle(0.4, 0.24, 0.6, 0.38, shade(stone, 0.7))
    pen.ellipse(0.5, 0.17, 0.2, 0.13, stone)
    pen.ellipse(0.55, 0.19, 0.14, 0.11, shade(stone, 0.85))
    for angle in np.arange(180, 361, 30):
        pen.ellipse(*polar(0.5, 0.13, 0.2, 0.085, angle), 0.08, 0.042, shade(stone, 0.75))
    for x in (0.42, 0.58):
        pen.ellipse(x, 0.17, 0.045, 0.013, shade(stone, 0.45))
    pen.polygon([(0.5, 0.16), (0.56, 0.225), (0.47, 0.225)], shade(stone, 0.65))
    if beard:
        pen.blob([(0.34, 0.22), (0.5, 0.245), (0.66, 0.22), (0.62, 0.3), (0.5, 0.36), (0.38, 0.3)], shade(stone, 0.65))
    else:
        pen.line([(0.44, 0.252), (0.56, 0.252)], 0.018, shade(stone, 0.5))
