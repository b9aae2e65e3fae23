"""What every drawing of a thing declares: how to draw it, its natural shape and size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from larvseg.miniature.pen import Pen


@dataclass(frozen=True)
class Drawing:
    """A thing that can be drawn into a pen's unit square.

    `aspect` is its natural width over height, `height` its natural size where a standing person is 1.0.
    It stands on y = 1 or, if it `hangs`, is fixed at y = 0 (or to a wall behind it).
    """

    name: str
    draw: Callable[[Pen, np.random.Generator], None]
    aspect: float
    height: float
    hangs: bool = False


def drawing(aspect: float, height: float, hangs: bool = False) -> Callable[[Callable[[Pen, np.random.Generator], None]], Drawing]:
    """Decorator: the function `name(pen, rng)` becomes the `Drawing` of that name."""

    def declare(draw: Callable[[Pen, np.random.Generator], None]) -> Drawing:
        return Drawing(draw.__name__, draw, aspect, height, hangs)

    return declare
