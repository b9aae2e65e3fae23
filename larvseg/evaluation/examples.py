"""Which training pictures stand for their data sets in a figure, by what a run may know of them. Never imports torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from larvseg.datasets.annotations import TrainingPictures, listed
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.choice import SMALLEST
from larvseg.vocabulary import RULES, base_novel, load_vocabulary


def training_pictures(manifest: Manifest, dataset: str) -> TrainingPictures:
    """Those of `dataset` with the annotations that a row of Table 3 shows by naming it; errors as in TrainingPictures."""
    return TrainingPictures(manifest, dataset, listed(dataset))


def surely_novel(names: Sequence[str]) -> list[int]:
    """Those of `names` that are novel whatever rule aligns them with C171: it has masks of windows, but no name "windowpane" (rule S)."""
    novel = [base_novel(names, load_vocabulary("C171"), rule)[1] for rule in RULES]
    return [label for label in novel[0] if all(label in others for others in novel)]


def most_varied(pictures: TrainingPictures, candidates: int, groups: Sequence[Collection[int]]) -> int:
    """The position, of the first `candidates`, whose mask shows most classes of the first of `groups`, then of the next, …"""

    def variety(position: int) -> tuple[int, ...]:
        mask = pictures.mask(position)
        shown, counts = np.unique(mask[mask >= 0], return_counts=True)
        seen = {*shown[counts >= SMALLEST * mask.size].tolist()}
        return *(len(seen & {*group}) for group in groups), -position

    return max(range(min(candidates, len(pictures))), key=variety)


def most_labelled(pictures: TrainingPictures, candidates: int, wanted: int, preferred: Collection[int]) -> int:
    """The position, of the first `candidates` with the label `wanted`, that has most of `preferred` labels, then most labels.

    Raises LarvSegError if no picture has the label.
    """
    found: list[tuple[int, int, int]] = []
    for position in range(len(pictures)):
        labels = pictures.labels(position)
        if wanted in labels:
            found.append((len({*labels} & {*preferred}), len(labels), -position))
        if len(found) == candidates:
            break
    if not found:
        raise LarvSegError(f"{pictures.dataset}: no training picture has label {wanted}")
    return -max(found)[2]
