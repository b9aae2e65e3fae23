"""Packs the miniature world into archives with the official names, inner layouts and label encodings.

The images of ADEChallengeData2016.zip and ADE20K_2021_17_01.zip are the same.
An archive has the same bytes whatever the number of workers.
"""

from __future__ import annotations

import csv
import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from larvseg.config import World
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.miniature.ade_full import Indexed, annotation, index
from larvseg.miniature.caption_archives import NARRATIVES, PAIRS, pack_narratives, pack_pairs
from larvseg.miniature.classes import raw_ids, synsets
from larvseg.miniature.packing import add_to_tar, add_to_zip, in_order, jpeg, png, zip_writers
from larvseg.miniature.world import object_image, scene
from larvseg.vocabulary.names import REFERENCE
from larvseg.vocabulary.synsets import ilsvrc_synsets

Family = Literal["coco", "ade_challenge", "ade_full", "imagenet", "wordnet", "narratives", "itpair", "ilsvrc"]

COCO_UNLABELLED = 255

TRAIN, VAL, STUFF = "train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip"
CHALLENGE, FULL = "ADEChallengeData2016.zip", "ADE20K_2021_17_01.zip"
WORDNET = "wordnet.zip"
ILSVRC = "ILSVRC2012_img_train.tar"


@dataclass(frozen=True)
class _Job:
    """Image `number` of a split."""

    seed: int
    split: str
    number: int

    @property
    def ade_stem(self) -> str:
        return f"ADE_{'train' if self.split == 'training' else 'val'}_{self.number + 1:08d}"


class _Member(NamedTuple):
    archive: str
    name: str
    data: bytes


class _Packed(NamedTuple):
    """A drawn scene as files, its kind of place, and per value in the mask the number of pixels (challenge) or instances (full)."""

    members: tuple[_Member, ...]
    place: str
    counts: dict[int, int]


def archive_names(family: Family) -> tuple[str, ...]:
    """File names of the archives that can be drawn. Raises LarvSegError for an unknown family."""
    if family == "imagenet":
        return tuple(f"{wnid}.tar" for wnid in sorted(synsets()))
    names = {"coco": (TRAIN, VAL, STUFF), "ade_challenge": (CHALLENGE,), "ade_full": (FULL,), "wordnet": (WORDNET,)}
    names |= {"narratives": NARRATIVES, "itpair": PAIRS, "ilsvrc": (ILSVRC,)}
    if family not in names:
        raise LarvSegError(f"no drawn archives of family {family!r}: choose one of {', '.join(names)}, imagenet")
    return names[family]


def draw_archive(family: Family, world: World, outputs: Mapping[str, Path], threads: int) -> None:
    """Draw those archives of `family` that `outputs` names (official file name → path to write), with `threads` worker processes.

    Raises LarvSegError for a name that is not one of `archive_names`.
    """
    for name in outputs:
        if name not in archive_names(family):
            raise LarvSegError(f"{name}: not a drawn archive of family {family!r}; see archive_names({family!r})")
    packers: dict[str, Callable[[World, Mapping[str, Path], int], None]]
    packers = {
        "coco": _pack_coco,
        "ade_challenge": _pack_challenge,
        "ade_full": _pack_full,
        "imagenet": _pack_synsets,
        "wordnet": _pack_wordnet,
        "narratives": pack_narratives,
        "itpair": pack_pairs,
        "ilsvrc": _pack_ilsvrc,
    }
    packers[family](world, outputs, threads)


def _pack_coco(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    splits = (("training", TRAIN, world.coco_training), ("validation", VAL, world.coco_validation))
    jobs = [_Job(world.seed, split, number) for split, archive, size in splits if {archive, STUFF} & set(outputs) for number in range(size)]
    folders = {TRAIN: ("train2017/",), VAL: ("val2017/",), STUFF: ("train2017/", "val2017/")}
    with zip_writers(outputs) as archives:
        for name, archive in archives.items():
            for folder in folders[name]:
                add_to_zip(archive, folder)
        for packed in in_order(_coco, jobs, threads, "COCO"):
            for member in packed.members:
                if member.archive in archives:
                    add_to_zip(archives[member.archive], member.name, member.data)


def _coco(job: _Job) -> _Packed:
    drawn = scene(job.seed, "coco", job.split, job.number)
    # ids are unique over both splits
    archive, stem = (
        (TRAIN, f"train2017/{job.number + 1:012d}") if job.split == "training" else (VAL, f"val2017/{job.number + 500_001:012d}")
    )
    mask = _raw_values("C171", COCO_UNLABELLED)[drawn.labels].astype(np.uint8)
    return _Packed((_Member(archive, f"{stem}.jpg", jpeg(drawn.image)), _Member(STUFF, f"{stem}.png", png(mask))), drawn.place.name, {})


def _ade_jobs(world: World) -> list[_Job]:
    sizes = {"training": world.ade_training, "validation": world.ade_validation}
    return [_Job(world.seed, split, number) for split, size in sizes.items() for number in range(size)]


def _pack_challenge(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    top, jobs = "ADEChallengeData2016", _ade_jobs(world)
    places, pixels = [], np.zeros(151)
    images = {"training": np.zeros(151, int), "validation": np.zeros(151, int)}
    with zip_writers(outputs) as archives:
        archive = archives[CHALLENGE]
        for folder in (
            "",
            "annotations/",
            "annotations/training/",
            "annotations/validation/",
            "images/",
            "images/training/",
            "images/validation/",
        ):
            add_to_zip(archive, f"{top}/{folder}")
        for job, packed in zip(jobs, in_order(_challenge, jobs, threads, "ADE20K challenge"), strict=True):
            for member in packed.members:
                add_to_zip(archive, f"{top}/{member.name}", member.data)
            places.append(f"{job.ade_stem} {packed.place}\n")
            for value, count in packed.counts.items():
                images[job.split][value] += 1
                pixels[value] += count
        add_to_zip(archive, f"{top}/objectInfo150.txt", _object_info(pixels, images).encode())
        add_to_zip(archive, f"{top}/sceneCategories.txt", "".join(places).encode())


def _challenge(job: _Job) -> _Packed:
    drawn = scene(job.seed, "ade", job.split, job.number)
    mask = _raw_values("A150", 0)[drawn.labels].astype(np.uint8)
    members = (
        _Member(CHALLENGE, f"images/{job.split}/{job.ade_stem}.jpg", jpeg(drawn.image)),
        _Member(CHALLENGE, f"annotations/{job.split}/{job.ade_stem}.png", png(mask)),
    )
    return _Packed(members, drawn.place.name, _tally(mask.ravel()))


def _object_info(pixels: np.ndarray, images: Mapping[str, np.ndarray]) -> str:
    """objectInfo150.txt: for each class its share of the labelled pixels, the images of each split that have it, and its synonyms."""
    with open(REFERENCE / "vocabularies/a150.csv", encoding="utf-8", newline="") as file:
        synonyms = {int(row["label_id"]): row["synonyms"].replace(";", ", ") for row in csv.DictReader(file)}
    shares = pixels / max(pixels.sum(), 1)
    lines = ["Idx\tRatio\tTrain\tVal\tName\n"]
    for value in sorted(synonyms):
        lines.append(f"{value}\t{shares[value]:.4f}\t{images['training'][value]}\t{images['validation'][value]}\t{synonyms[value]}\n")
    return "".join(lines)


def _pack_full(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    images = []
    with zip_writers(outputs) as archives:
        for packed in in_order(_full, _ade_jobs(world), threads, "ADE20K full"):
            for member in packed.members:
                add_to_zip(archives[FULL], member.name, member.data)
            folder, _, filename = packed.members[0].name.rpartition("/")
            images.append(Indexed(filename, folder, f"/{packed.place}", packed.counts))
        add_to_zip(archives[FULL], "ADE20K_2021_17_01/index_ade20k.pkl", index(images))


def _full(job: _Job) -> _Packed:
    drawn = scene(job.seed, "ade", job.split, job.number)
    ids = _raw_values("A847", 0)[drawn.labels]
    mask = np.stack([ids // 256 * 10, ids % 256, drawn.instances], 2).astype(np.uint8)
    visible = np.unique(np.stack([ids.ravel(), drawn.instances.ravel()], 1), axis=0)
    folder = f"ADE20K_2021_17_01/images/ADE/{job.split}/{drawn.place.group}/{drawn.place.name}"
    files = {
        ".jpg": jpeg(drawn.image),
        "_seg.png": png(mask),
        ".json": annotation(job.ade_stem, folder, job.number + 1, drawn, ids),
    }
    members = tuple(_Member(FULL, f"{folder}/{job.ade_stem}{ending}", data) for ending, data in files.items())
    return _Packed(members, drawn.place.name, _tally(visible[:, 0]))


def _pack_synsets(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    # of a thing with two synsets, the second has half as many images
    sizes = {wnid: max(world.objects >> synsets()[wnid][1], 1) for wnid in (name.removesuffix(".tar") for name in outputs)}
    jobs = [(world.seed, wnid, number, "objects") for wnid, size in sizes.items() for number in range(1, size + 1)]
    images = in_order(_object, jobs, threads, "ImageNet")
    for wnid, size in sizes.items():
        with replacing(outputs[f"{wnid}.tar"]) as path, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for number in range(1, size + 1):
                add_to_tar(archive, f"{wnid}_{number}.JPEG", next(images))


def _pack_ilsvrc(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    """A tar of one tar for each synset of ImageNet-1K that is drawn."""
    wnids = sorted(set(synsets()) & set(ilsvrc_synsets()))
    jobs = [(world.seed, wnid, number, "ilsvrc") for wnid in wnids for number in range(1, world.ilsvrc + 1)]
    images = in_order(_object, jobs, threads, "ImageNet-1K")
    with replacing(outputs[ILSVRC]) as path, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for wnid in wnids:
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w", format=tarfile.USTAR_FORMAT) as synset:
                for number in range(1, world.ilsvrc + 1):
                    add_to_tar(synset, f"{wnid}_{number}.JPEG", next(images))
            add_to_tar(archive, f"{wnid}.tar", inner.getvalue())


def _object(job: tuple[int, str, int, str]) -> bytes:
    """An object image, a few of them in the forms that a reader of ImageNet has to expect under the name .JPEG."""
    image, place = object_image(*job), int(job[1][1:]) + job[2]
    if place % 40 == 0:
        return gzip.compress(jpeg(image), mtime=0)
    if place % 40 == 13:
        return jpeg(image.convert("L"))
    if place % 60 == 27:
        return jpeg(image.convert("CMYK"))
    if place % 60 == 31:
        return png(np.asarray(image))
    return jpeg(image)


def _pack_wordnet(world: World, outputs: Mapping[str, Path], threads: int) -> None:
    from larvseg.miniature.wordnet import pack_wordnet  # the only family that is not drawn

    pack_wordnet(outputs[WORDNET])


@cache
def _raw_values(dataset: str, nothing: int) -> np.ndarray:
    """Value in the masks of `dataset` for every label of drawn images, int."""
    return np.array([nothing if raw is None else raw for raw in raw_ids(dataset)])


def _tally(values: np.ndarray) -> dict[int, int]:
    """How often each value but 0 occurs in a 1-D array."""
    distinct, counts = np.unique(values, return_counts=True)
    return {int(value): int(count) for value, count in zip(distinct, counts, strict=True) if value}
