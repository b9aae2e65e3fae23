"""Leaks: validation images among those that a row's method was trained on, and annotations that its row does not list.

A validation image is found again by the sha256 of its file, or by a perceptual hash (pHash, 256 bits) that differs in at most DISTANCE
bits. DISTANCE was chosen on the miniature at full size, 400 validation images against 8190 others: of 3.3 million pairs of different
images the nearest differ in 62 bits, half of all pairs in more than 128; a copy compressed again (JPEG, quality 50), half or twice as
large, a fifth brighter, or without colours differs from its original in at most 30; one without a margin of 2 % on each side in 20 bits
(median), at most 38; with a margin of 5 % it is no longer found. 64 bits would not do: there, different images differ in as few as 6,
and copies in as many as 12.

What a run opened is what it says itself in its config.json, which training counts while it reads; a run that has not been trained
yet is judged by what its configuration allows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from larvseg.audit.image_hashes import BITS, Hashes, hashes_of, near
from larvseg.config import TableRow
from larvseg.datasets.annotations import NAMES, permitted
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError, reading
from larvseg.lineage.records import read_record, verified_hash
from larvseg.methods.method import method_of
from larvseg.pipeline import Job, Project
from larvseg.pipeline.jobs.methods import parts
from larvseg.pipeline.jobs.tables import rows_of
from larvseg.pipeline.jobs.training import pretrain

DISTANCE = 32  # bits of 256
UNNAMED = ("backbone", "training_data")  # columns of a table that are not among what a leak calls a row by
_SHOWN = 20  # findings in the text; JSON has all


@dataclass(frozen=True)
class ImageLeak:
    """A validation image of the benchmark that `runs` are evaluated on is a training image of `dataset`, which they use."""

    dataset: str
    image: str
    benchmark: str
    validation: str
    same_bytes: bool
    distance: int  # bits of the perceptual hash that differ
    runs: tuple[str, ...]

    def __str__(self) -> str:
        how = "same bytes" if self.same_bytes else f"{self.distance} of {BITS} bits differ"
        return f"{self.dataset} {self.image} (training) is {self.benchmark} {self.validation} (validation): {how}; {', '.join(self.runs)}"


@dataclass(frozen=True)
class AnnotationLeak:
    """`run` opens annotations of `dataset` that the row `where` does not list."""

    run: str  # <run>.seed<seed>
    dataset: str
    annotation: str  # an Annotation, or "manifest": it was given one
    times: int | None  # None: not trained yet
    where: str
    listed: tuple[str, ...]
    shown: str  # what a row shows to its method by naming the data set

    def __str__(self) -> str:
        opens = f"opens {NAMES[self.annotation]} of {self.dataset}" if self.annotation in NAMES else f"is given {self.dataset}"
        times = "" if not self.times else f" {self.times:,} times"
        allowed = f"only its {NAMES[self.shown]}" if self.dataset in self.listed else f"{', '.join(self.listed)} alone"
        return f"{self.run} {opens}{times}; {self.where} lists {allowed}"


@dataclass(frozen=True)
class Leaks:
    """All leaks of a project, and among how many images and runs they were looked for."""

    found: tuple[ImageLeak | AnnotationLeak, ...]
    training: int  # different images
    validation: int
    runs: int
    trained: int
    distance: int

    def text(self) -> str:
        """One line a leak, the first of many, and one that counts them."""
        lines = [f"leak: {leak}" for leak in self.found[:_SHOWN]]
        if len(self.found) > _SHOWN:
            lines.append(f"… and {len(self.found) - _SHOWN} more (all of them with --json)")
        among = f"{self.training:,} training × {self.validation:,} validation images, {self.runs} runs ({self.trained} trained)"
        return "\n".join([*lines, f"{len(self.found)} leak{'' if len(self.found) == 1 else 's'} among {among}"])

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        counts = {name: getattr(self, name) for name in ("training", "validation", "runs", "trained", "distance")}
        return {**counts, "leaks": [{"kind": type(leak).__name__, **asdict(leak)} for leak in self.found]}


def find_leaks(project: Project, distance: int = DISTANCE, threads: int | None = None) -> Leaks:
    """Look for leaks in every run that a table of `project` names; images are hashed in `threads` processes.

    Raises LarvSegError for a manifest that is missing or was changed after it was made, and the same for a run's config.json.
    """
    if not 0 <= distance < BITS // 2:
        raise LarvSegError(f"a distance of {distance} bits: choose one from 0 to {BITS // 2 - 1}; different images differ in about half")
    runs = tuple(dict.fromkeys(run for run, _ in project.trained))
    images = _Images(project, threads or len(os.sched_getaffinity(0)))
    found: list[ImageLeak | AnnotationLeak] = []
    for (dataset, benchmark), users in _uses(project, runs).items():
        found += image_leaks(images[dataset, "training"], images[benchmark, "validation"], distance, users)
    trained = 0
    for run, seed in project.trained:
        trained += all(Path(path).is_file() for path, _ in parts(project, run, seed))
        found += _annotation_leaks(project, run, seed)
    training, validation = images.counts()
    return Leaks(tuple(found), training, validation, len(project.trained), trained, distance)


@dataclass(frozen=True)
class Hashed:
    """The hashed images of one split."""

    dataset: str
    manifest: Manifest
    rows: np.ndarray
    hashes: Hashes

    def name(self, position: int) -> str:
        """The name of an image."""
        return self.manifest.name(int(self.rows[position]))


class _Images:
    """The hashed images of (data set, split), each hashed when first asked for."""

    def __init__(self, project: Project, threads: int):
        self._project, self._threads = project, threads
        self._hashed: dict[tuple[str, str], Hashed] = {}

    def __getitem__(self, key: tuple[str, str]) -> Hashed:
        if key not in self._hashed:
            path = Path(self._project.manifest(key[0]))
            verified_hash(path)
            manifest = Manifest(path)
            rows = manifest.split(key[1])
            self._hashed[key] = Hashed(key[0], manifest, rows, hashes_of(manifest, rows, self._threads))
        return self._hashed[key]

    def counts(self) -> tuple[int, int]:
        """How many different files there are in training, and in validation."""
        digests: dict[str, list[np.ndarray]] = {"training": [], "validation": []}
        for (_, split), hashed in self._hashed.items():
            digests[split].append(hashed.hashes.digests)
        return tuple(len(np.unique(np.concatenate(arrays))) if arrays else 0 for arrays in digests.values())


def _uses(project: Project, runs: tuple[str, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The runs of each (training data set, benchmark). A network that was trained here brings its images to all that start from it."""
    uses: dict[tuple[str, str], tuple[str, ...]] = {}
    for name in runs:
        run = project.experiments.runs[name]
        for dataset in dict.fromkeys((*run.training_data, *_implied(project, run.method), *_pretrained_on(project, run.method))):
            if dataset not in project.datasets:
                continue  # ITPair, where CLIP's weights are OpenAI's: nobody has the images
            uses[dataset, run.benchmark] = (*uses.get((dataset, run.benchmark), ()), name)
    return uses


def image_leaks(training: Hashed, validation: Hashed, distance: int, runs: tuple[str, ...] = ()) -> Iterator[ImageLeak]:
    """The pairs that have the same bytes, or perceptual hashes that differ in at most `distance` bits."""
    pairs = {(i, j): bits for i, j, bits in near(training.hashes.perceptual, validation.hashes.perceptual, distance)}
    for (i, j), bits in pairs.items():  # the same bytes are 0 bits apart
        same = training.hashes.digests[i] == validation.hashes.digests[j]
        yield ImageLeak(training.dataset, training.name(i), validation.dataset, validation.name(j), bool(same), bits, runs)


def _implied(project: Project, method: str) -> tuple[str, ...]:
    """What a row does not list because its method says it: CLIP was trained on image-text pairs. (The row of LSeg lists C171 alone.)"""
    return (project.comparators.pairs,) if method_of(method).clips and project.profile.comparators else ()


def _pretrained_on(project: Project, method: str) -> tuple[str, ...]:
    """The images behind the network that `method` starts from, if it was trained here."""
    declared = method_of(method)
    if declared.maker is None or project.frozen:  # CLIP alone, or a network that others trained
        return ()
    network = pretrain(project, "features" if declared.features and project.features_config else "backbone")
    return (network.config.pretraining.dataset,) if "manifest" in network.inputs else ()


def _annotation_leaks(project: Project, run: str, seed: int) -> Iterator[AnnotationLeak]:
    """What the run opens, or was given, beyond what each row that shows it lists."""
    rows = {
        f"{table} ({', '.join(text for column, text in row.texts.items() if column not in UNNAMED)})": _listed_in(row, project)
        for table in project.experiments.tables
        for row in rows_of(project, table)
        if row.run == run
    }
    opened = [each for path, job in parts(project, run, seed) for each in _opened(project, Path(path), job)]
    implied = _implied(project, project.experiments.runs[run].method)
    for where, names in rows.items():
        for dataset, annotation, times in opened:
            if dataset not in (*names, *implied) or annotation not in (project.data[dataset].shown, "manifest"):
                yield AnnotationLeak(f"{run}.seed{seed}", dataset, annotation, times, where, names, project.data[dataset].shown)


def _listed_in(row: TableRow, project: Project) -> tuple[str, ...]:
    """The data sets that the row lists; those of its run where the table does not list any."""
    if "training_data" not in row.texts:
        return project.experiments.runs[row.run].training_data
    return tuple(name.strip() for name in row.texts["training_data"].split(","))


def _opened(project: Project, path: Path, job: Job) -> Iterator[tuple[str, str, int | None]]:
    """(data set, annotation, times) of the model whose config.json is `path`, and (data set, "manifest", 0) for what else it was given.

    What was not trained yet opens what its `job` may open.
    """
    if not path.is_file():
        for training_set in getattr(job.config, "training_sets", ()):
            yield training_set.name, permitted(training_set, job.config.switches), None
        if job.rule == "clip":
            yield from ((dataset, project.data[dataset].shown, None) for dataset in job.inputs if dataset in project.data.entries)
        return
    verified_hash(path)
    with reading(path, "a file that says which annotations the run opened", "delete it and run snakemake again"):
        opened: Mapping[str, Mapping[str, int]] = json.loads(path.read_text(encoding="utf-8"))["annotations"]
        each = [(dataset, annotation, times) for dataset, counts in opened.items() for annotation, times in counts.items()]
    yield from each
    given = {item["role"] for item in read_record(path)["inputs"]} & set(project.data)
    yield from ((dataset, "manifest", 0) for dataset in sorted(given - set(opened)))
