"""Losses of proposals: how well masks cover their segments, and whether queries know what they show."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.masks.matching import Matched, Segments, focal_terms
from larvseg.models.upsampling import upsample


def focal_loss(logits: Tensor, targets: Tensor, labelled: Tensor) -> Tensor:
    """(M, H, W) each → (M,): mean focal loss of the labelled pixels."""
    inside, outside = focal_terms(logits)
    return ((inside * targets + outside * (1 - targets)) * labelled).sum((1, 2)) / labelled.sum((1, 2)).clamp(min=1)


def dice_loss(logits: Tensor, targets: Tensor, labelled: Tensor) -> Tensor:
    """(M, H, W) each → (M,): 1 − (2Σpt + 1)/(Σp + Σt + 1) over the labelled pixels."""
    probability = logits.sigmoid() * labelled
    return 1 - (2 * (probability * targets).sum((1, 2)) + 1) / (probability.sum((1, 2)) + targets.sum((1, 2)) + 1)


def mask_losses(masks: Tensor, segments: Segments, matched: Matched) -> tuple[Tensor, Tensor]:
    """Focal and dice loss of the matched masks (L, B, Q, h, w), upsampled to the segments: summed over layers, averaged over segments."""
    logits = masks[matched.layers, matched.images, matched.queries]
    targets, labelled = segments.masks[matched.segments], segments.labelled[matched.images]
    logits, count = upsample(logits, targets.shape[1:]), max(1, len(segments.masks))
    return focal_loss(logits, targets, labelled).sum() / count, dice_loss(logits, targets, labelled).sum() / count


def class_loss(logits: Tensor, segments: Segments, matched: Matched, no_object: float) -> Tensor:
    """Cross entropy of the queries (L, B, Q, N + 1), those without a segment against the last class; summed over layers.

    Averaged over queries, with weight `no_object` for those of the last class.
    """
    last = logits.shape[3] - 1
    targets = torch.full(logits.shape[:3], last, device=logits.device)
    targets[matched.layers, matched.images, matched.queries] = segments.classes[matched.segments]
    weight = logits.new_ones(last + 1)
    weight[last] = no_object
    return sum(F.cross_entropy(own.flatten(0, 1), target.flatten(), weight) for own, target in zip(logits, targets, strict=True))
