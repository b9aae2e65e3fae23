"""The permuted-vocabulary control: how well a method does that has every class name wrong. Never imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from larvseg.errors import LarvSegError
from larvseg.evaluation.metrics import Novel, metrics_of

PERMUTATIONS = 5


def derangement(classes: int, number: int) -> np.ndarray:
    """Permutation `number` of the classes 0 … classes − 1 that leaves none in its place: (classes,) int64.

    It is one cycle through all classes in a random order. Raises LarvSegError for fewer than two classes.
    """
    if classes < 2:
        raise LarvSegError(f"a vocabulary of {classes} classes cannot be permuted")
    order = np.random.default_rng([classes, number]).permutation(classes)
    permuted = np.empty(classes, np.int64)
    permuted[order] = np.roll(order, 1)
    return permuted


def permuted_vocabulary(matrix: np.ndarray, names: Sequence[str], novel: Novel) -> dict[str, Any]:
    """mIoU over all, base and novel classes (rule S, percent), the mean over PERMUTATIONS derangements of the vocabulary.

    A method that scores pixels against class embeddings one by one gives class j the scores of class π(j) when its embeddings are
    permuted by π. So its confusion matrix (N, N), target × prediction, has the columns of `matrix` in the order π, and no image is
    looked at again.
    """
    means = [metrics_of(matrix[:, derangement(len(names), number)], names, novel) for number in range(PERMUTATIONS)]
    values = {key: [each[key] for each in means] for key in ("all", "base", "novel")}
    return {key: None if None in found else round(sum(found) / len(found), 10) for key, found in values.items()}
