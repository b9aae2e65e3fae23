"""Things must be told apart by shape: the nearest neighbour among small grey pictures names an unseen drawing."""

from __future__ import annotations

import numpy as np

from larvseg.miniature.pen import Canvas, Pen
from larvseg.miniature.things import THINGS
from larvseg.miniature.things.drawing import Drawing

SIZE = 32
VARIANTS = 12
NEUTRAL = (0.8, 0.8, 0.8)


def grey_picture(thing: Drawing, rng: np.random.Generator) -> np.ndarray:
    """One random drawing, large and centred, mirrored half of the time and slightly turned; (SIZE², ) float32."""
    canvas = Canvas(SIZE, SIZE, NEUTRAL)
    longest = SIZE * rng.uniform(0.82, 0.94)
    width, height = longest * min(thing.aspect, 1), longest / max(thing.aspect, 1)
    middle = SIZE / 2 + rng.uniform(-0.75, 0.75, 2)
    pen = Pen.on(canvas, middle[0] - longest / 2, middle[1] - longest / 2, longest, longest, label=1)
    pen = pen.within(0, 0, 1, 1, rng.uniform(-0.1, 0.1))
    pen = pen.within(0.5 - width / longest / 2, 0.5 - height / longest / 2, width / longest, height / longest)
    thing.draw(pen.mirrored() if rng.uniform() < 0.5 else pen, rng)
    return np.asarray(canvas.picture().convert("L"), dtype=np.float32).ravel()


def grey_pictures(seed: int) -> np.ndarray:
    """(things × VARIANTS, SIZE²), in the order of THINGS."""
    rng = np.random.default_rng(seed)
    return np.stack([grey_picture(thing, rng) for thing in THINGS.values() for _ in range(VARIANTS)])


def test_nearest_neighbour_names_unseen_drawings():
    seen, unseen = grey_pictures(1), grey_pictures(2)
    distances = (unseen**2).sum(1)[:, None] - 2 * unseen @ seen.T + (seen**2).sum(1)[None]
    named = distances.argmin(1) // VARIANTS
    truth = np.arange(len(unseen)) // VARIANTS
    names = list(THINGS)
    confused = sorted({(names[a], names[b]) for a, b in zip(truth[named != truth], named[named != truth], strict=True)})
    assert (named == truth).mean() >= 0.7, confused
