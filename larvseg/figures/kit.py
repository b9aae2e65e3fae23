"""A page of a figure: heading, explanation, panels and notes. Matplotlib lays it out, in the style of style.mplstyle."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from larvseg.figures.colours import BASE, GREY, INK, NOVEL, RULE, Colour, ink_on
from larvseg.files import replacing

DPI = 72  # as in style.mplstyle: a point is a pixel
WIDTH, MARGIN = 1240, 28  # pixels
TEXT, SMALL = 13, 12  # pixels high
LINE, LONGEST = 19, 240  # pixels from one line of the explanation to the next, letters in one
NOTES, BETWEEN = 52, 32  # pixels for the notes below the panels, between parts of a page


@contextmanager
def styled() -> Iterator[None]:
    """The style of all figures, as a context or a decorator. Settings of the user's matplotlib do not count."""
    with matplotlib.style.context("larvseg.figures.style", after_reset=True):
        yield


def page(
    title: str, explanation: str, height: float, width: float = WIDTH, notes: str = "", apart: tuple[float, float] = (12, 12)
) -> Figure:
    """A page with `height` pixels for panels between the explanation and the notes; `apart`: of panels, to the side and upwards."""
    lines = textwrap.wrap(explanation.replace("rule S", "rule\u00a0S"), min(int((width - 2 * MARGIN) / 7.4), LONGEST))
    below = NOTES if notes else MARGIN
    above = heading_height(len(lines))
    width, whole = round(width), round(above + height + below)
    figure = Figure(figsize=(width / DPI, whole / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    side, up = apart[0] / 2, apart[1] / 2  # free around every panel; the outer ones reach to the margins all the same
    body = ((MARGIN - side) / width, (below - up) / whole, 1 - 2 * (MARGIN - side) / width, (height + 2 * up) / whole)
    spaces = {"w_pad": side / DPI, "h_pad": up / DPI, "wspace": 0, "hspace": 0}
    figure.set_layout_engine("constrained", rect=body, **spaces)
    _write(figure, MARGIN + 18, title, 22, INK)
    for number, line in enumerate(lines):
        _write(figure, MARGIN + 46 + LINE * number, line, 14, GREY)
    _write(figure, whole - 16, notes, SMALL, GREY)
    return figure


def parted(
    title: str, explanation: str, heights: Sequence[float], width: float = WIDTH, notes: str = "", apart: tuple[float, float] = (12, 12)
) -> tuple[Figure, list[SubFigure]]:
    """A page in parts, one below the other; `heights`: pixels for the panels of each."""
    figure = page(title, explanation, sum(heights) + BETWEEN * (len(heights) - 1), width, notes, apart)
    ratios = [each for height in heights for each in (BETWEEN, height)][1:]
    return figure, list(figure.subfigures(len(ratios), 1, squeeze=False, height_ratios=ratios)[::2, 0])


def heading_height(lines: int) -> float:
    """Pixels from the top of a page to its panels, where the explanation has so many lines."""
    return MARGIN + 58 + LINE * lines


def _write(figure: Figure, y: float, text: str, size: float, colour: Colour) -> None:
    width, height = figure.get_size_inches() * DPI
    figure.text(MARGIN / width, 1 - y / height, text, size=size, color=colour)


@styled()
def save(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` as PNG, without a time or a version: the same figure gives the same bytes."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        settle(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def settle(figure: Figure) -> None:
    """Lay `figure` out for good, so that words can be placed between what is there.

    The last digits of places depend on where in memory the solver has them; without these the same figure is the same again.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in figure.findobj(SubFigure):
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(9))
        for text in part.texts:
            text.set_position(np.round(text.get_position(), 9))
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 9))
        axes.apply_aspect()


def titled(axes: Axes, title: str, below: str = "", size: float = 17, colour: Colour = INK) -> None:
    """Write a title above `axes`, and a line in grey between them."""
    axes.set_title(title, size=size, color=colour, pad=31 if below else 10)
    axes.annotate(below, (0, 1), (0, 11), xycoords="axes fraction", textcoords="offset points", size=TEXT, color=GREY)


def section(figure: FigureBase, title: str, size: float = 17, colour: Colour = INK) -> None:
    """Write a title above all panels of `figure`, a part of a page."""
    figure.suptitle(title, x=_edge(figure), ha="left", size=size, color=colour)


def ruled(figure: FigureBase) -> None:
    """Draw a thin line above `figure`, a part of a page."""
    above = 1 + 8 / figure.bbox.height
    figure.add_artist(Line2D((_edge(figure), 1 - _edge(figure)), (above, above), color=RULE, linewidth=1))


def _edge(figure: FigureBase) -> float:
    """Where the margin of the page is, as a share of the width of a part of the page, which reaches a little beyond."""
    whole = figure.get_figure(root=True)
    side = whole.get_layout_engine().get()["w_pad"] * DPI
    return side / (whole.bbox.width - 2 * (MARGIN - side))


def base_and_novel(figure: Figure) -> None:
    """Say in the upper right corner of the page which colour is which."""
    dots = [Line2D([], [], marker="o", markersize=9, markeredgewidth=0, linewidth=0, color=colour) for colour in (BASE, NOVEL)]
    corner = 1 - MARGIN / figure.bbox.width, 1 - (MARGIN + 5) / figure.bbox.height
    options = {"ncols": 2, "fontsize": 15, "labelcolor": "linecolor", "columnspacing": 1.2, "bbox_to_anchor": corner}
    figure.legend(dots, ["base", "novel"], loc="upper right", **options).set_in_layout(False)


def legend(axes: Axes, colours: dict[str, Colour], **options) -> None:
    """Say what the `colours` of areas mean, above the left end of `axes` unless `options` say otherwise."""
    options = {"loc": "lower left", "bbox_to_anchor": (0, 1.01), "ncols": len(colours), "labelcolor": GREY, "columnspacing": 1.2, **options}
    axes.legend(handles=[Patch(facecolor=colour, label=name) for name, colour in colours.items()], **options)


def cells(axes: Axes, colours: np.ndarray, texts: Sequence[Sequence[str]], left: float = 0) -> None:
    """Cells of one by one with `texts` in them, from `left` to the right: `colours` (R, C, 3) from 0 to 1."""
    rows, columns = colours.shape[:2]
    axes.imshow(colours, extent=(left, left + columns, rows, 0), aspect="auto", interpolation="nearest")
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            style = {"size": SMALL, "color": ink_on(tuple(colours[row, column])), "ha": "center", "va": "center_baseline"}
            axes.text(left + column + 0.5, row + 0.5, text, **style)
