"""Backbone weights from files: published ones (timm's names) and those that `pretrain` wrote. Nothing here uses the network."""

import math
from pathlib import Path

from huggingface_hub import try_to_load_from_cache
from timm.models import get_pretrained_cfg

from larvseg.config import PretrainConfig
from larvseg.errors import LarvSegError
from larvseg.models.backbone import VisionTransformer, resize_position_embedding
from larvseg.training.checkpoint import fill, load_tensors

OURS = "vit."  # our names are timm's behind this prefix


def published_weights(config: PretrainConfig) -> Path:
    """The file that `config.backbone.weights` ("timm:<tag>" or a path) names.

    `<tag>` is a full timm name (`vit_base_patch16_384.augreg_in21k_ft_in1k`) or what follows the point of `config.backbone.name`.
    The file is `data/<profile>/weights/<full name>.safetensors`, or timm's own in the local Hugging Face cache.

    Raises:
        LarvSegError: it is in neither place.
    """
    kind, _, tag = config.backbone.weights.partition("timm:")
    if kind:
        path = Path(config.backbone.weights)
        if not path.is_file():
            raise LarvSegError(f"backbone.weights: {path}: no such file; use pretrain, timm:<tag> or a safetensors file")
        return path
    name = tag if "." in tag else f"{config.backbone.name}.{tag}"
    path = Path("data", config.profile, "weights", f"{name}.safetensors")
    if path.is_file():
        return path
    try:
        published = get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:
        raise LarvSegError(f"backbone.weights: timm knows no {name!r}; a file of your own goes to {path}") from None
    cached = try_to_load_from_cache(published.hf_hub_id, "model.safetensors")
    if isinstance(cached, str):
        return Path(cached)
    raise LarvSegError(f"{path}: no such file; put model.safetensors of huggingface.co/{published.hf_hub_id} there")


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
