"""Training on features of a frozen backbone: where they lie, and how the neck standardises them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from larvseg.config import Augmentation, Evaluation, TrainConfig
from larvseg.datasets.feature_files import VIEWS, Features
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import resized_size
from larvseg.errors import LarvSegError


def features_of(path: Path, manifest: Manifest, resized: Augmentation | Evaluation, cell: int) -> Features:
    """The features in the file `path`, of all images of `manifest`, each `resized` first; LarvSegError where they are of others."""
    sizes = (resized_size(*manifest.size(row), resized.short_side, resized.long_side) for row in range(len(manifest)))
    return Features(path, [(-(-height // cell), -(-width // cell)) for width, height in sizes])


def training_features(config: TrainConfig, inputs: Mapping[str, Path], manifests: Mapping[str, Manifest]) -> dict[str, dict[str, Features]]:
    """Data set → view → features, of all training sets; roles in `inputs` are <data set>.<view>."""
    return {
        each.name: {
            view: features_of(inputs[f"{each.name}.{view}"], manifests[each.name], each.augmentation, config.backbone.patch_size)
            for view in VIEWS
        }
        for each in config.training_sets
    }


def standard(paths: Iterable[Path]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (C,) of the cells that the files `paths` of statistics count together."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    cells = sum(each["cells"] for each in found)
    if not cells:
        raise LarvSegError("the features of no training image were counted; derive the manifests again")
    total, squares = (torch.tensor([each[key] for each in found], dtype=torch.float64).sum(0) / cells for key in ("total", "squares"))
    return total.float(), (squares - total.square()).clamp(min=0).sqrt().float()
