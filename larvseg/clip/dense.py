"""DenseCLIP features: an embedding for every cell of an image from a CLIP image tower, untrained (Zhou et al., MaskCLIP, ECCV 2022).

The tower's last attention mixes the cells into one embedding. Left out, its value and output projections still take each cell to where
images and texts meet. The image gets no position where that attention would add one.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer
from torch import Tensor

from larvseg.models.backbone import resize_position_embedding

RESNET_STRIDE = 32


def stride_of(visual: ModifiedResNet | VisionTransformer) -> int:
    """Pixels from one cell to the next."""
    return RESNET_STRIDE if isinstance(visual, ModifiedResNet) else visual.patch_size[0]


def dense_features(visual: ModifiedResNet | VisionTransformer, images: Tensor) -> Tensor:
    """(B, 3, H, W) → (B, D, ⌈H/s⌉, ⌈W/s⌉), not normalised; s is 32 for a ResNet and the patch size for a transformer.

    Images are padded with zeros, right and below, to whole cells.
    """
    if isinstance(visual, ModifiedResNet):
        return _resnet(visual, _padded(images, RESNET_STRIDE))
    images = _padded(images, visual.patch_size[0])
    grid = tuple(length // visual.patch_size[0] for length in images.shape[2:])
    tokens = before_last(visual, images)
    tokens = after_attention(visual, tokens, values(visual.transformer.resblocks[-1], tokens))
    return tokens[:, 1:].transpose(1, 2).unflatten(2, grid)


def _padded(images: Tensor, stride: int) -> Tensor:
    return F.pad(images, (0, -images.shape[3] % stride, 0, -images.shape[2] % stride))


def _resnet(visual: ModifiedResNet, images: Tensor) -> Tensor:
    """y = W_c (W_v f + b_v) + b_c of each cell f of the last stage, with the projections of the attention pooling."""
    maps = visual.stem(images)
    for stage in (visual.layer1, visual.layer2, visual.layer3, visual.layer4):
        maps = stage(maps)
    pool = visual.attnpool
    cells = pool.c_proj(pool.v_proj(maps.flatten(2).transpose(1, 2)))
    return cells.transpose(1, 2).unflatten(2, maps.shape[2:])


def before_last(visual: VisionTransformer, images: Tensor) -> Tensor:
    """(B, 3, H, W), whole patches → (B, 1 + n, C) tokens, the class token first, as the last block gets them.

    The position embedding is resampled to the grid of the images, bicubically.
    """
    patches = visual.conv1(images)
    position = resize_position_embedding(visual.positional_embedding[None], patches.shape[2:], visual.grid_size, prefix=1)
    first = visual.class_embedding.to(patches.dtype).expand(len(images), 1, -1)
    tokens = visual.ln_pre(torch.cat([first, patches.flatten(2).transpose(1, 2)], dim=1) + position.to(patches.dtype))
    for block in visual.transformer.resblocks[:-1]:
        tokens = block(tokens)
    return tokens


def values(block: ResidualAttentionBlock, tokens: Tensor) -> Tensor:
    """(B, n, C) → (B, n, C): W_o (W_v LN(x) + b_v) + b_o of each token, what it would attend to in itself."""
    attention, width = block.attn, tokens.shape[2]
    projected = F.linear(block.ln_1(tokens), attention.in_proj_weight[2 * width :], attention.in_proj_bias[2 * width :])
    return attention.out_proj(projected)


def after_attention(visual: VisionTransformer, tokens: Tensor, attended: Tensor) -> Tensor:
    """The last block from where `attended` is added to its input `tokens`, the final norm and projection: (B, n, C) → (B, n, D)."""
    last = visual.transformer.resblocks[-1]
    tokens = tokens + last.ls_1(attended)
    tokens = tokens + last.ls_2(last.mlp(last.ln_2(tokens)))
    return visual.ln_post(tokens) @ visual.proj
