"""From the single map of a plain vision transformer to maps of several strides, and from those to one fine map.

The pyramid is the simple one for plain transformers (Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022):
all levels come from the last map. The pixel decoder is a feature pyramid network (Lin et al., 2017) with group normalisation.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.errors import LarvSegError

FINEST = 4  # pixels: the stride of the masks


def strides_of(patch_size: int) -> tuple[int, ...]:
    """4, 8, …, 2·patch: patches of 16 give the four strides of convolutional backbones, patches of 8 three.

    Raises:
        LarvSegError: the patch is no power of two, or smaller than 4 pixels.
    """
    if patch_size < FINEST or patch_size & (patch_size - 1):
        raise LarvSegError(f"mask proposals need patches of 4, 8, 16, … pixels, not {patch_size}; choose another backbone")
    return tuple(FINEST << level for level in range((2 * patch_size // FINEST).bit_length()))


class FeaturePyramid(nn.Module):
    """(B, D, h, w) of stride `patch_size` → maps of the strides 4, …, 2·patch, finest first; level k times finer has D / k channels."""

    def __init__(self, dim: int, patch_size: int) -> None:
        super().__init__()
        self.strides = strides_of(patch_size)
        self.widths = tuple(max(1, dim * min(stride, patch_size) // patch_size) for stride in self.strides)
        self.levels = nn.ModuleList(_level(dim, patch_size, stride) for stride in self.strides)

    def forward(self, features: Tensor) -> list[Tensor]:
        return [level(features) for level in self.levels]


def _level(dim: int, patch_size: int, stride: int) -> nn.Module:
    if stride > patch_size:
        return nn.MaxPool2d(2, ceil_mode=True)
    layers: list[nn.Module] = []
    for halving in range((patch_size // stride).bit_length() - 1):
        wide, narrow = (max(1, dim >> k) for k in (halving, halving + 1))
        layers += [nn.ConvTranspose2d(wide, narrow, 2, stride=2), group_norm(narrow), nn.GELU()]
    return nn.Sequential(*layers)


class PixelDecoder(nn.Module):
    """Maps of the pyramid, finest first → as many of `width` channels, each having seen all coarser ones."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Sequential(nn.Conv2d(own, width, 1, bias=False), group_norm(width)) for own in widths)
        self.smooth = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), group_norm(width), nn.ReLU()) for _ in widths
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        decoded: list[Tensor] = []
        for features, lateral, smooth in reversed(list(zip(maps, self.lateral, self.smooth, strict=True))):
            features = lateral(features)
            if decoded:
                features = features + F.interpolate(decoded[-1], size=features.shape[2:], mode="nearest")
            decoded.append(smooth(features))
        return decoded[::-1]


def group_norm(channels: int) -> nn.GroupNorm:
    """At most 32 groups, of at least eight channels where there are so many."""
    return nn.GroupNorm(math.gcd(32, channels, max(1, channels // 8)), channels)
