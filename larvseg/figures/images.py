"""Images on a page: photographs, label maps and heat over them, outlines and names of regions. An image is one by one in data."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.ndimage import distance_transform_edt

from larvseg.figures.colours import INK, Colour

OPACITY = 0.72  # of colours over an image
UNIT = (0, 1, 1, 0)


def show(
    axes: Axes, image: np.ndarray, interpolation: str = "bicubic", edge: Colour | None = None, line: float = 1.5, **options: Any
) -> None:
    """`image` (H, W[, 3]) fills `axes`, its ratio kept, inside a line in the colour `edge`."""
    axes.imshow(image, extent=UNIT, aspect=image.shape[0] / image.shape[1], interpolation=interpolation, **options)
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[], autoscale_on=False)

    axes.spines[:].set(visible=edge is not None, color=edge or INK, linewidth=line)


def faded(axes: Axes, image: np.ndarray, strength: float = 1, **options: Any) -> None:
    """`image` (H, W, 3) uint8 in grey fills `axes`; `strength` 0 is white."""
    grey = image @ (0.299, 0.587, 0.114)  # luma of ITU-R BT.601
    show(axes, grey, cmap="gray", vmin=0, vmax=255, alpha=strength, **options)


def cover(axes: Axes, colours: np.ndarray, interpolation: str = "nearest", opacity: float | np.ndarray = OPACITY, **options: Any) -> None:
    """`colours` (h, w[, 3]) over the image that fills `axes`; `opacity`: of all pixels, or (h, w)."""
    axes.imshow(colours, extent=UNIT, aspect=axes.get_aspect(), interpolation=interpolation, alpha=opacity, **options)


def outline(axes: Axes, region: np.ndarray, colour: Colour = "white", around: Colour = INK, line: float = 1.6) -> None:
    """The border of `region` (h, w) bool, a line with one in the colour `around` on both sides; none along the edge of the image."""
    if region.all() or not region.any():
        return
    x, y = (((np.arange(-1, size + 1) + 0.5) / size).clip(0, 1) for size in region.shape[::-1])
    padded = np.pad(region.astype(float), 1, "edge")
    for ink, width in ((around, line + 2.4), (colour, line)):
        axes.contour(x, y, padded, [0.5], colors=[ink], linewidths=width)


def inside(region: np.ndarray) -> np.ndarray:
    """(N, 2) x and y of the pixels of `region` (h, w) bool, in data: those first that lie furthest from its border."""
    depth = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    rows, columns = np.nonzero(region)
    order = np.argsort(-depth[rows, columns], kind="stable")
    return np.stack([(columns[order] + 0.5) / region.shape[1], (rows[order] + 0.5) / region.shape[0]], axis=1)
