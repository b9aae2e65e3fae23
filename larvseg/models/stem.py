"""A convolutional stem: tokens from a few strided convolutions instead of one linear map of each patch.

Vision transformers trained from scratch on few images learn much faster with it (Xiao et al., Early Convolutions Help Transformers
See Better, 2021). The miniature's backbone uses it; the published weights of the `paper` profile have the linear map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvolutionalStem(nn.Module):
    """(B, C, H, W) → (B, ⌈H/patch⌉, ⌈W/patch⌉, D): one 3×3 convolution of stride 2 for each halving, then a 1×1 convolution.

    Takes the place of timm's PatchEmbed (`embed_layer`); `patch_size` must be a power of two. Other arguments of PatchEmbed do not apply.
    Batch statistics are learned in pretraining only; a segmenter keeps them (`Segmenter.train`).
    """

    def __init__(self, img_size: int, patch_size: int, in_chans: int, embed_dim: int, **_: object) -> None:
        super().__init__()
        if patch_size < 2 or patch_size & (patch_size - 1):
            raise ValueError(f"a convolutional stem halves the image some times: patch_size {patch_size} is no power of two")
        self.patch_size = (patch_size, patch_size)
        self.grid_size = (img_size // patch_size, img_size // patch_size)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        halvings = patch_size.bit_length() - 1
        widths = [in_chans, *(embed_dim * 3 // 4 >> (halvings - 1 - i) for i in range(halvings))]
        layers: list[nn.Module] = []
        for narrow, wide in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(wide), nn.GELU()]
        self.proj = nn.Sequential(*layers, nn.Conv2d(widths[-1], embed_dim, 1))

    def forward(self, images: Tensor) -> Tensor:
        patch = self.patch_size[0]
        images = F.pad(images, (0, -images.shape[-1] % patch, 0, -images.shape[-2] % patch))
        return self.proj(images.contiguous(memory_format=torch.channels_last)).permute(0, 2, 3, 1)
