"""What audits and the doctor keep of each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larvseg.audit.image_hashes import BITS, CACHE, Hashes, hashes_of
from larvseg.audit.leaks import DISTANCE, Hashed, image_leaks
from larvseg.bench.memory import inputs
from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.stage import Stage
from larvseg.bench.memory.training import make_labelled, make_spread
from larvseg.datasets.manifest import Manifest
from larvseg.lineage.memory import Memory

_VALIDATION = 2000  # images of a benchmark, however many there are for training


def make_hashed(images: int) -> None:
    """Training images whose hashes are known."""
    make_spread(images)
    hashes_of(Manifest(MANIFEST), np.arange(0), 1)  # makes the table
    rng = np.random.default_rng(0)
    from larvseg.audit.image_hashes import _SCHEMA
    with Memory(CACHE, _SCHEMA) as memory:
        rows = (("0" * 64, number * 100_000, rng.bytes(32), rng.bytes(BITS // 8)) for number in range(images))
        memory.add("insert into images values (?, ?, ?, ?)", rows)


def leaks(images: int) -> object:
    return _leaks(Manifest(MANIFEST))


def _leaks(manifest: Manifest) -> object:
    rows = manifest.split("training")
    rng = np.random.default_rng(1)
    validation = Hashes(np.array([rng.bytes(32) for _ in range(_VALIDATION)], "S32"), rng.integers(0, 2**63, (_VALIDATION, BITS // 64)).astype(np.uint64))
    training = Hashed("I21K", manifest, rows, hashes_of(manifest, rows, 1))
    found = list(image_leaks(training, Hashed("A150", manifest, rows[:_VALIDATION], validation), DISTANCE))
    return training, found


STAGES = (
    Stage("audit leaks: hashing", "two hashes of 32 bytes", leaks, make_labelled, 10**5),
    Stage("audit leaks", "two hashes of 32 bytes", leaks, make_hashed),
)
