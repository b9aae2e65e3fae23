"""Which images a data set has, and where they and their masks lie in its archives."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from larvseg.config import DeriveConfig, nearest
from larvseg.config import Files as Where
from larvseg.datasets.manifest import SPLITS
from larvseg.datasets.rejects import Reject
from larvseg.errors import LarvSegError
from larvseg.sources.archives import ArchiveReader, Member, members, members_of, tars_in
from larvseg.sources.registry import is_synset_tar
from larvseg.vocabulary import RULES, Vocabulary, novel_in, read_vocabulary
from larvseg.vocabulary.names import colour, names_in

_CHUNK = 256  # images with masks: some seconds of work

Files = dict[str, Member]


class Splits(Protocol):
    """Where training and validation images lie: a data set, or its preparation."""

    training: Where
    validation: Where | None


class File(NamedTuple):
    """A member of the archive at `archive`."""

    archive: str
    member: Member

    def read(self, reader: ArchiveReader) -> bytes:
        """Its bytes; LarvSegError if the archive does not hold them."""
        member = self.member
        return reader.read(self.archive, member.offset, member.length, member.method, member.size)


class ListedImage(NamedTuple):
    """An image with its mask, its labels and synset, or its captions."""

    name: str
    split: str
    image: File
    mask: File | None = None
    labels: tuple[int, ...] = ()  # train ids, ascending
    synset: str | None = None
    captions: tuple[str, ...] = ()
    text: File | None = None  # that holds its caption


@dataclass(frozen=True)
class Listed:
    """Images that are read together."""

    images: tuple[ListedImage, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[ListedImage]:
        return iter(self.images)


@dataclass(frozen=True)
class Synset:
    """The images of one synset: all of its archive or of `inner`, a tar in the archive.

    They are listed only where they are read: there may be millions in all.
    """

    wnid: str
    archive: str
    label: int
    size: int
    inner: Member | None = None

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[ListedImage]:
        path = Path(self.archive)
        for member in members(path) if self.inner is None else members_of(path, self.inner):
            name = PurePosixPath(member.name).stem
            yield ListedImage(name, "training", File(self.archive, member), labels=(self.label,), synset=self.wnid)


Chunk = Listed | Synset


def in_chunks(images: Iterable[ListedImage]) -> tuple[Listed, ...]:
    """`images` in parts that one process reads at a time."""
    waiting = iter(images)
    return tuple(map(Listed, iter(lambda: tuple(islice(waiting, _CHUNK)), ())))


@dataclass(frozen=True)
class Contents:
    """The images of a data set in the order of its manifest, chunk by chunk, and what the manifest's header says of its classes."""

    chunks: tuple[Chunk, ...]
    classes: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]  # alignment rule → names in the union
    novel: dict[str, tuple[int, ...]] | None = None  # alignment rule → train ids of the novel classes; None: no data set is its base
    encoding: str | None = None  # of the masks
    raw_ids: tuple[int, ...] = ()
    ignored: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()  # categories without an archive
    rejects: tuple[Reject, ...] = ()  # what turned out to be unusable before it was read

    def header(self, open_masks: bool) -> dict[str, Any]:
        """The part of a manifest's header that says what its labels mean; without `open_masks`, nothing about the masks."""
        return {
            "classes": list(self.classes),
            "keys": {rule: list(names) for rule, names in self.keys.items()},
            "novel": self.novel and {rule: list(classes) for rule, classes in self.novel.items()},
            "encoding": self.encoding if open_masks else None,
            "raw_ids": list(self.raw_ids) if open_masks else [],
            "ignored": list(self.ignored) if open_masks else [],
            "absent": list(self.absent),
        }


def contents_of(config: DeriveConfig, inputs: Mapping[str, Path], counts: Mapping[str, int]) -> Contents:
    """What config.dataset, one with masks or labels, is made of; roles in `inputs` and `counts` are archive names.

    counts: members of each synset's archive. Raises LarvSegError for a missing or damaged archive, one without images of the data
    set, an image without its mask, and a label that is no class.
    """
    images = config.source.training.images
    if "{synset}" not in images:
        return _with_masks(config, inputs) if config.source.training.masks else _with_labels(config, inputs)
    return _objects(config, inputs, counts) if images.startswith("{synset}") else _tar_of_tars(config, inputs)


def vocabulary_of(config: DeriveConfig) -> Vocabulary:
    """The class list of the data set, restricted as the profile asks."""
    return read_vocabulary(config.dataset, config.classes, config.drawn, config.synsets)


def novel_of(config: DeriveConfig, names: tuple[str, ...]) -> dict[str, tuple[int, ...]] | None:
    """Which of `names` its base data set does not have; the whole list of that counts, however few of its classes are drawn."""
    return None if config.base is None else novel_in(names, read_vocabulary("base", config.base))


# ---- where files lie


def matcher(pattern: str) -> re.Pattern[str]:
    """`pattern` (larvseg.config.Files) as a regular expression of whole paths; {class} is a group."""
    parts = {"**/": r"(?:[^/]+/)*", "*": r"[^/]*", "{class}": r"(?P<label>[^/]+)"}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*|\{class\})", pattern)))


class Places:
    """The files in the archives `inputs` (role → path), by the paths <role>/<member>."""

    def __init__(self, dataset: str, inputs: Mapping[str, Path]):
        self.dataset, self.inputs = dataset, inputs
        self._members: dict[str, Files] = {}

    def matching(self, pattern: str) -> Iterator[tuple[str, re.Match[str]]]:
        """(path, match) of each file that `pattern` fits, archive by archive."""
        wanted, archive = matcher(pattern), matcher(pattern.partition("/")[0])
        roles = [role for role in self.inputs if pattern.startswith(f"{role}/") or archive.fullmatch(role.partition("/")[0])]
        if not roles:
            raise LarvSegError(f"{self.dataset} needs the archive {pattern.partition('/')[0]}; fetch it first")
        for role in roles:
            yield from ((path, match) for name in self.files(role) if (match := wanted.fullmatch(path := f"{role}/{name}")))

    def files(self, role: str) -> Files:
        """Member name → member of the archive `role`."""
        if role not in self.inputs:
            raise LarvSegError(f"{self.dataset} needs the archive {role}; fetch it first")
        if role not in self._members:
            self._members[role] = {member.name: member for member in members(self.inputs[role])}
        return self._members[role]

    def split(self, path: str) -> tuple[str, str]:
        """(role, member) of `path`."""
        role = max((role for role in self.inputs if path.startswith(f"{role}/")), key=len, default=path.partition("/")[0])
        return role, path[len(role) + 1 :]

    def beside(self, pattern: str, image: str) -> str:
        """`pattern` with the {folder} and {stem} of the file at the path `image`."""
        place = PurePosixPath(self.split(image)[1])
        return pattern.replace("{folder}", str(place.parent)).replace("{stem}", place.stem)

    def file(self, path: str) -> File | None:
        """The file at `path`; None where the archive has none."""
        role, name = self.split(path)
        member = self.files(role).get(name)
        return None if member is None else File(self.inputs[role].as_posix(), member)


def images_of(places: Places, splits: Splits) -> Iterator[tuple[str, Where, str, re.Match[str]]]:
    """(split, where its files lie, path, match) of each image of each split, by path."""
    some = False
    for split, files in zip(SPLITS, (splits.training, splits.validation), strict=True):
        if files is None:
            continue
        wanted = None if files.names is None else set(names_in(files.names))
        for path, match in places.matching(files.images):
            if wanted is None or PurePosixPath(path).stem in wanted:
                some = True
                yield split, files, path, match
    if not some:
        raise LarvSegError(f"{splits.training.images}: no such image of {places.dataset}; use the official archive, whole")


def named(images: list[ListedImage], paths: list[str]) -> list[ListedImage]:
    """`images`, which lie at `paths`, by split and name; where two have one name, the names of all begin with their folders."""
    if len({(image.split, image.name) for image in images}) < len(images):
        longer = (str(PurePosixPath(path).with_suffix("")) for path in paths)
        images = [image._replace(name=name) for image, name in zip(images, longer, strict=True)]
    return sorted(images, key=lambda image: (image.split, image.name))


# ---- masks


def _with_masks(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    vocabulary, source = vocabulary_of(config), config.source
    return Contents(
        chunks=in_chunks(masked(config.dataset, source, inputs)),
        classes=vocabulary.names,
        keys=vocabulary.keys,
        novel=novel_of(config, vocabulary.names),
        encoding=source.encoding,
        raw_ids=vocabulary.raw_ids,
        ignored=tuple(colour(value) if isinstance(value, str) else value for value in source.ignored),
    )


def masked(dataset: str, splits: Splits, inputs: Mapping[str, Path]) -> list[ListedImage]:
    """The images of `dataset` with their masks, by split and name; errors as in contents_of."""
    places = Places(dataset, inputs)
    images, paths = [], []
    for split, files, path, _ in images_of(places, splits):
        place = places.beside(files.masks, path)
        mask = places.file(place)
        if mask is None:
            role, name = places.split(place)
            raise LarvSegError(f"{PurePosixPath(path).stem}: no mask {name!r} in {inputs[role]}; use the official archives, whole")
        images.append(ListedImage(PurePosixPath(path).stem, split, places.file(path), mask))
        paths.append(path)
    return named(images, paths)


# ---- labels of the whole image: the folder it lies in, or a line of a CSV file


def _with_labels(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    vocabulary, places = vocabulary_of(config), Places(config.dataset, inputs)
    position = {name: train_id for train_id, name in enumerate(vocabulary.names)}
    images, paths = [], []
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    for split, files, path, match in images_of(places, config.source):
        if files.labels is None:
            labels: tuple[str, ...] = (match["label"],)
        else:
            if files.labels not in tables:
                tables[files.labels] = _label_table(places, files.labels)
            labels = tables[files.labels].pop(_from_folder(path, files.labels), ())
            if not labels:
                continue  # an image that the table does not name
        if unknown := [label for label in labels if label not in position]:
            raise LarvSegError(f"{config.dataset}: {path}: {unknown[0]!r} is no class{nearest(unknown[0], list(position))}")
        train_ids = tuple(sorted({position[label] for label in labels}))
        if config.source.kind == "single_label" and len(train_ids) != 1:
            raise LarvSegError(f"{config.dataset}: {path} has {len(train_ids)} labels, of a single_label data set; say kind: multi_label")
        images.append(ListedImage(PurePosixPath(path).stem, split, places.file(path), labels=train_ids))
        paths.append(path)
    for table, left in tables.items():
        if left:
            raise LarvSegError(f"{config.dataset}: {table} names {next(iter(left))!r}, which is no image beside it ({len(left)} in all)")
    return Contents(in_chunks(named(images, paths)), vocabulary.names, vocabulary.keys, novel_of(config, vocabulary.names))


def _label_table(places: Places, path: str) -> dict[str, tuple[str, ...]]:
    """file → labels of the CSV file at `path`."""
    file = places.file(path)
    if file is None:
        raise LarvSegError(f"{places.dataset}: no table of labels {path!r}")
    try:
        rows = list(csv.DictReader(io.StringIO(file.read(ArchiveReader()).decode("utf-8-sig"))))
        table = {row["file"]: tuple(filter(None, map(str.strip, row["label"].split(";")))) for row in rows}
    except (UnicodeDecodeError, csv.Error, KeyError, AttributeError):
        raise LarvSegError(f"{places.dataset}: {path}: not a CSV file in UTF-8 with the columns file and label") from None
    if len(table) < len(rows):
        raise LarvSegError(f"{places.dataset}: {path}: names a file twice")
    return table


def _from_folder(path: str, table: str) -> str:
    """The path of an image seen from the folder of the table of labels."""
    folder = f"{PurePosixPath(table).parent}/"
    return path.removeprefix(folder)


# ---- images of synsets: I124, I585, I21K, IN11K, I1K


def _objects(config: DeriveConfig, inputs: Mapping[str, Path], counts: Mapping[str, int]) -> Contents:
    """Those of one archive for each synset."""
    sizes = {role.removesuffix(".tar"): counts[role] for role in sorted(inputs)}
    if config.classes is None:
        synsets: dict[str, str | None] = {wnid: wnid for wnid, size in sizes.items() if size > config.larger_than}
        vocabulary = None
    else:
        vocabulary = vocabulary_of(config)
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
        keys=vocabulary.of(set(names)).keys if vocabulary else dict.fromkeys((*RULES, "synset"), names),
        novel=novel_of(config, names) if vocabulary else None,
        absent=tuple(name for name, wnid in synsets.items() if wnid is None),
    )


def _tar_of_tars(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    """ImageNet-1K, or all of ImageNet-21K: a tar of one tar for each synset, in a folder or not."""
    role = config.source.training.images.partition("/")[0]
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
    return Contents(chunks, classes=wnids, keys=dict.fromkeys((*RULES, "synset"), wnids))


def _largest(candidates: tuple[str, ...], sizes: Mapping[str, int]) -> str | None:
    """The synset with most images, of equals the smaller; None if there is no archive of any."""
    present = [wnid for wnid in candidates if wnid in sizes]
    return min(present, key=lambda wnid: (-sizes[wnid], wnid), default=None)
