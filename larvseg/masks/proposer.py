"""A network that proposes masks: backbone, pixel decoder, queries (Cheng et al., Per-Pixel Classification is Not All You Need, 2021)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from larvseg.config import Backbone
from larvseg.config.masks import MaskHead
from larvseg.errors import LarvSegError
from larvseg.masks.decoder import QueryDecoder
from larvseg.masks.pyramid import FeaturePyramid, PixelDecoder
from larvseg.models.backbone import VisionTransformer, build_backbone


class Proposals(NamedTuple):
    """What the L layers of the decoder propose for B images, the last layer last. h×w is a quarter of the image's size."""

    masks: Tensor  # (L, B, Q, h, w) logits
    queries: Tensor  # (L, B, Q, width)


class MaskProposer(nn.Module):
    """(B, 3, H, W) → Proposals. A mask is the dot product of an embedding of its query with the pixels, one linear map further on."""

    def __init__(self, backbone: VisionTransformer, config: MaskHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.pyramid = FeaturePyramid(backbone.dim, backbone.patch_size)
        self.pixel_decoder = PixelDecoder(self.pyramid.widths, config.width)
        if config.memory_stride not in self.pyramid.strides:
            known = ", ".join(map(str, self.pyramid.strides))
            raise LarvSegError(f"head.memory_stride is {config.memory_stride}; patches of {backbone.patch_size} give the strides {known}")
        self.memory_level = self.pyramid.strides.index(config.memory_stride)
        self.memory = nn.Conv2d(self.pyramid.widths[self.memory_level], config.width, 1)
        self.query_decoder = QueryDecoder(config)
        self.embed_pixels = nn.Conv2d(config.width, config.width, 3, padding=1)
        self.embed_queries = perceptron(config.width, config.width, config.width, layers=3)

    def train(self, mode: bool = True) -> MaskProposer:
        """As nn.Module.train, but batch statistics of the backbone stay those of pretraining, as in Segmenter."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, images: Tensor) -> Proposals:
        return self.propose(self.backbone(images))

    def propose(self, features: Tensor) -> Proposals:
        """The proposals for features (B, D, H/patch, W/patch) of the backbone."""
        levels = self.pyramid(features)
        pixels = self.embed_pixels(self.pixel_decoder(levels)[0])
        queries = self.query_decoder(self.memory(levels[self.memory_level]))
        return Proposals(torch.einsum("lbqc,bchw->lbqhw", self.embed_queries(queries), pixels), queries)


def build_proposer(backbone: Backbone, head: MaskHead, seed: int) -> MaskProposer:
    """The untrained network; errors as in build_backbone, strides_of and MaskProposer. Draws from torch's generator: see `seeded`."""
    return MaskProposer(build_backbone(backbone, seed), head)


def perceptron(narrow: int, hidden: int, wide: int, layers: int) -> nn.Sequential:
    """`layers` linear layers from `narrow` over `hidden` to `wide` channels, with ReLU between them."""
    widths = [narrow, *[hidden] * (layers - 1), wide]
    parts: list[nn.Module] = []
    for before, after in zip(widths[:-1], widths[1:], strict=True):
        parts += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*parts[:-1])
