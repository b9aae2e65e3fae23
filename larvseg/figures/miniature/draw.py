"""The contact sheet of the miniature world, which a person can check at a glance: scenes above their masks, captions, objects."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patheffects import withStroke

from larvseg.figures.colours import INK, class_colours
from larvseg.figures.images import inside, show
from larvseg.figures.kit import MARGIN, SMALL, parted, section, settle, styled
from larvseg.figures.miniature.data import Sample, Samples
from larvseg.figures.words import CENTRE, Words

COLUMNS, CELL, GAP = 6, (288, 216), 12  # images in a row; pixels
THUMBNAILS, THUMBNAIL = 15, 136  # of objects in a row; pixels high, with the name
TITLE, CAPTION = 40, 30
DARK = [withStroke(linewidth=2.5, foreground=INK)]


@styled()
def draw(samples: Samples, profile: str) -> Figure:
    """The figure."""
    scenes = [_lines(len(each), COLUMNS) * (2 * CELL[1] + GAP) for _, each in samples.sections]
    captioned, objects = _lines(len(samples.captioned), COLUMNS) * (CELL[1] + CAPTION), _lines(len(samples.objects), THUMBNAILS) * THUMBNAIL
    heights = [TITLE + height for height in (*scenes, captioned, objects) if height]
    title = f"The miniature world, profile “{profile}”: samples read from its archives"
    figure, found = parted(title, "", heights, COLUMNS * (CELL[0] + GAP) + 2 * MARGIN, apart=(GAP, 4))
    parts = iter(found)
    masks: list[tuple[Axes, Sample]] = []
    for title, scenes_of in samples.sections:
        masks += _scenes(_part(parts, title), scenes_of)
    for title, images, columns, letters in (
        ("Images and captions as on the web (ITPair)", samples.captioned, COLUMNS, 42),
        (f"ImageNet-21K: one image of each of {len(samples.objects)} synsets", samples.objects, THUMBNAILS, 20),
    ):
        if images:
            panels = _panels(_part(parts, title), len(images), columns)
            for axes, (text, image) in zip(panels, images, strict=False):
                show(axes, image)
                axes.set_xlabel("\n".join(textwrap.wrap(text, letters)[:2]), size=SMALL, color=INK)
    settle(figure)
    for axes, sample in masks:
        _names(axes, sample)
    return figure


def _lines(count: int, columns: int) -> int:
    return math.ceil(count / columns)


def _part(parts: Iterator[SubFigure], title: str) -> SubFigure:
    part = next(parts)
    section(part, title)
    return part


def _panels(part: SubFigure, count: int, columns: int) -> list[Axes]:
    """`count` panels in rows."""
    grid = part.add_gridspec(_lines(count, columns), columns)
    return [part.add_subplot(grid[divmod(number, columns)]) for number in range(count)]


def _scenes(part: SubFigure, samples: list[Sample]) -> list[tuple[Axes, Sample]]:
    """Images above their masks; returns the panels of masks."""
    grid, masks = part.add_gridspec(2 * _lines(len(samples), COLUMNS), COLUMNS), []
    for number, sample in enumerate(samples):
        row, column = divmod(number, COLUMNS)
        image, mask = (part.add_subplot(grid[2 * row + below, column]) for below in (0, 1))
        show(image, sample.image)
        show(mask, class_colours(sample.names, sample.names)[sample.mask], "nearest")
        masks.append((mask, sample))
    return masks


def _names(axes: Axes, sample: Sample) -> None:
    """The name of each class where its region is thickest, or beside another name rather than over it; small ones first."""
    words = Words(axes)
    for index in sorted(sample.present, key=lambda index: int((sample.mask == index).sum())):
        points = inside(sample.mask == index)
        around = points[0] + np.array([(0, shift) for shift in (0.07, -0.07, 0.14, -0.14, 0.21, -0.21)])
        style = {"size": SMALL, "color": "white", "path_effects": DARK}
        words.write(sample.names[index], np.concatenate([points, around]), (CENTRE,), must=True, **style)
