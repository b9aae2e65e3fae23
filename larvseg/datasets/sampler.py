"""Which images the virtual ranks of a joint step see: pure functions of the seed and the step, so that training resumes anywhere.

Rank r draws from data set r mod n. Each data set is shuffled anew every epoch, and each rank walks through its own share of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

_SHUFFLE, _AUGMENT = 0, 1  # independent streams of one seed


def dataset_of(rank: int, datasets: int) -> int:
    """The index of the data set that `rank` draws from: two give 4:4 of eight ranks, three give 3:3:2."""
    return rank % datasets


def positions(dataset: str, size: int, step: int, rank: int, ranks: int, images: int, seed: int) -> list[int]:
    """Positions 0..size−1 of the `images` images that `rank` of `ranks` sees of `dataset` at `step`."""
    per_epoch = -(-size // ranks)
    result = []
    for image in range(step * images, (step + 1) * images):
        epoch, place = divmod(image, per_epoch)
        # shares are equally long: the last ones wrap around to the start
        result.append(int(_epochs(dataset, size, seed)(epoch)[(place * ranks + rank) % size]))
    return result


@lru_cache(maxsize=8)
def _epochs(dataset: str, size: int, seed: int) -> Callable[[int], np.ndarray]:
    """The order of each epoch; in memory are the one that ends and the one that begins."""

    @lru_cache(maxsize=2)
    def shuffled(epoch: int) -> np.ndarray:
        rng = np.random.default_rng([seed, _SHUFFLE, zlib.crc32(dataset.encode()), epoch])
        return rng.permutation(size).astype(np.int32)

    return shuffled


def generator(seed: int, step: int, rank: int, slot: int) -> np.random.Generator:
    """The generator of everything random about one image of one step."""
    return np.random.default_rng([seed, _AUGMENT, step, rank, slot])
