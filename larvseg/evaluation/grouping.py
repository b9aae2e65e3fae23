"""Which pixels belong together? Scores of classes from one labelled pixel of each (paper, Section 3 and Table 1).

An image has embeddings e on a patch grid; that of a pixel is their bilinear interpolation u(x) = Σ_i w_i(x) e_i, normalised. One pixel
s_c of each class c that is in the image is known, and x gets the class of the largest cosine between u(x) and u(s_c). With û = u/|u|
this is û(s_c)·u(x)/|u(x)| = Σ_i w_i(x) (û(s_c)·e_i) / |u(x)|: dot products on the patch grid, upsampled as C maps instead of one map for
each of the D channels. |u(x)| is the same for all classes, so it matters to response maps alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS = 64  # upsampled at once for |u|


class ImageGrid:
    """Values of an image of H×W pixels on a patch grid: (D, h, w). The image spans `covered` of the rows and columns of patches.

    A network that pads images to whole patches has grids that reach past the image; `covered` is then smaller than (h, w).
    """

    def __init__(self, values: Tensor, size: tuple[int, int], covered: tuple[float, float] | None = None):
        self.values = values
        axes = zip(values.shape[1:], covered or values.shape[1:], size, strict=True)
        self.rows, self.columns = (interpolation(*axis).to(values) for axis in axes)  # (H, h), (W, w)

    def at(self, points: np.ndarray) -> Tensor:
        """u at the pixels `points` (C, 2) of rows and columns: (C, D)."""
        rows, columns = (matrix[torch.from_numpy(axis)] for matrix, axis in zip((self.rows, self.columns), points.T, strict=True))
        return torch.einsum("ch,dhw,cw->cd", rows, self.values, columns)

    def upsampled(self, maps: Tensor) -> Tensor:
        """(C, h, w) → (C, H, W), bilinear."""
        return self.rows @ maps @ self.columns.T

    def dots(self, vectors: Tensor) -> Tensor:
        """vectors · u: (C, D) → (C, H, W)."""
        return self.upsampled(torch.einsum("cd,dhw->chw", vectors, self.values))

    def cosines(self, vectors: Tensor) -> Tensor:
        """Cosines between `vectors` (C, D) and u: (C, H, W)."""
        squares = sum(self.upsampled(some).square().sum(0) for some in self.values.split(CHANNELS))
        return self.dots(F.normalize(vectors, dim=1)) / squares.sqrt().clamp(min=1e-12)


def interpolation(patches: int, covered: float, pixels: int) -> Tensor:
    """(pixels, patches) float64: linear interpolation at the centres of `pixels` that span `covered` of `patches` along an axis.

    Rows sum to 1; with covered = patches these are the weights of F.interpolate (align_corners False).
    """
    position = (torch.arange(pixels, dtype=torch.float64) + 0.5) * (covered / pixels) - 0.5
    position = position.clamp(0, patches - 1)
    distance = (position[:, None] - torch.arange(patches, dtype=torch.float64)).abs()
    return (1 - distance).clamp(min=0)


def draw_points(mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The classes in `mask` (H, W), ascending, (C,); one random pixel of each, (C, 2) row and column. Negative labels are no class."""
    labels = mask.ravel()
    order = np.argsort(labels, kind="stable")
    present, first, count = np.unique(labels[order], return_index=True, return_counts=True)
    first, count, present = (values[present >= 0] for values in (first, count, present))
    chosen = order[first + rng.integers(count)]
    return present.astype(np.int64), np.stack(np.divmod(chosen, mask.shape[1]), axis=1)


def grouped(scores: Tensor, present: np.ndarray, classes: int, absent: Literal["masked", "zero"] = "masked") -> np.ndarray:
    """The class of the best score at each pixel: (C, H, W) scores of the classes `present` (C,) → (H, W) int64.

    absent: classes that are not in the image cannot win ("masked"), or have the score 0 and win where all others are negative ("zero"),
    then the first of them. Scores may be scaled at each pixel by a positive factor.
    """
    best, position = scores.max(0)
    labels = present[position.cpu().numpy()]
    missing = np.setdiff1d(np.arange(classes), present)
    if absent == "zero" and len(missing):
        labels = np.where((best < 0).cpu().numpy(), missing[0], labels)
    return labels
