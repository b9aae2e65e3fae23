"""Measurements of the data sets: extracting labels beside bare PNG decoding, and a manifest of ImageNet-21K's size."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from larvseg.bench.run import Row, compare
from larvseg.datasets.manifest import write_batches
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import label_counts
from larvseg.vocabulary.datasets import committed

_SYNSETS = 21_841
_ROWS_AT_ONCE = 2**18


def label_extraction_8bit(masks: int = 16, repeats: int = 9) -> Row:
    """Classes and pixel counts of masks like COCO-Stuff's, out of their archive; the reference decodes as many PNG files to arrays."""
    vocabulary = committed().vocabulary("C171")

    def encode(regions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return rng.choice([*vocabulary.raw_ids, 255], regions.max() + 1).astype(np.uint8)[regions]

    images = [encode(blobs(640, 480, 8, seed), np.random.default_rng(seed)) for seed in range(masks)]
    return _extraction("labels of 8-bit masks, 640×480", images, "coco-stuff", vocabulary.raw_ids, repeats)


def label_extraction_rgb(masks: int = 6, repeats: int = 9) -> Row:
    """The same for masks like those of the full ADE20K: two channels for the class, one for the instance."""
    vocabulary = committed().vocabulary("A847")

    images = [rgb_mask(blobs(1600, 1200, 30, seed), np.random.default_rng(seed)) for seed in range(masks)]
    return _extraction("labels of RGB masks, 1600×1200", images, "ade-full", vocabulary.raw_ids, repeats)


def rgb_mask(regions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) numbers of regions → (H, W, 3) uint8, as the full ADE20K encodes objects; most are none of the 847."""
    ids = rng.choice(np.arange(1, 3689), regions.max() + 1)
    return np.stack([ids // 256 * 10, ids % 256, rng.permutation(len(ids))], axis=1).astype(np.uint8)[regions]


def photograph(width: int, height: int, rng: np.random.Generator) -> bytes:
    """A JPEG that takes about as long to decode as a photograph of that size."""
    coarse = rng.integers(0, 256, (height // 10, width // 10, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize((width, height))) + rng.normal(0, 12, (height, width, 3))
    data = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "JPEG", quality=88)
    return data.getvalue()


def blobs(width: int, height: int, regions: int, seed: int) -> np.ndarray:
    """(H, W) intp: at most `regions` regions of very different sizes with the uneven borders that people draw."""
    rng = np.random.default_rng(seed)
    best, winner = np.full((height, width), -np.inf, np.float32), np.zeros((height, width), np.intp)
    for region in range(regions):
        field = _smooth(rng, width, height, 180) + 0.03 * _smooth(rng, width, height, 6) + rng.normal(0, 0.12)
        winner[field > best] = region
        best = np.maximum(best, field)
    return winner


def _smooth(rng: np.random.Generator, width: int, height: int, pixels: int) -> np.ndarray:
    """Noise that changes over some `pixels`."""
    coarse = rng.random((height // pixels + 2, width // pixels + 2), np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _extraction(name: str, masks: list[np.ndarray], encoding: str, raw_ids: tuple[int, ...], repeats: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "masks.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, mask in enumerate(masks):
                data = io.BytesIO()
                Image.fromarray(mask).save(data, "PNG")
                Path(folder, f"{number}.png").write_bytes(data.getvalue())
                archive.writestr(f"{number}.png", data.getvalue())
        reader, found = ArchiveReader(), members(path)

        def bare() -> None:
            for number in range(len(masks)):
                np.asarray(Image.open(Path(folder, f"{number}.png")))

        def ours() -> None:
            for member in found:
                data = reader.read(str(path), member.offset, member.length, member.method, member.size)
                label_counts(data, encoding, raw_ids, member.name)

        return compare(name, "bare PNG", bare, ours, repeats)


def large_manifest(rows: int = 14_000_000, samples: int = 2000) -> dict[str, float]:
    """A manifest of `rows` object images, opened by a fresh process.

    rows; file_mb; open_seconds; anonymous_mb, the memory that opening takes and that no file backs; row_ms, the mean of reading `samples`
    random rows; split_seconds and split_mb, for listing the training images.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.arrow"
        wnids = [f"n{number:08d}" for number in range(_SYNSETS)]
        archives = {f"data/paper/archives/winter21_whole/{wnid}.tar": "0" * 64 for wnid in wnids}
        header = {"dataset": "I21K", "kind": "single_label", "classes": wnids, "keys": {"S": wnids, "P": wnids}, "encoding": None}
        header |= {"raw_ids": [], "absent": [], "rejected": 0, "archives": archives, "archive_sizes": dict.fromkeys(archives, 10**8)}
        write_batches(path, _object_images(rows, list(archives), wnids), header)
        found = subprocess.run(
            [sys.executable, "-m", "larvseg.bench.open_manifest", str(path), str(samples)], stdout=subprocess.PIPE, check=True
        )
        return {"rows": rows, "file_mb": path.stat().st_size / 1e6, **json.loads(found.stdout)}


def _object_images(rows: int, archives: list[str], wnids: list[str]) -> Iterator[pa.RecordBatch]:
    """What derive makes of ImageNet-21K, without its images."""
    for start in range(0, rows, _ROWS_AT_ONCE):
        number = np.arange(start, min(start + _ROWS_AT_ONCE, rows))
        label = number * len(wnids) // rows
        synset = pa.array(wnids).take(pa.array(label))
        name = pc.binary_join_element_wise(synset, pc.cast(pa.array(number), pa.string()), "_")
        count = len(number)
        offset, length = number % 1000 * 110_000, 80_000 + number % 40_000
        fields = [
            pa.array(archives).take(pa.array(label)),
            pc.binary_join_element_wise(name, "JPEG", "."),
            pa.array(offset),
            pa.array(length),
            pa.array(np.zeros(count, np.int8)),
            pa.array(length),
        ]
        image = pa.StructArray.from_arrays(fields, ["archive", "member", "offset", "length", "method", "size"])
        columns = {
            "name": name,
            "split": pa.array(["training"]).take(pa.array(np.zeros(count, np.int8))),
            "width": pa.array(np.full(count, 500, np.int32)),
            "height": pa.array(np.full(count, 375, np.int32)),
            "image": image,
            "mask": pa.nulls(count, image.type),
            "labels": pa.ListArray.from_arrays(pa.array(np.arange(count + 1, dtype=np.int32)), pa.array(label.astype(np.int32))),
            "pixels": pa.nulls(count, pa.list_(pa.int64())),
            "synset": synset,
            "captions": pa.nulls(count, pa.list_(pa.string())),
        }
        yield pa.record_batch(columns)


def large_manifest_text(found: dict[str, float]) -> str:
    """What large_manifest found, beside the limits."""
    return (
        f"manifest of {found['rows']:,.0f} rows ({found['file_mb']:.0f} MB): opens in {found['open_seconds']:.2f} s (limit 2) and "
        f"{found['anonymous_mb']:.0f} MB of memory (limit 300), a random row in {found['row_ms']:.3f} ms (limit 1), "
        f"the training split in {found['split_seconds']:.2f} s and {found['split_mb']:.0f} MB"
    )
