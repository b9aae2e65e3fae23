"""What a step of mask proposals minimises: ZSBaseline's matched masks and classes, OpenSeg's masks and grounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from larvseg.comparators.masks.captions import CaptionBatch
from larvseg.comparators.masks.grounding import grounding_loss
from larvseg.comparators.masks.losses import best_dice_loss, class_loss, mask_losses
from larvseg.comparators.masks.matching import match, segments_of
from larvseg.comparators.masks.networks import MaskClassifier, RegionEmbedder, full_precision
from larvseg.comparators.masks.words import WordTable
from larvseg.config.masks import ProposeConfig
from larvseg.datasets.loader import RankBatch

Parts = Mapping[str, Tensor]  # detached summands of a loss


class ClassifiedMasks:
    """ZSBaseline: focal·L_focal + dice·L_dice + classification·L_cls over matched queries, summed over the decoder's layers.

    table: (N, D) unit text vectors of the training classes.
    """

    parts = ("loss_focal", "loss_dice", "loss_cls")

    def __init__(self, config: ProposeConfig, network: MaskClassifier, table: Tensor) -> None:
        self.network, self.table, self.stride = network, table, config.loss_downsample
        self.weights = config.classification.matching

    def __call__(self, batches: Sequence[RankBatch | CaptionBatch]) -> tuple[Tensor, Parts]:
        images, labels = (torch.cat([getattr(batch, name) for batch in batches]).to(self.table.device) for name in ("images", "masks"))
        masks, logits = self.network(images, self.table)
        with full_precision(images.device):
            segments = segments_of(labels[:, :: self.stride, :: self.stride], masks.dtype)
            matched = match(masks, logits.softmax(-1), segments, self.weights)
            focal, dice = mask_losses(masks, segments, matched)
            losses = {"loss_focal": self.weights.focal * focal, "loss_dice": self.weights.dice * dice}
            losses["loss_cls"] = self.weights.classification * class_loss(logits, segments, matched, self.weights.no_object)
        return sum(losses.values()), {name: value.detach() for name, value in losses.items()}


class GroundedMasks:
    """OpenSeg: L_dice on pictures with masks + weight·L_grounding on pictures with captions, each picture in one forward pass."""

    parts = ("loss_dice", "loss_grounding")

    def __init__(self, config: ProposeConfig, network: RegionEmbedder, words: WordTable) -> None:
        self.network, self.words, self.stride, self.weight = network, words, config.loss_downsample, config.grounding.weight

    def __call__(self, batches: Sequence[RankBatch | CaptionBatch]) -> tuple[Tensor, Parts]:
        device = self.network.project.weight.device
        captioned = [batch for batch in batches if isinstance(batch, CaptionBatch)]
        annotated = [batch for batch in batches if not isinstance(batch, CaptionBatch)]
        valid = [torch.ones_like(batch.images[:, 0]) if batch.valid is None else batch.valid for batch in [*annotated, *captioned]]
        images = torch.cat([batch.images for batch in [*annotated, *captioned]])
        regions = self.network(images.to(device), torch.cat(valid).to(device))
        count = sum(len(batch.images) for batch in annotated)
        with full_precision(device):
            labels = torch.cat([batch.masks for batch in annotated]).to(device)
            segments = segments_of(labels[:, :: self.stride, :: self.stride], regions.masks.dtype)
            losses = {"loss_dice": best_dice_loss(regions.masks[:, :count], segments)}
            words = [self.words(own) for batch in captioned for own in batch.words]
            losses["loss_grounding"] = self.weight * grounding_loss(regions.vectors[count:], words, self.network.scale)
        return sum(losses.values()), {name: value.detach() for name, value in losses.items()}
