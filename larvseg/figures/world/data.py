"""How often classes are seen, how large they are and which come together: counted in training masks, and as published for ADE20K."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from larvseg.config import WorldConfig
from larvseg.datasets.manifest import Annotated, Manifest
from larvseg.errors import LarvSegError
from larvseg.vocabulary.alignment import BY_NAME
from larvseg.vocabulary.names import read_reference

PUBLISHED = "ade20k/objectInfo150.csv"  # of data/reference
TRAINING = 20_210  # training images that it counts
Dot = tuple[str, float, float, bool, bool]  # class, real and drawn percent, is novel, is novel by name alone


class Shares(NamedTuple):
    """Of each class how many images show it, and how many of all pixels it has: (N,) shares from 0 to 1."""

    images: np.ndarray
    pixels: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """What share of an image the class covers in the mean over those that show it; NaN if none does."""
        return np.divide(self.pixels, self.images, out=np.full(len(self.images), np.nan), where=self.images > 0)


class Seen(NamedTuple):
    """What images with masks show."""

    shares: Shares
    labels: np.ndarray  # of each image: how many classes it shows
    together: np.ndarray  # (N, N): in how many images two classes are; on the diagonal, in how many one is


class Companion(NamedTuple):
    """The thing that is most often where another is; indices of classes, and shares from 0 to 1."""

    of: int
    thing: int
    together: float  # of the images that show the one
    anywhere: float  # of all images


def seen(images: Iterable[Annotated], classes: int) -> Seen:
    """What `images` show, at least one in all.

    All pixels count alike, so that large images weigh more than small ones; those of no class count, too.
    """
    labels, pixels, together, area = [], np.zeros(classes), np.zeros((classes, classes), np.int64), 0
    for some in images:
        shown = csr_array((np.ones(len(some.labels), np.int64), (some.image, some.labels)), (len(some.rows), classes))
        labels.append(shown.sum(1))
        together += (shown.T @ shown).toarray()
        pixels += np.bincount(some.labels, some.pixels, classes)  # whole numbers are exact
        area += int(some.areas.sum())
    each = np.concatenate(labels)
    return Seen(Shares(together.diagonal() / len(each), pixels / area), each, together)


def seen_in(manifest: Manifest) -> Seen:
    """What the masks of the training images of `manifest` show."""
    return seen(manifest.annotated("training"), len(manifest.header["classes"]))


def published(names: Sequence[str] | None = None) -> tuple[Shares, np.ndarray]:
    """Of `names`, classes of A150 (None: all): their shares in the real ADE20K as its authors publish them, and (N,) bool: things.

    Images are those for training; the file does not say of which images it counts the pixels.
    """
    by_id = {row["Idx"]: row for row in read_reference(PUBLISHED)}
    by_name = {row["name"]: by_id[row["label_id"]] for row in read_reference("vocabularies/a150.csv")}
    rows = [by_name[name] for name in (by_name if names is None else names)]
    images = np.array([int(row["Train"]) for row in rows]) / TRAINING
    return Shares(images, np.array([float(row["Ratio"]) for row in rows])), np.array([row["Stuff"] == "0" for row in rows], bool)


def companions(found: Seen, things: np.ndarray) -> list[Companion]:
    """Of each of `things` (N,) bool that an image shows: the thing that is most often beside it, the first where several are.

    A thing that is always alone has none.
    """
    counts = found.together * (things & ~np.eye(len(things), dtype=bool))
    there = [int(index) for index in np.flatnonzero(things) if counts[index].any()]
    best = [int(counts[index].argmax()) for index in there]
    shown = found.together.diagonal()
    return [Companion(i, j, float(counts[i, j] / shown[i]), float(shown[j] / len(found.labels))) for i, j in zip(there, best, strict=True)]


class World(NamedTuple):
    """The drawn world beside the real one. Arrays are (N,), of the drawn classes."""

    names: Sequence[str]
    novel: np.ndarray  # bool, by rule S
    by_name: np.ndarray  # bool: novel by name alone
    found: Seen
    real: Shares
    real_labels: float  # of a real image, in the mean over all classes of A150
    beside: list[Companion]  # of novel things

    def paired(self, of: str) -> list[Dot]:
        """The classes that some image shows, real and drawn in percent; `of`: an attribute of Shares."""
        return paired(self.names, getattr(self.real, of), getattr(self.found.shares, of), self.novel, self.by_name)


def read(config: WorldConfig, path: Path) -> World:
    """The world that the manifest at `path` counts.

    Raises LarvSegError for the manifest of another data set, and where no training image shows a class.
    """
    manifest = Manifest(path)
    if manifest.header["dataset"] != config.dataset:
        there = manifest.header["dataset"]
        raise LarvSegError(f"{path}: the manifest of {there}, not of {config.dataset}; delete it and derive it again")
    if not any(manifest.labels(index) for index in manifest.split("training").tolist()):
        raise LarvSegError(f"{path}: no training image shows a class, so that there is nothing to compare")
    names, found = manifest.header["classes"], seen_in(manifest)
    real, things = published(names)
    novel, by_name = (np.isin(np.arange(len(names)), manifest.novel(which)) for which in ("S", BY_NAME))
    beside = [each for each in companions(found, things) if novel[each.of]]
    return World(names, novel, by_name, found, real, float(published()[0].images.sum()), beside)


def paired(names: Sequence[str], real: np.ndarray, drawn: np.ndarray, novel: np.ndarray, by_name: np.ndarray) -> list[Dot]:
    """The classes that some image shows, real and drawn in percent; shares are from 0 to 1, and those that never occur are 0 or NaN."""
    each = zip(names, (100 * real).tolist(), (100 * drawn).tolist(), novel.tolist(), by_name.tolist(), strict=True)
    return [dot for dot in each if dot[1] > 0 and dot[2] > 0]
