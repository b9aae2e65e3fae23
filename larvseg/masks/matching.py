"""Which proposal answers for which annotated segment: the assignment of least cost (Kuhn's Hungarian method, by SciPy)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from larvseg.config.masks import Matching

FOCAL_POSITIVE, FOCAL_EXPONENT = 0.25, 2  # α and γ of the focal loss


class Segments(NamedTuple):
    """All T annotated segments of B images, image by image: the pixels of one class in one image are one segment."""

    masks: Tensor  # (T, H, W) 0 or 1, of the type of the network's floats
    classes: Tensor  # (T,)
    images: Tensor  # (T,) 0 … B−1, ascending
    labelled: Tensor  # (B, H, W) 1 where a pixel has a label; the others count nowhere


class Matched(NamedTuple):
    """M pairs of proposal and segment."""

    layers: Tensor  # (M,)
    images: Tensor  # (M,)
    queries: Tensor  # (M,)
    segments: Tensor  # (M,) positions among the T segments


def segments_of(labels: Tensor, dtype: torch.dtype) -> Segments:
    """(B, H, W) train ids, negative where ignored → its segments."""
    classes = [image.unique() for image in labels]
    classes = [present[present >= 0] for present in classes]
    images = torch.repeat_interleave(torch.tensor([len(present) for present in classes])).to(labels.device)
    classes = torch.cat(classes)
    masks = labels[images] == classes[:, None, None]
    return Segments(masks.to(dtype), classes, images, (labels >= 0).to(dtype))


@torch.no_grad()
def match(masks: Tensor, probabilities: Tensor | None, segments: Segments, weights: Matching) -> Matched:
    """Pair proposals with segments, layer by layer and image by image; the surplus of either stays alone.

    masks: (L, B, Q, h, w) logits; probabilities: (L, B, Q, N + 1), None for masks without classes. The cost of a pair is
    focal·(mean focal loss) + dice·(1 − Dice) − classification·p(class), its masks compared at h×w by the nearest pixel.
    """
    targets, labelled = (_at(maps, masks.shape[3:]).flatten(1) for maps in (segments.masks, segments.labelled))  # (T, n), (B, n)
    images = segments.images.tolist()
    pairs: list[tuple[int, int, int, int]] = []
    for image in range(masks.shape[1]):
        own = [number for number, of in enumerate(images) if of == image]
        cost = _mask_cost(masks[:, image].flatten(2), targets[own], labelled[image], weights)
        if probabilities is not None:
            cost = cost - weights.classification * probabilities[:, image][..., segments.classes[own]]
        # a loss that is not finite is for the training loop to report, not for SciPy
        for layer, matrix in enumerate(cost.nan_to_num(0.0, 0.0, 0.0).cpu().numpy()):
            rows, columns = linear_sum_assignment(matrix)
            pairs += [(layer, image, query, own[column]) for query, column in zip(rows.tolist(), columns.tolist(), strict=True)]
    return Matched(*torch.tensor(pairs, dtype=torch.int64, device=masks.device).reshape(-1, 4).T)


def _at(maps: Tensor, size: torch.Size) -> Tensor:
    """(·, H, W) → (·, h, w): the pixel in the middle of each cell."""
    rows, columns = (
        (2 * torch.arange(new, device=maps.device) + 1) * old // (2 * new) for old, new in zip(maps.shape[1:], size, strict=True)
    )
    return maps[:, rows[:, None], columns]


def _mask_cost(logits: Tensor, targets: Tensor, labelled: Tensor, weights: Matching) -> Tensor:
    """(L, Q, n) logits, (T, n) targets, (n,) labelled → (L, Q, T)."""
    inside, outside = focal_terms(logits)
    targets, off = targets * labelled, (1 - targets) * labelled
    focal = (inside @ targets.T + outside @ off.T) / labelled.sum().clamp(min=1)
    probability = logits.sigmoid() * labelled
    dice = 1 - (2 * probability @ targets.T + 1) / (probability.sum(-1, keepdim=True) + targets.sum(-1) + 1)
    return weights.focal * focal + weights.dice * dice


def focal_terms(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The focal loss of each pixel if it lies inside the segment, and if it lies outside: −α(1 − p)^γ log p, −(1 − α)p^γ log(1 − p)."""
    probability = logits.sigmoid()
    surprise = F.softplus(-logits)  # −log p, and −log(1 − p) is that and the logit
    inside = FOCAL_POSITIVE * (1 - probability) ** FOCAL_EXPONENT * surprise
    return inside, (1 - FOCAL_POSITIVE) * probability**FOCAL_EXPONENT * (surprise + logits)
