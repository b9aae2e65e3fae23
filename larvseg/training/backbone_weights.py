"""Backbone weights from files: published ones (timm's names) and those that `pretrain` wrote."""

import math
import pickle
from argparse import Namespace
from pathlib import Path

import torch
from torch import Tensor

from larvseg.errors import LarvSegError
from larvseg.models.backbone import VisionTransformer, resize_position_embedding
from larvseg.training.checkpoint import fill, load_tensors

OURS = "vit."  # our names are timm's behind this prefix


def load_backbone(backbone: VisionTransformer, path: Path) -> None:
    """Fill `backbone` from `path`: heads are dropped, the grid of the position embedding is resampled (bicubic) to the backbone's.

    A file with the ending .pth is a training state of torch, whose entry "model" holds the weights; any other is of safetensors.

    Raises:
        LarvSegError: unreadable file, or a tensor that is missing, unknown or of another shape.
    """
    tensors = _training_state(path) if path.suffix == ".pth" else load_tensors(path)[0]
    if not any(name.startswith(OURS) for name in tensors):
        tensors = {OURS + name: tensor for name, tensor in tensors.items()}
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith((OURS + "head.", OURS + "head_dist."))}
    position, grid, prefix = OURS + "pos_embed", backbone.vit.patch_embed.grid_size, backbone.vit.num_prefix_tokens
    if position in tensors:
        side = math.isqrt(tensors[position].shape[1] - prefix)  # published grids are square
        tensors[position] = resize_position_embedding(tensors[position], grid, (side, side), prefix)
    fill(backbone, tensors, path)


def _training_state(path: Path) -> dict[str, Tensor]:
    """The weights in a training state; loading runs no code of the file."""
    try:
        with torch.serialization.safe_globals([Namespace]):  # the command line of the training, which some states hold
            return dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    except (OSError, RuntimeError, pickle.UnpicklingError, KeyError, TypeError) as error:
        raise LarvSegError(f"{path}: not a training state with an entry 'model' ({error}); fetch it again") from None
