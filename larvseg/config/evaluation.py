"""The test-time protocol."""

from __future__ import annotations

from typing import Literal

from larvseg.config.base import Model
from larvseg.config.training import Runtime


class Evaluation(Model):
    """Test-time protocol: keep-ratio resize, sliding window. Sizes in pixels."""

    short_side: int
    long_side: int
    window: int
    stride: int
    size: Literal["original", "resized"] = "original"
    batch_size: int = 8


class EvaluateConfig(Model):
    """One evaluation of one run."""

    run: str
    method: str  # a module of larvseg/methods: says how the files of the run become a predictor
    profile: str
    seed: int
    benchmark: str
    evaluation: Evaluation
    runtime: Runtime = Runtime()
