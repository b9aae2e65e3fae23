"""The figure of gains: a part for each kind of images, and label maps alone where images may not be shown."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config import OverlaysConfig
from larvseg.errors import LarvSegError
from larvseg.figures.overlays.data import read
from larvseg.figures.overlays.draw import draw
from larvseg.training.checkpoint import save_tensors

KINDS = {"largest gains": [4, 2], "median": [5, 0], "largest losses": [1, 3]}
GAINS = {str(row): float(gain) for row, gain in zip((4, 2, 5, 0, 1, 3), (9, 8, 1, 0, -7, -8), strict=True)}
BRIGHT = (250, 20, 240)  # of the images, and of nothing else


class Images:
    header = {"classes": ["grass", "cow", "sky"]}

    def novel(self):
        return (1,)

    def name(self, row):
        return f"photo {row}"

    def image(self, row):
        return np.full((40, 60, 3), BRIGHT, np.uint8)

    def mask(self, row):
        mask = np.zeros((40, 60), np.int16)
        mask[10:30, 10:40] = 1
        return mask


def config(*runs: str) -> OverlaysConfig:
    settings = {"figure": "overlays", "profile": "photos", "benchmark": "MSRC", "base": "MSRCMasks", "gaining": "two", "than": "one"}
    return OverlaysConfig.model_validate_json(json.dumps({**settings, "methods": [{"title": run, "run": run} for run in runs]}))


def predictions(folder: Path, run: str, shift: int = 0, **about) -> Path:
    path = folder / f"{run}.safetensors"
    tensors = {row: torch.from_numpy(np.roll(Images().mask(0), shift, 1)) for row in GAINS}
    said = {"run": run, "method": "larvseg", "seed": 0, "profile": "photos", "benchmark": "MSRC", "kinds": KINDS, "gains": GAINS}
    save_tensors(path, tensors, {**said, **about})
    return path


def pixels(figure, path: Path) -> np.ndarray:
    figure.savefig(path)
    return np.asarray(Image.open(path).convert("RGB"))


def test_kinds_stand_below_each_other_and_label_maps_alone_show_nothing_of_the_images(tmp_path):
    settings = config("one", "two")
    kinds, seed = read(settings, {run: predictions(tmp_path, run, shift) for run, shift in (("one", 6), ("two", 0))}, Images())
    assert [(kind.title, list(kind.gains)) for kind in kinds] == [
        ("largest gains", [9, 8]),
        ("median", [1, 0]),
        ("largest losses", [-7, -8]),
    ]
    assert seed == 0 and [shown.name for shown in kinds[2].images.images] == ["photo 1", "photo 3"]
    whole, alone = draw(kinds, settings, "here"), draw(kinds[:1], settings, "here", photographs=False)
    image = (np.abs(pixels(whole, tmp_path / "whole.png").astype(int) - BRIGHT).max(2) < 8).sum()
    assert image > 6 * 10_000 and len(whole.axes) == 6 * 4 + 2
    assert (np.abs(pixels(alone, tmp_path / "alone.png").astype(int) - BRIGHT).max(2) < 8).sum() == 0 and len(alone.axes) == 2 * 3 + 2
    labels = [axes.get_xlabel() for axes in whole.axes]
    assert "photo 3: −8.0" in labels and "mIoU 100.0" in labels


def test_other_images_are_refused(tmp_path):
    inputs = {"one": predictions(tmp_path, "one"), "two": predictions(tmp_path, "two", kinds={**KINDS, "median": [0, 5]})}
    with pytest.raises(LarvSegError, match="other images than in"):
        read(config("one", "two"), inputs, Images())
