"""The transformer decoder: learned queries look at a feature map (Carion et al., End-to-End Object Detection with Transformers, 2020)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from larvseg.config.masks import MaskHead


class QueryDecoder(nn.Module):
    """(B, width, h, w) memory → (L, B, Q, width): the queries after each of the L layers, normalised."""

    def __init__(self, config: MaskHead) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.randn(config.queries, config.width))  # what tells one query from another
        self.layers = nn.ModuleList(QueryLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, memory: Tensor) -> Tensor:
        batch, width, height, breadth = memory.shape
        positions = sine_positions(height, breadth, width).to(memory)
        memory = memory.flatten(2).transpose(1, 2)
        queries = self.places.new_zeros(batch, *self.places.shape)
        after = []
        for layer in self.layers:
            queries = layer(queries, self.places, memory, positions)
            after.append(self.norm(queries))
        return torch.stack(after)


class QueryLayer(nn.Module):
    """Queries attend to each other, then to the memory, then pass two linear layers; LayerNorm after each sum.

    Positions are added to what asks and what is asked for, never to the values.
    """

    def __init__(self, config: MaskHead) -> None:
        super().__init__()
        width = config.width
        self.between = nn.MultiheadAttention(width, config.heads, config.dropout, batch_first=True)
        self.across = nn.MultiheadAttention(width, config.heads, config.dropout, batch_first=True)
        self.feedforward = nn.Sequential(
            nn.Linear(width, config.feedforward), nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(config.feedforward, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, queries: Tensor, places: Tensor, memory: Tensor, positions: Tensor) -> Tensor:
        """`queries` (B, Q, W) at `places` (Q, W), `memory` (B, n, W) at `positions` (n, W) → (B, Q, W)."""
        placed = queries + places
        seen, _ = self.between(placed, placed, queries, need_weights=False)
        queries = self.norms[0](queries + self.dropout(seen))
        seen, _ = self.across(queries + places, memory + positions, memory, need_weights=False)
        queries = self.norms[1](queries + self.dropout(seen))
        return self.norms[2](queries + self.dropout(self.feedforward(queries)))


def sine_positions(height: int, width: int, channels: int) -> Tensor:
    """(h·w, channels): sines and cosines of row and column, scaled to (0, 2π), a quarter of the channels each.

    Frequencies fall from 1 to 1/10,000 geometrically.
    """
    frequencies = 10_000.0 ** -(torch.arange(channels // 4) / max(1, channels // 4))
    angles = [2 * math.pi * (torch.arange(length) + 0.5)[:, None] / length * frequencies for length in (height, width)]
    rows, columns = (torch.cat([part.sin(), part.cos()], dim=1) for part in angles)
    return torch.cat([rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], dim=2).flatten(0, 1)
