"""What training sees of one image: an augmented crop of its pixels, or a crop of its features, which were computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from larvseg.config import Augmentation
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.feature_files import Features
from larvseg.datasets.transforms import Sample, Window, augment, resized_size
from larvseg.sources.encodings import IGNORE


class Views(Protocol):
    """Random crops of the training images of a data set. `cell`: pixels a side that one position of Sample.image stands for."""

    cell: int

    def sample(self, position: int, mask: np.ndarray | None, rng: np.random.Generator) -> Sample:
        """A crop of the image `position` and of its `mask` (H, W), where it is seen with one."""


class PixelViews:
    """Augmented crops of `images` themselves."""

    cell = 1

    def __init__(self, images: TrainingImages, augmentation: Augmentation, normalisation: str) -> None:
        self.images, self.augmentation, self.normalisation = images, augmentation, normalisation

    def sample(self, position: int, mask: np.ndarray | None, rng: np.random.Generator) -> Sample:
        """(3, C, C) pixels, and the mask (C, C)."""
        return augment(self.images.image(position), mask, self.augmentation, self.normalisation, rng)


class FeatureViews:
    """Crops of augmentation.crop / cell cells a side, of the plain or the flipped view of each image; there is no other augmentation.

    `features`: view → features of the training images, which were resized as `augmentation` says, without its random scale.
    """

    def __init__(self, images: TrainingImages, features: Mapping[str, Features], augmentation: Augmentation, cell: int) -> None:
        self.images, self.features, self.augmentation, self.cell = images, features, augmentation, cell

    def sample(self, position: int, mask: np.ndarray | None, rng: np.random.Generator) -> Sample:
        """(F, c, c) features of c·c cells, zero past the image, and the mask (c·cell, c·cell)."""
        flipped = bool(rng.random() < 0.5)
        row = self.images.row(position)
        features, crop = self.features["flipped" if flipped else "plain"][row], self.augmentation.crop // self.cell
        top, left = (int(rng.integers(max(length - crop, 0) + 1)) for length in features.shape[:2])
        part = features[top : top + crop, left : left + crop]
        cells = np.zeros((features.shape[2], crop, crop), np.float32)
        cells[:, : part.shape[0], : part.shape[1]] = part.transpose(2, 0, 1)

        window = self._window(row, top, left, part.shape[:2], flipped)
        labels = None
        if mask is not None:
            labels = np.full((crop * self.cell, crop * self.cell), IGNORE, np.int16)
            labels[: window.height, : window.width] = window.cut_mask(mask)
        return Sample(cells, labels, (window.height, window.width))

    def _window(self, row: int, top: int, left: int, cells: tuple[int, int], flipped: bool) -> Window:
        """The pixels of the resized image that `cells` (rows, columns) from `top` and `left` on stand for."""
        resized = resized_size(*self.images.size(row), self.augmentation.short_side, self.augmentation.long_side)
        y, x = top * self.cell, left * self.cell
        height, width = min(cells[0] * self.cell, resized[1] - y), min(cells[1] * self.cell, resized[0] - x)
        return Window(resized, resized[0] - x - width if flipped else x, y, width, height, flipped)
