"""What the evaluator and the figures need of a method: logits of windows for the classes of one data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Predictor:
    """A method that is ready to segment. `logits`: windows (B, 3, W, W), normalised as `normalisation` says → (B, N, h, w) float32 scores.

    The scores are read at pixel centres of an h×w grid over the window; the largest wins after bilinear upsampling.
    """

    names: tuple[str, ...]  # of the N classes
    logits: Callable[[Tensor], Tensor]
    normalisation: str  # "imagenet", "half" or "clip" (transforms.normalise)
