"""Bilinear upsampling as what it is: a linear map, separable in rows and columns, with a cheap adjoint."""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


@lru_cache(maxsize=64)
def interpolation_matrix(source: int, target: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(target, source): linear interpolation of `source` points to `target`, align_corners False; each row sums to 1."""
    identity = torch.eye(source, device=device, dtype=dtype)
    return F.interpolate(identity[:, None], size=target, mode="linear", align_corners=False)[:, 0].T.contiguous()


def upsample(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(…, h, w) → (…, H, W): U·maps, equal to F.interpolate(mode="bilinear", align_corners=False) up to rounding."""
    rows = interpolation_matrix(maps.shape[-2], size[0], maps.device, maps.dtype)
    columns = interpolation_matrix(maps.shape[-1], size[1], maps.device, maps.dtype)
    return rows @ maps @ columns.T


def adjoint(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """(…, H, W) → (…, h, w): Uᵀ·maps, so that ⟨maps, U x⟩ = ⟨adjoint(maps), x⟩: pooling U x needs only x."""
    rows = interpolation_matrix(grid[0], maps.shape[-2], maps.device, maps.dtype)
    columns = interpolation_matrix(grid[1], maps.shape[-1], maps.device, maps.dtype)
    return rows.T @ maps @ columns
