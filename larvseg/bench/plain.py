"""Plain references: the published formulas written out, one pair at a time, every map upsampled, every pixel of the bank kept.

Slow on purpose. The tests hold the fast implementations against them, the benchmark measures the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import Attention, Switches
from larvseg.models.classifier import Classified, CosineClassifier


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, h, w) → (N, H, W)."""
    return F.interpolate(maps[None], size=size, mode="bilinear", align_corners=False)[0]


def classify(classifier: CosineClassifier, features: Tensor, index: Sequence[int]) -> Classified:
    """The cosine classifier on one dataset's classes, step by step."""
    pixels = features.flatten(2).transpose(1, 2) @ classifier.project_pixels
    classes = classifier.table[list(index)] @ classifier.project_classes
    pixels, classes = pixels / pixels.norm(dim=-1, keepdim=True), classes / classes.norm(dim=-1, keepdim=True)
    cosines = torch.einsum("bjd,nd->bjn", pixels, classes)
    return Classified(scale(classifier, cosines).transpose(1, 2).reshape(len(features), len(index), *features.shape[2:]), cosines, pixels)


def scale(classifier: CosineClassifier, cosines: Tensor) -> Tensor:
    """Class-axis normalisation, or the temperature."""
    if classifier.temperature == "cosine":
        return cosines / classifier.tau
    mean, variance = cosines.mean(-1, keepdim=True), cosines.var(-1, unbiased=False, keepdim=True)
    return (cosines - mean) / (variance + 1e-5).sqrt() * classifier.scale + classifier.shift


def segmentation_loss(logits: Tensor, masks: Tensor, labelled_only: bool = False) -> Tensor:
    """Mean cross entropy of (B, N, h, w) logits upsampled to (B, H, W) masks; -1 is ignored but counted, unless `labelled_only`."""
    losses = [
        -torch.log_softmax(upsample(z, mask.shape)[:, mask >= 0], 0).gather(0, mask[mask >= 0][None])
        for z, mask in zip(logits, masks, strict=True)
    ]
    return torch.cat(losses, dim=1).sum() / ((masks >= 0).sum() if labelled_only else masks.numel())


def interpolated_segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy of every pixel (B, H, W), 0 where -1 is ignored, of logits that torch upsamples."""
    upsampled = F.interpolate(logits, size=masks.shape[1:], mode="bilinear", align_corners=False)
    return F.cross_entropy(upsampled, masks, ignore_index=-1, reduction="none")


def label_loss(pooled: Tensor, label: int, labels: Sequence[int]) -> Tensor:
    """Cross entropy of the (N,) logits without the columns of the image's other labels."""
    kept = [column for column in range(len(pooled)) if column == label or column not in labels]
    return -torch.log_softmax(pooled[kept], 0)[kept.index(label)]


def image_label_loss(out: Classified, labels: Sequence[Sequence[int]], size: tuple[int, int]) -> Tensor:
    """Sum over pairs of the loss of the mean upsampled logits."""
    total = out.logits.new_zeros(())
    for logits, own in zip(out.logits, labels, strict=True):
        for label in own:
            total = total + label_loss(upsample(logits, size).mean((1, 2)), label, own)
    return total


class Bank:
    """The memory bank as published: all M·K vectors of every category. `vectors` (N, M, K, D)."""

    def __init__(self, vectors: Tensor) -> None:
        self.vectors = vectors.clone()
        self.pointer, self.full = [0] * len(vectors), [0] * len(vectors)

    def score(self, category: int, pixels: Tensor) -> Tensor:
        """(n, D) unit vectors → (n,) mean cosine to all stored vectors."""
        return (pixels @ self.vectors[category].flatten(0, 1).T).mean(1)

    def push(self, category: int, pixels: Tensor, scores: Tensor) -> None:
        """Store the K pixels of highest score."""
        memory_size, top_k = self.vectors.shape[1:3]
        self.vectors[category, self.pointer[category]] = pixels[scores.argsort(descending=True)[:top_k]]
        self.pointer[category] = (self.pointer[category] + 1) % memory_size
        self.full[category] += self.pointer[category] == 0


def attentive_loss(
    out: Classified,
    labels: Sequence[Sequence[int]],
    index: Sequence[int],
    size: tuple[int, int],
    classifier: CosineClassifier,
    bank: Bank | None,
    config: Attention,
    switches: Switches,
    banked: Sequence[bool] | None = None,
    valid: Tensor | None = None,
) -> tuple[Tensor, int]:
    """Sum over scored pairs of the attentive loss, and their number; pushes to the bank, pair after pair."""
    total, scored = out.logits.new_zeros(()), 0
    has_bank = [True] * len(index) if banked is None else banked
    image = torch.ones(len(labels), *size, dtype=torch.bool) if valid is None else valid
    for logits, cosines, pixels, own, real in zip(out.logits, out.cosines, out.pixels, labels, image, strict=True):
        grid, seen, points = logits.shape[1:], cosines.detach(), pixels.detach()
        for label in own:
            if config.variant == "single_image":
                maps = upsample(seen[:, label].view(1, *grid), size)[0]
                inside = (maps > maps.mean() + maps.std()) & real
                if inside.any():
                    total = total + label_loss(upsample(logits, size)[:, inside].mean(1), label, own)
                    scored += 1
                continue
            if not has_bank[label]:
                continue
            if config.variant == "push_first":
                bank.push(index[label], points, seen[:, label])
            if bank.full[index[label]] >= config.warm_up:
                foreground = bank.score(index[label], points)
                background = background_classes(seen, points, label, own, foreground, index, bank, config)
                background = [bank.score(index[column], points) for column in background if has_bank[column]]
                contrast = foreground - (torch.stack(background).mean(0) if background else 1 - foreground)
                contrast = (contrast - contrast.mean()) / (contrast.var(unbiased=False) + 1e-5).sqrt()
                attention = torch.sigmoid(upsample(contrast.view(1, *grid), size))
                area = attention.sum() if switches.pooling == "attention" else size[0] * size[1]
                if switches.attention_on == "similarity":
                    maps = upsample(cosines.T.reshape(-1, *grid), size)
                    pooled = scale(classifier, (attention * maps).sum((1, 2)) / area)
                else:
                    pooled = (attention * upsample(logits, size)).sum((1, 2)) / area
                total = total + label_loss(pooled, label, own)
                scored += 1
            if config.variant == "cross_image":
                bank.push(index[label], points, seen[:, label])
    return total, scored


def background_classes(
    cosines: Tensor,
    pixels: Tensor,
    label: int,
    labels: Sequence[int],
    foreground: Tensor,
    index: Sequence[int],
    bank: Bank,
    config: Attention,
) -> list[int]:
    """The image's other labels; for an only label, classes the classifier is confident of and that lie elsewhere."""
    if len(labels) > 1:
        return [column for column in labels if column != label]
    chosen = []
    for column in range(len(index)):
        confidence = cosines[:, column].sort(descending=True).values[: config.background_top_k].mean()
        if column == label or confidence <= config.background_threshold:
            continue
        scores = bank.score(index[column], pixels)
        difference = (scores - scores.mean()) / scores.std() - (foreground - foreground.mean()) / foreground.std()
        if difference.square().mean() > config.background_mse_threshold:
            chosen.append(column)
    return chosen
