"""What audits and the doctor keep of each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import larvseg
from larvseg.audit.image_hashes import BITS, CACHE, SCHEMA, Hashes, hashes_of
from larvseg.audit.leaks import DISTANCE, Hashed, image_leaks
from larvseg.bench.memory import inputs
from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.stage import Stage
from larvseg.bench.memory.training import make_spread
from larvseg.datasets.manifest import Manifest
from larvseg.doctor.datasets import check
from larvseg.doctor.finding import Finding
from larvseg.lineage.memory import Memory
from larvseg.pipeline import Project

_VALIDATION = 2000  # images of a benchmark, however many there are for training


def make_distinct(images: int) -> None:
    """Each image in a place of its own, so that none is known from another."""
    inputs.scenes(inputs.ARCHIVE, images)
    inputs.manifest(MANIFEST, images, "WA150", "multi_label")


def make_hashed(images: int) -> None:
    """Images whose hashes are known."""
    make_spread(images)
    rng = np.random.default_rng(0)
    with Memory(CACHE, SCHEMA) as memory:
        rows = (("0" * 64, number * 100_000, rng.bytes(32), rng.bytes(BITS // 8)) for number in range(images))
        memory.add("insert into images values (?, ?, ?, ?)", rows)


def make_project(images: int) -> None:
    """As much of a project as the doctor examines: one manifest of the profile `mini`."""
    inputs.manifest(Path("data/mini/manifests/I124.arrow"), images, "I124", "single_label")
    root = Path(larvseg.__file__).parents[1]
    Path("workflow").symlink_to(root / "workflow")
    Path("data/reference").symlink_to(root / "data/reference")


def leaks(images: int) -> object:
    """Among training images, beside as many validation images as A150 has."""
    manifest, rng = Manifest(MANIFEST), np.random.default_rng(1)
    rows = manifest.split("training")
    digests, bits = rng.integers(0, 2**63, (2, _VALIDATION, BITS // 64)).astype(np.uint64)
    training = Hashed("training", manifest, rows, hashes_of(manifest, rows, 1))
    validation = Hashed("A150", manifest, rows[:_VALIDATION], Hashes(digests.view("S32").ravel(), bits))
    return training, list(image_leaks(training, validation, DISTANCE))


def examine(images: int) -> list[Finding]:
    return list(check(Project("mini"), Path(), deep=False))


STAGES = (
    Stage("audit leaks: first time", "two hashes of 32 bytes, and its place", leaks, make_distinct, 2 * 10**4),
    Stage("audit leaks: again", "two hashes of 32 bytes, and its place", leaks, make_hashed, 10**5),
    Stage("doctor: a data set", "its row, for a moment", examine, make_project),
)
