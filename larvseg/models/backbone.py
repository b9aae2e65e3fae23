"""The backbone: a timm vision transformer whose last-layer patch tokens are the features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Backbone
from larvseg.errors import LarvSegError
from larvseg.models.drop_path import share_draws
from larvseg.models.stem import ConvolutionalStem


class VisionTransformer(nn.Module):
    """(B, 3, H, W) images of any size → (B, D, ⌈H/patch⌉, ⌈W/patch⌉) patch tokens after the final LayerNorm.

    The class token and, of distilled transformers, the distillation token are dropped.

    Images are padded with zeros at the right and bottom to whole patches. The position embedding has the grid of `image_size` and is
    resampled for other sizes: bicubic, without antialias (timm's own way antialiases, which differs when the grid shrinks).
    """

    def __init__(self, vit: nn.Module) -> None:
        super().__init__()
        self.vit = vit
        self.dim: int = vit.embed_dim
        self.patch_size: int = vit.patch_embed.patch_size[0]

    def forward(self, images: Tensor) -> Tensor:
        vit = self.vit
        patches = vit.patch_embed(images)  # (B, h, w, D)
        batch, height, width, _ = patches.shape
        prefix = [token for token in (vit.cls_token, getattr(vit, "dist_token", None)) if token is not None]
        position = resize_position_embedding(vit.pos_embed, (height, width), vit.patch_embed.grid_size, len(prefix))
        tokens = torch.cat([*(token.expand(batch, -1, -1) for token in prefix), patches.flatten(1, 2)], dim=1) + position
        tokens = vit.norm(vit.blocks(vit.norm_pre(vit.patch_drop(vit.pos_drop(tokens)))))
        return tokens[:, len(prefix) :].transpose(1, 2).unflatten(2, (height, width))


def build_backbone(config: Backbone, seed: int = 0) -> VisionTransformer:
    """The untrained backbone of `config`; its initial weights depend on `seed` alone.

    Raises:
        LarvSegError: not a vision transformer that timm knows, or arguments it does not take.
    """
    import timm  # takes two seconds, which runs on features of a frozen network do without

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # timm draws from the global generator
        try:
            stem = {"embed_layer": ConvolutionalStem} if config.stem == "convolution" else {}
            vit = timm.create_model(
                config.name,
                pretrained=False,
                num_classes=0,
                fc_norm=False,  # keep the final LayerNorm on the patch tokens whatever the pooling
                **{"img_size": config.image_size, "dynamic_img_size": True, "dynamic_img_pad": True, **stem, **config.arguments},
            )
        except (RuntimeError, TypeError, AssertionError, ValueError) as error:
            raise LarvSegError(f"backbone {config.name!r} {config.arguments}: {error}; name a timm vision transformer") from None
    if not isinstance(vit, timm.models.vision_transformer.VisionTransformer) or vit.pos_embed is None or vit.reg_token is not None:
        raise LarvSegError(f"backbone {config.name!r}: expected a vision transformer with a position embedding and no register tokens")
    if vit.no_embed_class:
        raise LarvSegError(f"backbone {config.name!r}: expected a position embedding that covers the class token (no_embed_class=False)")
    if vit.patch_embed.patch_size != (config.patch_size, config.patch_size):
        raise LarvSegError(f"backbone {config.name!r} has patches of {vit.patch_embed.patch_size}, the profile says {config.patch_size}")
    share_draws(vit)
    return VisionTransformer(vit)


def resize_position_embedding(embedding: Tensor, grid: tuple[int, int], stored: tuple[int, int], prefix: int) -> Tensor:
    """(1, prefix + h·w, D) of the grid `stored` → the same for `grid`: bicubic; the positions of the prefix tokens stay as they are."""
    if grid == tuple(stored):
        return embedding
    tokens, maps = embedding[:, :prefix], embedding[:, prefix:].transpose(1, 2).unflatten(2, stored)
    maps = F.interpolate(maps.float(), size=grid, mode="bicubic", align_corners=False, antialias=False).to(embedding.dtype)
    return torch.cat([tokens, maps.flatten(2).transpose(1, 2)], dim=1)
