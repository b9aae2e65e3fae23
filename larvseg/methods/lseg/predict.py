"""How LSeg segments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from larvseg.config import EvaluateConfig
from larvseg.errors import LarvSegError
from larvseg.models.predictor import Predictor
from larvseg.training.segmenters import DatasetSegmenter, load_segmenter, trained_on
from larvseg.training.text_table import load_text


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The run of `inputs` ("model", "config") for the classes of the text table `inputs["text"]`.

    Raises:
        LarvSegError: as load_segmenter and load_text; a run of another method; a table of another text tower.
    """
    trained, training = load_segmenter(inputs["model"], inputs["config"], trained_on(inputs["config"]), device, inputs.get("frozen"))
    table, about = load_text(inputs["text"])
    if training.table != "text":
        raise LarvSegError(f"{inputs['config']}: a run of the method {training.method}; LSeg needs one that was trained on text embeddings")
    segmenter = trained.segmenter
    if table.shape[1] != segmenter.classifier.table.shape[1]:
        widths = f"{table.shape[1]} numbers, the run was trained on {segmenter.classifier.table.shape[1]}"
        raise LarvSegError(f"{inputs['text']}: embeddings of {widths}; make it with the run's CLIP model")
    segmenter.classifier.table = table.to(segmenter.classifier.table)
    model = DatasetSegmenter(segmenter, torch.arange(len(table), device=device), tuple(about["classes"]), trained.frozen).eval()
    return Predictor(model.names, model, training.switches.normalisation)
