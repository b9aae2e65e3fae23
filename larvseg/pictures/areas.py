"""How large the area of each class of a picture is, and how high the scores in it are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Area(NamedTuple):
    """A class in a picture."""

    label: int
    name: str
    pixels: int
    share: float  # of the pixels of the picture
    mean_score: float


class Areas:
    """Counts of pixels and sums of scores, to which bands are added."""

    def __init__(self, names: Sequence[str]):
        self.names = names
        self.pixels, self.scores = np.zeros(len(names), np.int64), np.zeros(len(names))

    def add(self, labels: np.ndarray, scores: np.ndarray) -> None:
        """`labels` and `scores` (h, W) of more pixels."""
        self.pixels += np.bincount(labels.ravel(), minlength=len(self.names))
        self.scores += np.bincount(labels.ravel(), scores.ravel(), minlength=len(self.names))

    def largest(self) -> list[Area]:
        """The classes that are there, the largest first; of equal ones the first of the list of classes."""
        order = np.argsort(-self.pixels, kind="stable")[: np.count_nonzero(self.pixels)].tolist()
        counts, means = self.pixels.tolist(), self.scores / np.maximum(self.pixels, 1)
        return [Area(i, self.names[i], counts[i], counts[i] / int(self.pixels.sum()), float(means[i])) for i in order]
