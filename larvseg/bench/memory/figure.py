"""Figure: the memory of each stage against the number of images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from larvseg.bench.memory.growth import Growth, sizes_of, written_bytes, written_number
from larvseg.bench.memory.stages import PARTS
from larvseg.figures.colours import BASE, GREY, NOVEL, RULE, RUNS
from larvseg.figures.kit import SMALL, page, styled, titled
from larvseg.figures.words import RIM, apart

HEIGHT, LINE = 400, SMALL + 4  # pixels: of a panel with its titles, and from one name of a line to the next
COLOURS = (BASE, NOVEL, *RUNS, GREY)
LEAST = 1.0  # MB where the axis begins; less is the noise between two processes
STEEPNESS = {100: "100 bytes", 1000: "1 KB", 10_000: "10 KB"}  # an image
EXPLANATION = (
    "Each stage in a process of its own, on manifests and archives of as many images: the memory at its peak, beyond what the process "
    "began with, that no file backs. Both axes are logarithmic: what grows with the images climbs along the grey lines, what is flat "
    "does not grow. Dashed: reckoned from the line before, since so many images would take too long. Beside the names: bytes "
    "for each further image."
)


@styled()
def draw(found: Sequence[Growth]) -> Figure:
    """A panel for each part of the project, a line for each stage that was measured."""
    sizes, by_name = sizes_of(found), {growth.stage: growth for growth in found}
    sheet = page("How does memory grow with the number of images?", EXPLANATION, 2 * HEIGHT, apart=(28, 30))
    highest = 3 * max(growth.at(sizes[-1])[0] for growth in found)
    for axes, (part, stages) in zip(sheet.subplots(2, 2).flat, PARTS.items(), strict=True):
        titled(axes, part, "MB ↑")
        axes.set(xscale="log", yscale="log", xlim=(sizes[0], sizes[-1]), ylim=(LEAST, highest))
        powers = 10.0 ** np.arange(0, np.log10(highest))
        axes.yaxis.set(major_locator=FixedLocator(powers), minor_locator=NullLocator())
        axes.yaxis.set_major_formatter(FixedFormatter([f"{power:,.0f}".replace(",", " ") for power in powers]))
        axes.xaxis.set(major_locator=FixedLocator(sizes), minor_locator=NullLocator())
        axes.xaxis.set_major_formatter(FixedFormatter([written_number(number) for number in sizes]))
        axes.set_xlabel("images →", loc="right")
        _steepness(axes, sizes, highest)
        _lines(axes, [by_name[stage.name] for stage in stages if stage.name in by_name], sizes, highest)
    return sheet


def _steepness(axes: Axes, sizes: Sequence[int], highest: float) -> None:
    """Grey lines of so many bytes an image."""
    for each, name in STEEPNESS.items():
        axes.plot((sizes[0], sizes[-1]), (each * sizes[0] / 1e6, each * sizes[-1] / 1e6), color=RULE, linewidth=1, zorder=0)
        place = min(sizes[-1], 0.6 * highest * 1e6 / each) / 1.06
        if place > sizes[0]:
            style = {"size": SMALL - 1, "color": GREY, "ha": "right", "va": "bottom", "zorder": 3, "path_effects": RIM}
            axes.text(place, each * place / 1e6, f"{name} an image", **style)


def _lines(axes: Axes, growths: Sequence[Growth], sizes: Sequence[int], highest: float) -> None:
    ends = [max(growth.at(sizes[-1])[0], LEAST) for growth in growths]
    whole = np.log(highest / LEAST)
    line = LINE / (HEIGHT - 110)  # as a share of the panel, where titles and labels take the rest
    heights = apart([np.log(end / LEAST) / whole for end in ends], line, line / 2, 1 - line / 2)
    for growth, colour, height in zip(growths, COLOURS, heights, strict=False):
        points = [(number, *growth.at(number)) for number in sizes]
        for (left, low, _), (right, high, measured) in pairwise(points):
            style = {"color": colour, "linewidth": 2.5, "linestyle": "-" if measured else (0, (2, 1.2)), "clip_on": False}
            axes.plot((left, right), (max(low, LEAST), max(high, LEAST)), **style)
        place = {"xy": (1, height), "xycoords": "axes fraction", "xytext": (8, 0), "textcoords": "offset points"}
        text = f"{growth.stage}  {written_bytes(growth.bytes_an_image)} B"
        axes.annotate(text, **place, size=SMALL, color=colour, va="center", annotation_clip=False)
