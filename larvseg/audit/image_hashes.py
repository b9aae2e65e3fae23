"""Hashes of images in archives: of their bytes, and perceptual ones, which copies share. Kept in work/, so that each is read once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import imagehash
import numpy as np
from PIL import Image

from larvseg.datasets.chunks import in_order, progress
from larvseg.datasets.manifest import Manifest
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import decode_image

# Another version of the library may hash otherwise.
CACHE = Path(f"work/image_hashes-{imagehash.__version__}.sqlite")
SIDE = 16  # of the square of lowest frequencies, which the perceptual hash says of whether they are above their median
BITS = SIDE * SIDE
_CHUNK = 256  # images


class Place(NamedTuple):
    """Where an image lies in its archive (see manifest.write_manifest), and its name."""

    name: str
    offset: int
    length: int
    method: int
    size: int


@dataclass(frozen=True)
class Hashes:
    """Hashes of N images: `digests` (N,) S32, sha256 of the file; `perceptual` (N, BITS / 64) uint64."""

    digests: np.ndarray
    perceptual: np.ndarray


def hashes_of(manifest: Manifest, rows: np.ndarray, threads: int) -> Hashes:
    """The hashes of the images of `rows`, those that are not known yet with `threads` processes.

    The archives are taken for those that the manifest names by their sha256. Raises LarvSegError for one that is missing, and for a
    damaged image.
    """
    places: dict[str, list[tuple[int, Place]]] = defaultdict(list)  # archive → position in rows, place
    for position, row in enumerate(rows):
        image = manifest.row(int(row))["image"]
        places[image["archive"]].append((position, Place(manifest.name(int(row)), *(image[key] for key in Place._fields[1:]))))
    digests, perceptual = np.zeros(len(rows), "S32"), np.zeros((len(rows), BITS // 64), np.uint64)
    with closing(_open_cache()) as cache:
        for archive, known in _known(cache, manifest, places, threads):
            for position, place in places[archive]:
                digests[position], perceptual[position] = known[place.offset]
    return Hashes(digests, perceptual)


def _known(
    cache: sqlite3.Connection, manifest: Manifest, places: dict[str, list[tuple[int, Place]]], threads: int
) -> Iterator[tuple[str, dict[int, tuple[bytes, np.ndarray]]]]:
    """For each archive the hashes of its images by offset, after those that were missing in `cache` have been added to it."""
    sha256 = manifest.header["archives"]
    jobs = []
    for archive, wanted in places.items():
        found = {offset for (offset,) in cache.execute("select offset from images where archive = ?", (sha256[archive],))}
        missing = [place for _, place in wanted if place.offset not in found]
        chunks = (missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK))
        jobs += [(manifest.root, archive, chunk) for chunk in chunks]
    if jobs:
        with progress(sum(len(chunk) for _, _, chunk in jobs), f"hashing {manifest.header['dataset']}") as bar:
            for (_, archive, chunk), hashes in zip(jobs, in_order(_hash, jobs, threads), strict=True):
                rows = [(sha256[archive], place.offset, *pair) for place, pair in zip(chunk, hashes, strict=True)]
                with cache:  # committed: a killed audit goes on here
                    cache.executemany("insert or replace into images values (?, ?, ?, ?)", rows)
                bar.update(len(chunk))
    for archive in places:
        rows = cache.execute("select offset, digest, perceptual from images where archive = ?", (sha256[archive],))
        yield archive, {offset: (digest, np.frombuffer(bits, np.uint64)) for offset, digest, bits in rows}


def _open_cache() -> sqlite3.Connection:
    CACHE.parent.mkdir(parents=True, exist_ok=True)
    cache = sqlite3.connect(CACHE, timeout=60)
    cache.execute(
        "create table if not exists images (archive text, offset integer, digest blob, perceptual blob,"
        " primary key (archive, offset)) without rowid"
    )
    return cache


def _hash(job: tuple[Path, str, list[Place]]) -> list[tuple[bytes, bytes]]:
    root, archive, places = job
    reader = ArchiveReader(root)
    hashes = []
    for place in places:
        data = reader.read(archive, *place[1:])
        hashes.append((hashlib.sha256(data).digest(), perceptual_hash(decode_image(data, place.name)).tobytes()))
    return hashes


def perceptual_hash(image: np.ndarray) -> np.ndarray:
    """The pHash of `image`, RGB (H, W, 3) uint8, as (BITS / 64,) uint64: copies of it differ in few bits."""
    return np.packbits(imagehash.phash(Image.fromarray(image), hash_size=SIDE).hash.ravel()).view(np.uint64)


def near(first: np.ndarray, second: np.ndarray, distance: int) -> Iterator[tuple[int, int, int]]:
    """(i, j, bits that differ) of the pairs of perceptual hashes `first` (N, W) and `second` (M, W) that differ in at most `distance`."""
    step = max(1, 2**17 // max(len(second), 1))  # pairs that fit into a processor's cache
    for start in range(0, len(first), step):
        some = first[start : start + step]
        differ = np.zeros((len(some), len(second)), np.uint16)
        for word in range(first.shape[1]):
            differ += np.bitwise_count(some[:, word, None] ^ second[None, :, word])
        for i, j in np.argwhere(differ <= distance):
            yield start + int(i), int(j), int(differ[i, j])
