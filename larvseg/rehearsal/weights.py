"""The rehearsal's weights, all random: names of tensors and forms of files are those of the published ones."""

from __future__ import annotations

import io
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from larvseg.clip.model import build_clip
from larvseg.config import Backbone, ClipModel
from larvseg.files import replacing

BACKBONE = "vit_base_patch16_384.augreg_in21k_ft_in1k.safetensors"


def pack_backbone(path: Path, seed: int) -> None:
    """ViT-B/16 as timm publishes it."""
    with replacing(path) as temporary:
        save_file(_random(BACKBONE.partition(".")[0], seed), temporary, metadata={"format": "pt"})


def pack_training_state(path: Path, network: Backbone, seed: int) -> None:
    """The transformer `network` with its heads, as the training script of DeiT saves it: beside the weights, how it was called."""
    weights = _random(network.name, seed, img_size=network.image_size, **network.arguments)
    _write(path, lambda buffer: torch.save({"model": weights, "epoch": 299, "args": Namespace(batch_size=256, lr=0.0005)}, buffer))


def pack_clip(path: Path, settings: ClipModel, seed: int) -> None:
    """The CLIP model of `settings` as OpenAI publishes it: a TorchScript archive, matrices in half precision.

    The bytes depend on the folder of this file, too, which TorchScript notes for error messages.
    """
    sizes = {"input_resolution": settings.image_size, "context_length": 77, "vocab_size": 49408}
    tensors = {name: torch.tensor(size) for name, size in sizes.items()} | build_clip(settings, seed).state_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # TorchScript is deprecated; these archives are what they are
        _write(path, lambda buffer: torch.jit.save(torch.jit.script(Published(tensors)), buffer))


class Published(nn.Module):
    """`tensors` in a tree of modules that has their names."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        groups: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            first, _, rest = name.partition(".")
            if rest:
                groups.setdefault(first, {})[rest] = tensor
            elif tensor.is_floating_point():
                self.register_parameter(first, nn.Parameter(tensor.half() if tensor.ndim > 1 else tensor))
            else:
                self.register_buffer(first, tensor)
        for name, group in groups.items():
            self.add_module(name, Published(group))

    def forward(self) -> int:
        return 0


def _random(name: str, seed: int, **arguments) -> dict[str, Tensor]:
    """The state dict of an untrained timm model."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return timm.create_model(name, pretrained=False, **arguments).state_dict()


def _write(path: Path, save: Callable[[io.BytesIO], None]) -> None:
    """Write what `save` saves: torch would write the name of a file into it, and a buffer has none."""
    buffer = io.BytesIO()
    save(buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())
