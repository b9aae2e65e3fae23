"""The test-time protocol."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt, model_validator

from larvseg.config.base import Model, Seed
from larvseg.config.training import Runtime


class Evaluation(Model):
    """Test-time protocol: keep-ratio resize, then sliding windows, or the whole image in cells. Sizes in pixels."""

    short_side: PositiveInt
    long_side: PositiveInt
    window: PositiveInt | None = None
    stride: PositiveInt | None = None
    cell: PositiveInt | None = None  # instead of windows: whole images, padded to cells of so many pixels
    size: Literal["original", "resized"] = "original"
    batch_size: PositiveInt = 8

    @model_validator(mode="after")
    def _one_way(self) -> Evaluation:
        windows = self.window is not None and self.stride is not None
        if windows is (self.cell is not None):
            raise ValueError("says either window and stride or, for whole images, cell")
        if self.short_side > self.long_side or (windows and self.stride > self.window):
            raise ValueError("short_side is above long_side, or stride above window, so that windows leave pixels out")
        return self


class EvaluateConfig(Model):
    """One evaluation of one run."""

    run: str
    method: str  # a module of larvseg/methods: says how the files of the run become a predictor
    profile: str
    seed: Seed
    benchmark: str
    evaluation: Evaluation
    runtime: Runtime = Runtime()
