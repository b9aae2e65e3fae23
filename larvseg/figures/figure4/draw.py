"""The page of Figure 4: a row for each image, a column for each method, then the legend."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from larvseg.figures.colours import BASE, GREY, INK, NOVEL, class_colours
from larvseg.figures.figure4.data import Comparison, Shown, image_miou, large
from larvseg.figures.images import cover, faded, inside, outline, show
from larvseg.figures.kit import MARGIN, legend, page, section, settle, styled
from larvseg.figures.words import CENTRE, Words, pill

CELL, LEGEND = (268, 236), 66  # pixels: an image with its caption, a part of the legend
SMALLEST = 0.015  # share of an image that a novel category must cover to be marked
LISTED = 0.01  # share of one label map that a class must cover to stand in the legend
RIGHT, WRONG = "#1e783c", "#b2182b"


@styled()
def draw(found: Comparison, where: str) -> Figure:
    """The figure; `where` says what it is drawn of."""
    explanation = (
        f"{where}. Outlined in every column: novel categories, those that C171 has not (rule S). In a prediction the outline carries the "
        "class that most of it was given: green if that is right, red if not. Below: mIoU of the image in percent, the best in a frame."
    )
    titles = ["image", "ground truth", *found.methods]
    heights = (CELL[1] * len(found.images) + 30, LEGEND, LEGEND)
    figure = page("Figure 4 · What the methods see", explanation, sum(heights), max(CELL[0] * len(titles) + 2 * MARGIN, 1000), apart=(8, 6))
    top, *lists = figure.subfigures(3, 1, height_ratios=heights)
    panels = top.subplots(len(found.images), len(titles), squeeze=False)
    for number, (axes, title) in enumerate(zip(panels[0], titles, strict=True)):
        axes.set_title(title, loc="center", size=19, color=INK if number > 1 else GREY)
    for shown, row in zip(found.images, panels, strict=True):
        _maps(shown, row, found)
    _legend(lists, found)
    settle(figure)
    for shown, row in zip(found.images, panels, strict=True):
        for axes, labels in zip(row[1:], (shown.truth, *shown.predictions), strict=True):
            _names(axes, shown, labels, found)
    return figure


def _marked(shown: Shown, novel: frozenset[int]) -> list[int]:
    return sorted(large(shown.truth, SMALLEST) & novel)


def _maps(shown: Shown, row: list[Axes], found: Comparison) -> None:
    """The image, then label maps in colours over it in grey, novel categories of the ground truth outlined."""
    show(row[0], shown.image)
    row[0].set_xlabel(shown.name, labelpad=8)
    scores = [image_miou(shown.truth, prediction, len(found.names)) for prediction in shown.predictions]
    palette = class_colours(found.names, found.names)
    for axes, labels in zip(row[1:], (shown.truth, *shown.predictions), strict=True):
        faded(axes, shown.image)
        cover(axes, palette[labels])
        for label in _marked(shown, found.novel):
            outline(axes, shown.truth == label)
    for axes, score in zip(row[2:], scores, strict=True):
        axes.set_xlabel(f"mIoU {score:.1f}", size=14, color=INK, labelpad=8)
        if score == max(scores):
            axes.xaxis.label.set_bbox({"boxstyle": "round,pad=0.25,rounding_size=0.7", "facecolor": "white", "edgecolor": INK})


def _names(axes: Axes, shown: Shown, labels: object, found: Comparison) -> None:
    """Name in each marked region what most of it is given."""
    words = Words(axes)
    for label in _marked(shown, found.novel):
        region = shown.truth == label
        is_truth = labels is shown.truth
        given = label if is_truth else max(large(labels[region], 0), key=lambda each: int((labels[region] == each).sum()))
        colour = NOVEL if is_truth else RIGHT if given == label else WRONG
        words.write(found.names[given], inside(region), (CENTRE,), must=True, size=12, **pill(colour))


def _legend(parts: list, found: Comparison) -> None:
    """The colours of all classes that are to be seen, base and novel ones apart."""
    seen = set().union(*(large(labels, LISTED) for shown in found.images for labels in (shown.truth, *shown.predictions)))
    palette = class_colours(found.names, found.names) / 255
    for part, title, colour, classes in zip(parts, ("base", "novel"), (BASE, NOVEL), (seen - found.novel, seen & found.novel), strict=True):
        section(part, title, 15, colour)
        axes = part.add_subplot()
        axes.axis("off")
        columns = max(int(part.bbox.width / 170), 1)
        options = {"loc": "upper left", "bbox_to_anchor": (0, 1), "ncols": columns, "labelcolor": INK, "fontsize": 14}
        legend(axes, {found.names[label]: palette[label] for label in sorted(classes)}, **options)
