"""Bed, table, chair, stool, sofa, wardrobe, pool table, bench and bookcase."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Pen, hsv, pick, shade
from larvseg.miniature.things.drawing import drawing
from larvseg.miniature.things.shapes import DARK, METALS, WHITES, paint, taper, wood


@drawing(aspect=1.75, height=0.6)
def bed(pen: Pen, rng: np.random.Generator) -> None:
    """A bed from the side: headboard left, pillow, a blanket that hangs down."""
    frame, sheet, blanket = wood(rng), pick(rng, WHITES), paint(rng, 0.5, 0.8)
    fold, head = rng.uniform(0.34, 0.48), rng.uniform(0.0, 0.12)
    for x in (0.03, 0.92):
        pen.rectangle(x, 0.7, x + 0.05, 1.0, shade(frame, 0.7))
    pen.rectangle(0.0, head, 0.08, 0.9, frame, 0.03)
    pen.rectangle(0.05, 0.72, 0.97, 0.86, frame)
    pen.rectangle(0.08, 0.46, 0.95, 0.74, sheet, 0.04)
    pen.blob([(0.09, 0.44), (0.11, 0.3), (0.2, 0.28), (0.3, 0.36), (0.3, 0.46), (0.2, 0.48)], shade(sheet, 0.95))
    pen.line([(0.1, 0.49), (0.31, 0.49)], 0.02, shade(sheet, 0.65))
    pen.polygon([(fold, 0.4), (0.6, 0.38), (0.94, 0.42), (0.955, 0.8), (0.8, 0.77), (0.62, 0.81), (fold + 0.01, 0.78)], blanket)
    pen.polygon([(fold, 0.4), (fold + 0.09, 0.39), (fold + 0.1, 0.785), (fold + 0.01, 0.78)], shade(blanket, 1.6))
    for x in (0.62, 0.78):
        pen.line([(x, 0.46), (x + 0.02, 0.77)], 0.015, shade(blanket, 0.65))
    pen.rectangle(0.93, rng.uniform(0.26, 0.4), 1.0, 0.9, frame, 0.03)


@drawing(aspect=1.55, height=0.48)
def table(pen: Pen, rng: np.random.Generator) -> None:
    """A table: a top seen from a little above and four thin legs."""
    top = wood(rng)
    inset, edge = rng.uniform(0.1, 0.18), rng.uniform(0.2, 0.3)
    thick = rng.uniform(0.06, 0.1)
    for x in (inset + 0.06, 1 - inset - 0.06):
        taper(pen, x, edge, 0.06, x, 0.86, 0.04, shade(top, 0.5))
    for x in (0.07, 0.93):
        taper(pen, x, edge, thick, x, 1.0, thick * 0.65, shade(top, 0.8))
    pen.polygon([(inset, 0.02), (1 - inset, 0.02), (1.0, edge), (0.0, edge)], shade(top, 1.5))
    for t in (0.35, 0.65):
        y = 0.02 + (edge - 0.02) * t
        pen.line([(inset * (1 - t) + 0.04, y), (0.96 - inset * (1 - t), y)], 0.012, shade(top, 1.1))
    pen.rectangle(0.0, edge, 1.0, edge + 0.09, top)
    pen.rectangle(0.08, edge + 0.09, 0.92, edge + 0.17, shade(top, 0.65))


@drawing(aspect=0.58, height=0.6)
def chair(pen: Pen, rng: np.random.Generator) -> None:
    """A chair seen from the front and the side: a barred back, a seat and four legs."""
    frame = wood(rng)
    seat = paint(rng, 0.55, 0.85)
    level = rng.uniform(0.48, 0.57)
    for x in (0.12, 0.72):
        pen.rectangle(x, 0.0, x + 0.09, 0.9, shade(frame, 0.85), 0.03)
    pen.rectangle(0.1, 0.02, 0.83, 0.12, frame, 0.04)
    pen.rectangle(0.12, 0.36, 0.8, 0.41, frame)
    if rng.uniform() < 0.3:
        pen.rectangle(0.25, 0.16, 0.68, 0.37, seat, 0.05)
    for x in np.linspace(0.29, 0.61, int(rng.integers(2, 4))):
        pen.rectangle(x, 0.1, x + 0.05, 0.4, frame)
    for x in (0.06, 0.87):
        pen.rectangle(x, level, x + 0.11, 1.0, shade(frame, 0.7))
    pen.line([(0.12, 0.8), (0.92, 0.8)], 0.03, shade(frame, 0.7))
    pen.polygon([(0.14, level - 0.07), (0.82, level - 0.07), (1.0, level + 0.03), (0.02, level + 0.03)], seat)
    pen.rectangle(0.02, level + 0.03, 1.0, level + 0.09, shade(frame, 0.9))


@drawing(aspect=0.68, height=0.42)
def stool(pen: Pen, rng: np.random.Generator) -> None:
    """A stool: a round seat on splayed legs with a rung, no back."""
    frame, seat = wood(rng), paint(rng, 0.6, 0.85)
    splay, rung = rng.uniform(0.0, 0.1), rng.uniform(0.55, 0.75)
    taper(pen, 0.5, 0.2, 0.08, 0.5, 0.9, 0.07, shade(frame, 0.55))
    pen.rectangle(0.18, rung, 0.82, rung + 0.06, shade(frame, 0.75))
    for side in (-1, 1):
        taper(pen, 0.5 + side * 0.28, 0.2, 0.1, 0.5 + side * (0.36 + splay), 1.0, 0.08, frame)
    pen.ellipse(0.5, 0.19, 0.46, 0.13, shade(seat, 0.55))
    pen.ellipse(0.5, 0.13, 0.46, 0.13, seat)
    pen.ellipse(0.42, 0.1, 0.22, 0.05, shade(seat, 1.5))


@drawing(aspect=1.9, height=0.55)
def sofa(pen: Pen, rng: np.random.Generator) -> None:
    """A sofa from the front: a back, two round arms, seat cushions, small feet."""
    cloth = paint(rng, 0.5, 0.75)
    count = int(rng.integers(2, 4))
    arm, back = rng.uniform(0.28, 0.4), rng.uniform(0.0, 0.1)
    for x in (0.06, 0.9):
        pen.rectangle(x, 0.9, x + 0.04, 1.0, DARK)
    pen.rectangle(0.07, back, 0.93, 0.7, shade(cloth, 0.7), 0.12)
    for index in range(count):
        x, width = 0.14 + index * 0.72 / count, 0.72 / count
        pen.rectangle(x + 0.006, back + 0.08, x + width - 0.006, 0.6, shade(cloth, 0.88), 0.06)
        pen.ellipse(x + width / 2, 0.32, 0.012, 0.022, shade(cloth, 0.4))
        pen.rectangle(x + 0.005, 0.54, x + width - 0.005, 0.72, shade(cloth, 1.45), 0.05)
    pen.rectangle(0.1, 0.72, 0.9, 0.92, shade(cloth, 0.8))
    for x in (0.0, 0.86):
        pen.rectangle(x, arm, x + 0.14, 0.93, cloth, 0.07)
        pen.ellipse(x + 0.07, arm + 0.12, 0.045, 0.085, shade(cloth, 1.5))
    if rng.uniform() < 0.5:
        pen.within(0.17, 0.26, 0.13, 0.28, rng.uniform(-0.3, 0.3)).rectangle(0, 0, 1, 1, paint(rng, 0.8, 0.95), 0.2)


@drawing(aspect=0.72, height=1.25)
def wardrobe(pen: Pen, rng: np.random.Generator) -> None:
    """A wardrobe: a wide cornice, two panelled doors with knobs, a drawer, feet."""
    body = wood(rng)
    drawer = rng.uniform(0.7, 0.8)
    for x in (0.08, 0.8):
        pen.polygon([(x, 0.92), (x + 0.14, 0.92), (x + 0.1, 1.0), (x + 0.04, 1.0)], shade(body, 0.5))
    pen.rectangle(0.06, 0.06, 0.94, 0.94, body)
    pen.polygon([(0.3, 0.04), (0.5, 0.0), (0.7, 0.04), (1.0, 0.04), (0.95, 0.11), (0.05, 0.11), (0.0, 0.04)], shade(body, 1.35))
    for x in (0.11, 0.52):
        pen.rectangle(x, 0.15, x + 0.37, drawer, shade(body, 0.75))
        for y0, y1 in ((0.19, 0.42), (0.47, drawer - 0.04)):
            pen.rectangle(x + 0.06, y0, x + 0.31, y1, shade(body, 1.6))
            pen.rectangle(x + 0.09, y0 + 0.02, x + 0.31, y1, shade(body, 1.15))
    pen.rectangle(0.485, 0.14, 0.515, drawer, DARK)
    for x in (0.44, 0.56):
        pen.ellipse(x, 0.46, 0.025, 0.02, (0.95, 0.85, 0.5))
    pen.rectangle(0.11, drawer + 0.03, 0.89, 0.91, shade(body, 0.75))
    for x in (0.3, 0.7):
        pen.ellipse(x, drawer / 2 + 0.47, 0.03, 0.02, (0.95, 0.85, 0.5))


@drawing(aspect=1.85, height=0.5)
def pool_table(pen: Pen, rng: np.random.Generator) -> None:
    """A pool table: green cloth in a thick wooden rim with pockets, balls, stout legs."""
    rim, cloth = wood(rng), pick(rng, [(0.1, 0.5, 0.25), (0.12, 0.45, 0.3)], 0.04)
    inset = rng.uniform(0.1, 0.14)
    for x, tone in ((0.2, 0.4), (0.8, 0.4), (0.07, 0.75), (0.93, 0.75)):
        taper(pen, x, 0.6, 0.1, x, 0.93 if tone < 0.5 else 1.0, 0.07, shade(rim, tone))
        pen.rectangle(x - 0.05, 0.88 if tone > 0.5 else 0.84, x + 0.05, 1.0 if tone > 0.5 else 0.93, shade(rim, tone))
    pen.polygon([(inset, 0.0), (1 - inset, 0.0), (1.0, 0.46), (0.0, 0.46)], rim)
    pen.polygon([(inset + 0.03, 0.06), (0.97 - inset, 0.06), (0.93, 0.39), (0.07, 0.39)], cloth)
    for x, y in ((inset + 0.03, 0.06), (0.5, 0.05), (0.97 - inset, 0.06), (0.065, 0.39), (0.5, 0.41), (0.935, 0.39)):
        pen.ellipse(x, y, 0.032, 0.045, (0.03, 0.03, 0.03))
    pen.rectangle(0.0, 0.46, 1.0, 0.68, shade(rim, 0.65))
    pen.rectangle(0.0, 0.46, 1.0, 0.5, shade(rim, 1.4))
    for _ in range(6):
        pen.ellipse(rng.uniform(0.22, 0.78), rng.uniform(0.13, 0.34), 0.022, 0.04, paint(rng, 0.8, 1.0))
    pen.ellipse(rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.33), 0.024, 0.043, (0.98, 0.98, 0.95))


@drawing(aspect=1.7, height=0.5)
def bench(pen: Pen, rng: np.random.Generator) -> None:
    """A park bench: slats with gaps for back and seat, iron legs and arm rests."""
    slat, iron = shade(wood(rng), rng.uniform(1.1, 1.4)), shade(pick(rng, METALS), 0.35)
    count = int(rng.integers(2, 4))
    for x in (0.1, 0.86):
        pen.rectangle(x, 0.02, x + 0.04, 0.62, iron)
    for index in range(count):
        y = 0.04 + index * 0.42 / count
        pen.rectangle(0.02, y, 0.98, y + 0.42 / count - 0.06, shade(slat, 0.9), 0.02)
    for index, y in enumerate((0.54, 0.63)):
        pen.rectangle(0.05 - index * 0.04, y, 0.95 + index * 0.04, y + 0.065, slat)
    for side in (-1, 1):
        x = 0.5 + side * 0.43
        pen.line([(x, 0.7), (x + side * 0.02, 1.0)], 0.045, iron)
        pen.line([(x - side * 0.1, 0.7), (x - side * 0.13, 0.92)], 0.035, shade(iron, 0.8))
        pen.line([(x - side * 0.05, 0.36), (x + side * 0.05, 0.38), (x + side * 0.02, 0.68)], 0.035, iron)


@drawing(aspect=0.74, height=1.2)
def bookcase(pen: Pen, rng: np.random.Generator) -> None:
    """A bookcase: open shelves full of upright spines of many heights, now and then one that leans."""
    body, shelves, rail = wood(rng), int(rng.integers(3, 5)), 0.045
    covers = [hsv(rng.uniform(), rng.uniform(0.2, 0.55), rng.uniform(0.4, 0.85)) for _ in range(5)]
    pen.rectangle(0.04, 0.02, 0.96, 1.0, body)
    pen.rectangle(0.0, 0.0, 1.0, 0.05, shade(body, 1.4))
    room = (0.93 - 0.05) / shelves
    for shelf in range(shelves):
        top, floor = 0.05 + shelf * room, 0.05 + (shelf + 1) * room - rail
        pen.rectangle(0.09, top, 0.91, floor, shade(body, 0.3))
        x, end = 0.1, rng.uniform(0.62, 0.88)
        while x < end:
            width, tall = rng.uniform(0.08, 0.12), (floor - top) * rng.uniform(0.66, 0.94)
            right = min(x + width, 0.9) - 0.012
            pen.rectangle(x, floor - tall, right, floor, pick(rng, covers))
            pen.rectangle(x, floor - tall * 0.8, right, floor - tall * 0.68, pick(rng, WHITES))
            x += width
        if x < 0.8:
            pen.line([(x + 0.09, floor - 0.01), (x + 0.02, floor - (floor - top) * 0.75)], 0.06, pick(rng, covers))
