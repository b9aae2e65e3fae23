"""Images as people put them on the web: close-ups, still lifes of things that do not belong together, scenes with little in them, views.

Anything that can be drawn may occur. Neither the mix nor the light nor the scale is that of COCO or of ADE20K.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from larvseg.miniature.chance import choose, expose
from larvseg.miniature.classes import drawn_classes
from larvseg.miniature.domains import DOMAINS
from larvseg.miniature.objects import background
from larvseg.miniature.pen import Canvas, Pen, shade
from larvseg.miniature.places import PLACES, Place
from larvseg.miniature.scenes import Scene, fill
from larvseg.miniature.stage import Stage
from larvseg.miniature.things import THINGS

Generator = np.random.Generator

SIZES = ((96, 72), (72, 96), (96, 96), (120, 80))  # width and height, pixels
SIZE_SHARES = (0.4, 0.25, 0.25, 0.1)

CLOSE_UP, STILL_LIFE, SCENE, ODD, VIEW = range(5)
SHARES = (0.38, 0.14, 0.28, 0.1, 0.1)  # of these kinds of images
PLAIN = 0.35  # of the close-ups and still lifes, as in a shop
COLOURLESS = 0.04
VISIBLE_THING, VISIBLE_SURFACE = 0.01, 0.08  # share of the image from which on something can be seen


@dataclass(frozen=True)
class WebImage:
    """An image, and what can be seen in it: things and surfaces by the names of their drawings, the largest first."""

    image: Image.Image  # H×W RGB
    things: tuple[str, ...]
    surfaces: tuple[str, ...]
    place: Place | None


def draw_web(rng: Generator, frequencies: Mapping[str, float]) -> WebImage:
    """An image of the web; things are drawn by their `frequencies`."""
    kind, size = choose(rng, SHARES), SIZES[choose(rng, SIZE_SHARES)]
    if kind in (CLOSE_UP, STILL_LIFE):
        names = _cast(rng, frequencies, 1 if kind == CLOSE_UP else int(rng.integers(2, 4)))
        style, image = DOMAINS["web"], _before_backdrop(rng, names, *size)
        image = expose(image, rng, style.warmth, style.brightness, style.contrast)
        return WebImage(_perhaps_grey(rng, image), tuple(names), (), None)
    if kind == VIEW:
        place, cast = PLACES[int(rng.integers(len(PLACES)))], []
    elif kind == ODD:
        place, cast = PLACES[int(rng.integers(len(PLACES)))], _cast(rng, frequencies, int(rng.integers(2, 4)))
    else:
        cast = _cast(rng, frequencies, 1)
        fitting = [place for place in PLACES if cast[0] in place.things] or PLACES
        place = fitting[int(rng.integers(len(fitting)))]
        if rng.random() < 0.4:
            company = [(name, weight * frequencies[name]) for name, weight in place.things.items() if name != cast[0]]
            cast.append(company[choose(rng, [weight for _, weight in company])][0])
    stage = Stage(rng, "web", place, *size)
    stage.draw_surfaces()
    return _described(rng, fill(rng, stage, cast))


def _cast(rng: Generator, frequencies: Mapping[str, float], count: int) -> list[str]:
    """`count` different things."""
    names, shares = list(frequencies), np.array(list(frequencies.values()))
    return [names[i] for i in rng.choice(len(names), count, replace=False, p=shares / shares.sum())]


def _before_backdrop(rng: Generator, names: Sequence[str], width: int, height: int) -> Image.Image:
    """Things side by side, each as large as there is room; a single one may run out of the frame."""
    canvas = Canvas(width, height)
    whole = Pen.on(canvas, 0, 0, width, height)
    if rng.random() < PLAIN:
        grey = float(rng.uniform(0.72, 1.0))
        for band in range(12):
            whole.rectangle(0, band / 12, 1, 1, shade((grey, grey, grey), 1 - 0.012 * band))
    else:
        background(whole, rng)
    room = width / len(names)
    for column, name in enumerate(names):
        thing = THINGS[name]
        share = rng.uniform(0.68, 1.08) if len(names) == 1 else rng.uniform(0.72, 0.98)
        wide = share * min(room, height * thing.aspect)
        tall = wide / thing.aspect
        left, top = room * column + (room - wide) * rng.uniform(0.2, 0.8), (height - tall) * rng.uniform(0.3, 0.8)
        pen = Pen.on(canvas, left, top, wide, tall).turned(float(rng.normal(0, 0.12)))
        thing.draw(pen.mirrored() if rng.random() < 0.5 else pen, rng)
    return canvas.image()


def _described(rng: Generator, drawn: Scene) -> WebImage:
    by_label = {one.label: one for one in drawn_classes()}
    labels, pixels = np.unique(drawn.labels, return_counts=True)
    shares = {by_label[label]: count / drawn.labels.size for count, label in sorted(zip(-pixels, labels.tolist(), strict=True)) if label}
    things = tuple(one.name for one, share in shares.items() if one.kind == "thing" and -share >= VISIBLE_THING)
    surfaces = tuple(one.name for one, share in shares.items() if one.kind == "surface" and -share >= VISIBLE_SURFACE)
    return WebImage(_perhaps_grey(rng, drawn.image), things, surfaces, drawn.place)


def _perhaps_grey(rng: Generator, image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB") if rng.random() < COLOURLESS else image
