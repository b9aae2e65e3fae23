"""A frozen timm network as a feature extractor: chosen levels of it, brought to one grid and concatenated."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Backbone
from larvseg.errors import LarvSegError


class Extractor(nn.Module):
    """(B, 3, H, W) images → (B, C, ⌈H/stride⌉, ⌈W/stride⌉): C channels, those of all levels; the stride is that of the coarsest.

    Images are padded with zeros at the right and bottom to whole cells of the coarsest grid; the finer levels are averaged over its cells.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        # channels last: convolutions of one image on a CPU take half the time
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.channels = sum(network.feature_info.channels())
        self.stride = max(network.feature_info.reduction())

    def train(self, mode: bool = True) -> Extractor:
        """The network stays as it is: batch statistics are those of its pretraining."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        padded = F.pad(images, (0, -width % self.stride, 0, -height % self.stride))
        levels = self.network(padded.contiguous(memory_format=torch.channels_last))
        coarsest = min((level.shape[2:] for level in levels), key=lambda size: size[0] * size[1])
        return torch.cat([F.adaptive_avg_pool2d(level, coarsest) for level in levels], dim=1)


def _create(config: Backbone, create_model: Callable[..., nn.Module]) -> nn.Module:
    """The network of `config`; a transformer for images of any size, which no other network has to be asked for."""
    settings = {"pretrained": False, "features_only": True, "out_indices": config.levels, **config.arguments}
    try:
        return create_model(config.name, **{"dynamic_img_size": True, "dynamic_img_pad": True, **settings})
    except TypeError as error:
        if "dynamic_img" not in str(error):
            raise
        return create_model(config.name, **settings)


def build_extractor(config: Backbone, seed: int = 0) -> Extractor:
    """The network of `config` with random weights, which depend on `seed` alone.

    Raises LarvSegError for a network that timm does not know, or that has no such levels.
    """
    import timm  # takes two seconds, which runs on features that are there do without

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # timm draws from the global generator
        try:
            network = _create(config, timm.create_model)
        except (RuntimeError, TypeError, AssertionError, ValueError, IndexError) as error:
            raise LarvSegError(f"backbone {config.name!r}, levels {list(config.levels)}: {error}") from None
    extractor = Extractor(network)
    if extractor.stride != config.patch_size:
        raise LarvSegError(f"backbone {config.name!r} has a stride of {extractor.stride}, the profile says patch_size {config.patch_size}")
    if config.neck and extractor.channels != config.neck.channels:
        raise LarvSegError(f"backbone {config.name!r} has {extractor.channels} channels, the profile says {config.neck.channels}")
    return extractor
