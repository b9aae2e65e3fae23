"""Animals, fruits and mushrooms."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.outlines import symmetric
from larvseg.miniature.things.shapes import arc, polar

BLACK = (0.08, 0.08, 0.1)
WHITE = (0.96, 0.96, 0.95)


@drawing(aspect=1.75, height=0.25)
def fish(pen: Pen, rng: np.random.Generator) -> None:
    """Seen from the side: forked tail, fins, gill and stripes."""
    u, skin = rng.uniform, pick(rng, [(0.9, 0.5, 0.12), (0.35, 0.55, 0.75), (0.85, 0.7, 0.2), (0.75, 0.3, 0.28)])
    fin, tail = shade(skin, 0.65), u(0.06, 0.14)
    pen.polygon([(0.68, 0.5), (0.98, tail), (0.91, 0.5), (0.98, 1 - tail), (0.68, 0.52)], fin)
    pen.polygon([(0.26, 0.24), (0.4, u(0.0, 0.06)), (0.62, 0.1), (0.66, 0.34)], fin)
    pen.polygon([(0.42, 0.8), (0.55, 1), (0.62, 0.95), (0.6, 0.7)], fin)
    back, belly = [(0.12, 0.3), (0.34, 0.15), (0.58, 0.28), (0.78, 0.47)], [(0.78, 0.55), (0.58, 0.74), (0.34, 0.87), (0.12, 0.74)]
    pen.blob([(0, 0.52), *back, *belly], skin)
    pen.blob([(0.06, 0.62), (0.3, 0.72), (0.6, 0.62), (0.56, 0.74), (0.34, 0.86), (0.12, 0.74)], shade(skin, 1.8))
    for x in (0.4, 0.52, 0.63):
        pen.line([(x, 0.28 + x / 8), (x + 0.03, 0.5), (x, 0.72 - x / 8)], 0.025, fin)
    pen.line(arc(0.17, 0.52, 0.09, 0.24, -60, 60), 0.022, shade(skin, 0.45))
    pen.polygon([(0.3, 0.52), (0.42, 0.5), (0.4, 0.68)], fin)
    pen.ellipse(0.13, 0.44, 0.045, 0.075, WHITE)
    pen.ellipse(0.125, 0.44, 0.025, 0.045, BLACK)
    pen.line([(0.01, 0.58), (0.06, 0.6)], 0.025, shade(skin, 0.4))


@drawing(aspect=0.8, height=0.25)
def lobster(pen: Pen, rng: np.random.Generator) -> None:
    """Seen from above: two big claws, feelers, eight legs, a ringed tail with a fan."""
    u, shell = rng.uniform, pick(rng, [(0.75, 0.16, 0.1), (0.65, 0.22, 0.12), (0.7, 0.12, 0.18)])
    dark, spread = shade(shell, 0.6), u(-0.03, 0.03)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.04, 0.34), (0.5 + side * 0.1, 0.15), (0.5 + side * (0.06 + spread), 0)], 0.018, dark)
        for index, y in enumerate((0.42, 0.49, 0.56, 0.62)):
            pen.line([(0.5, y), (0.5 + side * 0.26, y - 0.03 + 0.02 * index), (0.5 + side * 0.36, y + 0.07 + 0.02 * index)], 0.028, dark)
        pen.line([(0.5 + side * 0.08, 0.4), (0.5 + side * 0.26, 0.37), (0.5 + side * 0.33, 0.26)], 0.06, shell)
        claw = [(0.33, 0.29), (0.23, 0.17), (0.25, 0.04), (0.31, 0.0), (0.34, 0.13), (0.4, 0.02), (0.46, 0.08), (0.45, 0.2), (0.4, 0.28)]
        pen.polygon([(0.5 + side * (x + spread), y) for x, y in claw], shell)
        pen.polygon([(0.5 + side * (x + spread), y) for x, y in ((0.3, 0.2), (0.28, 0.09), (0.33, 0.2))], shade(shell, 1.5))
        pen.ellipse(0.5 + side * 0.15, 0.95, 0.12, 0.05, dark)
    pen.polygon(symmetric([(0.53, 0.26), (0.6, 0.36), (0.63, 0.5), (0.6, 0.62)]), shell)
    for index, y in enumerate(np.linspace(0.64, 0.88, 5)):
        pen.ellipse(0.5, y, 0.12 - 0.014 * index, 0.045, dark)
        pen.ellipse(0.5, y - 0.01, 0.115 - 0.014 * index, 0.033, shell)
    pen.ellipse(0.5, 0.96, 0.09, 0.04, shell)
    pen.line([(0.5, 0.3), (0.5, 0.6)], 0.018, dark)
    for side in (-1, 1):
        pen.ellipse(0.5 + side * 0.07, 0.31, 0.025, 0.02, BLACK)


@drawing(aspect=1.4, height=0.2)
def moth(pen: Pen, rng: np.random.Generator) -> None:
    """Spread wings with eye spots, a furry body and feathered feelers."""
    u, wing = rng.uniform, pick(rng, [(0.72, 0.58, 0.4), (0.62, 0.55, 0.48), (0.75, 0.66, 0.42), (0.55, 0.66, 0.5)])
    dark, tip = shade(wing, 0.5), u(0.02, 0.1)
    for side in (-1, 1):

        def at(x: float, y: float, side: int = side) -> tuple[float, float]:
            return 0.5 + side * x, y

        pen.blob([at(0.02, 0.5), at(0.2, 0.5), at(0.38, 0.64), at(0.33, 0.9), at(0.2, u(0.95, 1.0)), at(0.07, 0.8)], shade(wing, 0.8))
        pen.polygon([at(0.02, 0.28), at(0.18, 0.12), at(0.5, tip), at(0.47, 0.35), at(0.4, 0.58), at(0.2, 0.62), at(0.02, 0.55)], wing)
        pen.line([at(0.46, tip + 0.06), at(0.43, 0.34), at(0.36, 0.55)], 0.035, dark)
        pen.line([at(0.17, 0.16), at(0.22, 0.4), at(0.17, 0.6)], 0.022, dark)
        for x, y, size in ((0.32, 0.3, 1.0), (0.22, 0.74, 0.85)):
            pen.ellipse(*at(x, y), 0.065 * size, 0.09 * size, BLACK)
            pen.ellipse(*at(x, y), 0.033 * size, 0.046 * size, (0.95, 0.85, 0.5))
        pen.line([at(0.02, 0.22), at(0.08, 0.08), at(0.15, 0.0)], 0.028, dark)
    pen.ellipse(0.5, 0.52, 0.055, 0.3, shade(wing, 0.35))
    pen.ellipse(0.5, 0.3, 0.07, 0.11, (0.9, 0.84, 0.72))
    for y in (0.5, 0.6, 0.7):
        pen.rectangle(0.46, y, 0.54, y + 0.03, shade(wing, 1.3))


@drawing(aspect=1.05, height=0.12)
def scallop(pen: Pen, rng: np.random.Generator) -> None:
    """A fan-shaped shell with ribs, a scalloped rim and two ears at the hinge."""
    u, shell = rng.uniform, pick(rng, [(0.92, 0.66, 0.52), (0.9, 0.76, 0.6), (0.85, 0.62, 0.68)])
    ribs, spread = int(rng.integers(8, 11)), u(66, 74)
    pen.polygon(symmetric([(0.66, 0.82), (0.74, 1.0)]), shade(shell, 0.75))
    angles = np.linspace(-90 - spread, -90 + spread, ribs + 1)
    reach = 0.86
    for low, high in zip(angles[:-1], angles[1:], strict=True):
        middle = (low + high) / 2
        tips = [(0.5 + 0.48 * np.cos(np.radians(a)), 0.92 + reach * np.sin(np.radians(a))) for a in (low, middle, high)]
        pen.polygon([(0.5, 0.97), *tips], shell)
        pen.ellipse(*tips[1], 0.07, 0.07, shell)
        pen.line([(0.5, 0.95), (0.5 + 0.5 * np.cos(np.radians(low)), 0.92 + 0.8 * np.sin(np.radians(low)))], 0.022, shade(shell, 0.5))
    for radius in (0.45, 0.75):
        points = arc(0.5, 0.92, 0.53 * radius, reach * radius, -90 - spread, -90 + spread, 13)
        pen.unlabelled().line(points, 0.035, shade(shell, 0.78))
    pen.ellipse(0.5, 0.95, 0.09, 0.05, shade(shell, 0.6))


@drawing(aspect=1.4, height=0.12)
def snail(pen: Pen, rng: np.random.Generator) -> None:
    """A spiral shell on a long foot, the head up with two stalked eyes."""
    u, flesh = rng.uniform, pick(rng, [(0.78, 0.66, 0.45), (0.7, 0.62, 0.52), (0.75, 0.68, 0.4)])
    shell = pick(rng, [(0.55, 0.3, 0.14), (0.62, 0.42, 0.18), (0.5, 0.25, 0.22)])
    pen.blob([(1, 1), (0.6, 0.84), (0.26, 0.8), (0.2, 0.5), (0.1, 0.44), (0.02, 0.56), (0.06, 0.85), (0.16, 1), (0.6, 1.0)], flesh)
    for x, top in ((0.0, u(0.12, 0.18)), (0.16, u(0.08, 0.15))):
        pen.line([(0.1, 0.52), (x + 0.03, top)], 0.028, flesh)
        pen.ellipse(x + 0.03, top, 0.03, 0.042, shade(flesh, 0.4))
    cx, cy = 0.56, 0.47
    pen.ellipse(cx, cy, 0.31, 0.42, shell)
    pen.ellipse(0.3, 0.75, 0.07, 0.1, shell)
    turns, start = np.linspace(0, 1, 40), u(90, 150)
    spiral = [polar(cx, cy, 0.265 * (1 - t) ** 0.9, 0.37 * (1 - t) ** 0.9, start + 900 * t) for t in turns]
    pen.line(spiral, 0.042, shade(shell, 2.2))
    pen.line([(0.05, 0.97), (0.9, 0.985)], 0.03, shade(flesh, 0.65))


@drawing(aspect=0.75, height=0.4)
def jellyfish(pen: Pen, rng: np.random.Generator) -> None:
    """A dome with frilled arms and long wavy tentacles."""
    u, body = rng.uniform, pick(rng, [(0.85, 0.6, 0.78), (0.62, 0.7, 0.92), (0.92, 0.7, 0.6), (0.72, 0.62, 0.9)])
    phase, y = u(0, 6.28), np.linspace(0.36, 1, 14)
    for index, x in enumerate(np.linspace(0.1, 0.9, int(rng.integers(6, 9)))):
        last = 14 if index % 2 else 12
        wave = x + 0.035 * np.sin(9 * y + phase + index * 0.8)
        pen.line(list(zip(wave[:last], y[:last], strict=True)), 0.032, shade(body, 0.62))
    for x in (0.4, 0.6):
        wave = x + 0.03 * np.sin(12 * y[:9] + phase)
        pen.line(list(zip(wave, y[:9], strict=True)), 0.1, shade(body, 1.4))
    pen.ellipse(0.5, 0.39, 0.49, 0.39, body, 180, 360)
    for x in np.linspace(0.11, 0.89, 5):
        pen.ellipse(x, 0.39, 0.1, 0.05, shade(body, 0.75))
    pen.ellipse(0.5, 0.32, 0.34, 0.24, shade(body, 1.6), 180, 360)
    for x in (0.36, 0.5, 0.64):
        pen.ellipse(x, 0.24, 0.05, 0.06, shade(body, 0.65))


@drawing(aspect=0.68, height=0.3)
def owl(pen: Pen, rng: np.random.Generator) -> None:
    """Sits upright: ear tufts, huge round eyes, beak, barred breast."""
    u, plume = rng.uniform, pick(rng, [(0.5, 0.36, 0.22), (0.45, 0.4, 0.36), (0.58, 0.42, 0.24)])
    pale, iris = shade(plume, 2.0), pick(rng, [(0.95, 0.75, 0.1), (0.95, 0.55, 0.1)])
    for side in (-1, 1):
        pen.polygon([(0.5 + side * 0.44, u(0.0, 0.03)), (0.5 + side * 0.42, 0.25), (0.5 + side * 0.08, 0.14)], plume)
    pen.blob(symmetric([(0.55, 0.07), (0.84, 0.12), (0.92, 0.3), (0.93, 0.6), (0.78, 0.9), (0.55, 0.97)]), plume)
    pen.ellipse(0.5, 0.68, 0.27, 0.26, pale)
    for row, y in enumerate((0.54, 0.64, 0.74, 0.84)):
        for x in np.linspace(0.34, 0.66, 4 - row % 2):
            pen.polygon([(x - 0.05, y), (x + 0.05, y), (x, y + 0.05)], plume)
    for side in (-1, 1):
        pen.blob([(0.5 + side * x, y) for x, y in ((0.4, 0.4), (0.47, 0.6), (0.36, 0.88), (0.25, 0.6))], shade(plume, 0.6))
        pen.ellipse(0.5 + side * 0.2, 0.28, 0.21, 0.145, pale)
        pen.ellipse(0.5 + side * 0.19, 0.28, 0.14, 0.1, iris)
        pen.ellipse(0.5 + side * 0.18, 0.28, 0.08, 0.058, BLACK)
        for toe in (0.08, 0.17):
            pen.ellipse(0.5 + side * toe, 0.97, 0.045, 0.03, (0.9, 0.65, 0.2))
    pen.polygon([(0.44, 0.32), (0.56, 0.32), (0.5, 0.43)], (0.85, 0.6, 0.15))


@drawing(aspect=0.58, height=0.55)
def penguin(pen: Pen, rng: np.random.Generator) -> None:
    """Stands upright: black coat, white belly, flippers, webbed feet, beak."""
    u, coat, orange = rng.uniform, pick(rng, [(0.1, 0.1, 0.13), (0.15, 0.17, 0.25)], 0.03), (0.95, 0.6, 0.1)
    lift = u(-0.02, 0.16)
    for side in (-1, 1):
        pen.blob([(0.5 + side * x, y) for x, y in ((0.24, 0.34), (0.4, 0.44), (0.49, 0.66 - lift), (0.44, 0.7 - lift), (0.28, 0.6))], coat)
        pen.ellipse(0.5 + side * 0.17, 0.97, 0.15, 0.035, orange)
    pen.blob([(0.5, 0.22), (0.74, 0.34), (0.84, 0.62), (0.74, 0.9), (0.5, 0.97), (0.26, 0.9), (0.16, 0.62), (0.26, 0.34)], coat)
    pen.blob([(0.5, 0.33), (0.66, 0.42), (0.72, 0.65), (0.64, 0.88), (0.5, 0.93), (0.36, 0.88), (0.28, 0.65), (0.34, 0.42)], WHITE)
    pen.ellipse(0.5, 0.16, 0.24, 0.155, coat)
    for side in (-1, 1):
        pen.ellipse(0.5 + side * 0.1, 0.19, 0.1, 0.075, WHITE)
        pen.ellipse(0.5 + side * 0.1, 0.165, 0.04, 0.025, BLACK)
    pen.polygon([(0.4, 0.2), (0.6, 0.2), (0.5, u(0.27, 0.3))], orange)
    pen.ellipse(0.5, 0.31, 0.17, 0.02, (0.95, 0.8, 0.3))


@drawing(aspect=0.75, height=2.6)
def giraffe(pen: Pen, rng: np.random.Generator) -> None:
    """A very long neck, small horned head, sloping back, four long legs, brown patches."""
    u, head = rng.uniform, rng.uniform(0.19, 0.32)
    coat, patch = pick(rng, [(0.92, 0.78, 0.48), (0.9, 0.72, 0.4)], 0.03), pick(rng, [(0.5, 0.28, 0.12), (0.42, 0.24, 0.12)])
    for x, back in ((0.46, True), (0.82, True), (0.4, False), (0.9, False)):
        foot = x + u(-0.03, 0.03)
        pen.line([(x, 0.58), (foot, 1)], 0.065, shade(coat, 0.75) if back else coat)
        pen.rectangle(foot - 0.035, 0.97, foot + 0.035, 1, (0.25, 0.18, 0.12))
    pen.blob([(0.36, 0.46), (0.6, 0.46), (0.88, 0.52), (0.95, 0.6), (0.88, 0.68), (0.6, 0.69), (0.4, 0.66)], coat)
    pen.polygon([(head, 0.12), (head + 0.09, 0.08), (0.62, 0.49), (0.37, 0.58)], coat)
    pen.blob([(head + 0.1, 0.07), (head + 0.1, 0.14), (head - 0.04, 0.17), (head - 0.17, 0.2), (head - 0.18, 0.16), (head, 0.07)], coat)
    pen.line([(head + 0.05, 0.09), (head + 0.04, 0.0)], 0.025, patch)
    pen.polygon([(head + 0.1, 0.09), (head + 0.2, 0.06), (head + 0.13, 0.12)], coat)
    pen.line([(0.93, 0.55), (0.98, 0.72)], 0.025, patch)
    for x, y in ((0.5, 0.54), (0.63, 0.55), (0.76, 0.58), (0.87, 0.6), (0.56, 0.64), (0.7, 0.65), (0.43, 0.62)):
        sizes = u(0.024, 0.04, 5)
        pen.blob([polar(x, y, size / 0.75, size, 72 * corner) for corner, size in enumerate(sizes)], patch)
    for t in (0.12, 0.3, 0.48, 0.66, 0.84):
        pen.ellipse(head + 0.05 + t * (0.44 - head) + u(-0.01, 0.01), 0.1 + 0.42 * t, 0.02 + 0.025 * t, 0.02 + 0.012 * t, patch)
    pen.ellipse(head - 0.02, 0.115, 0.018, 0.013, BLACK)


@drawing(aspect=1.5, height=0.12)
def banana(pen: Pen, rng: np.random.Generator) -> None:
    """A curved fruit with dark ends and a ridge along its side."""
    u, skin = rng.uniform, pick(rng, [(0.96, 0.84, 0.2), (0.93, 0.8, 0.28), (0.85, 0.82, 0.25)])
    pen = pen.within(0.02, 0.05, 0.96, 0.96, u(-0.15, 0.15))
    hollow, t = u(0.4, 0.5), np.linspace(-1, 1, 21)
    x, bow = 0.5 + 0.46 * t, np.sqrt(1 - 0.96 * t**2)
    inner, ridge, outer = (0.1 + depth * (bow - 0.2) for depth in (hollow, (hollow + 1.1) / 2 + 0.05, 1.1))
    pen.polygon([*zip(x, inner, strict=True), *zip(x[::-1], outer[::-1], strict=True)], skin)
    pen.polygon([*zip(x, ridge, strict=True), *zip(x[::-1], outer[::-1], strict=True)], shade(skin, 0.72))
    pen.line(list(zip(x, ridge, strict=True)), 0.025, shade(skin, 0.5))
    pen.polygon([(0.03, 0.14), (0.09, 0.2), (0.06, 0.0), (0.0, 0.02)], (0.35, 0.28, 0.1))
    pen.ellipse(0.965, 0.1, 0.025, 0.045, (0.2, 0.15, 0.08))


@drawing(aspect=0.58, height=0.3)
def pineapple(pen: Pen, rng: np.random.Generator) -> None:
    """An oval fruit with a diamond pattern under a crown of pointed leaves."""
    u, skin, leaf = rng.uniform, pick(rng, [(0.85, 0.6, 0.18), (0.8, 0.52, 0.2)]), pick(rng, [(0.2, 0.48, 0.2), (0.3, 0.52, 0.25)])
    for angle, length in ((-150, 0.28), (-30, 0.28), (-128, 0.36), (-52, 0.36), (-108, 0.41), (-72, 0.41), (-90, 0.42)):
        tip = polar(0.5, 0.42, length / 0.58, length, angle + u(-5, 5))
        left, right = (polar(0.5, 0.42, 0.155, 0.09, angle + side) for side in (-90, 90))
        pen.polygon([left, tip, right], shade(leaf, u(0.75, 1.25)))
    pen.ellipse(0.5, 0.68, 0.42, 0.32, skin)
    lines = pen.unlabelled()
    for offset in np.arange(-0.75, 0.8, 0.25):
        for slope in (-1, 1):
            points = [(0.5 + 0.42 * s, 0.68 + 0.32 * (slope * s * 0.7 + offset)) for s in np.linspace(-1, 1, 21)]
            points = [(x, y) for x, y in points if ((x - 0.5) / 0.42) ** 2 + ((y - 0.68) / 0.32) ** 2 < 0.97]
            if len(points) > 1:
                lines.line(points, 0.03, shade(skin, 0.5))


@drawing(aspect=0.95, height=0.15)
def mushroom(pen: Pen, rng: np.random.Generator) -> None:
    """A domed cap with pale spots, gills below, a thick stem with a ring."""
    u, cap = rng.uniform, pick(rng, [(0.8, 0.15, 0.1), (0.7, 0.3, 0.15), (0.6, 0.2, 0.15)])
    stem, rim = (0.94, 0.9, 0.82), u(0.42, 0.56)
    pen.blob([(0.42, rim), (0.58, rim), (0.6, 0.75), (0.66, 0.94), (0.5, 1), (0.34, 0.94), (0.4, 0.75)], stem)
    pen.polygon([(0.52, rim), (0.58, rim), (0.61, 0.75), (0.66, 0.95), (0.54, 0.98)], shade(stem, 0.78))
    pen.ellipse(0.5, rim, 0.47, 0.09, shade(stem, 0.7))
    pen.ellipse(0.5, rim + 0.02, 0.5, rim + 0.02, cap, 180, 360)
    pen.polygon(symmetric([(0.56, rim + 0.13), (0.64, rim + 0.22)]), shade(stem, 0.85))
    for x, y, size in ((0.5, 0.22, 8), (0.26, 0.3, 6), (0.74, 0.29, 7), (0.4, 0.42, 5), (0.62, 0.43, 6), (0.14, 0.43, 4), (0.87, 0.44, 4)):
        pen.ellipse(x + u(-0.02, 0.02), y * rim / 0.5, 0.011 * size, 0.0085 * size, WHITE)


@drawing(aspect=1.2, height=0.3)
def pumpkin(pen: Pen, rng: np.random.Generator) -> None:
    """A squat ribbed fruit with a bent stalk."""
    u, skin = rng.uniform, pick(rng, [(0.92, 0.5, 0.1), (0.88, 0.42, 0.1), (0.85, 0.55, 0.2)])
    bend, stalk = u(-0.08, 0.1), hsv(u(0.2, 0.3), 0.5, 0.4)
    for offset, half in ((-0.33, 0.17), (0.33, 0.17), (-0.2, 0.19), (0.2, 0.19), (0, 0.17)):
        pen.ellipse(0.5 + offset, 0.6, half, 0.4 - abs(offset) * 0.22, shade(skin, 0.55))
        pen.ellipse(0.5 + offset, 0.6, half - 0.025, 0.385 - abs(offset) * 0.22, shade(skin, 1 - abs(offset) * 0.5))
    pen.ellipse(0.47, 0.5, 0.03, 0.16, shade(skin, 1.5))
    pen.polygon([(0.44, 0.27), (0.46, 0.12), (0.46 + bend, 0), (0.56 + bend, 0.04), (0.54, 0.14), (0.57, 0.27)], stalk)
    if rng.uniform() < 0.3:
        for side in (-1, 1):
            pen.polygon([(0.5 + side * 0.08, 0.56), (0.5 + side * 0.26, 0.56), (0.5 + side * 0.17, 0.4)], BLACK)
        pen.polygon([(0.24, 0.68), (0.38, 0.74), (0.46, 0.7), (0.54, 0.76), (0.62, 0.7), (0.76, 0.68), (0.6, 0.86), (0.4, 0.86)], BLACK)
