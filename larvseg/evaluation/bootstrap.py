"""Paired bootstrap: how far an mIoU would move with other images of the same kind. Never imports torch.

A resample draws as many images as there are, with replacement. mIoU is no mean over images: IoU is a ratio of sums over all of them, so
the counts of the drawn ones are summed before anything is divided. Two runs are paired where both count the same draws of the same
images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larvseg.errors import LarvSegError


def drawn(units: int, resamples: int, seed: Sequence[int]) -> np.ndarray:
    """(resamples, units) float64: how often each of `units` things is drawn in each resample; the same for the same `seed`."""
    return np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=resamples).astype(np.float64)


def image_counts(rows: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """From the (4, R) rows of larvseg.evaluation.confusion the images (n,), ascending, and their counts (3, n, classes) float64.

    The counts of an image are, for each class, its pixels that are labelled so, that are predicted so, and both.
    """
    image, target, prediction, count = rows
    images, position = np.unique(image, return_inverse=True)

    def per_class(chosen: np.ndarray, of: np.ndarray) -> np.ndarray:
        places = position[chosen] * classes + of[chosen]
        return np.bincount(places, count[chosen], len(images) * classes).reshape(len(images), classes)

    every = slice(None)
    return images, np.stack([per_class(every, target), per_class(every, prediction), per_class(target == prediction, target)])


def resampled_iou(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(3, n, classes) counts, (R, n) how often each image counts → (R, classes) IoU, NaN where a class is not there.

    A row of ones gives the IoU of the whole set: NaN where a class is neither labelled nor predicted. Where a resample leaves out every
    image that a class is labelled in, it is NaN, too, whatever is predicted: else the run that predicts a rare class more often would
    be marked down for the images that were not drawn. Sums of whole numbers are exact in float64, in whatever order.
    """
    if weights.shape[1] != counts.shape[1]:
        raise LarvSegError(f"weights of {weights.shape[1]} images for counts of {counts.shape[1]}")
    labelled, predicted, right = weights @ counts
    union = labelled + predicted - right
    never_labelled = ~counts[0].any(0)
    there = (union > 0) & ((labelled > 0) | never_labelled)
    return np.divide(right, union, out=np.full_like(right, np.nan), where=there)


def mean_over(iou: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """(R, N) IoU → (R,) mIoU in percent over `classes`, leaving NaN out; NaN where nothing is left."""
    chosen = iou[:, list(classes)]
    there = ~np.isnan(chosen)
    total, number = np.where(there, chosen, 0.0).sum(1), there.sum(1)
    return 100 * np.divide(total, number, out=np.full(len(iou), np.nan), where=number > 0)
