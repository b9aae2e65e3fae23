"""The cosine classifier: pixels and class embeddings in one space, cosines scaled by a class-axis LayerNorm or a temperature."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Classified(NamedTuple):
    """What the classifier says of B feature maps against N classes."""

    logits: Tensor  # z, (B, N, h, w); a channels-last view of (B, h·w, N)
    cosines: Tensor  # S, (B, h·w, N), in [-1, 1]
    pixels: Tensor  # p, (B, h·w, D), unit vectors


class CosineClassifier(nn.Module):
    """One embedding for each name of the union vocabulary; a dataset is scored through its list of rows of that table.

    S = cos(x·W_p, e·W_c) and, with `temperature="layer_norm"`, z = (S − mean_N S)/√(var_N S + 1e-5)·γ + β over the dataset's own
    classes; with "cosine", z = S/τ (paper eq. 5). `table` fixes the embeddings, for instance to those of a text encoder: they are then a
    buffer that gradients do not reach, and may have a width of their own.
    """

    def __init__(
        self,
        dim: int,
        classes: int,
        *,
        temperature: Literal["layer_norm", "cosine"] = "layer_norm",
        tau: float = 0.05,
        table: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        width = dim if table is None else table.shape[1]
        self.temperature, self.tau = temperature, tau
        self.project_pixels = nn.Parameter(torch.randn(dim, dim, generator=generator) / dim**0.5)
        self.project_classes = nn.Parameter(torch.randn(width, dim, generator=generator) / width**0.5)
        if table is None:
            self.table = nn.Parameter(nn.init.trunc_normal_(torch.empty(classes, dim), std=0.02, generator=generator))
        else:
            self.register_buffer("table", table.clone())
        self.scale = nn.Parameter(torch.ones(()), requires_grad=temperature == "layer_norm")
        self.shift = nn.Parameter(torch.zeros(()), requires_grad=temperature == "layer_norm")

    def normalise(self, cosines: Tensor) -> Tensor:
        """(…, N) cosines → (…, N) logits."""
        if self.temperature == "cosine":
            return cosines / self.tau
        classes = cosines.shape[-1]
        return F.layer_norm(cosines, (classes,), self.scale.expand(classes), self.shift.expand(classes), eps=1e-5)

    def forward(self, features: Tensor, index: Tensor) -> Classified:
        """`features` (B, D, h, w), `index` (N,) rows of the table, repeats allowed."""
        with torch.autocast(features.device.type, enabled=False):  # cosines decide thresholds and top-k: never in half precision
            batch, _, height, width = features.shape
            pixels = F.normalize(features.to(self.table.dtype).flatten(2).transpose(1, 2) @ self.project_pixels, dim=-1)
            classes = F.normalize(self.table[index] @ self.project_classes, dim=-1)
            cosines = pixels @ classes.T
            logits = self.normalise(cosines)
        return Classified(logits.transpose(1, 2).unflatten(2, (height, width)), cosines, pixels)
