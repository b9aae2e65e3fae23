"""From archives to manifests: which pictures a data set has, where they lie, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from larvseg.config import DATASETS, DeriveConfig, kind_of, nearest
from larvseg.datasets.manifest import SPLITS, write_manifest
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.sources.archives import ArchiveReader, Member, members
from larvseg.sources.encodings import IGNORE, decode_mask, image_size
from larvseg.vocabulary import RULES, Vocabulary, load_vocabulary

Files = dict[str, Member]
Row = dict[str, Any]


def derive(config: DeriveConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write the manifest of config.dataset; the roles in `inputs` are archive file names.

    Raises LarvSegError for an unknown data set, a missing or damaged archive, a picture without its mask, and a mask value outside
    the data set's encoding.
    """
    dataset = config.dataset
    if dataset not in DATASETS:
        raise LarvSegError(f"unknown data set {dataset!r}{nearest(dataset, list(DATASETS))}; known: {', '.join(DATASETS)}")
    if kind_of(dataset) == "single_label":
        rows, header = _single_label(config, inputs)
    else:
        rows, header = _with_masks(config, inputs)
    used = {path.as_posix(): path for path in inputs.values()}
    header |= {
        "dataset": dataset,
        "kind": kind_of(dataset),
        "archives": {name: sha256_of(path) for name, path in sorted(used.items())},
        "archive_sizes": {name: path.stat().st_size for name, path in sorted(used.items())},
    }
    write_manifest(outputs["manifest"], rows, header)


# ---- data sets with masks: C171, A150, A847, and the image-level labels of the last two


@dataclass(frozen=True)
class Pair:
    """A picture and its mask, each an archive role and a member."""

    split: str
    name: str
    image: tuple[str, Member]
    mask: tuple[str, Member]


def _coco_stuff(archives: Mapping[str, Files]) -> Iterator[Pair]:
    masks = archives["stuffthingmaps_trainval2017.zip"]
    for split, folder in zip(SPLITS, ("train2017", "val2017"), strict=True):
        for image in archives[f"{folder}.zip"].values():
            path = PurePosixPath(image.name)
            if path.parent.name == folder and path.suffix == ".jpg":
                mask = _partner(masks, f"{folder}/{path.stem}.png", path.stem)
                yield Pair(split, path.stem, (f"{folder}.zip", image), ("stuffthingmaps_trainval2017.zip", mask))


def _ade_challenge(archives: Mapping[str, Files]) -> Iterator[Pair]:
    role = "ADEChallengeData2016.zip"
    for split in SPLITS:
        for image in archives[role].values():
            path = PurePosixPath(image.name)
            if path.suffix == ".jpg" and path.parent == PurePosixPath(f"ADEChallengeData2016/images/{split}"):
                mask = _partner(archives[role], f"ADEChallengeData2016/annotations/{split}/{path.stem}.png", path.stem)
                yield Pair(split, path.stem, (role, image), (role, mask))


def _ade_full(archives: Mapping[str, Files]) -> Iterator[Pair]:
    role = "ADE20K_2021_17_01.zip"
    for split in SPLITS:
        for image in archives[role].values():
            path = PurePosixPath(image.name)
            if path.suffix == ".jpg" and path.is_relative_to(f"ADE20K_2021_17_01/images/ADE/{split}"):
                mask = _partner(archives[role], str(path.with_name(f"{path.stem}_seg.png")), path.stem)
                yield Pair(split, path.stem, (role, image), (role, mask))


def _partner(files: Files, name: str, picture: str) -> Member:
    if name not in files:
        raise LarvSegError(f"{picture}: no mask {name!r} in the archive; use the official archives, whole")
    return files[name]


@dataclass(frozen=True)
class Segmentation:
    """Where the pictures and masks of a segmentation data set come from."""

    archives: tuple[str, ...]
    pairs: Callable[[Mapping[str, Files]], Iterator[Pair]]
    encoding: str


_CHALLENGE = Segmentation(("ADEChallengeData2016.zip",), _ade_challenge, "ade-challenge")
_FULL = Segmentation(("ADE20K_2021_17_01.zip",), _ade_full, "ade-full")
_SEGMENTATION = {
    "C171": Segmentation(("train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip"), _coco_stuff, "coco-stuff"),
    "A150": _CHALLENGE,
    "WA150": _CHALLENGE,
    "A847": _FULL,
    "WA847": _FULL,
}


def _with_masks(config: DeriveConfig, inputs: Mapping[str, Path]) -> tuple[Iterator[Row], dict[str, Any]]:
    source = _SEGMENTATION[config.dataset]
    if missing := [role for role in source.archives if role not in inputs]:
        raise LarvSegError(f"{config.dataset} needs the archive {missing[0]}; fetch it first")
    vocabulary = load_vocabulary(config.dataset, config.drawn)
    archives = {role: {member.name: member for member in members(inputs[role])} for role in source.archives}
    pairs = sorted(source.pairs(archives), key=lambda pair: (pair.split, pair.name))
    weak = kind_of(config.dataset) == "multi_label"
    if weak:
        pairs = [pair for pair in pairs if pair.split == "training"]
    if not pairs:
        raise LarvSegError(f"{inputs[source.archives[0]]}: no pictures of {config.dataset} in it; use the official archive")
    # image-level labels proper: nobody can open the mask, nor see how large a class is
    masks = not weak or config.weak_labels == "crop"
    header = _header(vocabulary.names, {rule: vocabulary.keys(rule) for rule in RULES})
    if masks:
        header |= {"encoding": source.encoding, "raw_ids": list(vocabulary.raw_ids)}
    return _mask_rows(pairs, inputs, source.encoding, vocabulary, masks), header


def _mask_rows(pairs: list[Pair], inputs: Mapping[str, Path], encoding: str, vocabulary: Vocabulary, masks: bool) -> Iterator[Row]:
    reader = ArchiveReader()
    for pair in pairs:
        width, height = image_size(_read(reader, inputs, pair.image), pair.name)
        labels = decode_mask(_read(reader, inputs, pair.mask), encoding, vocabulary.raw_ids, pair.name)
        if labels.shape != (height, width):
            raise LarvSegError(f"{pair.name}: the picture has {width}×{height} pixels, its mask {labels.shape[1]}×{labels.shape[0]}")
        counts = np.bincount(labels.ravel() - IGNORE, minlength=len(vocabulary.categories) - IGNORE)[-IGNORE:]
        present = np.flatnonzero(counts)
        yield {
            "name": pair.name,
            "split": pair.split,
            "width": width,
            "height": height,
            "image": _location(inputs, pair.image),
            "mask": _location(inputs, pair.mask) if masks else None,
            "labels": present.tolist(),
            "pixels": counts[present].tolist() if masks else None,
            "synset": None,
        }


# ---- object pictures: I124, I585, I21K


def _single_label(config: DeriveConfig, inputs: Mapping[str, Path]) -> tuple[Iterator[Row], dict[str, Any]]:
    tars = {role.removesuffix(".tar"): path for role, path in sorted(inputs.items())}
    if config.dataset == "I21K":
        synsets, absent = {synset: synset for synset in tars}, []
    else:
        vocabulary = load_vocabulary(config.dataset, config.drawn)
        counts = {synset: len(members(path)) for synset, path in tars.items()}
        synsets = {name: _largest(vocabulary.synsets[name], counts) for name in vocabulary.names}
        absent = [name for name, synset in synsets.items() if synset is None]
        synsets = {name: synset for name, synset in synsets.items() if synset is not None}
    if not synsets:
        raise LarvSegError(f"{config.dataset}: none of its synsets is among the {len(tars)} archives; fetch them first")
    names = tuple(synsets)
    header = _header(names, {rule: names for rule in RULES}) | {"absent": absent}
    classes = {synset: train_id for train_id, synset in enumerate(synsets.values())}
    return _object_rows(classes, inputs), header


def _largest(candidates: tuple[str, ...], counts: Mapping[str, int]) -> str | None:
    """The synset with most pictures, of equals the smaller; None if there is no archive of any."""
    present = [synset for synset in candidates if synset in counts]
    return min(present, key=lambda synset: (-counts[synset], synset), default=None)


def _object_rows(classes: Mapping[str, int], inputs: Mapping[str, Path]) -> Iterator[Row]:
    # ImageNet names begin with their synset, so this order is that of the names; millions of rows need not be held to be sorted
    reader = ArchiveReader()
    for synset in sorted(classes):
        role = f"{synset}.tar"
        for member in members(inputs[role]):
            name = PurePosixPath(member.name).stem
            width, height = image_size(_read(reader, inputs, (role, member)), name)
            yield {
                "name": name,
                "split": "training",
                "width": width,
                "height": height,
                "image": _location(inputs, (role, member)),
                "mask": None,
                "labels": [classes[synset]],
                "pixels": None,
                "synset": synset,
            }


# ---- both


def _header(names: tuple[str, ...], keys: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {"classes": list(names), "keys": {rule: list(keys[rule]) for rule in keys}, "encoding": None, "raw_ids": [], "absent": []}


def _read(reader: ArchiveReader, inputs: Mapping[str, Path], file: tuple[str, Member]) -> bytes:
    role, member = file
    return reader.read(str(inputs[role]), member.offset, member.length, member.method, member.size)


def _location(inputs: Mapping[str, Path], file: tuple[str, Member]) -> dict[str, Any]:
    role, member = file
    return {"archive": inputs[role].as_posix()} | member._asdict() | {"member": member.name}
