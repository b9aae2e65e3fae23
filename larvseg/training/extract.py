"""The `extract` stage: the features of every image of some data sets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from tqdm import tqdm

from larvseg.config import ExtractConfig
from larvseg.datasets.feature_files import Index, write_index, write_view
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import Window, cells_of, normalise, resized_size
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
    found = Found(manifests, config, extractor.stride)
    flipped, moments = config.view == "flipped", {dataset: Moments(extractor.channels) for dataset in manifests}

    def grids() -> Iterator[np.ndarray]:
        for image in tqdm(found.index.of(config.view), desc=f"extract {config.view}", unit="image", file=sys.stderr, disable=None):
            manifest, row = found.place(image)
            size = resized_size(*manifest.size(row), config.short_side, config.long_side)
            window = Window(size, 0, 0, *size, flipped)
            pixels = torch.from_numpy(normalise(window.cut_image(manifest.image(row)), config.normalisation))[None].to(device)
            with autocast(config.runtime):
                grid = extractor(pixels)[0].float().permute(1, 2, 0).cpu().numpy()
            for dataset, own in found.training.items():
                if own[image]:
                    moments[dataset].add(grid.astype(np.float16))
            yield grid

    write_view(outputs[config.view], grids(), found.index, config.view, extractor.channels)
    if config.view == "plain":
        write_index(outputs["index"], found.index)
        for dataset, each in moments.items():
            write_text(outputs[f"{dataset}.statistics"], json_text(each.described()))


class Found:
    """Each image of some manifests once, in the order in which they first name it.

    `index`: what they are; `training`: data set → (N,) bool, whether it is one of its training images.
    """

    def __init__(self, manifests: Mapping[str, Manifest], config: ExtractConfig, stride: int) -> None:
        self._manifests = list(manifests.values())
        rows = [np.arange(len(manifest), dtype=np.int32) for manifest in self._manifests]
        named = (manifest.files(own) for manifest, own in zip(self._manifests, rows, strict=True))
        # one array: of several each would have all the names before it in a dictionary of its own
        together = pa.chunked_array([chunk for each in named for chunk in each.chunks], pa.string()).combine_chunks()
        encoded = together.dictionary_encode()
        images, numbers = encoded.dictionary, encoded.indices.to_numpy()
        del together, encoded
        self._starts = np.cumsum([0, *map(len, rows)])
        # where each is named first, all rows of all manifests in one line: numbers are given in that order
        self._first = np.flatnonzero(np.diff(np.maximum.accumulate(numbers), prepend=-1)).astype(np.int32)
        sizes = np.concatenate([manifest.sizes(own) for manifest, own in zip(self._manifests, rows, strict=True)])[self._first]
        cells = cells_of(sizes, config.short_side, config.long_side, stride).astype(np.int32)

        def of_split(split: str) -> dict[str, np.ndarray]:
            chosen = {dataset: np.zeros(len(images), bool) for dataset in manifests}
            for own, manifest, start in zip(chosen.values(), self._manifests, self._starts, strict=False):
                own[numbers[start + manifest.split(split)]] = True
            return chosen

        self.training, validation = of_split("training"), of_split("validation")
        either = [np.logical_or.reduce(list(each.values())) for each in (self.training, validation)]
        self.index = Index(pa.chunked_array([images]), *cells.T, *either)

    def place(self, image: int) -> tuple[Manifest, int]:
        """The manifest that names it first, and its row there."""
        at = self._first[image]
        manifest = int(np.searchsorted(self._starts, at, "right")) - 1
        return self._manifests[manifest], int(at - self._starts[manifest])


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
