"""Random choices and random light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

Range = tuple[float, float]


def choose(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """Index of one of `weights`, with probability proportional to it."""
    shares = np.cumsum(weights)
    return min(int(np.searchsorted(shares, rng.random() * shares[-1], side="right")), len(shares) - 1)


def expose(image: Image.Image, rng: np.random.Generator, warmth: Range, brightness: Range, contrast: Range) -> Image.Image:
    """`image` in another light; the ranges are drawn from uniformly."""
    warm, bright, steep = rng.uniform(*warmth), rng.uniform(*brightness), rng.uniform(*contrast)
    levels = np.arange(256.0)
    table = [np.clip((levels * bright * tint - 128) * steep + 128, 0, 255).round().astype(int) for tint in (warm**0.5, 1.0, warm**-0.5)]
    return image.point(np.concatenate(table).tolist())
