"""Manifests, archives and confusion counts of as many images as one likes, with rows of the size of real ones. Nothing is made twice.

Images and masks are a few tiny ones, which all rows name again and again.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from larvseg.datasets.manifest import write_batches
from larvseg.sources.archives import Member, members

CLASSES, LABELS = 150, 8  # of the data set, and of an image
SIDE, DIFFERENT = 16, 32  # pixels of the images, and how many different ones there are
ARCHIVE = "data/paper/archives/ADEChallengeData2016.zip"
_FOLDER = "ADEChallengeData2016"
_ROWS_AT_ONCE = 2**16
_SYNSETS = 1000


def once(make: Callable[..., None]) -> Callable[..., Path]:
    """`make(path, …)`, unless something is at `path` already; returns the path."""

    @wraps(make)
    def made(path: str | Path, *settings: Any, **more: Any) -> Path:
        path = Path(path)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f"{path.name}.half")
            make(half, *settings, **more)
            half.replace(path)
        return path

    return made


# ---- archives


def picture(number: int) -> bytes:
    """One of the different images, a JPEG."""
    return _encoded(np.random.default_rng(number % DIFFERENT).integers(0, 256, (SIDE, SIDE, 3), np.uint8), "JPEG")


def mask(number: int) -> bytes:
    """The mask of that image, a PNG in the encoding of ADE20K: LABELS classes in stripes."""
    return _encoded(np.repeat(labels_of(np.array([number]))[0] + 1, SIDE * SIDE // LABELS).reshape(SIDE, SIDE).astype(np.uint8), "PNG")


def labels_of(numbers: np.ndarray) -> np.ndarray:
    """(N,) numbers of images → (N, LABELS) int32 train ids, ascending."""
    first = numbers[:, None] % DIFFERENT % (CLASSES - 14 * LABELS)
    return (first + 14 * np.arange(LABELS)).astype(np.int32)


def _encoded(pixels: np.ndarray, form: str) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, form)
    return data.getvalue()


@once
def scenes(path: Path, images: int) -> None:
    """A zip of the layout of ADE20K: `images` training images with masks."""
    pictures, masks = ([make(number) for number in range(DIFFERENT)] for make in (picture, mask))
    with zipfile.ZipFile(path, "w") as archive:
        for folder, ending, files in (("images", "jpg", pictures), ("annotations", "png", masks)):
            for number in range(images):
                archive.writestr(zipfile.ZipInfo(f"{_FOLDER}/{folder}/training/ADE_train_{number:08d}.{ending}"), files[number % DIFFERENT])


@once
def objects(path: Path, wnid: str, images: int) -> None:
    """A tar of the images of a synset."""
    _tar(path, ((f"{wnid}_{number}.JPEG", picture(number)) for number in range(images)))


@once
def pairs(path: Path, images: int) -> None:
    """A tar of images with captions beside them."""
    texts = (f"a photo of a {number} beside a house in the evening" for number in range(images))
    _tar(
        path,
        (
            each
            for number, text in enumerate(texts)
            for each in ((f"{number:09d}.jpg", picture(number)), (f"{number:09d}.txt", text.encode()))
        ),
    )


def _tar(path: Path, files: Iterator[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as archive:
        archive.copybufsize = 1024
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
            archive.members.clear()


# ---- manifests


@once
def manifest(path: Path, images: int, dataset: str, kind: str, split: str = "training", spread: bool = False) -> None:
    """The manifest of `images` images of one split of a data set of this `kind`.

    spread: each image has a place of its own in an archive that is not there, 100 KB from the next; else they lie in ARCHIVE.
    """
    archive = scenes(ARCHIVE, DIFFERENT)  # or with more images, where it is there already
    found = members(archive)
    parts = {part: [each for each in found if f"/{part}/" in each.name] for part in ("images", "annotations")}
    names = [f"class {number}" for number in range(CLASSES)]
    if kind == "single_label":
        names = [f"n{number:08d}" for number in range(_SYNSETS)]
    novel = tuple(range(CLASSES // 2, CLASSES))
    header = {
        "dataset": dataset,
        "kind": kind,
        "shown": {"pixel": "masks", "caption": "captions"}.get(kind, "image_labels"),
        "benchmark": None,
        "classes": names,
        "keys": {rule: names for rule in ("S", "P")},
        "novel": None if kind in ("single_label", "caption") else dict.fromkeys(("S", "P", "by_name"), novel),
        "encoding": "ade-challenge" if kind == "pixel" else None,
        "raw_ids": list(range(1, CLASSES + 1)) if kind == "pixel" else [],
        "ignored": [],
        "absent": [],
        "rejected": 0,
        "archives": {ARCHIVE: "0" * 64},
        "archive_sizes": {ARCHIVE: archive.stat().st_size},
    }
    starts = range(0, images, _ROWS_AT_ONCE)
    rows = (_rows(np.arange(start, min(start + _ROWS_AT_ONCE, images)), images, kind, split, parts, spread) for start in starts)
    write_batches(path, rows, header)


def _rows(numbers: np.ndarray, images: int, kind: str, split: str, parts: dict[str, list[Member]], spread: bool) -> pa.RecordBatch:
    count = len(numbers)
    single = kind == "single_label"
    labels = (numbers * _SYNSETS // images).astype(np.int32)[:, None] if single else labels_of(numbers)
    if kind == "caption":
        labels = labels[:, :0]
    captions = pa.nulls(count, pa.list_(pa.string()))
    if kind == "caption":
        texts = pc.binary_join_element_wise("a photo of a house beside a tree, number", pa.array(numbers).cast(pa.string()), " ")
        captions = _lists(texts, 1)
    pixels = (
        _lists(pa.array(np.full(labels.size, SIDE * SIDE // LABELS)), LABELS) if kind == "pixel" else pa.nulls(count, pa.list_(pa.int64()))
    )
    image = _spread(numbers) if spread else _places(parts["images"], numbers)
    columns = {
        "name": pc.binary_join_element_wise(f"ADE_{split}", pa.array(numbers).cast(pa.string()), "_"),
        "split": pa.array([split]).take(pa.array(np.zeros(count, np.int8))),
        "width": pa.array(np.full(count, SIDE, np.int32)),
        "height": pa.array(np.full(count, SIDE, np.int32)),
        "image": image,
        "mask": _places(parts["annotations"], numbers) if kind == "pixel" else pa.nulls(count, image.type),
        "labels": _lists(pa.array(labels.ravel()), labels.shape[1], count),
        "pixels": pixels,
        "synset": pa.array([f"n{number:08d}" for number in range(_SYNSETS)]).take(pa.array(labels[:, 0]))
        if single
        else pa.nulls(count, pa.string()),
        "captions": captions,
    }
    return pa.record_batch(columns)


def _lists(values: pa.Array, each: int, count: int | None = None) -> pa.ListArray:
    count = len(values) // each if count is None else count
    return pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32) * each), values)


def _spread(numbers: np.ndarray) -> pa.StructArray:
    """Places of their own."""
    names = pc.binary_join_element_wise("n00000001", pa.array(numbers).cast(pa.string()), "_")
    offset, length = pa.array(numbers * 100_000), pa.array(np.full(len(numbers), 90_000))
    return _located([names, offset, length, pa.array(np.zeros(len(numbers), np.int8)), length])


def _places(found: list[Member], numbers: np.ndarray) -> pa.StructArray:
    """Where the images `numbers` lie: at one of the few members."""
    columns = list(zip(*found, strict=True))
    which = pa.array(numbers % len(found))
    kinds = (pa.string(), pa.int64(), pa.int64(), pa.int8(), pa.int64())
    fields = [pa.array(column, kind).take(which) for column, kind in zip(columns, kinds, strict=True)]
    return _located(fields)


def _located(fields: list[pa.Array]) -> pa.StructArray:
    archive = pa.array([ARCHIVE]).take(pa.array(np.zeros(len(fields[0]), np.int8)))
    return pa.StructArray.from_arrays([archive, *fields], ["archive", "member", *Member._fields[1:]])


# ---- confusion counts


def masks_of(number: int) -> tuple[np.ndarray, np.ndarray]:
    """The mask of an image (SIDE, SIDE) and what a model predicts there: some of it right, LABELS classes and one more."""
    rng = np.random.default_rng(number % DIFFERENT)
    target = np.repeat(labels_of(np.array([number]))[0], SIDE * SIDE // LABELS).reshape(SIDE, SIDE).astype(np.int16)
    prediction = np.where(rng.random(target.shape) < 0.6, target, rng.permuted(target.ravel()).reshape(target.shape))
    return target, prediction
