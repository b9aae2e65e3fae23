"""Pages of plots: laid out in pixels, drawn by matplotlib without a display, the same bytes every time."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.optimize import isotonic_regression

from larvseg.reporting import drawing

DPI = 100
WIDTH, MARGIN, FOOT = 1240, 28, 52
TEXT, SMALL = 13, 12  # pixels high; nothing is smaller
LINE = 19  # from one line of an explanation to the next

Colour = tuple[float, float, float]
Box = tuple[float, float, float, float]  # left, top, width, height


def part(colour: drawing.Colour, of_white: float = 0.0) -> Colour:
    """`colour` as matplotlib takes it, mixed with a share of white."""
    return tuple(value / 255 * (1 - of_white) + of_white for value in colour)


def shade(colour: Colour, percent: float) -> Colour:
    """From nearly white to `colour`; small shares differ more, because most are small."""
    share = (percent / 100) ** 0.6
    return tuple(0.965 * (1 - share) + value * share for value in colour)


def ink_on(ground: Colour) -> Colour | str:
    """White or INK, whichever stands out more from `ground` (relative luminance of WCAG 2)."""
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in ground)
    return INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.21 else "white"


INK, GREY, RULE = map(part, (drawing.INK, drawing.GREY, drawing.RULE))
BASE, NOVEL = part(drawing.BASE), part(drawing.NOVEL)
# of runs: neither blue nor orange, which are base and novel
RUNS = tuple(part(colour) for colour in ((108, 64, 152), (16, 128, 108), (176, 44, 96), (120, 104, 40), (70, 70, 70), (150, 110, 180)))

STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": TEXT * 72 / DPI,
    "axes.labelsize": TEXT * 72 / DPI,
    "xtick.labelsize": SMALL * 72 / DPI,
    "ytick.labelsize": SMALL * 72 / DPI,
    "text.color": INK,
    "axes.labelcolor": GREY,
    "axes.edgecolor": RULE,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": GREY,
    "ytick.labelcolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": part(drawing.RULE, 0.45),
    "grid.linewidth": 0.8,
    "path.simplify": False,
}


class Page:
    """A white page of `width` × `height` pixels; places are counted from its upper left corner."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        """Axes whose data area fills this box."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box, **options)

    def text(self, x: float, y: float, text: str, size: float = TEXT, colour: Colour = INK, **options: Any) -> Text:
        """Write `text` with its left end and baseline at (x, y), unless `options` say otherwise; `size` in pixels."""
        options = {"ha": "left", "va": "baseline", **options}
        return self.figure.text(x / self.width, 1 - y / self.height, text, fontsize=points(size), color=colour, **options)

    def heading(self, title: str, explanation: Sequence[str]) -> None:
        """Write the title and the lines that explain it, `head` pixels high."""
        self.text(MARGIN, MARGIN + 18, title, 22)
        for number, line in enumerate(explanation):
            self.text(MARGIN, MARGIN + 46 + LINE * number, line, 14, GREY)

    def footer(self, text: str) -> None:
        """Write `text` at the lower edge."""
        self.text(MARGIN, self.height - 16, text, SMALL, GREY)


def points(pixels: float) -> float:
    """A size in pixels as matplotlib takes it."""
    return pixels * 72 / DPI


def wrapped(text: str) -> list[str]:
    """The lines of an explanation: none is wider than a page, and "rule S" stands in one of them."""
    return textwrap.wrap(text.replace("rule S", "rule\u00a0S"), int((WIDTH - 2 * MARGIN) / 7.4))


def head(explanation: Sequence[str]) -> int:
    """Where a page goes on below its heading."""
    return MARGIN + 46 + LINE * len(explanation)


def boxes(count: int, top: float, height: float, across: int, left: float = 44, between: float = 110) -> list[Box]:
    """`count` boxes of one size below `top`, up to `across` beside each other: `left` pixels free before each, `between` above each."""
    columns = min(count, across)
    pitch = (WIDTH - 2 * MARGIN + 24) / columns
    places = (divmod(number, columns) for number in range(count))
    return [(MARGIN + pitch * column + left, top + row * (height + between), pitch - left - 24, height) for row, column in places]


@contextmanager
def page(path: Path, width: float, height: float) -> Iterator[Page]:
    """A page to draw on, saved as the PNG `path`. Settings of the user's matplotlib do not count."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        sheet = Page(round(width), round(height))
        yield sheet
        sheet.figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """`places` moved as little as possible (least squares) so that any two are `gap` apart, in the same order, from `low` to `high`.

    The last ones go above `high` where there are too many.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(order))
    moved = isotonic_regression(np.asarray(places, float)[order] - steps).x.clip(low, max(high - gap * (len(order) - 1), low)) + steps
    return moved[order.argsort()].tolist()
