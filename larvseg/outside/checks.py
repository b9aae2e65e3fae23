"""What a folder with a trained run may hold. Whoever made it may mean harm: nothing is built before its sizes are known to fit its file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ConfigDict
from safetensors import safe_open
from torch import nn

from larvseg.config import Backbone, Model, TrainConfig, Vocabulary, parse
from larvseg.errors import LarvSegError, reading
from larvseg.models.extractor import build_extractor
from larvseg.models.segmenter import build_segmenter

CONFIG_BYTES, MODEL_BYTES = 2**26, 2**33  # of config.json, and of a file of tensors
NUMBER = 2**13  # any number that decides the size of a network
PATCHES = 2**8  # along a side of a picture or window
# Arguments of timm by which it would read files or addresses.
_READS = ("pretrained", "checkpoint", "cache", "hf_", "url", "file")


class SavedRun(Model):
    """config.json. What else it says is for others."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    train: TrainConfig
    vocabulary: Vocabulary


def checked(folder: Path) -> SavedRun:
    """What config.json of `folder` says, once model.safetensors beside it is known to hold the network that it says, in those sizes.

    Raises LarvSegError where a file is missing, too large or not what it should be.
    """
    path = folder / "config.json"
    saved = parse(SavedRun, _json(path), path)
    backbone, scenes = saved.train.backbone, [each.augmentation for each in saved.train.training_sets if each.kind != "single_label"]
    _check_backbone(backbone, path)
    if not scenes:
        raise LarvSegError(f"{path}: no data set of scenes among train.training_sets, so that nothing says how pictures are resized")
    longest = max(scenes[0].crop, scenes[0].short_side, scenes[0].long_side)
    if longest > NUMBER:
        raise LarvSegError(f"{path}: pictures are resized to at most {NUMBER} pixels a side")
    if longest > PATCHES * backbone.patch_size:
        raise LarvSegError(f"{path}: at most {PATCHES} patches along a side; {longest} pixels are more in patches of {backbone.patch_size}")
    table = "classifier.table" if saved.train.table == "text" else None
    with _opened(folder / "model.safetensors") as file:
        width = _shapes(file, "banks.").get(table)
        with torch.device("meta"):  # which has shapes and no memory
            fixed = torch.empty(width) if table and width and len(width) == 2 else None
            model = build_segmenter(saved.train, len(saved.vocabulary.names), with_banks=False, table=fixed)
        _check_shapes(model, _shapes(file, "banks."), folder / "model.safetensors")
    return saved


def check_frozen(backbone: Backbone, path: Path) -> None:
    """The same of the file `path` of the frozen network in front of a neck."""
    if not path.is_file():
        raise LarvSegError(f"{path}: no such file; the run is a neck, and this the network in front of it: put it beside model.safetensors")
    with _opened(path) as file:
        with torch.device("meta"):
            network = build_extractor(backbone)
        _check_shapes(network, _shapes(file), path)


def _json(path: Path) -> Any:
    if path.stat().st_size > CONFIG_BYTES:
        raise LarvSegError(f"{path}: more than {CONFIG_BYTES} bytes, which no config.json of a run has")
    with reading(path, "the config.json of a run", "get it again, or train the run again"):
        return json.loads(path.read_text(encoding="utf-8"))


def _check_backbone(backbone: Backbone, path: Path) -> None:
    import timm

    if backbone.name not in timm.list_models():  # timm takes addresses and folders for names, too
        raise LarvSegError(f"{path}: train.backbone.name: timm has no model {backbone.name[:80]!r}")
    for key, value in backbone.arguments.items():
        if key.startswith(_READS) or not all(_plain(each) for each in (value if isinstance(value, list) else [value])):
            raise LarvSegError(f"{path}: train.backbone.arguments.{key[:80]}: not a setting of a network's form")
    numbers = [backbone.image_size, backbone.patch_size, *_numbers(backbone.neck.model_dump() if backbone.neck else {})]
    if any(not 0 <= number <= NUMBER for number in (*numbers, *_numbers(backbone.arguments))) or backbone.patch_size < 1:
        raise LarvSegError(f"{path}: train.backbone: sizes are from 0 to {NUMBER}")


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 80)


def _numbers(values: Mapping[str, Any]) -> Iterator[float]:
    for value in values.values():
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int | float))


def _opened(path: Path) -> safe_open:
    if not path.is_file():
        raise LarvSegError(f"{path}: no such file; the folder of a run has it")
    if path.stat().st_size > MODEL_BYTES:
        raise LarvSegError(f"{path}: more than {MODEL_BYTES} bytes, which no model of this project has")
    with reading(path, "a readable safetensors file", "get it again, or make it again"):
        file = safe_open(path, framework="pt")
        json.loads((file.metadata() or {}).get("larvseg", "{}"))
        return file


def _shapes(file: Any, without: str | None = None) -> dict[str, tuple[int, ...]]:
    """Name → shape of each tensor, from the header alone."""
    return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys() if not (without and name.startswith(without))}


def _check_shapes(model: nn.Module, found: Mapping[str, tuple[int, ...]], path: Path) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if wrong := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        said = f"{found.get(wrong[0], 'not there')}, the network of config.json wants {wanted.get(wrong[0], 'none')}"
        raise LarvSegError(f"{path}: tensor {wrong[0][:80]!r} is {said}; was it made with another configuration?")
