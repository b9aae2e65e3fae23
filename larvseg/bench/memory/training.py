"""What training keeps of its images beside the network: which they are, and in which order they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larvseg.bench.memory import inputs
from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.stage import Stage
from larvseg.bench.run import miniature
from larvseg.config import Augmentation, ExtractConfig, TrainingSet, Windows
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.feature_files import Features, Index, write_index
from larvseg.datasets.loader import JointLoader
from larvseg.datasets.manifest import Manifest
from larvseg.masks.captions import CaptionLoader
from larvseg.training.extract import Found
from larvseg.training.frozen import features_of

_EPOCHS, _STEPS, _CHANNELS = 10, 16, 4
_AUGMENTATION = Augmentation(short_side=inputs.SIDE, long_side=64, crop=inputs.SIDE)


def make_labelled(images: int) -> None:
    inputs.manifest(MANIFEST, images, "WA150", "multi_label")


def make_masked(images: int) -> None:
    inputs.manifest(MANIFEST, images, "C171", "pixel")


def make_spread(images: int) -> None:
    inputs.manifest(MANIFEST, images, "I21K", "single_label", spread=True)


def make_features(images: int) -> None:
    """Features of one cell an image, all of them holes in a file."""
    make_spread(images)
    rows, ones, yes = np.arange(images), np.ones(images, np.int32), np.ones(images, bool)
    write_index(Path("index.arrow"), Index(Manifest(MANIFEST).files(rows), ones, ones, yes, ~yes))
    np.lib.format.open_memmap("plain.npy", mode="w+", dtype=np.float16, shape=(images, _CHANNELS)).flush()


def labelled_steps(images: int) -> JointLoader:
    return _steps("WA150", "multi_label", images, read=True)


def masked_steps(images: int) -> JointLoader:
    return _steps("C171", "pixel", images, read=True)


def windowed_steps(images: int) -> JointLoader:
    return _steps("I21K", "single_label", images, read=False, windows=Windows())


def make_captioned(images: int) -> None:
    inputs.manifest(MANIFEST, images, "LN", "caption")


def captioned_steps(images: int) -> CaptionLoader:
    training_set = TrainingSet(name="LN", kind="caption", augmentation=_AUGMENTATION, ranks=1)
    captioned = TrainingImages(Manifest(MANIFEST), "LN", "captions")
    settings = {"images": 2, "keep": 0.75, "normalisation": "imagenet", "rank": 0, "seed": 0}
    loader = CaptionLoader(training_set, captioned, str.split, **settings)
    for epoch in range(_EPOCHS):
        for step in range(epoch * images // 2, epoch * images // 2 + _STEPS):
            loader[step]
    return loader


def extract_index(images: int) -> Found:
    """Two data sets with the same images, as A150 and WA150 have them."""
    config = ExtractConfig(
        datasets=("I21K", "again"),
        view="plain",
        profile="bench",
        backbone=miniature("none").backbone,
        normalisation="imagenet",
        short_side=inputs.SIDE,
        long_side=64,
    )
    found = Found({dataset: Manifest(MANIFEST) for dataset in config.datasets}, config, inputs.SIDE)
    write_index(Path("index.arrow"), found.index)
    return found


def frozen_features(images: int) -> Features:
    return features_of(
        {"I21K.plain": Path("plain.npy"), "I21K.index": Path("index.arrow")}, "plain", Manifest(MANIFEST), _AUGMENTATION, inputs.SIDE
    )


def _steps(dataset: str, kind: str, images: int, read: bool, windows: Windows | None = None) -> JointLoader:
    """Some steps of each of the first epochs, among them those in which one epoch ends and the next begins."""
    base = miniature("cross_image")
    training_set = TrainingSet(name=dataset, kind=kind, augmentation=_AUGMENTATION, ranks=base.ranks, windows=windows)
    config = base.model_copy(update={"training_sets": (training_set,)})
    loader = JointLoader(config, {dataset: Manifest(MANIFEST)})
    for epoch in range(_EPOCHS):
        border = epoch * images // (config.ranks * config.images_per_rank)
        for step in range(max(border - 1, 0), border + _STEPS):
            if read:
                loader[step]
            else:
                loader.positions(step, 0)
    return loader


STAGES = (
    Stage("train: loader, image labels", "its row and its place in two epochs", labelled_steps, make_labelled),
    Stage("train: loader, masks", "its row and its place in two epochs", masked_steps, make_masked),
    Stage("train: loader, in windows", "its row and its place in the archives", windowed_steps, make_spread),
    Stage("train: loader, captions", "its row and its place in two epochs", captioned_steps, make_captioned),
    Stage("extract: list of images", "its name and where it is read", extract_index, make_spread),
    Stage("train: frozen features", "where its features begin, and their size", frozen_features, make_features),
)
