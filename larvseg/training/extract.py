"""The `extract` stage: the features of every image of some data sets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from larvseg.config import ExtractConfig
from larvseg.datasets.feature_files import Entry, entries_of, images_of, write_index, write_view
from larvseg.datasets.manifest import SPLITS, Manifest
from larvseg.datasets.transforms import Window, normalise, resized_size
from larvseg.files import json_text, write_text
from larvseg.training.frozen_weights import load_frozen
from larvseg.training.runtime import autocast, prepare


def extract(config: ExtractConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the features of the images of config.datasets, each image once, by the network inputs["frozen"] to outputs[config.view].

    inputs: also the manifest of each data set, by its name. With the view "plain" also `index` (larvseg/datasets/feature_files.py), and for
    each data set <name>.statistics (JSON): the number of cells of its training images and, of each channel, the sums over them that mean
    and deviation follow from. An image goes through the network by itself, so that no other changes its features.
    Raises LarvSegError for images or weights that do not fit.
    """
    device = prepare(config.runtime)
    manifests = {dataset: Manifest(inputs[dataset]) for dataset in config.datasets}
    extractor = load_frozen(config.backbone, inputs["frozen"], device)
    images = _places(manifests)
    of_split = {split: {dataset: _images(each, split) for dataset, each in manifests.items()} for split in SPLITS}
    index = [_entry(config, image, place, of_split, extractor.stride) for image, place in images.items()]
    chosen, flipped = entries_of(config.view, index), config.view == "flipped"
    moments = {dataset: Moments(extractor.channels) for dataset in manifests}

    def grids() -> Iterator[np.ndarray]:
        for entry in tqdm(chosen, desc=f"extract {config.view}", unit="image", file=sys.stderr, disable=None):
            manifest, row = images[entry.image]
            size = resized_size(*manifest.size(row), config.short_side, config.long_side)
            window = Window(size, 0, 0, *size, flipped)
            pixels = torch.from_numpy(normalise(window.cut_image(manifest.image(row)), config.normalisation))[None].to(device)
            with autocast(config.runtime):
                grid = extractor(pixels)[0].float().permute(1, 2, 0).cpu().numpy()
            for dataset, own in of_split["training"].items():
                if entry.image in own:
                    moments[dataset].add(grid.astype(np.float16))
            yield grid

    write_view(outputs[config.view], grids(), chosen, extractor.channels)
    if config.view == "plain":
        write_index(outputs["index"], index)
        for dataset, each in moments.items():
            write_text(outputs[f"{dataset}.statistics"], json_text(each.described()))


def _places(manifests: Mapping[str, Manifest]) -> dict[str, tuple[Manifest, int]]:
    """Each image once, with where it is read from."""
    images: dict[str, tuple[Manifest, int]] = {}
    for manifest in manifests.values():
        for row, image in images_of(manifest, range(len(manifest))).items():
            images.setdefault(image, (manifest, row))
    return images


def _images(manifest: Manifest, split: str) -> frozenset[str]:
    return frozenset(images_of(manifest, manifest.split(split).tolist()).values())


def _entry(
    config: ExtractConfig, image: str, place: tuple[Manifest, int], of_split: Mapping[str, Mapping[str, frozenset[str]]], stride: int
) -> Entry:
    manifest, row = place
    width, height = resized_size(*manifest.size(row), config.short_side, config.long_side)
    splits = {split: any(image in own for own in of_split[split].values()) for split in SPLITS}
    return Entry(image, -(-height // stride), -(-width // stride), **splits)


class Moments:
    """Sums over cells by channel, in double precision."""

    def __init__(self, channels: int) -> None:
        self.cells, self.total, self.squares = 0, np.zeros(channels), np.zeros(channels)

    def add(self, grid: np.ndarray) -> None:
        """Count the cells of `grid` (h, w, C)."""
        cells = grid.reshape(-1, grid.shape[-1]).astype(np.float64)
        self.cells += len(cells)
        self.total += cells.sum(0)
        self.squares += np.square(cells).sum(0)

    def described(self) -> dict[str, int | list[float]]:
        """The number of cells, and the sums of each channel."""
        return {"cells": self.cells, "total": self.total.tolist(), "squares": self.squares.tolist()}
