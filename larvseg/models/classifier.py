"""The cosine classifier: pixels and class embeddings in one space, cosines scaled by a class-axis LayerNorm or a temperature."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = -1e30  # the logit of a class that an image is not compared with: its probability is 0, and so is its gradient


class Classified(NamedTuple):
    """What the classifier says of B feature maps against N classes."""

    logits: Tensor  # z, (B, N, h, w); a channels-last view of (B, h·w, N)
    cosines: Tensor  # S, (B, h·w, N), in [-1, 1]
    pixels: Tensor  # p, (B, h·w, D), unit vectors
    absent: Tensor | None = None  # (B, N) bool: classes that the image is not compared with; logit NEVER, cosine -1. None: there is none


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

    def normalise(self, cosines: Tensor, absent: Tensor | None = None) -> Tensor:
        """(B, …, N) cosines → (B, …, N) logits, of each image among the classes that are not `absent` (B, N)."""
        if absent is not None:
            absent = absent[:, None]
        if self.temperature == "cosine":
            logits = cosines / self.tau
        elif absent is None:
            classes = cosines.shape[-1]
            logits = F.layer_norm(cosines, (classes,), self.scale.expand(classes), self.shift.expand(classes), eps=1e-5)
        else:
            count = (~absent).sum(-1, keepdim=True)
            centred = cosines - cosines.masked_fill(absent, 0).sum(-1, keepdim=True) / count
            variance = centred.masked_fill(absent, 0).square().sum(-1, keepdim=True) / count
            logits = centred * torch.rsqrt(variance + 1e-5) * self.scale + self.shift
        return logits if absent is None else logits.masked_fill(absent, NEVER)

    def forward(self, features: Tensor, index: Tensor) -> Classified:
        """`features` (B, D, h, w), `index` (N,) rows of the table, repeats allowed; or those of each image (B, N), filled up with -1."""
        with torch.autocast(features.device.type, enabled=False):  # cosines decide thresholds and top-k: never in half precision
            batch, _, height, width = features.shape
            pixels = F.normalize(features.to(self.table.dtype).flatten(2).transpose(1, 2) @ self.project_pixels, dim=-1)
            classes = F.normalize(self.table[index.clamp(min=0)] @ self.project_classes, dim=-1)
            cosines, absent = pixels @ classes.transpose(-1, -2), None
            if index.ndim == 2:
                absent = index < 0
                cosines = cosines.masked_fill(absent[:, None], -1)
            logits = self.normalise(cosines, absent)
        return Classified(logits.transpose(1, 2).unflatten(2, (height, width)), cosines, pixels, absent)
