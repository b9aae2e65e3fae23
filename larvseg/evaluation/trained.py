"""A segmenter that this project trained (supervised, Baseline, LarvSeg) as a predictor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from larvseg.config import EvaluateConfig
from larvseg.evaluation.predictor import Predictor
from larvseg.training.segmenters import load_segmenter


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The run of `inputs` ("model", "config") for the classes of config.benchmark; errors as in load_segmenter."""
    model, training = load_segmenter(inputs["model"], inputs["config"], dataset=config.benchmark, device=device)
    return Predictor(model.names, model, training.switches.normalisation)
