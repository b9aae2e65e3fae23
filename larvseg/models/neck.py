"""The trained part in front of the classifier where the backbone is frozen and its features were computed once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Backbone
from larvseg.config import Neck as Settings


class Neck(nn.Module):
    """(B, C, h, w) features → (B, D, h, w): standardised by channel, Linear, LayerNorm, then pre-norm transformer blocks and a LayerNorm.

    Without blocks it is linear. There is no position embedding: a cell knows of the others by their features alone.
    """

    mean: Tensor  # (C,) of the features that it is trained on
    deviation: Tensor  # (C,)

    def __init__(self, settings: Settings, patch_size: int) -> None:
        super().__init__()
        self.dim, self.patch_size = settings.dim, patch_size
        self.register_buffer("mean", torch.zeros(settings.channels))
        self.register_buffer("deviation", torch.ones(settings.channels))
        self.project = nn.Linear(settings.channels, settings.dim)
        self.norm = nn.LayerNorm(settings.dim)
        self.blocks = _blocks(settings) if settings.blocks else nn.Identity()

    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """Take `mean` and `deviation` (C,) of the features that it will be trained on."""
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp(min=1e-6))

    def forward(self, features: Tensor) -> Tensor:
        cells = features.flatten(2).transpose(1, 2)  # (B, n, C)
        # project((cells − mean) / deviation): of the many cells and the few weights, the weights are standardised
        weight = self.project.weight / self.deviation
        tokens = self.blocks(self.norm(F.linear(cells, weight, self.project.bias - weight @ self.mean)))
        return tokens.transpose(1, 2).unflatten(2, features.shape[2:])


def _blocks(settings: Settings) -> nn.Sequential:
    from timm.models.vision_transformer import Block  # which takes two seconds

    blocks = [Block(settings.dim, settings.heads, settings.mlp_ratio, qkv_bias=True) for _ in range(settings.blocks)]
    return nn.Sequential(*blocks, nn.LayerNorm(settings.dim))


def build_neck(config: Backbone, seed: int = 0) -> Neck:
    """The untrained neck of `config`; its initial weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Neck(config.neck, config.patch_size)
