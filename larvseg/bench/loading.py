"""Measurement of the loader: training images a second of each kind of data set, beside bare decoding of the same files, on one thread."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from larvseg.bench.datasets import blobs, photograph, rgb_mask
from larvseg.bench.run import Row, compare
from larvseg.columns import columns
from larvseg.config import Kind
from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.datasets.views import PixelViews
from larvseg.pipeline import Project
from larvseg.sources.archives import members
from larvseg.vocabulary.datasets import committed


class Encoded(NamedTuple):
    """A data set whose images and masks are like those of an official one."""

    like: str
    kind: Kind
    size: tuple[int, int]  # width and height, as most of its images have
    encoding: str | None = None  # of its masks
    vocabulary: str | None = None


DATASETS = (
    Encoded("C171: COCO-Stuff", "pixel", (640, 480), "coco-stuff", "C171"),
    Encoded("A150: ADE20K challenge", "pixel", (683, 512), "ade-challenge", "A150"),
    Encoded("A847: ADE20K full", "pixel", (1600, 1200), "ade-full", "A847"),
    Encoded("WA150: the same images", "multi_label", (683, 512)),
    Encoded("WA847: the same images", "multi_label", (1600, 1200)),
    Encoded("I124, I585: ImageNet-21K", "single_label", (500, 375)),
)


def loading(images: int = 8, repeats: int = 5) -> list[Row]:
    """A row for each of DATASETS: `images` of it decoded alone, and as `paper` trains on them: read, decoded, augmented, normalised."""
    return [_compared(dataset, images, repeats) for dataset in DATASETS]


def text(rows: list[Row], images: int = 8) -> str:
    """The rows as a table of images a second."""
    lines = [["images a second of one thread", "decoded alone", "loaded", "ratio"]]
    for row in rows:
        rates = [f"{1000 * images / row[side]:.0f}" for side in ("reference_ms", "ours_ms")]
        lines.append([row["name"], *rates, f"{row['ratio']:.2f}"])
    return "\n".join(columns(lines))


def _compared(dataset: Encoded, images: int, repeats: int) -> Row:
    profile = Project("paper").profile
    augmentation = profile.object_augmentation if dataset.kind == "single_label" else profile.scene_augmentation
    with tempfile.TemporaryDirectory() as folder:
        manifest, masks = _packed(dataset, Path(folder), images), dataset.encoding is not None
        seen = TrainingImages(manifest, "bench", "masks" if masks else "image_labels")
        views, encoded = PixelViews(seen, augmentation, "imagenet"), list(_files(dataset, images))

        def bare() -> None:
            for files in encoded:
                for data in filter(None, files):
                    np.asarray(Image.open(io.BytesIO(data)))

        def ours() -> None:
            for position in range(images):
                mask = seen.mask(position) if masks else None
                views.sample(position, mask, np.random.default_rng(position))

        return compare(dataset.like, "bare decoding", bare, ours, repeats)


def _files(dataset: Encoded, images: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Image and mask of each, as bytes of a JPEG and of a PNG."""
    for seed in range(images):
        rng = np.random.default_rng(seed)
        yield photograph(*dataset.size, rng), _mask(dataset, rng, seed)


def _mask(dataset: Encoded, rng: np.random.Generator, seed: int) -> bytes | None:
    if dataset.encoding is None:
        return None
    regions = blobs(*dataset.size, 12, seed)
    if dataset.encoding == "ade-full":
        pixels = rgb_mask(regions, rng)
    else:
        pixels = rng.choice([*committed().vocabulary(dataset.vocabulary).raw_ids], regions.max() + 1).astype(np.uint8)[regions]
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def _packed(dataset: Encoded, folder: Path, images: int) -> Manifest:
    """The images in a zip, as the official data sets have them, and their manifest."""
    archive = folder / "bench.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number, (image, mask) in enumerate(_files(dataset, images)):
            file.writestr(f"{number}.jpg", image)
            if mask is not None:
                file.writestr(f"{number}.png", mask)
    places = {member.name: {"archive": archive.name, "member": member.name, **_place(member)} for member in members(archive)}
    width, height = dataset.size
    rows = [
        {
            "name": str(number),
            "split": "training",
            "width": width,
            "height": height,
            "image": places[f"{number}.jpg"],
            "mask": places.get(f"{number}.png"),
            "labels": [0],
            "pixels": None,
            "synset": None,
        }
        for number in range(images)
    ]
    vocabulary = committed().vocabulary(dataset.vocabulary) if dataset.vocabulary else None
    header = {"kind": dataset.kind, "encoding": dataset.encoding, "raw_ids": list(vocabulary.raw_ids) if vocabulary else []}
    write_manifest(folder / "manifest.arrow", rows, header | {"dataset": "bench", "archives": {archive.name: ""}})
    return Manifest(folder / "manifest.arrow", folder)


def _place(member) -> dict[str, int]:
    return {key: value for key, value in member._asdict().items() if key != "name"}
