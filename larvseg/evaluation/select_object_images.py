"""Which images show a synset: object images, best such that no model was trained on, and scenes. Never imports torch."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import imagehash
import numpy as np
from PIL import Image

from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError

SMALLEST = 0.03  # share of a scene that a class must cover to be seen in a figure
CANDIDATES = 50  # object images of a synset that are looked at
SAME = 32  # of 256 bits of a perceptual hash: different images differ in more (larvseg.audit.leaks)


class Exemplar(NamedTuple):
    """An image of `synset`: row `row` of the manifest of `dataset`. `seen`: a copy of it is among the training images."""

    synset: str
    dataset: str
    row: int
    seen: bool


def object_exemplars(synsets: Iterable[str], sources: Sequence[Manifest], training: Sequence[Manifest]) -> list[Exemplar]:
    """One object image of each of `synsets`, from the first of `sources` that has images of it: one not seen, if there is one.

    sources, training: manifests of data sets of one object an image, in the order of synsets.
    Raises LarvSegError for a synset that none has.
    """
    return [_object(synset, sources, training) for synset in synsets]


def _object(synset: str, sources: Sequence[Manifest], training: Sequence[Manifest]) -> Exemplar:
    source, rows = next(((source, rows) for source in sources if (rows := rows_of(source, synset))), (None, range(0)))
    if source is None:
        raise LarvSegError(f"{', '.join(str(source.path) for source in sources)}: no image of {synset}; choose another synset")
    dataset = source.header["dataset"]
    if dataset in {manifest.header["dataset"] for manifest in training}:
        return Exemplar(synset, dataset, rows[0], seen=True)
    known = [_hash(manifest.image(row)) for manifest in training for row in rows_of(manifest, synset)]
    for row in rows[:CANDIDATES]:
        own = _hash(source.image(row))
        if all(own - other > SAME for other in known):
            return Exemplar(synset, dataset, row, seen=False)
    return Exemplar(synset, dataset, rows[0], seen=True)


def rows_of(manifest: Manifest, synset: str) -> range:
    """The rows of `synset`: they follow each other, and synsets ascend."""

    def at(row: int) -> str:
        return manifest.row(row)["synset"]

    rows = range(len(manifest))
    return range(bisect_left(rows, synset, key=at), bisect_right(rows, synset, key=at))


def _hash(image: np.ndarray) -> imagehash.ImageHash:
    return imagehash.phash(Image.fromarray(image), hash_size=16)


def scene_exemplars(classes: Mapping[str, str], manifest: Manifest, images: int) -> list[Exemplar]:
    """Up to `images` validation images, each for another synset: the first of `classes`, synset → class, that cover enough somewhere.

    For each of them the image in which it covers most, of those that show no synset before it.
    Raises LarvSegError if no image shows any.
    """
    names, dataset = manifest.header["classes"], manifest.header["dataset"]
    shares = [(row, _shares(manifest, row)) for row in manifest.split("validation").tolist()]
    chosen: list[Exemplar] = []
    for synset, name in classes.items():
        label, taken = names.index(name) if name in names else None, {exemplar.row for exemplar in chosen}
        found = [(seen[label], -row) for row, seen in shares if seen.get(label, 0) >= SMALLEST and row not in taken]
        if found and len(chosen) < images:
            chosen.append(Exemplar(synset, dataset, -max(found)[1], seen=False))
    if not chosen:
        raise LarvSegError(f"{manifest.path}: no validation image shows {', '.join(classes.values())}; choose other synsets")
    return chosen


def _shares(manifest: Manifest, row: int) -> dict[int, float]:
    """What share of an image each class covers."""
    about = manifest.row(row)
    return {label: count / (about["width"] * about["height"]) for label, count in zip(about["labels"], about["pixels"], strict=True)}
