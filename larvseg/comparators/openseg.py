"""An OpenSeg-style model: masks that know no classes, and regions grounded in captions.

After Ghiasi et al., Scaling Open-Vocabulary Image Segmentation with Image-Level Labels, ECCV 2022. OpenSeg's training code and weights are
not public, so the row of the paper's Table 3 is quoted in the profile `paper`; this is a small model in its spirit. Departures: a plain
vision transformer, not EfficientNet-B7; a text tower of CLIP, not of ALIGN; masks are learned from C171 alone, jointly with the captions,
and no teacher draws masks on the pictures with captions; queries and decoder are ZSBaseline's; each segment has a mask of its own, by
Hungarian matching, and the focal loss beside Dice (by Dice with the best of all masks alone, small networks end with masks of everything);
captions do not teach the masks; nouns are words that WordNet knows as nouns, found without a tagger.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from larvseg.comparators.masks.networks import RegionEmbedder, build_embedder
from larvseg.comparators.masks.trained import load_network
from larvseg.comparators.text import load_text
from larvseg.config import EvaluateConfig
from larvseg.evaluation.predictor import Predictor


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
