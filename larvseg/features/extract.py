"""The `extract` stage: the features of all images of a manifest."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from larvseg.config import ExtractConfig
from larvseg.datasets.feature_files import write_view
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import Window, normalise, resized_size
from larvseg.features.extractor import build_extractor
from larvseg.files import json_text, write_text
from larvseg.training.checkpoint import fill, load_tensors
from larvseg.training.runtime import autocast, prepare


def extract(config: ExtractConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the features of the manifest inputs["manifest"] by the network inputs["backbone"] to outputs["plain"] and ["flipped"].

    outputs["statistics"] (JSON): cells of the training images and, of them, mean and deviation of each channel. Each image goes through the
    network by itself, so that no other changes its features. Raises LarvSegError for images or weights that do not fit.
    """
    device = prepare(config.runtime)
    manifest = Manifest(inputs["manifest"])
    extractor = build_extractor(config.backbone)
    fill(extractor, load_tensors(inputs["backbone"])[0], inputs["backbone"])
    extractor.to(device)
    sizes = [resized_size(*manifest.size(row), config.short_side, config.long_side) for row in range(len(manifest))]
    shapes = [(-(-height // extractor.stride), -(-width // extractor.stride)) for width, height in sizes]
    training = set(manifest.split("training").tolist())
    moments = Moments(extractor.channels)

    def grids(flipped: bool) -> Iterator[np.ndarray]:
        for row, size in enumerate(sizes):
            window = Window(size, 0, 0, *size, flipped)
            pixels = torch.from_numpy(normalise(window.cut_image(manifest.image(row)), config.normalisation)).to(device)
            with autocast(config.runtime):
                grid = extractor(pixels[None])[0].float().permute(1, 2, 0).cpu().numpy()
            if not flipped and row in training:
                moments.add(grid.astype(np.float16))
            progress.update()
            yield grid

    with tqdm(
        total=len(sizes) * len(config.views), desc=f"extract {config.dataset}", unit="view", file=sys.stderr, disable=None
    ) as progress:
        for view in config.views:
            write_view(outputs[view], grids(view == "flipped"), shapes, extractor.channels)
    write_text(outputs["statistics"], json_text(moments.described()))


class Moments:
    """Mean and deviation of each of `channels` numbers, in double precision."""

    def __init__(self, channels: int) -> None:
        self.cells, self.total, self.squares = 0, np.zeros(channels), np.zeros(channels)

    def add(self, grid: np.ndarray) -> None:
        """Count the cells of `grid` (h, w, C)."""
        cells = grid.reshape(-1, grid.shape[-1]).astype(np.float64)
        self.cells += len(cells)
        self.total += cells.sum(0)
        self.squares += np.square(cells).sum(0)

    def described(self) -> dict[str, int | list[float]]:
        """The number of cells, and sums over them by channel, from which those of several data sets follow."""
        return {"cells": self.cells, "total": self.total.tolist(), "squares": self.squares.tolist()}
