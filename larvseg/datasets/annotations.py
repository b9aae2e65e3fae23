"""What a run may see of a data set: its training images and, of their annotations, the kind that its row of a table lists.

Training reads through `TrainingImages` and nothing else, so it can open no validation image, nor the masks behind image labels.
What it opened is counted in a `Ledger`, which the run publishes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

import numpy as np

from larvseg.config import ANNOTATIONS, Annotation, Kind, Switches, TrainingSet
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError

NAMES: dict[Annotation, str] = {"masks": "masks", "image_labels": "image labels", "captions": "captions", "none": "images"}
Opened = Mapping[str, Mapping[str, int]]  # data set → annotation → how many times it was opened for an image


def permitted(training_set: TrainingSet, switches: Switches) -> Annotation:
    """What a run may open of `training_set`: what its kind says, or the masks of WA150 and WA847 with weak_labels = crop."""
    cut = training_set.kind == "multi_label" and switches.weak_labels == "crop"
    return "masks" if cut else ANNOTATIONS[training_set.kind]


class TrainingImages:
    """The training images of `dataset` by position, with their annotations of the kind `permitted`; there is no way to the others.

    Images and masks stay decoded in memory as long as there is room in `decoded_mb`; they cannot be written to.
    Raises LarvSegError for the manifest of another data set or of one of another `kind` (where it is given), without training images, or
    without masks where they are permitted.
    """

    def __init__(self, manifest: Manifest, dataset: str, permitted: Annotation, decoded_mb: int = 0, kind: Kind | None = None):
        if manifest.header["dataset"] != dataset:
            raise LarvSegError(f"{manifest.path}: the manifest of {manifest.header['dataset']}, not of {dataset}; derive it again")
        if kind is not None and (own := manifest.header["kind"]) != kind:
            raise LarvSegError(f"{dataset} is a {own} data set, not {kind}: it may not be trained on as one")
        if permitted == "masks" and manifest.header["encoding"] is None:
            raise LarvSegError(f"{manifest.path}: has no masks, which are to be trained on; derive it with weak_labels: crop")
        self.dataset, self.permitted = dataset, permitted
        self._manifest, self._rows = manifest, manifest.split("training")
        self._opened: Counter[str] = Counter()
        self._decoded: dict[tuple[str, int], np.ndarray] = {}
        self._room = decoded_mb * 2**20  # bytes
        if not len(self._rows):
            raise LarvSegError(f"{manifest.path}: no training images")

    def __len__(self) -> int:
        return len(self._rows)

    def size(self, row: int) -> tuple[int, int]:
        """Width and height of the image in `row` of the manifest."""
        return self._manifest.size(row)

    def image(self, position: int) -> np.ndarray:
        """The image, RGB (H, W, 3) uint8."""
        return self._once("image", self.row(position))

    def mask(self, position: int) -> np.ndarray:
        """Train ids (H, W) int16, −1 where there is no label; LarvSegError unless masks are permitted."""
        self._open("masks")
        return self._once("mask", self.row(position))

    def labels(self, position: int) -> tuple[int, ...]:
        """Train ids of the classes in the whole image, ascending; LarvSegError unless image labels are permitted."""
        self._open("image_labels")
        return self._manifest.labels(self.row(position))

    def captions(self, position: int) -> tuple[str, ...]:
        """What people say of the image; LarvSegError unless captions are permitted."""
        self._open("captions")
        return self._manifest.captions(self.row(position))

    def take_opened(self) -> dict[str, int]:
        """How many times each annotation was opened since the last call."""
        opened, self._opened = dict(self._opened), Counter()
        return opened

    def _once(self, kind: Literal["image", "mask"], row: int) -> np.ndarray:
        known = self._decoded.get((kind, row))
        if known is not None:
            return known
        decoded = getattr(self._manifest, kind)(row)
        if decoded.nbytes <= self._room:
            decoded.setflags(write=False)
            self._decoded[kind, row] = decoded
            self._room -= decoded.nbytes
        return decoded

    def _open(self, annotation: Annotation) -> None:
        if annotation != self.permitted:
            raise LarvSegError(f"training may open the {NAMES[self.permitted]} of {self.dataset}, not its {NAMES[annotation]}")
        self._opened[annotation] += 1

    def row(self, position: int) -> int:
        if not 0 <= position < len(self._rows):
            raise LarvSegError(f"{self.dataset} has {len(self._rows)} training images; number {position} is none of them")
        return int(self._rows[position])


class Batch(Protocol):
    """What a ledger needs of a batch."""

    dataset: str
    opened: Mapping[str, int]


class Ledger:
    """What a run has opened: `counts`, {data set: {annotation: times}}."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}

    def restore(self, counts: Opened) -> None:
        """Go on from the `counts` of an interrupted run."""
        self.counts = {dataset: dict(opened) for dataset, opened in counts.items()}

    def add(self, batches: Iterable[Batch]) -> None:
        """Count what was opened for `batches`."""
        for batch in batches:
            self.merge({batch.dataset: batch.opened})

    def merge(self, opened: Opened) -> None:
        """Count what another one `opened`, too."""
        for dataset, of_dataset in opened.items():
            counts = self.counts.setdefault(dataset, {})
            for annotation, times in of_dataset.items():
                counts[annotation] = counts.get(annotation, 0) + times
