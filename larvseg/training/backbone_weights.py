"""Backbone weights from files: published ones (timm's names) and those that `pretrain` wrote."""

import math
from pathlib import Path

from larvseg.models.backbone import VisionTransformer, resize_position_embedding
from larvseg.training.checkpoint import fill, load_tensors

OURS = "vit."  # our names are timm's behind this prefix


def load_backbone(backbone: VisionTransformer, path: Path) -> None:
    """Fill `backbone` from `path`: heads are dropped, the grid of the position embedding is resampled (bicubic) to the backbone's.

    Raises:
        LarvSegError: unreadable file, or a tensor that is missing, unknown or of another shape.
    """
    tensors, _ = load_tensors(path)
    if not any(name.startswith(OURS) for name in tensors):
        tensors = {OURS + name: tensor for name, tensor in tensors.items()}
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(OURS + "head.")}
    position, grid = OURS + "pos_embed", backbone.vit.patch_embed.grid_size
    if position in tensors:
        side = math.isqrt(tensors[position].shape[1] - 1)  # published grids are square, after one class token
        tensors[position] = resize_position_embedding(tensors[position], grid, (side, side), prefix=1)
    fill(backbone, tensors, path)
