"""Which pictures a data set has, and where they and their masks lie in its archives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from larvseg.config import DeriveConfig, kind_of
from larvseg.datasets.manifest import SPLITS
from larvseg.datasets.rejects import Reject
from larvseg.errors import LarvSegError
from larvseg.sources.archives import ArchiveReader, Member, members, members_of, tars_in
from larvseg.sources.registry import is_synset_tar
from larvseg.vocabulary import RULES, Vocabulary, load_vocabulary
from larvseg.vocabulary.synsets import c171_synsets

ADE_FULL = "ADE20K_2021_17_01.zip"
PREPARED = "ade20k_full_prepared.zip"
ILSVRC = "ILSVRC2012_img_train.tar"
WHOLE = "winter21_whole.tar"
_CHUNK = 256  # pictures with masks: some seconds of work

Files = dict[str, Member]


class File(NamedTuple):
    """A member of the archive at `archive`."""

    archive: str
    member: Member

    def read(self, reader: ArchiveReader) -> bytes:
        """Its bytes; LarvSegError if the archive does not hold them."""
        member = self.member
        return reader.read(self.archive, member.offset, member.length, member.method, member.size)


class Picture(NamedTuple):
    """A picture with its mask, its label and synset, or its captions."""

    name: str
    split: str
    image: File
    mask: File | None = None
    label: int | None = None  # train id
    synset: str | None = None
    captions: tuple[str, ...] = ()
    text: File | None = None  # that holds its caption


@dataclass(frozen=True)
class Listed:
    """Pictures that are read together."""

    pictures: tuple[Picture, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)


@dataclass(frozen=True)
class Synset:
    """The pictures of one synset: all of its archive or of `inner`, a tar in the archive.

    They are listed only where they are read: there may be millions in all.
    """

    wnid: str
    archive: str
    label: int
    size: int
    inner: Member | None = None

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Picture]:
        path = Path(self.archive)
        for member in members(path) if self.inner is None else members_of(path, self.inner):
            name = PurePosixPath(member.name).stem
            yield Picture(name, "training", File(self.archive, member), label=self.label, synset=self.wnid)


Chunk = Listed | Synset


def in_chunks(pictures: Iterable[Picture]) -> tuple[Listed, ...]:
    """`pictures` in parts that one process reads at a time."""
    waiting = iter(pictures)
    return tuple(map(Listed, iter(lambda: tuple(islice(waiting, _CHUNK)), ())))


@dataclass(frozen=True)
class Contents:
    """The pictures of a data set in the order of its manifest, chunk by chunk, and what the manifest's header says of its classes."""

    chunks: tuple[Chunk, ...]
    classes: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]  # alignment rule → names in the union
    encoding: str | None = None  # of the masks
    raw_ids: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()  # categories without an archive
    rejects: tuple[Reject, ...] = ()  # what turned out to be unusable before it was read

    def header(self, open_masks: bool) -> dict[str, Any]:
        """The part of a manifest's header that says what its labels mean; without `open_masks`, nothing about the masks."""
        return {
            "classes": list(self.classes),
            "keys": {rule: list(names) for rule, names in self.keys.items()},
            "encoding": self.encoding if open_masks else None,
            "raw_ids": list(self.raw_ids) if open_masks else [],
            "absent": list(self.absent),
        }


def contents_of(config: DeriveConfig, inputs: Mapping[str, Path], counts: Mapping[str, int]) -> Contents:
    """What config.dataset, one with masks or synsets, is made of; roles in `inputs` and `counts` are archive file names.

    counts: members of each synset's archive. Raises LarvSegError for a missing or damaged archive, one without pictures of the data
    set, and a picture without its mask.
    """
    if kind_of(config.dataset) != "single_label":
        return _with_masks(config, inputs)
    if config.dataset == "I1K" or WHOLE in inputs:
        return _tar_of_tars(config, inputs)
    return _objects(config, inputs, counts)


# ---- data sets with masks: C171, A150, A847, and the image-level labels of the last two


class _Pair(NamedTuple):
    """A picture and its mask, each an archive role and a member's name."""

    split: str
    image: tuple[str, str]
    mask: tuple[str, str]


_Pairs = Callable[[Mapping[str, Files]], Iterator[_Pair]]


def _coco_stuff(archives: Mapping[str, Files]) -> Iterator[_Pair]:
    masks = "stuffthingmaps_trainval2017.zip"
    for split, folder in zip(SPLITS, ("train2017", "val2017"), strict=True):
        for name in archives[f"{folder}.zip"]:
            path = PurePosixPath(name)
            if path.parent.name == folder and path.suffix == ".jpg":
                yield _Pair(split, (f"{folder}.zip", name), (masks, f"{folder}/{path.stem}.png"))


def _folders(archive: str, images: str, masks: str, suffix: str) -> _Pairs:
    """Pictures in images/<split>/NAME.jpg, masks in masks/<split>/NAME<suffix>."""

    def pairs(archives: Mapping[str, Files]) -> Iterator[_Pair]:
        for split in SPLITS:
            for name in archives[archive]:
                path = PurePosixPath(name)
                if path.suffix == ".jpg" and path.parent == PurePosixPath(f"{images}/{split}"):
                    yield _Pair(split, (archive, name), (archive, f"{masks}/{split}/{path.stem}{suffix}"))

    return pairs


def _ade_full(archives: Mapping[str, Files]) -> Iterator[_Pair]:
    for split in SPLITS:
        for name in archives[ADE_FULL]:
            path = PurePosixPath(name)
            if path.suffix == ".jpg" and path.is_relative_to(f"ADE20K_2021_17_01/images/ADE/{split}"):
                yield _Pair(split, (ADE_FULL, name), (ADE_FULL, str(path.with_name(f"{path.stem}_seg.png"))))


@dataclass(frozen=True)
class Segmentation:
    """Where the pictures and masks of a segmentation data set come from."""

    archives: tuple[str, ...]
    pairs: _Pairs
    encoding: str


_CHALLENGE = Segmentation(
    ("ADEChallengeData2016.zip",),
    _folders("ADEChallengeData2016.zip", "ADEChallengeData2016/images", "ADEChallengeData2016/annotations", ".png"),
    "ade-challenge",
)
_FULL = Segmentation((ADE_FULL,), _ade_full, "ade-full")
_AS_PUBLISHED = Segmentation((PREPARED,), _folders(PREPARED, "images_detectron2", "annotations_detectron2", ".tif"), "a847-prepared")
_SEGMENTATION = {
    "C171": Segmentation(("train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip"), _coco_stuff, "coco-stuff"),
    "A150": _CHALLENGE,
    "WA150": _CHALLENGE,
    "A847": _FULL,
    "WA847": _FULL,
}


def _with_masks(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    source = _AS_PUBLISHED if config.prepared else _SEGMENTATION[config.dataset]
    vocabulary = load_vocabulary(config.dataset, config.drawn)
    splits = SPLITS if kind_of(config.dataset) == "pixel" else ("training",)
    pictures = (picture for picture in _pictures(config.dataset, source, inputs) if picture.split in splits)
    return Contents(
        chunks=in_chunks(pictures),
        classes=vocabulary.names,
        keys=_keys(vocabulary),
        encoding=source.encoding,
        raw_ids=_prepared_ids(vocabulary) if config.prepared else vocabulary.raw_ids,
    )


def _keys(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    """The union names of `vocabulary` under each rule; of C171 the synsets, too, or its own names where there is none."""
    keys = {rule: vocabulary.keys(rule) for rule in RULES}
    if vocabulary.dataset == "C171":
        keys["synset"] = tuple(c171_synsets().get(name, name) for name in vocabulary.names)
    return keys


def _prepared_ids(vocabulary: Vocabulary) -> tuple[int, ...]:
    """Prepared masks hold positions in the whole list of A847, however few of its classes are wanted."""
    position = {raw: i for i, raw in enumerate(load_vocabulary("A847").raw_ids)}
    return tuple(position[raw] for raw in vocabulary.raw_ids)


def ade_full_pictures(inputs: Mapping[str, Path]) -> list[Picture]:
    """The pictures of the full ADE20K with their masks, by split and name; errors as in contents_of."""
    return _pictures("A847", _FULL, inputs)


def _pictures(dataset: str, source: Segmentation, inputs: Mapping[str, Path]) -> list[Picture]:
    if missing := [role for role in source.archives if role not in inputs]:
        raise LarvSegError(f"{dataset} needs the archive {missing[0]}; fetch it first")
    archives = {role: {member.name: member for member in members(inputs[role])} for role in source.archives}

    def file(role: str, member: str, name: str) -> File:
        if member not in archives[role]:
            raise LarvSegError(f"{name}: no mask {member!r} in {inputs[role]}; use the official archives, whole")
        return File(inputs[role].as_posix(), archives[role][member])

    pictures = []
    for pair in source.pairs(archives):
        name = PurePosixPath(pair.image[1]).stem
        pictures.append(Picture(name, pair.split, file(*pair.image, name), file(*pair.mask, name)))
    if not pictures:
        raise LarvSegError(f"{inputs[source.archives[0]]}: no pictures of {dataset} in it; use the official archive")
    return sorted(pictures, key=lambda picture: (picture.split, picture.name))


# ---- object pictures: I124, I585, I21K, IN11K, I1K


def _objects(config: DeriveConfig, inputs: Mapping[str, Path], counts: Mapping[str, int]) -> Contents:
    sizes = {role.removesuffix(".tar"): counts[role] for role in sorted(inputs)}
    whole = config.dataset in ("I21K", "IN11K")
    if whole:
        synsets: dict[str, str | None] = {wnid: wnid for wnid, size in sizes.items() if size > config.larger_than}
    else:
        vocabulary = load_vocabulary(config.dataset, config.drawn, synsets=config.synsets)
        synsets = {name: _largest(vocabulary.synsets[name], sizes) for name in vocabulary.names}
    chosen = {name: wnid for name, wnid in synsets.items() if wnid is not None}
    if not chosen:
        raise LarvSegError(f"{config.dataset}: none of its synsets is among the {len(inputs)} archives; fetch them first")
    names = tuple(chosen)
    labels = {wnid: label for label, wnid in enumerate(chosen.values())}
    return Contents(
        # ImageNet names begin with their synset, so this order is that of the names
        chunks=tuple(Synset(wnid, inputs[f"{wnid}.tar"].as_posix(), labels[wnid], sizes[wnid]) for wnid in sorted(labels)),
        classes=names,
        keys=dict.fromkeys((*RULES, "synset") if whole else RULES, names),
        absent=tuple(name for name, wnid in synsets.items() if wnid is None),
    )


def _tar_of_tars(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    """ImageNet-1K, or all of ImageNet-21K: a tar of one tar for each synset, in a folder or not."""
    role = ILSVRC if config.dataset == "I1K" else WHOLE
    if role not in inputs:
        raise LarvSegError(f"{config.dataset} needs the archive {role}; fetch it first")
    path = inputs[role]
    tars = {PurePosixPath(tar.name).name: tar for tar in tars_in(path)}
    if wrong := [tar.name for name, tar in tars.items() if not is_synset_tar(name)]:
        raise LarvSegError(f"{path}: {wrong[0]!r} in it is no archive of a synset; use the official archive")
    sizes = {name: len(members_of(path, tar)) for name, tar in sorted(tars.items())}
    kept = [name for name, size in sizes.items() if size > config.larger_than]
    if not kept:
        raise LarvSegError(f"{path}: no archives of synsets in it; use the official archive")
    wnids = tuple(name.removesuffix(".tar") for name in kept)
    chunks = tuple(
        Synset(wnid, path.as_posix(), label, sizes[name], tars[name]) for label, (wnid, name) in enumerate(zip(wnids, kept, strict=True))
    )
    return Contents(chunks, classes=wnids, keys=dict.fromkeys(RULES if role == ILSVRC else (*RULES, "synset"), wnids))


def _largest(candidates: tuple[str, ...], sizes: Mapping[str, int]) -> str | None:
    """The synset with most pictures, of equals the smaller; None if there is no archive of any."""
    present = [wnid for wnid in candidates if wnid in sizes]
    return min(present, key=lambda wnid: (-sizes[wnid], wnid), default=None)
