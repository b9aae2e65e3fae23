"""Samples of the miniature world, read back from its archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from larvseg.errors import LarvSegError
from larvseg.miniature.caption_archives import PAIRS
from larvseg.miniature.classes import official_ids, synsets
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import decode_image

SCENES = 12  # of each data set


@dataclass(frozen=True)
class Sample:
    """An image, (H, W, 3) uint8, with a mask of indices into `names`, (H, W) int; −1: no class."""

    image: np.ndarray
    mask: np.ndarray
    names: tuple[str, ...]

    @property
    def present(self) -> frozenset[int]:
        """Indices of the classes in the mask."""
        return frozenset(np.unique(self.mask[self.mask >= 0]).tolist())


def coco_samples(images: Path, masks: Path, count: int) -> list[Sample]:
    """Up to `count` training images of COCO with C171 names."""
    with zipfile.ZipFile(images) as archive, zipfile.ZipFile(masks) as maps:
        pairs = [(name, name.replace(".jpg", ".png")) for name in sorted(archive.namelist()) if name.endswith(".jpg")]
        return _pick((archive, maps), pairs, "C171", count)


def challenge_samples(path: Path, count: int) -> list[Sample]:
    """Up to `count` training images of the ADE20K challenge with A150 names."""
    with zipfile.ZipFile(path) as archive:
        images = [name for name in sorted(archive.namelist()) if "/images/training/" in name and name.endswith(".jpg")]
        pairs = [(name, name.replace("/images/", "/annotations/").replace(".jpg", ".png")) for name in images]
        return _pick((archive, archive), pairs, "A150", count)


def full_samples(path: Path, count: int) -> list[Sample]:
    """Up to `count` training images of the full ADE20K with A847 names."""
    with zipfile.ZipFile(path) as archive:
        images = [name for name in sorted(archive.namelist()) if "/training/" in name and name.endswith(".jpg")]
        return _pick((archive, archive), [(name, name.replace(".jpg", "_seg.png")) for name in images], "A847", count)


def object_sample(path: Path) -> np.ndarray:
    """The first image of a synset's tar, (H, W, 3) uint8."""
    with tarfile.open(path) as archive:
        first = archive.next()
        if first is None:
            raise LarvSegError(f"{path}: an empty archive; draw it again")
        return decode_image(archive.extractfile(first).read(), first.name).copy()


def captioned_samples(path: Path, count: int) -> list[tuple[str, np.ndarray]]:
    """The first `count` captions and images, (H, W, 3) uint8, of an image-text tar."""
    reader, found = ArchiveReader(path.parent), {member.name: member for member in members(path)}

    def read(name: str) -> bytes:
        member = found[name]
        return reader.read(path.name, member.offset, member.length, member.method, member.size)

    images = [name for name in found if name.endswith(".jpg")][:count]
    return [(read(name.replace(".jpg", ".txt")).decode(), decode_image(read(name), name)) for name in images]


def _pick(archives: tuple[zipfile.ZipFile, zipfile.ZipFile], pairs: Sequence[tuple[str, str]], dataset: str, count: int) -> list[Sample]:
    """Of 40 landscape images spread over the archive, those that together show the most classes."""
    spread = pairs[:: max(1, len(pairs) // 40)]
    candidates = [_read(archives, pair, dataset) for pair in spread]
    candidates = [sample for sample in candidates if sample.mask.shape[1] > sample.mask.shape[0]]
    chosen: list[Sample] = []
    seen: frozenset[int] = frozenset()
    while candidates and len(chosen) < count:
        best = max(
            range(len(candidates)), key=lambda index: (len(candidates[index].present - seen), len(candidates[index].present), -index)
        )
        chosen.append(candidates.pop(best))
        seen |= chosen[-1].present
    return chosen


def _read(archives: tuple[zipfile.ZipFile, zipfile.ZipFile], pair: tuple[str, str], dataset: str) -> Sample:
    ids = official_ids(dataset)
    image = decode_image(archives[0].read(pair[0]), pair[0])
    raw = np.asarray(Image.open(io.BytesIO(archives[1].read(pair[1])))).astype(int)
    if raw.ndim == 3:  # full ADE20K: class in red and green, instance in blue
        raw = raw[..., 0] // 10 * 256 + raw[..., 1]
    index = np.full(max(*ids.values(), 255) + 1, -1)
    index[list(ids.values())] = np.arange(len(ids))
    return Sample(image, index[raw], tuple(ids))


@dataclass(frozen=True)
class Samples:
    """What the figure shows: (title, scenes) of each data set, (caption, image) of the web, (name, image) of objects."""

    sections: Sequence[tuple[str, Sequence[Sample]]]
    captioned: Sequence[tuple[str, np.ndarray]]
    objects: Sequence[tuple[str, np.ndarray]]


def read(inputs: Mapping[str, Path]) -> Samples:
    """Samples of the archives among `inputs` (official file name → path); LarvSegError if there is no archive to show."""
    sections = []
    if {"train2017.zip", "stuffthingmaps_trainval2017.zip"} <= set(inputs):
        samples = coco_samples(inputs["train2017.zip"], inputs["stuffthingmaps_trainval2017.zip"], SCENES)
        sections.append(("COCO-Stuff (C171): training images and their masks, drawn classes by their C171 names", samples))
    if "ADE20K_2021_17_01.zip" in inputs:
        samples = full_samples(inputs["ADE20K_2021_17_01.zip"], SCENES)
        sections.append(("ADE20K full (A847): training images and their masks, by A847 names", samples))
    if "ADEChallengeData2016.zip" in inputs:
        samples = challenge_samples(inputs["ADEChallengeData2016.zip"], SCENES // 2)
        sections.append(("ADE20K challenge (A150): the same images, by A150 names; what has none is grey", samples))
    tars = sorted(name for name in inputs if name.endswith(".tar") and name.removesuffix(".tar") in synsets())
    drawings = sorted((synsets()[name.removesuffix(".tar")][0].label, name) for name in tars)
    names = {drawn.label: drawn.name.replace("_", " ") for drawn, _ in synsets().values()}
    objects = [(names[label], object_sample(inputs[name])) for label, name in drawings]
    captioned = captioned_samples(inputs[PAIRS[0]], SCENES) if PAIRS[0] in inputs else []
    if not sections and not objects:
        raise LarvSegError("miniature figure: no drawn archive among the inputs; give e.g. train2017.zip with its masks, or <wnid>.tar")
    return Samples(sections, captioned, objects)
