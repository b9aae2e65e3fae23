"""The page of Figure 2: for each image its dots, and beside them a row of response maps of each model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patheffects import withStroke

from larvseg.figures.colours import GREY, INK, kind_colour
from larvseg.figures.figure2.data import Model
from larvseg.figures.images import outline, show
from larvseg.figures.kit import MARGIN, SMALL, TEXT, parted, ruled, settle, styled
from larvseg.figures.words import Words, pill

MAP, TITLE = (242, 178), 52  # pixels: of a response map with the space around it; room for the names of classes
DARK = [withStroke(linewidth=2, foreground=INK)]


@styled()
def draw(models: Sequence[Model], where: str, base: str) -> Figure:
    """The figure; `where` says what it is drawn of, `base` whose classes are base categories."""
    first = models[0]
    explanation = (
        f"{where}. One pixel of each class is marked. Colours: cosines of all pixels' embeddings to that pixel's, from the smallest "
        f"(dark) to the largest (light) of each map; outlined: where the class is. Base: {base} has the class; novel: it has not (rule S)."
    )
    across = 2 + max(len(about["classes"]) for about in first.images)
    high = TITLE + MAP[1] * max(len(models), 2)
    title = "Figure 2 · Do pixel embeddings group classes that were never labelled?"
    figure, parts = parted(title, explanation, [high] * len(first.images), across * MAP[0] + 2 * MARGIN, apart=(8, 8))
    dotted = [_block(part, models, number, across) for number, part in enumerate(parts)]
    settle(figure)
    for number, axes in enumerate(dotted):
        _names(axes, first, number)
    return figure


def _block(part: SubFigure, models: Sequence[Model], number: int, across: int) -> Axes:
    """One image and the maps of all models; returns the panel of the image."""
    ruled(part)
    arrays, about = models[0].arrays, models[0].images[number]
    grid = part.add_gridspec(max(len(models), 2), across)
    axes = part.add_subplot(grid[:, :2], anchor="N")
    show(axes, arrays[f"{number}.image"])
    axes.set_title(about["name"], size=TEXT, color=GREY)
    for line, model in enumerate(models):
        each = zip(
            model.arrays[f"{number}.responses"], arrays[f"{number}.regions"], arrays[f"{number}.points"], about["classes"], strict=True
        )
        for column, (response, region, point, shown) in enumerate(each, 2):
            panel = part.add_subplot(grid[line, column], anchor="N")
            _map(panel, response, region)
            _dot(panel, point, response.shape, shown["novel"], 11)
            if line == 0:
                _class(panel, shown["name"], shown["novel"])
            if column == 2:
                panel.set_ylabel(model.title, size=14, color=INK)
    return axes


def _class(axes: Axes, name: str, novel: bool) -> None:
    axes.set_title(name, loc="center", size=17, pad=30)
    kind, place = ("novel", "base")[not novel], {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(kind, (0.5, 1), (0, 16), **place, ha="center", va="center", size=SMALL, **pill(kind_colour(novel)))


def _map(axes: Axes, response: np.ndarray, region: np.ndarray) -> None:
    """(H, W) cosines in colours, and their range; (H, W) bool as an outline."""
    low, high = float(response.min()), float(response.max())
    show(axes, response, "bilinear", cmap="magma", vmin=low, vmax=max(high, low + 1e-12))
    outline(axes, region)
    axes.annotate(f"{low:.2f} to {high:.2f}", (0, 1), (6, 6), textcoords="offset points", size=SMALL, color="white", path_effects=DARK)


def _dot(axes: Axes, point: np.ndarray, shape: Sequence[int], novel: bool, size: float) -> tuple[float, float]:
    """A ringed dot at pixel `point` (row, column) of an image of `shape`; returns where it is in data."""
    x, y = (point[1] + 0.5) / shape[1], (point[0] + 0.5) / shape[0]
    style = {"markerfacecolor": kind_colour(novel), "markeredgecolor": "white", "clip_on": False, "zorder": 3}
    line = axes.plot([x], [y], "o", markersize=size, markeredgewidth=2, **style)[0]
    line.set_path_effects([withStroke(linewidth=4, foreground=INK)])
    return x, y


def _names(axes: Axes, first: Model, number: int) -> None:
    """A dot for each class, and its name beside it, where nothing else is if there is such a place."""
    image, classes = first.arrays[f"{number}.image"], first.images[number]["classes"]
    points = first.arrays[f"{number}.points"]
    places = [_dot(axes, point, image.shape, about["novel"], 17) for point, about in zip(points, classes, strict=True)]
    words = Words(axes)
    words.keep_free(places, 11)
    for place, about in zip(places, classes, strict=True):
        words.write(about["name"], [place], gap=14, must=True, size=14, **pill(kind_colour(about["novel"])))
