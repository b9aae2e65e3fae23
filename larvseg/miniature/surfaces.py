"""The surfaces of the miniature world: what a region is filled with, recognisable by texture and not by colour alone.

Each `def grass(pen, rng)` fills the unit square of `pen`; y = 0 is the far end of the ground (the upper end of a wall), y = 1 the near one.
A mountain leaves what is above its ridge as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larvseg.miniature.pen import Colour, Pen, pick, shade

Generator = np.random.Generator

STRIP_FAR = 0.25  # a road or path that runs away is this share of its near width at its far end


def sky(pen: Pen, rng: Generator) -> None:
    """Brighter towards the horizon, with heaped clouds."""
    zenith, horizon = _SKIES[int(rng.integers(len(_SKIES)))]
    _gradient(pen, pick(rng, [zenith], 0.04), pick(rng, [horizon], 0.04), 18)
    width, height = pen.size
    for _ in range(int(rng.integers(1, 5))):
        x, y, size = rng.uniform(0, 1), rng.uniform(0.08, 0.7), rng.uniform(0.09, 0.2)
        px, py = x + rng.normal(0, size, 7), y - np.abs(rng.normal(0, size * 0.2, 7)) * width / height
        radius = rng.uniform(0.35, 0.8, 7) * size * width
        for below, colour in ((0.12, shade(horizon, 0.86)), (0.0, shade(horizon, 3.0))):
            _dots(pen, px, py + below * size, radius, colour, corners=20)


def grass(pen: Pen, rng: Generator) -> None:
    """Tufts of blades, larger towards the viewer; now and then flowers."""
    green = pick(rng, [(0.42, 0.62, 0.26), (0.35, 0.55, 0.22), (0.5, 0.63, 0.28)], 0.04)
    _gradient(pen, shade(green, 1.25), shade(green, 0.85), 6)
    x, y, near = _scatter(rng, 95, 0.02)
    _blades(pen, rng, x, y, near, 2.2 + 4.5 * near, green)
    if rng.random() < 0.3:
        x, y, near = _scatter(rng, 14, 0.2)
        petals = pick(rng, [(0.98, 0.95, 0.9), (0.98, 0.85, 0.3), (0.9, 0.45, 0.5)], 0.03)
        _dots(pen, x, y, 0.4 + 0.5 * near, petals)


def road(pen: Pen, rng: Generator) -> None:
    """Asphalt with a dashed lane marking and edge lines: running away where it is narrow, from side to side where it is wide."""
    grey = float(rng.uniform(0.32, 0.48))
    asphalt = (grey, grey, grey * 1.06)
    _gradient(pen, shade(asphalt, 1.2), asphalt, 5)
    x, y, near = _scatter(rng, 50, 0.02)
    _dots(pen, x, y, 0.2 + 0.45 * near, shade(asphalt, 0.8))
    white = pick(rng, [(0.93, 0.93, 0.9), (0.95, 0.83, 0.35)], 0.03)
    width, height = pen.size
    if width > 2.2 * height:
        pen.rectangle(0, 0.0, 1, 0.07, shade(asphalt, 2.2))
        middle, dash = rng.uniform(0.42, 0.58), rng.uniform(0.1, 0.16)
        for left in np.arange(-rng.uniform(0, dash), 1, dash * 1.9):
            pen.polygon(
                [
                    (left + 0.02, middle - 0.045),
                    (left + dash + 0.02, middle - 0.045),
                    (left + dash, middle + 0.045),
                    (left, middle + 0.045),
                ],
                white,
            )
        return
    vanish = 0.5
    for edge in (0.06, 0.94):
        pen.polygon([_towards(vanish, edge - 0.015, 0), _towards(vanish, edge + 0.015, 0), (edge + 0.03, 1), (edge - 0.03, 1)], white)
    dashes = np.linspace(0, 1, 6) ** 1.7
    for top, bottom in zip(dashes[:-1], dashes[1:], strict=True):
        bottom = top + 0.55 * (bottom - top)
        pen.polygon(
            [_towards(vanish, 0.465, top), _towards(vanish, 0.535, top), _towards(vanish, 0.535, bottom), _towards(vanish, 0.465, bottom)],
            white,
        )


def wall_plain(pen: Pen, rng: Generator) -> None:
    """Concrete panels, striped or dotted wallpaper, or mottled plaster, above a skirting board."""
    paint = pick(
        rng, [(0.86, 0.82, 0.74), (0.78, 0.8, 0.8), (0.72, 0.79, 0.74), (0.85, 0.75, 0.7), (0.74, 0.76, 0.84), (0.9, 0.88, 0.84)], 0.04
    )
    _gradient(pen, shade(paint, 0.92), shade(paint, 1.1), 6)
    width, height = pen.size
    kind, contrast = int(rng.integers(4)), rng.uniform(0.84, 0.93)
    if kind == 0:
        step = rng.uniform(16, 26)
        for x in np.arange(rng.uniform(0.2, 0.9) * step, width, step):
            _bar(pen, x / width, 0, x / width + 0.6 / width, 1, shade(paint, contrast * 0.9))
            for dx in (-0.2, 0.2):
                _dots(pen, np.array([x + dx * step] * 2) / width, np.array([0.25, 0.7]), np.array([0.6, 0.6]), shade(paint, contrast * 0.8))
        _bar(pen, 0, 0.47, 1, 0.47 + 0.6 / height, shade(paint, contrast * 0.9))
    elif kind == 1:
        step = rng.uniform(5, 9)
        for x in np.arange(0, width, step):
            _bar(pen, x / width, 0, (x + step * 0.45) / width, 1, shade(paint, contrast))
    elif kind == 2:
        step = rng.uniform(6, 9)
        columns, rows = np.meshgrid(np.arange(0, width + step, step), np.arange(2, height, step))
        columns = columns + step / 2 * (np.arange(len(rows)) % 2)[:, None]
        _dots(pen, columns.ravel() / width, rows.ravel() / height, np.full(columns.size, 1.1), shade(paint, contrast * 0.95))
    else:
        rail, step = rng.uniform(0.5, 0.62), rng.uniform(13, 19)
        _bar(pen, 0, rail, 1, 1, shade(paint, 0.8))
        _bar(pen, 0, rail, 1, rail + 1.6 / height, shade(paint, 1.7))
        for x in np.arange(rng.uniform(-0.8, 0) * step, width, step):
            left, right, top = max(x + 2, 0), x + step - 1, rail + 3.5 / height
            if right > left:
                _bar(pen, left / width, top, right / width, 0.93, shade(paint, 0.66))
                _bar(pen, (left + 0.7) / width, top + 0.7 / height, right / width, 0.93, shade(paint, 0.87))
    skirting = min(0.12, 3.2 / height)
    _bar(pen, 0, 1 - skirting, 1, 1, shade(paint, 1.9))
    _bar(pen, 0, 1 - skirting, 1, 1 - skirting * 0.75, shade(paint, 0.75))


def wall_brick(pen: Pen, rng: Generator) -> None:
    """Courses of bricks in running bond."""
    clay = pick(rng, [(0.66, 0.33, 0.24), (0.72, 0.45, 0.32), (0.56, 0.33, 0.28), (0.7, 0.62, 0.52)], 0.04)
    pen.rectangle(0, 0, 1, 1, shade(clay, 1.9 if rng.random() < 0.7 else 0.6))
    width, height = pen.size
    tall = rng.uniform(3.6, 5.0)
    long = tall * rng.uniform(2.0, 2.5)
    gap = 0.75
    rows, columns = np.arange(0, height, tall), np.arange(-1, np.ceil(width / long) + 1)
    left = (columns[None, :] + 0.5 * (np.arange(len(rows)) % 2)[:, None]) * long
    top = np.broadcast_to(rows[:, None], left.shape)
    boxes = _boxes(left.ravel() / width, top.ravel() / height, (long - gap) / width, (tall - gap) / height)
    pen.polygons(boxes, np.array(clay) * rng.normal(1.0, 0.09, (len(boxes), 1)))


def floor_wood(pen: Pen, rng: Generator) -> None:
    """Boards that run towards a point behind the wall, with staggered ends."""
    wood = pick(rng, [(0.64, 0.44, 0.27), (0.76, 0.58, 0.38), (0.5, 0.33, 0.21), (0.7, 0.52, 0.36)], 0.04)
    pen.rectangle(0, 0, 1, 1, shade(wood, 0.6))
    vanish, count = rng.uniform(0.3, 0.7), int(rng.integers(15, 22))
    edges = np.linspace(-0.9, 1.9, count * 2)
    gap = (edges[1] - edges[0]) * 0.07
    shapes, tones = [], []
    for left, right in zip(edges[:-1] + gap, edges[1:], strict=True):
        ends = np.concatenate([[0.0], np.sort(rng.uniform(0.05, 1, 2)), [1.02]])
        for top, bottom in zip(ends[:-1], ends[1:], strict=True):
            shapes.append(
                [
                    _floor(vanish, left, top),
                    _floor(vanish, right, top),
                    _floor(vanish, right, bottom - 0.015),
                    _floor(vanish, left, bottom - 0.015),
                ]
            )
            tones.append(rng.normal(1.0, 0.09))
    pen.polygons(np.array(shapes), np.array(wood) * np.array(tones)[:, None])


def floor_tile(pen: Pen, rng: Generator) -> None:
    """Square tiles in two tones, in perspective, with grout."""
    light = pick(rng, [(0.87, 0.86, 0.82), (0.8, 0.84, 0.86), (0.88, 0.8, 0.72)], 0.03)
    dark = pick(rng, [(0.55, 0.57, 0.6), (0.68, 0.5, 0.42), (0.45, 0.55, 0.58), light], 0.03)
    pen.rectangle(0, 0, 1, 1, shade(light, 0.62))
    vanish, gap = rng.uniform(0.35, 0.65), 0.045
    across, along = np.arange(-7, 8) * rng.uniform(0.15, 0.22) + 0.5, np.linspace(0, 1, int(rng.integers(5, 8))) ** 1.45
    shapes, colours = [], []
    for row, (top, bottom) in enumerate(zip(along[:-1], along[1:], strict=True)):
        bottom -= gap * (bottom - top) * 2
        for column, (left, right) in enumerate(zip(across[:-1], across[1:], strict=True)):
            right -= gap * (right - left) * 2
            shapes.append(
                [_floor(vanish, left, top), _floor(vanish, right, top), _floor(vanish, right, bottom), _floor(vanish, left, bottom)]
            )
            colours.append(np.array(light if (row + column) % 2 else dark) * rng.normal(1, 0.02))
    pen.polygons(np.array(shapes), np.array(colours))


def sea(pen: Pen, rng: Generator) -> None:
    """Rows of short waves, darker towards the horizon, with a few crests of foam."""
    deep = pick(rng, [(0.14, 0.36, 0.56), (0.1, 0.42, 0.52), (0.22, 0.42, 0.52), (0.2, 0.34, 0.5)], 0.03)
    _gradient(pen, shade(deep, 0.9), shade(deep, 1.45), 10)
    x, y, near = _scatter(rng, 75, 0.03)
    lighter = rng.random(75) < 0.6
    _arcs(pen, x, y, 3.0 + 8.0 * near, 0.6 + 0.9 * near, np.where(lighter[:, None], shade(deep, 1.8), shade(deep, 0.72)))
    x, y, near = _scatter(rng, 9, 0.15)
    _arcs(pen, x, y, 2.0 + 5.0 * near, 0.8 + 1.0 * near, (0.95, 0.97, 0.97))


def mountain(pen: Pen, rng: Generator) -> None:
    """A ridge of peaks with a lit and a shaded side and snow on top, before a paler far range."""
    rock = pick(rng, [(0.42, 0.43, 0.5), (0.47, 0.42, 0.4), (0.36, 0.43, 0.45), (0.5, 0.46, 0.5)], 0.03)
    snow_line = rng.uniform(0.25, 0.5) if rng.random() < 0.8 else 0.0
    far = np.column_stack([np.linspace(-0.1, 1.1, 9), rng.uniform(0.35, 0.62, 9)])
    pen.polygon([(-0.1, 1), *far, (1.1, 1)], shade(rock, 1.5))
    count = int(rng.integers(2, 5))
    peaks = np.column_stack([(np.arange(count) + rng.uniform(0.2, 0.8, count)) / count, rng.uniform(0.03, 0.35, count)])
    for x, y in peaks[np.argsort(peaks[:, 1])]:
        spread = (1 - y) * rng.uniform(0.4, 0.6)
        _peak(pen, rng, x, y, spread, rock, snow_line)


def sand(pen: Pen, rng: Generator) -> None:
    """Curved ripples, grains and a few pebbles."""
    beige = pick(rng, [(0.87, 0.77, 0.57), (0.82, 0.69, 0.5), (0.9, 0.82, 0.66)], 0.03)
    _gradient(pen, shade(beige, 1.15), shade(beige, 0.95), 5)
    x = np.linspace(-0.02, 1.02, 15)
    for depth in np.linspace(0.1, 1.0, 8) ** 1.4:
        phase, waves = rng.uniform(0, 6.3), rng.uniform(9, 17)
        y = depth + 0.03 * (0.4 + depth) * np.sin(x * waves + phase)
        thick = 0.012 + 0.02 * depth
        pen.polygon(np.concatenate([np.column_stack([x, y]), np.column_stack([x, y + thick])[::-1]]), shade(beige, 0.86))
    x, y, near = _scatter(rng, 55, 0.02)
    _dots(pen, x, y, 0.25 + 0.35 * near, shade(beige, 0.75))
    x, y, near = _scatter(rng, 5, 0.2)
    _dots(pen, x, y, 0.7 + 0.8 * near, pick(rng, [(0.95, 0.92, 0.88), (0.6, 0.55, 0.5)], 0.05))


def field(pen: Pen, rng: Generator) -> None:
    """Furrows of ploughed earth that run to the horizon, with rows of crop between them."""
    soil = pick(rng, [(0.52, 0.38, 0.25), (0.58, 0.44, 0.28), (0.45, 0.34, 0.25)], 0.03)
    crop = pick(rng, [(0.45, 0.58, 0.22), (0.82, 0.7, 0.3), (0.6, 0.65, 0.25)], 0.04)
    _gradient(pen, shade(soil, 1.15), soil, 4)
    vanish, step = rng.uniform(0.2, 0.8), rng.uniform(0.15, 0.2)
    centres = np.arange(-1.6, 2.6, step)

    def rows(left: float, right: float) -> np.ndarray:
        corners = [(left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0)]
        return np.stack(
            [np.column_stack(_furrow(vanish, centres + across * step, np.full(len(centres), near))) for across, near in corners], 1
        )

    pen.polygons(rows(-0.28, 0.28), crop)
    pen.polygons(rows(0.28, 0.4), shade(soil, 0.7))
    near = np.repeat(np.linspace(0.12, 1, 8) ** 1.3, len(centres))
    x, y = _furrow(vanish, np.tile(centres, 8) + rng.uniform(-0.1, 0.1, len(near)) * step, near)
    inside = (x > -0.02) & (x < 1.02)
    _blades(pen, rng, x[inside], y[inside], near[inside], 2.2 + 3.2 * near[inside], shade(crop, 0.85))


def dirt_track(pen: Pen, rng: Generator) -> None:
    """Earth with two wheel ruts, stones and a worn middle."""
    earth = pick(rng, [(0.6, 0.45, 0.3), (0.66, 0.5, 0.35), (0.55, 0.4, 0.3)], 0.03)
    _gradient(pen, shade(earth, 1.12), earth, 5)
    near = np.linspace(0, 1, 10)
    for centre in (0.3, 0.7):
        wobble = 0.02 * np.sin(near * rng.uniform(8, 14) + rng.uniform(0, 6))
        left = np.column_stack([[_towards(0.5, centre - 0.07, n)[0] for n in near] + wobble, near])
        right = np.column_stack([[_towards(0.5, centre + 0.07, n)[0] for n in near] + wobble, near])
        pen.polygon(np.concatenate([left, right[::-1]]), shade(earth, 0.74))
        rungs = np.linspace(0.05, 1, 14) ** 1.4
        shapes = [
            [
                _towards(0.5, centre - 0.06, y),
                _towards(0.5, centre + 0.06, y),
                _towards(0.5, centre + 0.06, y + 0.02),
                _towards(0.5, centre - 0.06, y + 0.02),
            ]
            for y in rungs
        ]
        pen.polygons(np.array(shapes), shade(earth, 0.62))
    x, y, near = _scatter(rng, 26, 0.05)
    _dots(pen, x, y, 0.4 + 0.9 * near, shade(earth, 0.7))
    _dots(pen, x - 0.004, y - 0.012, 0.35 + 0.7 * near, shade(earth, 1.5))


def path(pen: Pen, rng: Generator) -> None:
    """Flagstones laid in rows, in perspective."""
    stone = pick(rng, [(0.72, 0.7, 0.66), (0.78, 0.72, 0.62), (0.66, 0.64, 0.64)], 0.03)
    pen.rectangle(0, 0, 1, 1, shade(stone, 0.62))
    shapes, tones = [], []
    rows = np.linspace(0, 1, int(rng.integers(8, 11))) ** 1.4
    for row, (top, bottom) in enumerate(zip(rows[:-1], rows[1:], strict=True)):
        cuts = np.concatenate([[-0.1], (np.arange(1, 4) + (0.5 if row % 2 else 0) + rng.uniform(-0.15, 0.15, 3)) / 4 - 0.06, [1.1]])
        bottom -= 0.16 * (bottom - top)
        for left, right in zip(cuts[:-1], cuts[1:], strict=True):
            left, right = left + 0.025, right - 0.025
            cut = 0.25 * (right - left)
            # corners cut off: a rounded stone
            outline = [
                (left + cut, top),
                (right - cut, top),
                (right, (top + bottom) / 2),
                (right - cut, bottom),
                (left + cut, bottom),
                (left, (top + bottom) / 2),
            ]
            shapes.append([_towards(0.5, x, y) for x, y in outline])
            tones.append(rng.normal(1.0, 0.07))
    pen.polygons(np.array(shapes), np.array(stone) * np.array(tones)[:, None])


def snow(pen: Pen, rng: Generator) -> None:
    """Drifts with bluish shadows, and a line of footprints."""
    white = pick(rng, [(0.93, 0.95, 0.98), (0.9, 0.94, 0.97)], 0.015)
    _gradient(pen, shade(white, 0.94), white, 5)
    x = np.linspace(-0.1, 1.1, 25)
    for depth in np.linspace(0.08, 0.95, 6) ** 1.2:
        crest = depth + 0.05 * np.sin(x * rng.uniform(4, 8) + rng.uniform(0, 6.3))
        fade = 0.05 + 0.07 * depth
        for part, tone in ((1.0, 0.95), (0.55, 0.89)):
            thick = fade * part * np.clip(np.sin(x * rng.uniform(3, 6) + rng.uniform(0, 6.3)), 0.05, 1)
            pen.polygon(
                np.concatenate([np.column_stack([x, crest]), np.column_stack([x, crest + thick])[::-1]]),
                (white[0] * tone * 0.95, white[1] * tone * 0.98, white[2]),
            )
    start, end = rng.uniform(0.1, 0.9, 2)
    depth = np.linspace(0.15, 1.0, 13) ** 1.4
    steps = start + (end - start) * depth + np.where(np.arange(13) % 2, 0.012, -0.012)
    _dots(pen, steps, depth, 0.4 + 0.9 * depth, (white[0] * 0.7, white[1] * 0.78, white[2] * 0.88))


SURFACES: dict[str, Callable[[Pen, Generator], None]] = {
    function.__name__: function
    for function in (sky, grass, road, wall_plain, wall_brick, floor_wood, floor_tile, sea, mountain, sand, field, dirt_track, path, snow)
}

_SKIES = [
    ((0.33, 0.56, 0.86), (0.75, 0.87, 0.96)),
    ((0.25, 0.5, 0.8), (0.82, 0.9, 0.95)),
    ((0.62, 0.7, 0.78), (0.86, 0.88, 0.9)),
    ((0.45, 0.55, 0.78), (0.98, 0.84, 0.7)),
    ((0.5, 0.68, 0.86), (0.9, 0.93, 0.93)),
]


def _gradient(pen: Pen, top: Colour, bottom: Colour, bands: int) -> None:
    """Fill the unit square with horizontal bands from `top` to `bottom`."""
    for band, share in enumerate(np.linspace(0, 1, bands)):
        colour = tuple((1 - share) * a + share * b for a, b in zip(top, bottom, strict=True))
        pen.rectangle(0, band / bands, 1, 1, colour)


def _scatter(rng: Generator, count: int, far: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and nearness of `count` points on the ground, denser towards the horizon, sorted from far to near."""
    near = np.sort(rng.uniform(far, 1, count)) ** 1.2
    return rng.uniform(0, 1, count), near, near


def _floor(vanish: float, x: float, near: float) -> tuple[float, float]:
    """A point of the floor whose lines meet at (vanish, −0.6)."""
    return vanish + (x - vanish) * (0.6 + near) / 1.6, near


def _furrow(vanish: float, x: np.ndarray, near: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of open ground whose lines meet just behind the horizon."""
    return vanish + (x - vanish) * (0.15 + near) / 1.15, near


def _towards(vanish: float, x: float, near: float) -> tuple[float, float]:
    """A point of a strip that narrows towards its far end (`STRIP_FAR`), as scenes clip roads and paths."""
    return vanish + (x - vanish) * (STRIP_FAR + (1 - STRIP_FAR) * near), near


def _boxes(left: np.ndarray, top: np.ndarray, width: float, height: float) -> np.ndarray:
    """(n, 4, 2) rectangles, cut at the borders of the unit square."""
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return np.clip(np.stack([np.column_stack(corner) for corner in corners], 1), 0, 1)


def _bar(pen: Pen, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
    pen.rectangle(x0, y0, min(x1, 1.0), min(y1, 1.0), colour)


def _dots(pen: Pen, x: np.ndarray, y: np.ndarray, radius: np.ndarray, colour: Colour, corners: int = 6) -> None:
    """Flat polygons of `radius` (pixels of the finished image) at (x, y)."""
    angle = np.arange(corners) * 2 * np.pi / corners
    width, height = pen.size
    shapes = np.stack(
        [x[:, None] + radius[:, None] / width * np.cos(angle), y[:, None] + 0.7 * radius[:, None] / height * np.sin(angle)], 2
    )
    pen.polygons(shapes, colour)


def _arcs(pen: Pen, x: np.ndarray, y: np.ndarray, length: np.ndarray, height: np.ndarray, colours: np.ndarray | Colour) -> None:
    """Crescents open at the upper side, `length` long and `height` high (pixels of the finished image)."""
    t = np.linspace(-1, 1, 5)
    outline_x = np.concatenate([t, t[::-1]]) / 2
    outline_y = np.concatenate([-(t**2), (0.55 - t**2 * 0.9)[::-1]])
    wide, tall = pen.size
    shapes = np.stack([x[:, None] + length[:, None] / wide * outline_x, y[:, None] + height[:, None] / tall * outline_y], 2)
    pen.polygons(np.clip(shapes, 0, 1), colours)


def _blades(pen: Pen, rng: Generator, x: np.ndarray, y: np.ndarray, near: np.ndarray, tall: np.ndarray, green: Colour) -> None:
    """Tufts of three blades, `tall` pixels of the finished image high, rooted at (x, y)."""
    width, height = pen.size
    wide = 0.45 * tall / width
    rise = tall / height
    points = [(-0.6, -0.7), (-0.25, -0.15), (0, -1), (0.25, -0.15), (0.6, -0.75), (0.3, 0.05), (-0.3, 0.05)]
    shapes = np.stack([np.column_stack([x + wide * dx, y + rise * dy]) for dx, dy in points], 1)
    tone = np.where(rng.random(len(x)) < 0.6, rng.uniform(0.62, 0.8, len(x)), rng.uniform(1.1, 1.3, len(x)))
    pen.polygons(shapes, np.array(green) * tone[:, None])


def _peak(pen: Pen, rng: Generator, x: float, y: float, spread: float, rock: Colour, snow_line: float) -> None:
    """One peak at (x, y): two flanks, a jagged rib between them, snow down to the share `snow_line` of its height."""
    levels = np.linspace(0, 1, 6)
    down = y + (1 - y) * levels

    def side(direction: float, roughness: float) -> np.ndarray:
        return np.column_stack([x + direction * spread * levels + rng.normal(0, roughness, 6) * (levels > 0), down])

    left, right, rib = side(-1, 0.012), side(1, 0.012), side(0.15, 0.035)
    pen.polygon(np.concatenate([left, right[::-1]]), shade(rock, 1.25))
    pen.polygon(np.concatenate([rib, right[::-1]]), shade(rock, 0.72))
    if snow_line > 0:
        _snow_cap(pen, rng, left, rib, snow_line, (0.95, 0.96, 0.98))
        _snow_cap(pen, rng, rib, right, snow_line, (0.76, 0.82, 0.9))


def _snow_cap(pen: Pen, rng: Generator, left: np.ndarray, right: np.ndarray, line: float, colour: Colour) -> None:
    """Snow between two edges from the summit down to a zigzag at about the share `line`."""
    levels = np.linspace(0, 1, 6)

    def edge(points: np.ndarray, level: float) -> np.ndarray:
        return np.array([np.interp(level, levels, points[:, axis]) for axis in (0, 1)])

    zigzag = [
        (1 - share) * edge(left, level) + share * edge(right, level)
        for share, level in zip(np.linspace(0, 1, 5), line + np.array([0, 0.12, -0.06, 0.12, 0]) * rng.uniform(0.5, 1.2), strict=True)
    ]
    steps = np.linspace(0, 1, 4)[:-1] * line
    pen.polygon([*(edge(left, level) for level in steps), *zigzag, *(edge(right, level) for level in steps[::-1])], colour)
