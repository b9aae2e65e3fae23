"""Measurement of training in windows of an archive: what is read, how fast images come, and how well sorted classes mix."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from larvseg.bench.datasets import photograph
from larvseg.bench.run import Row, compare
from larvseg.config import Windows
from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.datasets.orders import InWindows, Order, Shuffled, WindowDraws
from larvseg.datasets.windows import Layout, WindowedManifest
from larvseg.sources.archives import Member, members
from larvseg.sources.encodings import decode_image

_NAME, _SYNSETS = "n04256520", 21_841
_RUN = (8, 2, 0)  # ranks, images of each, seed
_ALONE = (1, 1, 0)  # the same of one stream: where there are few windows, those in which streams meet would count too much


class Reads(NamedTuple):
    """What an epoch reads of an archive. `seeks`: reads that do not begin where the one before ended."""

    images: int
    reads: int
    seeks: int
    megabytes: float


def reading(images: int = 1600, repeats: int = 3, megabytes: int = 4) -> tuple[list[Row], dict[str, Reads]]:
    """An epoch of `images` object images, which lie one after the other in a tar, by random access and in windows, beside bare decoding.

    The page cache is warm, so that seeks cost no time: they are counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        encoded, plain = _pack(Path(folder), images)
        windowed = WindowedManifest(plain.path, plain.root, megabytes)
        order = WindowDraws(_NAME, windowed.layout, Windows(lanes=1, open=1), *_ALONE)
        sides = {"random": (plain, Shuffled(_NAME, images, *_ALONE)), "windows": (windowed, InWindows(windowed, order))}

        def bare() -> None:
            for number in range(images):
                decode_image(encoded[number % len(encoded)], _NAME)

        rows, counts = [], {}
        for name, (manifest, order) in sides.items():
            epoch = _epoch(manifest, order, images)
            counts[name] = _counted(epoch, images)
            rows.append(compare(f"{images} images out of a tar, {name}", "bare JPEG", bare, epoch, repeats))
        return rows, counts


def _epoch(manifest: Manifest, order: Order, images: int) -> Callable[[], None]:
    def epoch() -> None:
        manifest._reader.close()  # no window is left of the epoch before
        for step in range(images):
            for position in order.visit(step, 0):
                manifest.image(position)

    return epoch


def _counted(epoch: Callable[[], None], images: int) -> Reads:
    found, pread = [], os.pread

    def counted(file: int, length: int, offset: int) -> bytes:
        found.append((offset, length))
        return pread(file, length, offset)

    with mock.patch.object(os, "pread", counted):
        epoch()
    ends = [None, *(offset + length for offset, length in found)]
    seeks = sum(offset != end for (offset, _), end in zip(found, ends, strict=False))
    return Reads(images, len(found), seeks, sum(length for _, length in found) / 1e6)


def _pack(folder: Path, images: int) -> tuple[list[bytes], Manifest]:
    """The few different images, of some 110 KB as those of ImageNet-21K, and the manifest of a tar with `images` of them."""
    rng = np.random.default_rng(0)
    encoded = [photograph(500, 400, rng) for _ in range(16)]
    archive = folder / f"{_NAME}.tar"
    with tarfile.open(archive, "w") as file:
        for number in range(images):
            info = tarfile.TarInfo(f"{_NAME}_{number:06d}.JPEG")
            info.size = len(encoded[number % len(encoded)])
            file.addfile(info, io.BytesIO(encoded[number % len(encoded)]))
    write_manifest(folder / "manifest.arrow", map(_row, members(archive)), {"archives": {archive.name: ""}, "encoding": None})
    return encoded, Manifest(folder / "manifest.arrow", folder)


def _row(member: Member) -> dict[str, Any]:
    place = {"archive": f"{_NAME}.tar", "member": member.name, **{key: value for key, value in member._asdict().items() if key != "name"}}
    row = {"name": member.name, "split": "training", "width": 500, "height": 400, "image": place, "mask": None}
    return row | {"labels": [0], "pixels": None, "synset": _NAME}


def mixing(
    settings: Windows | None = None, synsets: int = _SYNSETS, size: int = 36, ranks: int = 4, steps: int = 1000
) -> dict[str, list[float]]:
    """How many synsets come together, {order: means over one step, 100 steps and all steps}, of an archive that is sorted by them.

    It has as many synsets and images as ImageNet-21K, in windows of `size`; `ranks` of eight draw from it.
    """
    counts = np.random.default_rng(0).integers(1, 1203, synsets)
    classes, images = np.repeat(np.arange(synsets), counts), int(counts.sum())
    layout = Layout(np.arange(images, dtype=np.int32), np.append(np.arange(0, images, size), images))
    windows = WindowDraws("bench", layout, settings or Windows(), *_RUN)
    orders = {
        "random": Shuffled("bench", images, *_RUN).positions,
        "windows": lambda step, rank: [draw.position for draw in windows.draws(step, rank)],
    }
    found = {}
    for name, positions in orders.items():
        drawn = np.array([[classes[positions(step, rank)] for rank in range(ranks)] for step in range(steps)]).reshape(steps, -1)
        found[name] = [
            float(np.mean([len(np.unique(part)) for part in drawn.reshape(steps // many, -1)])) for many in (1, min(100, steps), steps)
        ]
    return found


def text(counts: dict[str, Reads], mixed: dict[str, list[float]]) -> str:
    """What both measurements found."""
    lines = [
        f"{name}: {each.images} images by {each.reads} reads, {each.seeks} of them elsewhere than where the last one ended, "
        f"{each.megabytes:.0f} MB; {mixed[name][0]:.2f} synsets in a step of {2 * 4} images, {mixed[name][1]:.0f} in 100 steps, "
        f"{mixed[name][2]:.0f} in 1000"
        for name, each in counts.items()
    ]
    return "\n".join(lines)
