"""The page of the overlays: a part for each kind of images, in it a row for each image and a column for each method."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure, SubFigure

from larvseg.config import OverlaysConfig
from larvseg.figures.colours import GREY, INK
from larvseg.figures.figure4.draw import columns_of, legend_of, maps, names, rows_of_legend
from larvseg.figures.kit import MARGIN, parted, section, settle, styled
from larvseg.figures.overlays.data import Kind

TITLE, CELL = 44, (268, 208)  # pixels: above the images of a kind, an image with its caption


@styled()
def draw(kinds: Sequence[Kind], config: OverlaysConfig, where: str, photographs: bool = True) -> Figure:
    """The figure; `where` says what it is drawn of. Without `photographs` it has label maps alone: images may not be shown everywhere."""
    others = ", those around the median, and those that it loses most on" if len(kinds) > 1 else ""
    explanation = (
        f"{where}. The images that {config.gaining} gains most on over {config.than} (in points of mIoU over the classes of the image)"
        f"{others}. Outlined in every column: novel categories, of which {config.base} has no masks. In a prediction the outline carries "
        "the class that most of it was given: green if that is right, red if not."
    )
    heads = [*(["image"] if photographs else []), "ground truth", *kinds[0].images.methods]
    width = CELL[0] * len(heads)
    lines = rows_of_legend([kind.images for kind in kinds], width)
    heights = [TITLE + CELL[1] * len(kind.images.images) for kind in kinds]
    title = f"What {config.gaining} changes over {config.than}"
    figure, parts = parted(title, explanation, [*heights, *(height for _, height in lines)], width + 2 * MARGIN, apart=(8, 12))
    drawn = [_kind(part, kind, heads) for part, kind in zip(parts, kinds, strict=False)]
    for part, (classes, _), novel in zip(parts[len(kinds) :], lines, (False, True), strict=True):
        legend_of(part, novel, classes, columns_of(classes, kinds[0].images.names, width), kinds[0].images.names)
    settle(figure)
    for kind, panels in zip(kinds, drawn, strict=True):
        for shown, row in zip(kind.images.images, panels, strict=True):
            for axes, labels in zip(row[photographs:], (shown.truth, *shown.predictions), strict=True):
                names(axes, shown, labels, kind.images)
    return figure


def _kind(part: SubFigure, kind: Kind, heads: Sequence[str]) -> list:
    """The images of one kind; returns their panels, row by row."""
    section(part, kind.title.capitalize())
    panels = part.subplots(len(kind.images.images), len(heads), squeeze=False, subplot_kw={"anchor": "S"})
    for number, (axes, title) in enumerate(zip(panels[0], heads, strict=True)):
        axes.set_title(title, loc="center", size=17, color=INK if number > heads.index("ground truth") else GREY)
    for shown, gain, row in zip(kind.images.images, kind.gains, panels, strict=True):
        maps(shown, row, kind.images, labelled=True)
        row[0].set_xlabel(f"{shown.name}: {gain:+.1f}".replace("-", "−"), labelpad=8)
    return list(panels)
