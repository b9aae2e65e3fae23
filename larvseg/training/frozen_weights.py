"""The `freeze` stage: the weights of the frozen network."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from larvseg.config import Backbone, FreezeConfig
from larvseg.errors import LarvSegError
from larvseg.models.extractor import Extractor, build_extractor
from larvseg.sources.packages import weights_file
from larvseg.training.checkpoint import fill, load_tensors, save_tensors


def freeze(config: FreezeConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the weights of `config.backbone` to outputs["model"].

    They come from inputs["weights"] where the DAG fetched them, from a package of Python ("package:<name>"), or from a file of the user's.
    Raises LarvSegError for a package that is not installed and for weights of another network.
    """
    weights, extractor = config.backbone.weights, build_extractor(config.backbone)
    load_extractor(extractor, inputs.get("weights") or weights_file(weights) or Path(weights))
    save_tensors(outputs["model"], extractor.state_dict(), {"weights": weights})


def load_frozen(config: Backbone, path: Path, device: torch.device | str) -> Extractor:
    """The network of `config` with the weights that the stage wrote to `path`; LarvSegError where they are of another network."""
    extractor = build_extractor(config)
    fill(extractor, load_tensors(path)[0], path)
    return extractor.to(device)


def load_extractor(extractor: Extractor, path: Path) -> None:
    """Fill `extractor` from `path`: tensors by timm's names, or, of a package's file, in timm's order and of the same shapes.

    Heads and levels that are not used may be in the file. Raises LarvSegError for an unreadable file or tensors that do not fit.
    """
    tensors = _state(path) if path.suffix in (".pth", ".pt") else load_tensors(path)[0]
    own = extractor.network.state_dict()
    prefix = "model." if all(name.startswith("model.") for name in own) else ""  # timm wraps transformers
    named = {prefix + name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    if not own.keys() <= named.keys():
        in_order = list(tensors.values())[: len(own)]
        if [tensor.shape for tensor in in_order] != [tensor.shape for tensor in own.values()]:
            missing = next(name for name in own if name not in named)
            raise LarvSegError(f"{path}: no tensor {missing!r}, nor the tensors of this network in their order; give weights of it")
        named = dict(zip(own, in_order, strict=True))
    wrong = [name for name in own if named[name].shape != own[name].shape]
    if wrong:
        expected, found = tuple(own[wrong[0]].shape), tuple(named[wrong[0]].shape)
        raise LarvSegError(f"{path}: {wrong[0]} has the shape {found}, the network {expected}; give weights of this network")
    extractor.network.load_state_dict({name: named[name] for name in own})


def _state(path: Path) -> dict[str, Tensor]:
    """The tensors of a torch file; loading runs no code of the file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise LarvSegError(f"{path}: not a file of tensors ({error})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise LarvSegError(f"{path}: expected tensors by their names")
    return dict(state)
