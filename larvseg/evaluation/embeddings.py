"""Whole images as grids of pixel embeddings, without sliding windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import Evaluation
from larvseg.config.grouping import Embedding
from larvseg.datasets.transforms import normalise, resize, resized_size
from larvseg.errors import LarvSegError
from larvseg.evaluation.grouping import ImageGrid
from larvseg.models.backbone import build_backbone
from larvseg.training.checkpoint import load_into
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.saved import vocabulary_in
from larvseg.training.segmenters import load_segmenter

Embed = Callable[[np.ndarray], ImageGrid]  # image (H, W, 3) uint8 → unit vectors on its patch grid


def embedder(embedding: Embedding, inputs: Mapping[str, Path], evaluation: Evaluation, device: torch.device | str) -> Embed:
    """The embeddings that `embedding` says, of images at the size of `evaluation`.

    inputs: `model` and, of a segmenter, `config`, or `clip`; `frozen` where the backbone is. A segmenter's embeddings are those that its
    classifier compares, p = normalise(x W_p). Raises LarvSegError for files that do not fit.
    """
    network, patch_size, normalisation = _network(embedding, inputs, device)

    def embed(image: np.ndarray) -> ImageGrid:
        images = whole(image, evaluation, normalisation, device)
        return ImageGrid(network(images)[0].float(), image.shape[:2], tuple(length / patch_size for length in images.shape[2:]))

    return embed


def _network(embedding: Embedding, inputs: Mapping[str, Path], device: torch.device | str) -> tuple[Callable[[Tensor], Tensor], int, str]:
    """(1, 3, H, W) → (1, D, h, w) unit vectors; pixels from one of them to the next; how images are normalised for it."""
    if embedding.source == "denseclip":
        from larvseg.clip.dense import stride_of
        from larvseg.clip.model import load_clip  # only this needs CLIP

        clip = load_clip(inputs["clip"], device)
        return clip.dense, stride_of(clip.model.visual), "clip"

    if embedding.source == "segmenter":
        # pixels are the same for each class list of the run
        model, training = load_segmenter(inputs["model"], inputs["config"], _trained_on(inputs["config"]), device, inputs.get("frozen"))
        segmenter = model.segmenter

        def pixels(images: Tensor) -> Tensor:
            features = model.features(images)
            return segmenter.classifier(features, model.index).pixels.transpose(1, 2).unflatten(2, features.shape[2:])

        return pixels, segmenter.backbone.patch_size, training.switches.normalisation

    if embedding.backbone is None:
        raise LarvSegError(f"{inputs['model']}: a backbone alone; say in `embedding.backbone` which one it is")
    if embedding.backbone.neck:
        frozen = load_frozen(embedding.backbone, inputs["frozen"], device)
        return lambda images: F.normalize(frozen(images), dim=1), frozen.stride, embedding.normalisation
    backbone = build_backbone(embedding.backbone)
    load_into(backbone, inputs["model"])
    backbone.to(device).eval()
    return lambda images: F.normalize(backbone(images), dim=1), backbone.patch_size, embedding.normalisation


def whole(image: np.ndarray, evaluation: Evaluation, normalisation: str, device: torch.device | str) -> Tensor:
    """(H, W, 3) uint8 → (1, 3, H', W') at the size of `evaluation`."""
    size = resized_size(image.shape[1], image.shape[0], evaluation.short_side, evaluation.long_side)
    return torch.from_numpy(normalise(resize(image, size), normalisation)).to(device)[None]


def _trained_on(path: Path) -> str:
    """A data set whose classes the run of this config.json knows."""
    return next(iter(vocabulary_in(path).index))
