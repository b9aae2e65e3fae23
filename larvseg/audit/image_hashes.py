"""Hashes of images in archives: of their bytes, and perceptual ones, which copies share. Kept in work/, so that each is read once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import Any, NamedTuple

import imagehash
import numpy as np
from PIL import Image
from tqdm import tqdm

from larvseg.datasets.chunks import in_order, progress
from larvseg.datasets.manifest import Manifest
from larvseg.lineage.memory import Memory
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import decode_image

# Another version of the library may hash otherwise.
CACHE = Path(f"work/image_hashes-{imagehash.__version__}.sqlite")
SCHEMA = (
    "create table if not exists images (archive text, offset integer, digest blob, perceptual blob,"
    " primary key (archive, offset)) without rowid"
)
SIDE = 16  # of the square of lowest frequencies, which the perceptual hash says of whether they are above their median
BITS = SIDE * SIDE
_CHUNK = 256  # images


class Place(NamedTuple):
    """The name of an image, and where it lies (see manifest.write_manifest)."""

    name: str
    archive: str
    offset: int
    length: int
    method: int
    size: int


@dataclass(frozen=True)
class Hashes:
    """Hashes of N images: `digests` (N,) S32, sha256 of the file; `perceptual` (N, BITS / 64) uint64."""

    digests: np.ndarray
    perceptual: np.ndarray

    @staticmethod
    def are(digest: Any, bits: Any) -> bool:
        """Whether these are the hashes of an image; a damaged memory holds others."""
        return isinstance(digest, bytes) and isinstance(bits, bytes) and (len(digest), len(bits)) == (32, BITS // 8)

    def set(self, position: int, digest: bytes, bits: bytes) -> None:
        """Set those of the image at `position`."""
        self.digests[position], self.perceptual[position] = digest, np.frombuffer(bits, np.uint64)


def hashes_of(manifest: Manifest, rows: np.ndarray, threads: int) -> Hashes:
    """The hashes of the images of `rows`, which ascend, those that are not known yet with `threads` processes.

    The archives are taken for those that the manifest names by their sha256. Raises LarvSegError for one that is missing, and for a
    damaged image.
    """
    hashes = Hashes(np.zeros(len(rows), "S32"), np.zeros((len(rows), BITS // 64), np.uint64))
    with Memory(CACHE, SCHEMA) as memory, progress(len(rows), f"hashing {manifest.header['dataset']}") as bar:
        unknown, chunks = tee(_not_known(memory, manifest, rows, hashes, bar))
        jobs = ((manifest.root, [_place(manifest, int(rows[position])) for position in chunk]) for chunk in chunks)
        for chunk, found in zip(unknown, in_order(_hash, jobs, threads), strict=True):
            for position, (_, _, *pair) in zip(chunk, found, strict=True):
                hashes.set(position, *pair)
            known = ((manifest.header["archives"][archive], *rest) for archive, *rest in found)
            memory.add("insert or replace into images values (?, ?, ?, ?)", known)  # committed: a killed audit goes on here
            bar.update(len(chunk))
    return hashes


def _not_known(memory: Memory, manifest: Manifest, rows: np.ndarray, hashes: Hashes, bar: tqdm) -> Iterator[list[int]]:
    """The positions in `rows` of images that `memory` does not know, some of one archive at a time; the others are set in `hashes`."""
    query = "select offset, digest, perceptual from images where archive = ? and offset between ? and ?"
    archive, offset, _ = manifest.places(rows)
    order = np.lexsort((offset, archive)).astype(np.int32)  # as they lie there
    names = manifest.archives
    for own in np.split(order, np.flatnonzero(np.diff(archive[order])) + 1):
        for start in range(0, len(own), _CHUNK):
            some = own[start : start + _CHUNK].tolist()
            ends = manifest.header["archives"][names[archive[some[0]]]], int(offset[some[0]]), int(offset[some[-1]])
            known = {place: pair for place, *pair in memory.rows(query, ends) if Hashes.are(*pair)}
            missing = [position for position in some if int(offset[position]) not in known]
            for position in set(some).difference(missing):
                hashes.set(position, *known[int(offset[position])])
            bar.initial += len(some) - len(missing)  # the rate is that of the work done now
            bar.update(len(some) - len(missing))
            if missing:
                yield missing


def _place(manifest: Manifest, row: int) -> Place:
    image = manifest.row(row)["image"]
    return Place(manifest.name(row), *(image[key] for key in Place._fields[1:]))


def _hash(job: tuple[Path, list[Place]]) -> list[tuple[str, int, bytes, bytes]]:
    """Of each image its archive, where it begins there, and its hashes."""
    root, places = job
    reader = ArchiveReader(root)
    hashes = []
    for place in places:
        data = reader.read(*place[1:])
        perceptual = perceptual_hash(decode_image(data, place.name)).tobytes()
        hashes.append((place.archive, place.offset, hashlib.sha256(data).digest(), perceptual))
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
