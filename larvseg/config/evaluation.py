"""The test-time protocol."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from larvseg.config.base import Model
from larvseg.config.training import Runtime


class Evaluation(Model):
    """Test-time protocol: keep-ratio resize, then sliding windows, or the whole image in cells. Sizes in pixels."""

    short_side: int
    long_side: int
    window: int | None = None
    stride: int | None = None
    cell: int | None = None  # instead of windows: whole images, padded to cells of so many pixels
    size: Literal["original", "resized"] = "original"
    batch_size: int = 8

    @model_validator(mode="after")
    def _one_way(self) -> Evaluation:
        windows = self.window is not None and self.stride is not None
        if windows is (self.cell is not None):
            raise ValueError("says either window and stride or, for whole images, cell")
        return self


class EvaluateConfig(Model):
    """One evaluation of one run."""

    run: str
    method: str  # a module of larvseg/methods: says how the files of the run become a predictor
    profile: str
    seed: int
    benchmark: str
    evaluation: Evaluation
    runtime: Runtime = Runtime()
