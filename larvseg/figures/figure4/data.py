"""Label maps of several methods beside the ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from larvseg.config.figures import Figure4Config
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import class_iou, mean_iou
from larvseg.figures.arrays import read_arrays_of

Maps = Mapping[str, np.ndarray]  # number of an image → (H, W) classes


class Shown(NamedTuple):
    """One image of the figure."""

    name: str
    image: np.ndarray  # (H, W, 3) uint8
    truth: np.ndarray  # (H, W) class, −1 without a label
    predictions: tuple[np.ndarray, ...]  # (H, W) of each method


class Comparison(NamedTuple):
    """What the figure shows."""

    methods: Sequence[str]
    names: Sequence[str]  # of the classes
    novel: frozenset[int]
    images: Sequence[Shown]


def read(config: Figure4Config, inputs: Mapping[str, Path]) -> tuple[list[Maps], int]:
    """The predictions of each method, and their seed; errors as in the stage."""
    maps: list[Maps] = []
    for column in config.methods:
        arrays, about = read_arrays_of(inputs[column.run], run=column.run, profile=config.profile, benchmark=config.benchmark)
        if maps and arrays.keys() != maps[0].keys():
            raise LarvSegError(f"{inputs[column.run]}: other images than in {inputs[config.methods[0].run]}; make both again")
        maps.append(arrays)
    return maps, about["seed"]


def compared(manifest: Manifest, maps: Sequence[Maps], methods: Sequence[str], rows: Sequence[int] | None = None) -> Comparison:
    """`maps` of `methods` with the images and masks of `manifest` that they are of, in the order of `rows` or of the manifest."""
    rows = sorted(map(int, maps[0])) if rows is None else rows
    images = [Shown(manifest.name(row), manifest.image(row), manifest.mask(row), tuple(each[str(row)] for each in maps)) for row in rows]
    return Comparison(methods, manifest.header["classes"], frozenset(manifest.novel()), images)


def image_miou(truth: np.ndarray, prediction: np.ndarray, classes: int, labelled: bool = False) -> float:
    """mIoU of one image in percent: the mean over the classes that its mask or the prediction has, where the mask has a label.

    labelled: over the classes that its mask has, alone.
    """
    counts = ConfusionCounts(classes)
    counts.add(0, truth, prediction)
    matrix = counts.matrix()
    return 100 * mean_iou(class_iou(matrix), np.flatnonzero(matrix.sum(1)) if labelled else None)


def large(labels: np.ndarray, share: float) -> set[int]:
    """The classes that cover at least `share` of a label map (H, W)."""
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    return set(found[counts >= share * labels.size].tolist())
