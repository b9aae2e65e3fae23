"""How the OpenSeg-style model segments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from larvseg.config import EvaluateConfig
from larvseg.masks.networks import RegionEmbedder, build_embedder
from larvseg.masks.trained import load_network
from larvseg.models.predictor import Predictor
from larvseg.training.text_table import load_text


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The run of `inputs` ("model", "config") for the classes of the table "text"; errors as in load_network and load_text."""
    table, about = load_text(inputs["text"])
    network, trained = load_network(build_embedder, "openseg", inputs["model"], inputs["config"], table.shape[1], device)
    return Predictor(tuple(about["classes"]), OpenSeg(network, table.to(device)), trained.switches.normalisation)


class OpenSeg:
    """Windows (B, 3, W, W) → scores (B, N, h, w) on the grid of the masks: Σ_q p_q(c)·m_q, p_q = softmax_c(cos(region q, text c)/τ)."""

    def __init__(self, network: RegionEmbedder, table: Tensor) -> None:
        self.network, self.table = network, table

    def __call__(self, windows: Tensor) -> Tensor:
        masks, vectors = self.network(windows)
        classes = (self.network.scale * vectors @ self.table.T).softmax(-1)
        return torch.einsum("bqn,bqhw->bnhw", classes, masks.sigmoid())
