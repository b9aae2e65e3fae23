"""What a step of mask proposals minimises: ZSBaseline's matched masks and classes, OpenSeg's masks and grounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from larvseg.config.masks import Matching, ProposeConfig
from larvseg.datasets.loader import RankBatch
from larvseg.masks.captions import CaptionBatch
from larvseg.masks.grounding import grounding_loss
from larvseg.masks.losses import class_loss, mask_losses
from larvseg.masks.matching import Matched, Segments, match, segments_of
from larvseg.masks.networks import MaskClassifier, RegionEmbedder, full_precision
from larvseg.masks.words import WordTable

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
        labels = labels.long()
        masks, logits = self.network(images, self.table)
        with full_precision(images.device):
            segments = segments_of(labels[:, :: self.stride, :: self.stride], masks.dtype)
            matched = match(masks, logits.softmax(-1), segments, self.weights)
            losses = _mask_parts(masks, segments, matched, self.weights)
            losses["loss_cls"] = self.weights.classification * class_loss(logits, segments, matched, self.weights.no_object)
        return sum(losses.values()), {name: value.detach() for name, value in losses.items()}


class GroundedMasks:
    """OpenSeg: focal·L_focal + dice·L_dice on images with masks, summed over layers, + weight·L_grounding on images with captions.

    Masks are matched to segments by their shapes alone. Images with captions teach the backbone and the regions' vectors, not the masks.
    """

    parts = ("loss_focal", "loss_dice", "loss_grounding")

    def __init__(self, config: ProposeConfig, network: RegionEmbedder, words: WordTable) -> None:
        self.network, self.words, self.stride, self.weight = network, words, config.loss_downsample, config.grounding.weight
        self.weights = config.grounding.matching

    def __call__(self, batches: Sequence[RankBatch | CaptionBatch]) -> tuple[Tensor, Parts]:
        device = self.network.log_scale.device
        captioned = [batch for batch in batches if isinstance(batch, CaptionBatch)]
        annotated = [batch for batch in batches if not isinstance(batch, CaptionBatch)]
        labels = torch.cat([batch.masks for batch in annotated]).to(device)
        valid = torch.cat([batch.valid for batch in captioned]).to(device)
        images = torch.cat([batch.images for batch in [*annotated, *captioned]]).to(device)
        shown, told = self.network.proposer.backbone(images).split([len(labels), len(valid)])
        masks = self.network.proposer.propose(shown).masks
        with torch.no_grad():
            regions = self.network.proposer.propose(told).masks[-1]
        with full_precision(device):
            masks = masks.to(self.network.log_scale.dtype)
            segments = segments_of(labels[:, :: self.stride, :: self.stride], masks.dtype)
            losses = _mask_parts(masks, segments, match(masks, None, segments, self.weights), self.weights)
            words = [self.words(own).to(self.network.log_scale) for batch in captioned for own in batch.words]
            losses["loss_grounding"] = self.weight * grounding_loss(self.network.describe(told, regions, valid), words, self.network.scale)
        return sum(losses.values()), {name: value.detach() for name, value in losses.items()}


def _mask_parts(masks: Tensor, segments: Segments, matched: Matched, weights: Matching) -> dict[str, Tensor]:
    focal, dice = mask_losses(masks, segments, matched)
    return {"loss_focal": weights.focal * focal, "loss_dice": weights.dice * dice}
