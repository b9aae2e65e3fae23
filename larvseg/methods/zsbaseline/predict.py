"""How ZSBaseline segments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.clip.images import renormalised
from larvseg.clip.model import Clip, load_clip
from larvseg.config import EvaluateConfig
from larvseg.config.masks import Ensemble
from larvseg.errors import LarvSegError
from larvseg.masks.networks import MaskClassifier, build_classifier
from larvseg.masks.trained import load_network
from larvseg.models.predictor import Predictor
from larvseg.training.text_table import load_text


def predictor(config: EvaluateConfig, inputs: Mapping[str, Path], device: torch.device | str) -> Predictor:
    """The run of `inputs` ("model", "config") for the classes of the table "text", with the CLIP model "clip".

    Raises:
        LarvSegError: files that are unreadable or do not fit, or a run without settings for config.benchmark.
    """
    table, about = load_text(inputs["text"])
    network, trained = load_network(build_classifier, "zsbaseline", inputs["model"], inputs["config"], table.shape[1], device)
    if trained.classification is None or config.benchmark not in trained.classification.ensemble:
        raise LarvSegError(f"{inputs['config']}: says nothing of {config.benchmark} in classification.ensemble; train the run again")
    method = ZSBaseline(
        network,
        load_clip(inputs["clip"], device),
        table.to(device),
        trained.classification.ensemble[config.benchmark],
        trained.switches.normalisation,
    )
    return Predictor(tuple(about["classes"]), method, trained.switches.normalisation)


class ZSBaseline:
    """Windows (B, 3, W, W) → scores (B, N, h, w) on the grid of the masks: Σ_q p_q(c)·m_q, p_q = p_mask^(1 − λ)·p_clip^λ.

    p_mask is the softmax over the table and the non-object, without the latter; p_clip that over the table, and 1 for an empty mask.
    """

    def __init__(self, network: MaskClassifier, clip: Clip, table: Tensor, ensemble: Ensemble, normalisation: str) -> None:
        self.network, self.clip, self.table, self.ensemble, self.normalisation = network, clip, table, ensemble, normalisation

    def __call__(self, windows: Tensor) -> Tensor:
        masks, logits = (layers[-1] for layers in self.network(windows, self.table))
        masks = masks.sigmoid()
        by_mask = logits.softmax(-1)[..., :-1]
        images = renormalised(windows, self.normalisation, "clip")
        joint = join(by_mask, self.classify(images, masks), self.ensemble.clip_weight)
        return torch.einsum("bqn,bqhw->bnhw", joint, masks)

    def classify(self, images: Tensor, masks: Tensor) -> Tensor:
        """CLIP's zero-shot classes of what lies under each mask: (B, 3, W, W) normalised for CLIP, (B, Q, h, w) → (B, Q, N)."""
        result = masks.new_ones(*masks.shape[:2], len(self.table))
        inside = F.interpolate(masks, size=images.shape[2:], mode="bilinear", align_corners=False) > self.ensemble.threshold
        where = inside.flatten(2).any(2)
        if where.any():
            embedded = self.clip.encode_images(crops(images, inside, self.clip.image_size)).to(self.table.dtype)
            result[where] = (self.clip.scale.to(embedded) * embedded @ self.table.T).softmax(-1).to(result.dtype)
        return result


def join(by_mask: Tensor, by_clip: Tensor, clip_weight: float) -> Tensor:
    """p_mask^(1 − λ)·p_clip^λ."""
    return by_mask ** (1 - clip_weight) * by_clip**clip_weight


def crops(images: Tensor, inside: Tensor, size: int) -> Tensor:
    """(B, 3, H, W), (B, Q, H, W) bool → (n, 3, size, size): the bounding box of each mask that is not empty, in order.

    What lies outside the mask is 0, the mean colour of normalised images; then bicubic, without keeping the ratio of the sides.
    """
    result = []
    for image, masks in zip(images, inside, strict=True):
        for mask in masks[masks.flatten(1).any(1)]:
            rows, columns = (mask.any(axis).nonzero()[[0, -1], 0].tolist() for axis in (1, 0))
            box = slice(rows[0], rows[1] + 1), slice(columns[0], columns[1] + 1)
            crop = image[:, *box] * mask[*box]
            result.append(F.interpolate(crop[None], size=(size, size), mode="bicubic", align_corners=False))
    return torch.cat(result)
