"""What the rehearsal's segmentation data sets have in common: few images in two splits, and every class in one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SPLITS = {"training": 6, "validation": 2}  # images


def deal(rng: np.random.Generator, values: Sequence[int], regions: int) -> dict[str, np.ndarray]:
    """For each split a value for each of `regions` regions of each image, (images, regions).

    `values` come in turn, in one random order for each split, so that each occurs if there are as many regions.
    """
    return {split: np.resize(rng.permutation(values), (images, regions)) for split, images in SPLITS.items()}


def stem_of(split: str, number: int) -> str:
    """File name of an ADE20K image, without its ending; `number` counts from 1."""
    return f"ADE_{'train' if split == 'training' else 'val'}_{number:08d}"
