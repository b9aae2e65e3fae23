"""The colours of figures: base and novel, classes of a vocabulary, runs, and shades of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.colors import to_rgb

INK, GREY, RULE = "#222222", "#707070", "#d6d6d6"  # of texts and thin lines, as in style.mplstyle
BASE, NOVEL = "#2b6cb0", "#c85014"  # of the words "base" and "novel", wherever they stand
RUNS = ("#6c4098", "#10806c", "#b02c60", "#786828", "#464646", "#966eb4")  # neither blue nor orange, which are base and novel
UNLABELLED = (235, 235, 235)
COLOURS, FIRST_COLOUR = 1000, (0.85, 0.03, 0.04)  # of classes; the first, in most vocabularies that of walls, is a light sand

Colour = str | tuple[float, ...]  # as matplotlib takes it


def kind_colour(novel: bool) -> str:
    """Of novel and of base categories."""
    return NOVEL if novel else BASE


def tint(colour: Colour, strength: float) -> Colour:
    """`colour` mixed with white: 0 is white, 1 the colour."""
    return tuple(1 + (part - 1) * strength for part in to_rgb(colour))


def shade(colour: Colour, percent: float) -> Colour:
    """From nearly white to `colour`; small shares differ more, because most are small."""
    share = (percent / 100) ** 0.6
    return tuple(0.965 * (1 - share) + part * share for part in to_rgb(colour))


def ink_on(ground: Colour) -> str:
    """White or INK, whichever stands out more from `ground` (relative luminance of WCAG 2)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(ground))
    return INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.21 else "white"


def class_colours(names: Sequence[str], benchmark: Sequence[str]) -> np.ndarray:
    """(N + 1, 3) uint8: of each of `names` the colour that it has in every figure as a class of `benchmark`; −1 takes that of no label.

    The colours of the first few dozen classes of a vocabulary are easy to tell apart.
    """
    position = {name: number for number, name in enumerate(benchmark)}
    places = [position.setdefault(name, len(position)) % COLOURS for name in names]
    return np.array([*(_palette()[place] for place in places), UNLABELLED], np.uint8)


@cache
def _palette() -> tuple[Colour, ...]:
    """Each colour is that which differs most from those before it, in the perceptual space OKLab; none is glaring, grey or nearly black."""
    levels = np.linspace(20, 250, 24).round()
    candidates = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    places = _oklab(candidates / 255)
    chroma = np.hypot(places[:, 1], places[:, 2])
    soft = (chroma > 0.035) & (chroma < 0.14) & (places[:, 0] > 0.42) & (places[:, 0] < 0.9)
    candidates, places = candidates[soft], places[soft]
    chosen = [int(np.abs(places - FIRST_COLOUR).sum(1).argmin())]
    nearest = np.full(len(places), np.inf)
    while len(chosen) < COLOURS:
        nearest = np.minimum(nearest, ((places - places[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(nearest.round(9).argmax()))
    return tuple(tuple(int(part) for part in candidates[i]) for i in chosen)


def _oklab(colours: np.ndarray) -> np.ndarray:
    """(N, 3) sRGB in [0, 1] → (N, 3) lightness and two hue axes, in which distance is about what the eye sees (Ottosson, 2020)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]).T
    return np.cbrt(cones) @ np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]).T
