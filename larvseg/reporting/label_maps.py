"""Classes on a page: label maps over their pictures with the names of regions, and unions of vocabularies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from larvseg.reporting.canvas import Frame, Page, Point
from larvseg.reporting.drawing import GREY, Colour, class_colour, kind_colour, meet

OPACITY = 0.72  # of colours over a picture
NAMED = 0.04  # share of a map that a class must cover to be named
UNLABELLED = (235, 235, 235)


class Classes(NamedTuple):
    """What the labels 0 … N − 1 of a map are."""

    names: Sequence[str]
    novel: Sequence[bool]
    colours: Sequence[Colour]


def classes_of(names: Sequence[str], novel: Sequence[bool], benchmark: Sequence[str]) -> Classes:
    """The categories `names`, each in the colour that it has in every figure as a class of `benchmark`."""
    position = {name: number for number, name in enumerate(benchmark)}
    return Classes(names, novel, [class_colour(position.setdefault(name, len(position))) for name in names])


def over(picture: np.ndarray, colours: np.ndarray, resampling: Image.Resampling = Image.Resampling.NEAREST) -> np.ndarray:
    """`colours` (h, w, 3) uint8, enlarged, over `picture` (H, W, 3) uint8 in grey."""
    grey = Image.fromarray(picture).convert("L").convert("RGB")
    return np.asarray(Image.blend(grey, Image.fromarray(colours).resize(grey.size, resampling), OPACITY))


def draw_labels(
    page: Page, frame: Frame, picture: np.ndarray, labels: np.ndarray, classes: Classes, size: float, edge: Colour = GREY
) -> None:
    """`labels` (h, w), −1 without one, over `picture` in `frame`: novel regions outlined, large ones named in letters of `size`."""
    palette = np.array([*classes.colours, UNLABELLED], np.uint8)  # −1 is the last
    page.picture(frame, over(picture, palette[labels]), edge, interpolation="nearest")
    present, counts = np.unique(labels[labels >= 0], return_counts=True)
    large = [int(label) for label, count in zip(present, counts, strict=True) if count >= NAMED * labels.size]
    for label in large:
        if classes.novel[label]:
            page.outline(frame, labels == label, kind_colour(True))
    taken: list[Frame] = []
    for label in sorted(large, key=lambda label: not classes.novel[label]):
        width, height = page.pill_size(classes.names[label], size)
        places = [(x - width / 2, y - height / 2, x + width / 2, y + height / 2) for x, y in _deepest_first(labels == label, frame)]
        inside = [one for one in places if one[0] >= frame[0] and one[1] >= frame[1] and one[2] <= frame[2] and one[3] <= frame[3]]
        free = [one for one in inside if not any(meet(one, other) for other in taken)]
        if free:
            taken.append(page.pill(free[0][:2], classes.names[label], kind_colour(classes.novel[label]), size))


def draw_union(page: Page, frame: Frame, novel: Sequence[bool]) -> None:
    """A bar for each name of a union, base before novel ones."""
    wide = (frame[2] - frame[0]) / len(novel)
    for number, kind in enumerate(sorted(novel)):
        x = frame[0] + number * wide
        page.box((x + 0.15 * wide, frame[1], x + 0.85 * wide, frame[3]), kind_colour(kind), radius=0)


def _deepest_first(region: np.ndarray, frame: Frame) -> list[Point]:
    """Where on the page the pixels of `region` (h, w) are, which fills `frame`: those first that lie furthest from its border."""
    depth = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    rows, columns = np.nonzero(region)
    order = np.argsort(-depth[rows, columns], kind="stable")
    x = frame[0] + (columns[order] + 0.5) / region.shape[1] * (frame[2] - frame[0])
    y = frame[1] + (rows[order] + 0.5) / region.shape[0] * (frame[3] - frame[1])
    return list(zip(x.tolist(), y.tolist(), strict=True))
