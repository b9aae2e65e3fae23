"""Category-wise attention: where in an image is each of its labels? All pairs of image and label at once.

Images carry different numbers of labels, so pairs are laid out as (B, L): the labels of each image, padded with -1. A map over the n = h·w
patches of each pair is (B, L, n). Nothing here has a gradient: attention decides where the loss looks, the loss trains the logits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import Attention, Switches
from larvseg.models.bank import MemoryBank, Pushed
from larvseg.models.classifier import Classified
from larvseg.models.upsampling import adjoint, upsample


class Attended(NamedTuple):
    """How to pool the patches of each pair."""

    weights: Tensor  # (B, L, n): pooled logits = weights · z, the mean of A ⊙ U z over the upsampled positions
    scored: Tensor  # (B, L) bool: the pair takes part in the attentive loss
    contrast: Tensor  # (B, L) standard deviation over the patches of what attention compares, in units of cosines


def pad_labels(labels: list[tuple[int, ...]]) -> Tensor:
    """(B, L): the labels of each image, padded with -1; L is at least 1."""
    padded = torch.full((len(labels), max([1, *map(len, labels)])), -1, dtype=torch.int64)
    for row, image_labels in zip(padded, labels, strict=True):
        row[: len(image_labels)] = torch.tensor(image_labels, dtype=torch.int64)
    return padded


class Pairs(NamedTuple):
    """The pairs of image and label of B images. All of it is known before the images are computed."""

    labels: Tensor  # (B, L), padded with -1
    image: Tensor  # (P,) of each pair that has a bank, in the order of images and labels
    place: Tensor  # (P,) of its label among those of the image
    column: Tensor  # (P,) its label
    alone: Tensor  # (A,) images with a single label


def pairs_of(
    labels: list[tuple[int, ...]], banked: np.ndarray | None = None, moved: Callable[[Tensor], Tensor] = lambda tensor: tensor
) -> Pairs:
    """The pairs of images with `labels`, `moved` to their device; those have a bank that are `banked` (N,) or (B, N) bool (None: all)."""
    padded = pad_labels(labels).numpy()
    present = padded >= 0
    banked = np.ones(1, bool) if banked is None else banked
    own = np.broadcast_to(banked, (len(padded), banked.shape[-1]))
    image, place = np.nonzero(present & np.take_along_axis(own, padded % own.shape[1], 1))
    found = (padded, image, place, padded[image, place], np.nonzero(present.sum(1) == 1)[0])
    return Pairs(*(moved(torch.from_numpy(each)) for each in found))


class CategoryAttention:
    """`attend` for the configured variant.

    The background of a label is the image's other labels; where it is the only one, classes of the vocabulary that the classifier sees.
    Pairs are worked through one after the other, in the order of images and of their labels: a pair is scored against the bank as the pairs
    before it left it, then pushes its own pixels (`push_first`: pushes, then is scored). What is pushed does not depend on the bank, so all
    pushes can be made at once, and `Pushed` remembers what each pair saw.
    """

    def __init__(self, config: Attention, switches: Switches) -> None:
        self.config, self.switches = config, switches
        self.shape = config.shape or ("threshold" if config.variant == "single_image" else "sigmoid")

    @torch.no_grad()
    def attend(
        self,
        out: Classified,
        labels: Tensor,
        index: Tensor,
        size: tuple[int, int],
        bank: MemoryBank | None = None,
        pushed: Pushed | None = None,
        positions: Tensor | None = None,
        banked: Tensor | None = None,
        valid: Tensor | None = None,
        alone: Tensor | None = None,
    ) -> Attended:
        """Attention of the pairs `labels` (B, L), columns of `index` (N,) or (B, N), upsampled to `size` = (H, W).

        `positions` (B, L): where the pair's push is in `pushed`, -1 for pairs that push nothing: they are neither scored nor background.
        `banked`, like `index`, says which columns have a bank (None: all of them). The single-image variant needs none of these, and
        leaves out the positions that are not `valid` (B, H, W). `alone` (A,): the images with a single label, found here if not given.
        """
        if self.config.variant == "single_image":
            columns = labels.clamp(min=0)[..., None].expand(-1, -1, out.cosines.shape[1])
            return self._shaped(out.cosines.transpose(1, 2).gather(1, columns), labels >= 0, out, size, valid)
        present = positions >= 0
        count = F.pad(pushed.count, (0, 1))[positions]  # -1 points to the padding
        before = mean_cosines(out.pixels, F.pad(pushed.before, (0, 0, 0, 1))[positions])
        after = mean_cosines(out.pixels, F.pad(pushed.after, (0, 0, 0, 1))[positions])
        foreground = after if self.config.variant == "push_first" else before
        background = others_mean(before, after, present, empty=1 - foreground)
        if alone is None:
            alone = ((labels >= 0).sum(1) == 1).nonzero()[:, 0]
        if len(alone):
            cosines, pixels, time = out.cosines[alone], out.pixels[alone], positions[alone, :1]
            seen = self._seen(cosines, labels[alone, :1], None if banked is None else of_images(banked, alone))
            maps = mean_cosines_at(time, pixels, of_images(index, alone), bank, pushed)
            background[alone, :1] = self._elsewhere(maps, seen, foreground[alone, :1])
        warm = count >= self.config.warm_up * self.config.memory_size
        return self._shaped(foreground - background, present & warm, out, size, valid)

    def _shaped(self, maps: Tensor, scored: Tensor, out: Classified, size: tuple[int, int], valid: Tensor | None) -> Attended:
        """From maps (B, L, n) of how much a patch belongs to a label to how much the loss looks at it, at positions that are `valid`.

        sigmoid: σ of the standardised map. threshold (paper Table 5, "Single-Image"): the positions that exceed the map's mean by one
        standard deviation, each as much as the others. Pairs that attend nowhere are not scored.
        """
        grid, contrast = out.logits.shape[2:], maps.std(2, correction=0)
        if self.shape == "sigmoid":
            attention = torch.sigmoid(upsample(standardise(maps).unflatten(2, grid), size))
        else:
            upsampled = upsample(maps.unflatten(2, grid), size)
            attention = (upsampled > upsampled.mean((2, 3), keepdim=True) + upsampled.std((2, 3), keepdim=True)).to(maps.dtype)
        if valid is not None:
            attention = attention * valid[:, None]
        total = attention.sum((2, 3))
        scored = scored & (total > 0)
        if self.shape == "sigmoid" and self.switches.pooling == "all_pixels":
            total = torch.full_like(total, size[0] * size[1])
        return Attended(adjoint(attention, grid).flatten(2) / total.clamp(min=1)[..., None], scored, contrast)

    def _seen(self, cosines: Tensor, labels: Tensor, banked: Tensor | None) -> Tensor:
        """(B, n, N) cosines, (B, 1) labels → (B, N) bool: other classes whose best patches the classifier is confident of."""
        best = cosines.transpose(1, 2).topk(min(self.config.background_top_k, cosines.shape[1]), dim=2).values
        seen = (best.mean(2) > self.config.background_threshold).scatter_(1, labels, False)
        return seen if banked is None else seen & banked

    def _elsewhere(self, maps: Tensor, seen: Tensor, foreground: Tensor) -> Tensor:
        """(B, N, n) maps, (B, N) bool, (B, 1, n) → (B, 1, n): mean map of the seen classes that lie elsewhere than the foreground."""
        patches = maps.shape[2]
        # mean squared difference of two standardised maps (unbiased deviation): 2(1 − ρ)(n − 1)/n
        correlation = (unit_deviation(maps) @ unit_deviation(foreground).transpose(1, 2))[..., 0]
        elsewhere = 2 * (1 - correlation) * (patches - 1) / patches > self.config.background_mse_threshold
        chosen = (seen & elsewhere)[:, None]
        count = chosen.sum(2, keepdim=True)
        return torch.where(count > 0, chosen.to(maps.dtype) @ maps / count.clamp(min=1), 1 - foreground)


def of_images(values: Tensor, images: Tensor) -> Tensor:
    """Those of (B, N) `values` that are of the `images` (A,): (A, N). Values (N,) are those of every image."""
    return values if values.ndim == 1 else values[images]


def mean_cosines(pixels: Tensor, means: Tensor) -> Tensor:
    """(B, n, D) unit vectors against bank means (B, C, D) or (C, D) → (B, C, n)."""
    return means @ pixels.transpose(1, 2)


def mean_cosines_at(time: Tensor, pixels: Tensor, index: Tensor, bank: MemoryBank, pushed: Pushed) -> Tensor:
    """(B, N, n): mean cosines of each image to the categories `index`, against the bank as it was before push number `time` (B, 1).

    `index` is (N,), or (B, N) with -1 for columns without a category: what is said of those means nothing.

    The bank holds all pushes already: categories pushed to at or after that time are looked up before the first of those pushes.
    """
    maps = mean_cosines(pixels, bank.category_means(index))
    later = torch.arange(len(pushed.categories), device=index.device) >= time  # (B, P)
    same = pushed.categories[:, None] == pushed.categories
    first = later & ~(later[:, None] & same.tril(-1)).any(2)
    undo = first[:, None] & (index[..., None] == pushed.categories)  # (B, N, P), at most one for each category
    return torch.where(undo.any(2, keepdim=True), undo.to(maps.dtype) @ mean_cosines(pixels, pushed.before), maps)


def others_mean(before: Tensor, after: Tensor, present: Tensor, empty: Tensor) -> Tensor:
    """(B, L, n): for each label the mean map of the image's other present labels, or `empty` (B, L, n) where it has none.

    Labels that come earlier have pushed already, those that come later have not: `after` and `before` (B, L, n).
    """
    others = present[:, None].expand(-1, present.shape[1], -1)
    total = others.tril(-1).to(after.dtype) @ after + others.triu(1).to(before.dtype) @ before
    count = (others.tril(-1) | others.triu(1)).sum(2, keepdim=True)
    return torch.where(count > 0, total / count.clamp(min=1), empty)


def standardise(maps: Tensor) -> Tensor:
    """(…, n) maps → mean 0, variance 1 over the patches."""
    centred = maps - maps.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + 1e-5)


def unit_deviation(maps: Tensor) -> Tensor:
    """(…, n) maps → deviations from the mean, of unit length: their dot products are correlations."""
    return F.normalize(maps - maps.mean(-1, keepdim=True), dim=-1)
