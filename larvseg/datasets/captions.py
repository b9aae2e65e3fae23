"""Images with captions: Localized Narratives, and image-text tars as of img2dataset.

Captions stay text. They have no classes, and nothing here looks for any in them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from larvseg.config import DeriveConfig, Files, nearest
from larvseg.datasets.listing import Contents, File, ListedImage, Places, in_chunks
from larvseg.datasets.rejects import Reject
from larvseg.errors import LarvSegError
from larvseg.sources.archives import Member, members
from larvseg.sources.narratives import Narrative, narratives
from larvseg.vocabulary import RULES

LONGEST_TEXT = 2**16  # bytes of a caption file
_IMAGES = (".jpg", ".jpeg", ".png", ".webp")


def captioned(config: DeriveConfig, inputs: Mapping[str, Path]) -> Contents:
    """What a data set with captions is made of; roles in `inputs` are archive names. All images are for training.

    Raises LarvSegError for a missing or damaged archive, for narratives of ADE20K (images of A150, those of its validation split among
    them) or of other images than the data set's, and for a line that is no narrative.
    """
    training = config.source.training
    images, rejects = _narrated(config.dataset, training, inputs) if training.narratives else _paired(config.dataset, inputs)
    if not images:
        raise LarvSegError(f"{config.dataset}: no image with a caption in {len(inputs)} archives; use whole archives")
    return Contents(in_chunks(images), classes=(), keys={rule: () for rule in RULES}, rejects=tuple(rejects))


# ---- Localized Narratives


def _narrated(dataset: str, training: Files, inputs: Mapping[str, Path]) -> tuple[list[ListedImage], list[Reject]]:
    """An image for each that somebody describes, by name; narratives of images that are not there are rejected."""
    shards, images = training.narratives, training.images.partition("/")[0]
    for role in inputs:
        if role not in (images, *shards):
            raise _refused(dataset, role, images, shards)
    if missing := [role for role in (images, *shards) if role not in inputs]:
        raise LarvSegError(f"{dataset} needs the archive {missing[0]}; fetch it first")
    places = Places(dataset, {images: inputs[images]})
    there = {PurePosixPath(path).stem: places.file(path) for path, _ in places.matching(training.images)}
    captions: dict[str, list[str]] = defaultdict(list)
    rejects = []
    for role in shards:
        for one in narratives(inputs[role]):
            _check_origin(inputs[role], one, training.origin)
            name, caption = one.image_id.zfill(12), " ".join(one.caption.split())
            if name in there and caption:
                captions[name].append(caption)
            else:
                problem = "an empty caption" if name in there else f"no such image in {images}"
                rejects.append(Reject(name, "training", inputs[role].as_posix(), f"line {one.line}", problem))
    return [ListedImage(name, "training", there[name], captions=tuple(captions[name])) for name in sorted(captions)], rejects


def _refused(dataset: str, role: str, images: str, shards: tuple[str, ...]) -> LarvSegError:
    if role.startswith("ade20k_"):
        return LarvSegError(
            f"{role}: refused, it describes images of A150, those of its validation split among them; leave it out of {dataset}"
        )
    return LarvSegError(f"{role}: {dataset} has the narratives of {images} only{nearest(role, list(shards))}; leave it out")


def _check_origin(path: Path, one: Narrative, origin: str | None) -> None:
    if "ade20k" in one.dataset_id.lower():
        raise LarvSegError(f"{path}:{one.line}: refused, a narrative of ADE20K, whose images are those of A150; use the official file")
    if one.dataset_id != origin:
        raise LarvSegError(f"{path}:{one.line}: a narrative of {one.dataset_id[:40]!r}, not of {origin}; use the official file")


# ---- image-text tars


def _paired(dataset: str, inputs: Mapping[str, Path]) -> tuple[list[ListedImage], list[Reject]]:
    """The samples that have an image and a caption, by name; the others are rejected."""
    if wrong := [role for role in inputs if not role.endswith(".tar")]:
        raise LarvSegError(f"{wrong[0]}: {dataset} is made of image-text tars; leave it out")
    images, rejects, shard_of = [], [], {}
    for role in sorted(inputs):
        archive = inputs[role].as_posix()
        for key, parts in _samples(inputs[role]):
            if shard_of.setdefault(key, role) != role:
                raise LarvSegError(f"{archive}: the sample {key!r} is in {shard_of[key]}, too; use shards of one collection")
            image, text = next((parts[suffix] for suffix in _IMAGES if suffix in parts), None), parts.get(".txt")
            if problem := _problem(image, text):
                rejects.append(Reject(key, "training", archive, (image or text or min(parts.values())).name, problem))
            else:
                images.append(ListedImage(key, "training", File(archive, image), text=File(archive, text)))
    return sorted(images, key=lambda one: one.name), rejects


def _samples(path: Path) -> Iterator[tuple[str, dict[str, Member]]]:
    """(key, {suffix: member}) of the samples in the tar `path`: files whose names are the same up to the first dot."""
    samples: dict[str, dict[str, Member]] = defaultdict(dict)
    for member in members(path):
        folder, _, file = member.name.rpartition("/")
        key, _, suffix = file.partition(".")
        samples[f"{folder}/{key}" if folder else key][f".{suffix.lower()}"] = member
    yield from samples.items()


def _problem(image: Member | None, text: Member | None) -> str | None:
    if image is None:
        return "no image"
    if text is None:
        return "no caption: no .txt beside it"
    return f"a caption of {text.size} bytes, over the limit of {LONGEST_TEXT}" if text.size > LONGEST_TEXT else None
