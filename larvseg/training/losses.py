"""The losses, each as a value for every pixel or pair, so that whoever calls chooses how to average."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.models.attention import Attended
from larvseg.models.classifier import Classified, CosineClassifier
from larvseg.models.upsampling import adjoint, upsample

IGNORE = -1


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy of every pixel: `logits` (B, N, h, w), upsampled to `masks` (B, H, W) with IGNORE → (B, H, W), 0 where ignored."""
    return F.cross_entropy(upsample(logits, masks.shape[1:]), masks, ignore_index=IGNORE, reduction="none")


def pair_loss(pooled: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of every pair of image and label, the image's other labels left out of the softmax.

    `pooled` (B, L, N) or (B, 1, N) logits, `labels` (B, L) padded with -1 → (B, L), 0 where padded.
    """
    present = labels >= 0
    own = labels.clamp(min=0)
    batch, length, classes = *labels.shape, pooled.shape[2]
    labelled = torch.zeros(batch, classes + 1, dtype=torch.bool, device=labels.device)
    labelled.scatter_(1, torch.where(present, labels, classes), True)  # padding marks the spare column
    left_out = labelled[:, None, :classes].repeat(1, length, 1).scatter_(2, own[..., None], False)
    log_probability = F.log_softmax(pooled.masked_fill(left_out, -torch.inf), dim=2)
    return torch.where(present, -log_probability.gather(2, own[..., None])[..., 0], 0.0)


def image_label_loss(out: Classified, labels: Tensor, size: tuple[int, int]) -> Tensor:
    """Loss of the mean logits over the image (the Baseline), (B, L) → (B, L).

    The mean over the upsampled positions is a mean over patches with constant weights: no map is upsampled.
    """
    weights = adjoint(out.logits.new_ones(size), out.logits.shape[2:]).flatten() / (size[0] * size[1])
    return pair_loss(weights @ out.logits.flatten(2).transpose(1, 2)[:, None], labels)


def attentive_loss(out: Classified, labels: Tensor, attended: Attended, classifier: CosineClassifier, on: str = "logits") -> Tensor:
    """Loss of the attentively pooled logits (the category-wise attentive classifier), (B, L) → (B, L), 0 for pairs not scored.

    With `on="similarity"` the cosines are pooled and the pooled vector is normalised, instead of pooling normalised logits.
    """
    if on == "similarity":
        pooled = classifier.normalise(attended.weights @ out.cosines, out.absent)
    else:
        pooled = attended.weights @ out.logits.flatten(2).transpose(1, 2)
    return torch.where(attended.scored, pair_loss(pooled, labels), 0.0)


Term = Callable[[Classified, Tensor | None, Tensor | None], tuple[Tensor, Tensor] | None]
# Further terms by the names that `losses` of a run gives weights to. A term gets what the classifier says of images of one data set, and
# their masks or labels. It returns values (B, …) and which of them count (bool), or None for images that it has no part in.
TERMS: dict[str, Term] = {}
