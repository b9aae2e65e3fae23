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


Method = Literal["supervised", "baseline", "larvseg", "denseclip", "reco", "zsbaseline", "lseg", "openseg"]


class EvaluateConfig(Model):
    """One evaluation of one run."""

    run: str
    method: Method = "larvseg"  # says how the run's files become a predictor; the three joint methods share one way
    profile: str
    seed: int
    benchmark: str
    evaluation: Evaluation
    runtime: Runtime = Runtime()
