"""Hashes of images in archives: of their bytes, and perceptual ones, which copies share. Kept in work/, so that each is read once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import imagehash
import numpy as np
from PIL import Image

from larvseg.datasets.chunks import in_order, progress
from larvseg.datasets.manifest import Manifest
from larvseg.lineage.memory import Memory
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import decode_image

# Another version of the library may hash otherwise.
CACHE = Path(f"work/image_hashes-{imagehash.__version__}.sqlite")
_SCHEMA = (
    "create table if not exists images (archive text, offset integer, digest blob, perceptual blob,"
    " primary key (archive, offset)) without rowid"
)
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

    def set(self, position: int, digest: bytes, bits: bytes) -> None:
        """Set those of the image at `position`."""
        self.digests[position], self.perceptual[position] = digest, np.frombuffer(bits, np.uint64)


def hashes_of(manifest: Manifest, rows: np.ndarray, threads: int) -> Hashes:
    """The hashes of the images of `rows`, those that are not known yet with `threads` processes.

    The archives are taken for those that the manifest names by their sha256. Raises LarvSegError for one that is missing, and for a
    damaged image.
    """
    places: dict[str, list[tuple[int, Place]]] = defaultdict(list)  # archive → position in rows, place
    for position, row in enumerate(rows):
        image = manifest.row(int(row))["image"]
        places[image["archive"]].append((position, Place(manifest.name(int(row)), *(image[key] for key in Place._fields[1:]))))
    hashes = Hashes(np.zeros(len(rows), "S32"), np.zeros((len(rows), BITS // 64), np.uint64))
    with Memory(CACHE, _SCHEMA) as memory:
        missing = {archive: list(_not_known(memory, manifest, archive, wanted, hashes)) for archive, wanted in places.items()}
        _compute(memory, manifest, missing, hashes, threads)
    return hashes


def _not_known(
    memory: Memory, manifest: Manifest, archive: str, wanted: list[tuple[int, Place]], hashes: Hashes
) -> Iterator[tuple[int, Place]]:
    """Those `wanted` of `archive` that `memory` does not know; the others are set in `hashes`."""
    query = "select offset, digest, perceptual from images where archive = ?"
    known = {offset: pair for offset, *pair in memory.rows(query, (manifest.header["archives"][archive],))}
    for position, place in wanted:
        if place.offset in known:
            hashes.set(position, *known[place.offset])
        else:
            yield position, place


def _compute(memory: Memory, manifest: Manifest, missing: dict[str, list[tuple[int, Place]]], hashes: Hashes, threads: int) -> None:
    """Set in `hashes` and in `memory` those of the images `missing` (archive → position, place)."""
    chunks = [(archive, rest[start : start + _CHUNK]) for archive, rest in missing.items() for start in range(0, len(rest), _CHUNK)]
    if not chunks:
        return
    jobs = [(manifest.root, archive, [place for _, place in chunk]) for archive, chunk in chunks]
    with progress(sum(len(chunk) for _, chunk in chunks), f"hashing {manifest.header['dataset']}") as bar:
        for (archive, chunk), pairs in zip(chunks, in_order(_hash, jobs, threads), strict=True):
            for (position, _), pair in zip(chunk, pairs, strict=True):
                hashes.set(position, *pair)
            sha256 = manifest.header["archives"][archive]
            rows = [(sha256, place.offset, *pair) for (_, place), pair in zip(chunk, pairs, strict=True)]
            memory.add("insert or replace into images values (?, ?, ?, ?)", rows)  # committed: a killed audit goes on here
            bar.update(len(chunk))


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
