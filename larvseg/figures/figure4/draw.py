"""The page of Figure 4: a row for each image, a column for each method, then the legend."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from larvseg.figures.colours import GREY, INK, NOVEL, class_colours, kind_colour
from larvseg.figures.figure4.data import Comparison, Shown, image_miou, large
from larvseg.figures.images import cover, faded, inside, outline, show
from larvseg.figures.kit import MARGIN, legend, parted, section, settle, styled
from larvseg.figures.words import CENTRE, Words, pill

CELL, LINE = (268, 228), 28  # pixels: an image with its caption, a line of the legend
SMALLEST = 0.015  # share of an image that a novel category must cover to be marked
LISTED = 0.01  # share of one label map that a class must cover to stand in the legend
RIGHT, WRONG = "#1e783c", "#b2182b"


@styled()
def draw(found: Comparison, where: str, base: str) -> Figure:
    """The figure; `where` says what it is drawn of, `base` whose classes are base categories."""
    explanation = (
        f"{where}. Outlined in every column: novel categories, those that {base} has not (rule S). In a prediction the outline carries the "
        "class that most of it was given: green if that is right, red if not. Below: mIoU of the image in percent, the best in a frame."
    )
    titles = ["image", "ground truth", *found.methods]
    width = max(CELL[0] * len(titles), 1000)
    kinds = rows_of_legend([found], width)
    lists = [height for _, height in kinds]
    heights = (CELL[1] * len(found.images) + 30, sum(lists))
    figure, (top, below) = parted("Figure 4 · What the methods see", explanation, heights, width + 2 * MARGIN, apart=(8, 12))
    panels = top.subplots(len(found.images), len(titles), squeeze=False, subplot_kw={"anchor": "S"})
    for number, (axes, title) in enumerate(zip(panels[0], titles, strict=True)):
        axes.set_title(title, loc="center", size=19, color=INK if number > 1 else GREY)
    for shown, row in zip(found.images, panels, strict=True):
        maps(shown, row, found)
    parts = below.subfigures(2, 1, height_ratios=lists)
    for part, novel, (classes, _) in zip(parts, (False, True), kinds, strict=True):
        legend_of(part, novel, classes, columns_of(classes, found.names, width), found.names)
    settle(figure)
    for shown, row in zip(found.images, panels, strict=True):
        for axes, labels in zip(row[1:], (shown.truth, *shown.predictions), strict=True):
            names(axes, shown, labels, found)
    return figure


def _marked(shown: Shown, novel: frozenset[int]) -> list[int]:
    return sorted(large(shown.truth, SMALLEST) & novel)


def maps(shown: Shown, row: list[Axes], found: Comparison, labelled: bool = False) -> None:
    """The image, then label maps in colours over it in grey, novel categories of the ground truth outlined. `labelled`: see image_miou.

    Without a panel for the image there are label maps alone, over white.
    """
    first, *_ = panels = row[-1 - len(shown.predictions) :]  # of the ground truth
    if with_image := first is not row[0]:
        show(row[0], shown.image)
    row[0].set_xlabel(shown.name, labelpad=8)
    scores = [image_miou(shown.truth, prediction, len(found.names), labelled) for prediction in shown.predictions]
    palette = class_colours(found.names, found.names)
    for axes, labels in zip(panels, (shown.truth, *shown.predictions), strict=True):
        faded(axes, shown.image, strength=with_image)
        cover(axes, palette[labels])
        for label in _marked(shown, found.novel):
            outline(axes, shown.truth == label)
    for axes, score in zip(panels[1:], scores, strict=True):
        axes.set_xlabel(f"mIoU {score:.1f}", size=14, color=INK, labelpad=8)
        if score == max(scores):
            axes.xaxis.label.set_bbox({"boxstyle": "round,pad=0.25,rounding_size=0.7", "facecolor": "white", "edgecolor": INK})


def names(axes: Axes, shown: Shown, labels: object, found: Comparison) -> None:
    """Name in each marked region what most of it is given."""
    words = Words(axes)
    for label in _marked(shown, found.novel):
        region = shown.truth == label
        is_truth = labels is shown.truth
        given = label if is_truth else max(large(labels[region], 0), key=lambda each: int((labels[region] == each).sum()))
        colour = NOVEL if is_truth else RIGHT if given == label else WRONG
        words.write(found.names[given], inside(region), (CENTRE,), must=True, size=12, **pill(colour))


def _seen(found: Comparison) -> tuple[list[int], list[int]]:
    """The base and the novel classes that are to be seen."""
    seen = set().union(*(large(labels, LISTED) for shown in found.images for labels in (shown.truth, *shown.predictions)))
    return sorted(seen - found.novel), sorted(seen & found.novel)


def rows_of_legend(shown: Sequence[Comparison], width: float) -> list[tuple[list[int], float]]:
    """The base and the novel classes that are to be seen, each with the pixels that the lines of their colours take."""
    seen = [sorted(set().union(*kind)) for kind in zip(*map(_seen, shown), strict=True)]
    lines = (math.ceil(len(classes) / columns_of(classes, shown[0].names, width)) for classes in seen)
    return [(classes, LINE * (1 + count)) for classes, count in zip(seen, lines, strict=True)]


def columns_of(classes: Sequence[int], names: Sequence[str], width: float) -> int:
    """In how many columns `classes` fill lines of `width` pixels, each with its colour before it."""
    widths = [9 * len(names[label]) + 40 for label in classes]
    fitting = (count for count in range(len(classes), 0, -1) if sum(max(widths[column::count]) for column in range(count)) <= width)
    return next(fitting, 1)


def legend_of(part: SubFigure, novel: bool, classes: Sequence[int], columns: int, names: Sequence[str]) -> None:
    """The colours of base or novel `classes`, line by line."""
    section(part, "novel" if novel else "base", 15, kind_colour(novel))
    axes, palette = part.add_subplot(), class_colours(names, names) / 255
    axes.axis("off")
    by_column = [label for column in range(columns) for label in classes[column::columns]]
    options = {"loc": "upper left", "bbox_to_anchor": (0, 1), "ncols": columns, "labelcolor": INK, "fontsize": 14}
    legend(axes, {names[label]: palette[label] for label in by_column}, **options)
