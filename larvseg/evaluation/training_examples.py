"""Which training images stand for their data sets in a figure, by what a run may know of them. Never imports torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from larvseg.datasets.annotations import TrainingImages
from larvseg.datasets.manifest import Manifest
from larvseg.evaluation.select_validation_images import SMALLEST


def training_images(manifest: Manifest, dataset: str) -> TrainingImages:
    """Those of `dataset` with the annotations that a row of Table 3 shows by naming it; errors as in TrainingImages."""
    return TrainingImages(manifest, dataset, manifest.header["shown"])


def surely_novel(manifest: Manifest) -> list[int]:
    """The classes that are novel whatever rule aligns them with the base: C171 has masks of windows, but no name "windowpane" (rule S)."""
    return sorted(set(manifest.novel("S")) & set(manifest.novel("P")))


def most_varied(images: TrainingImages, candidates: int, groups: Sequence[Collection[int]]) -> int:
    """The position, of the first `candidates`, whose mask shows most classes of the first of `groups`, then of the next, …"""

    def variety(position: int) -> tuple[int, ...]:
        mask = images.mask(position)
        shown, counts = np.unique(mask[mask >= 0], return_counts=True)
        seen = {*shown[counts >= SMALLEST * mask.size].tolist()}
        return *(len(seen & {*group}) for group in groups), -position

    return max(range(min(candidates, len(images))), key=variety)


def most_labelled(images: TrainingImages, wanted: int, preferred: Collection[int]) -> int:
    """The position with the label `wanted`, if there is one, that has most of `preferred` labels, then most labels, then the earliest."""

    def likeness(position: int) -> tuple[bool, int, int, int]:
        labels = images.labels(position)
        return wanted in labels, len({*labels} & {*preferred}), len(labels), -position

    return max(range(len(images)), key=likeness)
