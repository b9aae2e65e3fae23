"""ReCo's co-segmentation: one vector for what several images of a class have in common (Shin et al., ReCo, NeurIPS 2022, Section 3).

k images have features f on n patches each. A patch belongs to the class as much as every image has one like it that counts: its
support is mean_m max_{j in m} ω_j cos(f, f_j), over the images m, its own among them. The seed of an image is the patch with most.

The released code takes the maximum for image m over the columns from m·n to (2m + 1)·n; here they are those of image m alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Reference(NamedTuple):
    """What a class looks like, and where that was found."""

    vector: Tensor  # (D,), unit length
    images: Tensor  # (k,), which of the index
    seeds: Tensor  # (k,), patches, row by row


def similarity(maps: Tensor, vectors: Tensor, temperature: float, size: tuple[int, int]) -> Tensor:
    """sigmoid(temperature · cosine): (B, D, h, w) and (N, D) unit vectors → (B, N, *size), bilinear.

    With CLIP's dense features, a class's text and a tenth of CLIP's scale (10 for OpenAI's weights) this is the text attention of a class.
    """
    return F.interpolate(torch.sigmoid(temperature * torch.einsum("bdhw,nd->bnhw", maps, vectors)), size, mode="bilinear")


def context_elimination(pixels: Tensor, contexts: Tensor) -> Tensor:
    """Π_b (1 − sigmoid(cos(f, c_b))): (k, D, h, w) and (C, D) unit vectors → (k, h, w); 1 without contexts."""
    return torch.sigmoid(-torch.einsum("kdhw,cd->kchw", pixels, contexts)).prod(1)


def support(pixels: Tensor, weights: Tensor) -> Tensor:
    """mean_m max_{j in m} ω_j cos(f_i, f_j) for every patch i: (k, n, D) unit vectors, (k, n) ω → (k, n).

    One image m at a time: k·n × n numbers instead of (k·n)².
    """
    every = pixels.flatten(0, 1)
    best = sum((every @ own.T * weight).amax(1) for own, weight in zip(pixels, weights, strict=True))
    return (best / len(pixels)).unflatten(0, pixels.shape[:2])


def cosegment(features: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The common object of k images: (k, D, h, w) features, (k, h, w) ω → its vector (D,), of unit length, and the seeds (k,).

    The vector is the mean of the seeds' features as they are: long ones count more.
    """
    patches = features.flatten(2).transpose(1, 2)
    seeds = support(F.normalize(patches, dim=2), weights.flatten(1)).argmax(1)
    return F.normalize(patches[torch.arange(len(patches), device=seeds.device), seeds].mean(0), dim=0), seeds


def build_references(names: Sequence[str], contexts: Sequence[str], build: Callable[[str, Tensor], Reference]) -> Mapping[str, Reference]:
    """The reference of every context and name. `build(name, vectors)` makes one, eliminating the contexts (C, D) that exist.

    Contexts come first, in their order, each eliminating those before it; a name that is a context has that reference.
    """
    references: dict[str, Reference] = {}
    for context in contexts:
        references[context] = build(context, _stacked(references))
    eliminated = _stacked(references)
    return references | {name: build(name, eliminated) for name in names if name not in references}


def _stacked(references: Mapping[str, Reference]) -> Tensor | None:
    return torch.stack([reference.vector for reference in references.values()]) if references else None
