"""How DenseCLIP segments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from larvseg.clip.model import load_clip
from larvseg.config import EvaluateConfig
from larvseg.errors import LarvSegError
from larvseg.models.predictor import Predictor
from larvseg.training.text_table import load_text


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The CLIP model `inputs["clip"]` for the classes of the text table `inputs["text"]`.

    Raises:
        LarvSegError: unreadable files, or a table that another CLIP model made.
    """
    clip, (table, about) = load_clip(inputs["clip"], device), load_text(inputs["text"])
    if table.shape[1] != clip.dim:
        raise LarvSegError(f"{inputs['text']}: embeddings of {table.shape[1]} numbers, {inputs['clip']} makes {clip.dim}; make it again")
    table = table.to(device)

    def logits(windows: Tensor) -> Tensor:
        features = clip.dense(windows)
        with torch.autocast(windows.device.type, enabled=False):  # near classes differ by less than half precision tells apart
            return class_scores(features.to(table.dtype), table)

    return Predictor(tuple(about["classes"]), logits, "clip")


def class_scores(features: Tensor, table: Tensor) -> Tensor:
    """Cosines of the cells (B, D, h, w) with the N rows of `table` (N, D), all unit vectors → (B, N, h, w)."""
    return torch.einsum("bdhw,nd->bnhw", features, table)
