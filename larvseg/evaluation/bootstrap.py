"""Paired bootstrap: how far an mIoU would move with other images of the same kind. Never imports torch.

A resample draws as many images as there are, with replacement. mIoU is no mean over images: IoU is a ratio of sums over all of them, so
the counts of the drawn ones are summed before anything is divided. Two runs are paired where both count the same draws of the same
images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, vstack

from larvseg.errors import LarvSegError

_NUMBERS_AT_ONCE = 2**20
_IMAGES_AT_ONCE = 2**10


def weights(units: int, resamples: int, seed: Sequence[int]) -> Iterator[np.ndarray]:
    """(r, units) float64, some at a time, (1 + resamples, units) in all: each of `units` things once, then how often each is drawn."""
    yield np.ones((1, units))
    yield from drawn(units, resamples, seed)


def drawn(units: int, resamples: int, seed: Sequence[int]) -> Iterator[np.ndarray]:
    """(r, units) float64, some at a time: how often each of `units` things is drawn in each resample; the same for the same `seed`."""
    rng, at_once = np.random.default_rng(seed), max(_NUMBERS_AT_ONCE // units, 1)
    for start in range(0, resamples, at_once):
        yield rng.multinomial(units, np.full(units, 1 / units), size=min(at_once, resamples - start)).astype(np.float64)


class ImageCounts(NamedTuple):
    """Of n images how many pixels are labelled as each class, predicted so, and both: (n, classes) float64 each.

    An image shows few of the classes, so they are sparse.
    """

    labelled: csr_array
    predicted: csr_array
    right: csr_array

    def dense(self, images: slice | np.ndarray) -> np.ndarray:
        """Those of some of the images: (3, k, classes)."""
        return np.stack([each[images].toarray() for each in self])

    def same_labels(self, others: ImageCounts) -> bool:
        """Whether as many pixels of the images of `others` are labelled as each class."""
        parts = ("indptr", "indices", "data")
        return all(np.array_equal(getattr(self.labelled, part), getattr(others.labelled, part)) for part in parts)


def image_counts(columns: Sequence[np.ndarray], classes: int) -> tuple[np.ndarray, ImageCounts]:
    """From the four columns (R,) of larvseg.evaluation.confusion the images (n,), ascending, and their counts."""
    image = columns[0]
    borders = np.flatnonzero(image[1:] != image[:-1]) + 1
    in_order = (image[borders - 1] < image[borders]).all()  # as evaluations write them
    edges = [0, *(borders[_IMAGES_AT_ONCE - 1 :: _IMAGES_AT_ONCE] if in_order else ()), len(image)]
    parts = [_counted([column[start:stop] for column in columns], classes) for start, stop in pairwise(edges)]
    images, counts = zip(*parts, strict=True)
    return np.concatenate(images), ImageCounts(*(vstack(each, "csr") for each in zip(*counts, strict=True)))


def _counted(columns: Sequence[np.ndarray], classes: int) -> tuple[np.ndarray, ImageCounts]:
    image, target, prediction, count = columns
    images, position = np.unique(image, return_inverse=True)

    def per_class(chosen: slice | np.ndarray, of: np.ndarray) -> csr_array:
        places = position[chosen], of[chosen]
        return csr_array((count[chosen].astype(np.float64), places), (len(images), classes))  # adds up what has one place

    every = slice(None)
    return images, ImageCounts(per_class(every, target), per_class(every, prediction), per_class(target == prediction, target))


def images_at_once(images: int) -> Iterator[slice]:
    """So many images in parts whose dense counts fit into memory."""
    yield from (slice(start, start + _IMAGES_AT_ONCE) for start in range(0, images, _IMAGES_AT_ONCE))


def resampled_iou(counts: ImageCounts, weights: np.ndarray) -> np.ndarray:
    """Counts of n images, (R, n) how often each image counts → (R, classes) IoU, NaN where a class is not there.

    A row of ones gives the IoU of the whole set: NaN where a class is neither labelled nor predicted. Where a resample leaves out every
    image that a class is labelled in, it is NaN, too, whatever is predicted: else the run that predicts a rare class more often would
    be marked down for the images that were not drawn. Sums of whole numbers are exact in float64, in whatever order.
    """
    if weights.shape[1] != counts.labelled.shape[0]:
        raise LarvSegError(f"weights of {weights.shape[1]} images for counts of {counts.labelled.shape[0]}")
    labelled, predicted, right = (weights @ each for each in counts)
    union = labelled + predicted - right
    never_labelled = counts.labelled.sum(0) == 0
    there = (union > 0) & ((labelled > 0) | never_labelled)
    return np.divide(right, union, out=np.full_like(right, np.nan), where=there)


def mean_over(iou: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """(R, N) IoU → (R,) mIoU in percent over `classes`, leaving NaN out; NaN where nothing is left."""
    chosen = iou[:, list(classes)]
    there = ~np.isnan(chosen)
    total, number = np.where(there, chosen, 0.0).sum(1), there.sum(1)
    return 100 * np.divide(total, number, out=np.full(len(iou), np.nan), where=number > 0)
