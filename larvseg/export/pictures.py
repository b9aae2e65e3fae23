"""The ten pictures on which an exported file is compared with the run that it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from larvseg.config import TrainConfig
from larvseg.datasets.manifest import Manifest
from larvseg.files import real_path

COUNT = 10


class Pictures(NamedTuple):
    """`title` says what they are; `images` are RGB (H, W, 3) uint8."""

    title: str
    images: list[np.ndarray]


def pictures_for(folder: Path, config: TrainConfig) -> Pictures:
    """Validation images of the benchmark where the run lies in `folder` of a project that has them; otherwise drawn ones."""
    places = real_path(folder).parents
    root = places[4] if len(places) > 4 else places[-1]  # of <root>/results/<profile>/runs/<run>/seed<number>
    path = root / "data" / config.profile / "manifests" / f"{config.benchmark}.arrow"
    if path.is_file():
        manifest = Manifest(path, root)
        rows = manifest.split("validation")
        if len(rows) and all((root / archive).is_file() for archive in manifest.header["archives"]):
            chosen = rows[np.linspace(0, len(rows) - 1, min(COUNT, len(rows))).astype(int)]
            return Pictures(f"{len(chosen)} validation images of {config.benchmark}", [manifest.image(int(row)) for row in chosen])
    short = next(each.augmentation for each in config.training_sets).short_side
    return Pictures(f"{COUNT} drawn pictures", [_drawn(number, short) for number in range(COUNT)])


def _drawn(number: int, short: int) -> np.ndarray:
    """Fields of colour with a grain, of another size for each `number`; the short side is near `short`."""
    rng = np.random.default_rng(number)
    height, width = (max(8, int(short * factor)) for factor in rng.uniform(0.8, 1.6, 2))
    fields = Image.fromarray(rng.integers(0, 256, (3 + number % 4, 4 + number % 3, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return (np.asarray(fields) + rng.normal(0, 12, (height, width, 3))).clip(0, 255).astype(np.uint8)
