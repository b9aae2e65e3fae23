"""Intersection over union from one confusion matrix of a whole validation set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def class_iou(matrix: np.ndarray) -> np.ndarray:
    """(N, N) pixels of target × prediction → (N,) TP / (TP + FP + FN).

    NaN where a class is neither in a target nor predicted; 0 where it is predicted only.
    """
    intersection = np.diag(matrix).astype(np.float64)
    union = matrix.sum(0) + matrix.sum(1) - np.diag(matrix)
    return np.divide(intersection, union, out=np.full(len(matrix), np.nan), where=union > 0)


def mean_iou(iou: np.ndarray, indices: Sequence[int] | None = None) -> float:
    """Mean over the classes `indices` (None: all), leaving NaN out; NaN if nothing is left."""
    chosen = iou if indices is None else iou[list(indices)]
    chosen = chosen[~np.isnan(chosen)]
    return float(chosen.mean()) if chosen.size else float("nan")


def excluded_classes(iou: np.ndarray) -> int:
    """How many classes do not enter the mean."""
    return int(np.isnan(iou).sum())
