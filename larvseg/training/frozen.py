"""Training on features of a frozen backbone: where they lie, and how the neck standardises them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from larvseg.config import VIEWS, Augmentation, Evaluation, TrainConfig
from larvseg.datasets.feature_files import Features, read_index
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import cells_of
from larvseg.errors import LarvSegError, reading


def features_of(inputs: Mapping[str, Path], view: str, manifest: Manifest, resized: Augmentation | Evaluation, cell: int) -> Features:
    """The features of the images of `manifest` that `view` is of, each `resized` first, in cells of `cell` pixels.

    `inputs`: of the stage extract, by the roles <data set>.<view> and <data set>.index. Raises LarvSegError where the files are of other
    images, or of other sizes.
    """
    dataset = manifest.header["dataset"]
    path = inputs[f"{dataset}.{view}"]
    rows = manifest.split(VIEWS[view])
    features = Features(path, read_index(inputs[f"{dataset}.index"]), view, rows, manifest.files(rows))
    expected = cells_of(manifest.sizes(rows), resized.short_side, resized.long_side, cell)
    wrong = np.flatnonzero((features.shapes != expected).any(1))
    if len(wrong):
        name, (found, wanted) = manifest.name(int(rows[wrong[0]])), (tuple(each[wrong[0]].tolist()) for each in (features.shapes, expected))
        raise LarvSegError(f"{path}: the features of {name} have {found} cells, {wanted} are wanted; extract them again")
    return features


def frozen_features(inputs: Mapping[str, Path], manifest: Manifest, evaluation: Evaluation) -> Features | None:
    """The features that a segmenter is evaluated on; None where it takes the images themselves."""
    if f"{manifest.header['dataset']}.validation" not in inputs:
        return None
    return features_of(inputs, "validation", manifest, evaluation, evaluation.cell)


def training_features(config: TrainConfig, inputs: Mapping[str, Path], manifests: Mapping[str, Manifest]) -> dict[str, dict[str, Features]]:
    """Data set → view → features, of all training sets."""
    return {
        each.name: {
            view: features_of(inputs, view, manifests[each.name], each.augmentation, config.backbone.patch_size)
            for view in ("plain", "flipped")
        }
        for each in config.training_sets
    }


def standard(paths: Iterable[Path]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (C,) of the cells of the training images that the files `paths` of statistics count together."""
    found = []
    for path in dict.fromkeys(paths):
        with reading(path, "the statistics of features", "delete it, so that it is made again"):
            said = json.loads(path.read_text(encoding="utf-8"))
            found.append((int(said["cells"]), *(torch.tensor(said[key], dtype=torch.float64) for key in ("total", "squares"))))
            if not 0 <= found[-1][0] < 2**63:
                raise ValueError(f"of {found[-1][0]} cells")
            if found[-1][1].shape != found[0][1].shape or found[-1][2].shape != found[0][1].shape:
                raise ValueError("of other numbers of channels")
    cells = sum(each[0] for each in found)
    if not cells:
        raise LarvSegError(f"{path}: the features of no training image were counted; derive the manifests again")
    total, squares = (torch.stack([each[at] for each in found]).sum(0) / float(cells) for at in (1, 2))
    return total.float(), (squares - total.square()).clamp(min=0).sqrt().float()
