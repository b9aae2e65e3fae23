"""Arrow files: manifests, parts of them, confusion counts, indexes of features."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from larvseg.config import VIEWS
from larvseg.datasets.feature_files import Index, read_index, write_index
from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.evaluation.confusion import ConfusionCounts, accumulate, read_confusion
from tests.fuzz.damage import TEXT_TOKENS, damaged
from tests.fuzz.kind import Kind

_TOKENS = (b"ARROW1", b"\xff\xff\xff\xff", *TEXT_TOKENS, b'"classes"', b"a.zip")
_PLACE = {"archive": "a.zip", "member": "a.jpg", "offset": 3, "length": 9, "method": 0, "size": 9}
_ROW = {"name": "one", "split": "validation", "width": 4, "height": 4, "image": _PLACE, "mask": _PLACE, "synset": None}
_HEADER = {
    "dataset": "A150",
    "classes": ["wall", "sky"],
    "archives": {"a.zip": "0"},
    "keys": {},
    "novel": {"S": [1]},
    "encoding": "ids",
    "raw_ids": [1, 2],
}


def _written(write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "x.arrow"))
        return Path(folder, "x.arrow").read_bytes()


def _rows(count: int) -> list[dict]:
    return [
        {**_ROW, "name": f"image {n}", "labels": [0, 1], "pixels": [8, 8], "captions": ["a dog"] if n % 2 else None} for n in range(count)
    ]


def _counts() -> ConfusionCounts:
    counts = ConfusionCounts(3)
    counts.add(0, *np.random.default_rng(0).integers(0, 3, (2, 8, 8)))
    return counts


def _manifest(data: bytes, folder: Path) -> None:
    (folder / "A150.arrow").write_bytes(data)
    manifest = Manifest(folder / "A150.arrow", folder)
    for split in ("training", "validation"):
        manifest.split(split)
    for index in range(min(len(manifest), 20)):
        row = manifest.row(index)
        assert manifest.name(index) == row["name"] and manifest.labels(index) == tuple(row["labels"] or ())
        manifest.size(index)
    manifest.novel()


def _confusion(data: bytes, folder: Path) -> None:
    (folder / "confusion.arrow").write_bytes(data)
    columns, classes = read_confusion(folder / "confusion.arrow")
    assert accumulate(np.array(columns, np.int64), classes).shape == (classes, classes)


def _index(data: bytes, folder: Path) -> None:
    (folder / "index.arrow").write_bytes(data)
    index = read_index(folder / "index.arrow")
    for image, name in enumerate(index.images.to_pylist()):
        assert isinstance(name, str) and min(index.shape(image)) >= 0
    for view in VIEWS:
        index.of(view)


_MANIFESTS = [_written(lambda path, n=n: write_manifest(path, _rows(n), _HEADER)) for n in (0, 1, 5)]
_INDEX = Index(
    pa.chunked_array([["a.zip/1.jpg", "a.zip/2.jpg"]]), np.array([2, 1]), np.array([3, 4]), np.array([True, True]), np.array([False, True])
)
KINDS = (
    Kind(
        "manifests",
        "Arrow: schemas, buffers, offsets, dictionaries, the header of JSON",
        damaged(_MANIFESTS, _TOKENS),
        _manifest,
        "A150.arrow",
        share=2,
    ),
    Kind(
        "confusion counts", "Arrow: schemas, buffers, classes", damaged([_written(_counts().write)], _TOKENS), _confusion, "confusion.arrow"
    ),
    Kind(
        "indexes of features",
        "Arrow: schemas, buffers, offsets",
        damaged([_written(lambda path: write_index(path, _INDEX))], _TOKENS),
        _index,
        "index.arrow",
    ),
)
