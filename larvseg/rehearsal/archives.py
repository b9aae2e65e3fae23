"""The archives of the paper profile for a rehearsal: official names, layouts and encodings, the full vocabularies, but few images."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from larvseg.config import Comparators
from larvseg.files import json_text, replacing, sha256_of, write_text
from larvseg.lineage.fingerprint import environment, fingerprint
from larvseg.miniature.packing import add_to_tar, add_to_zip, jpeg, png, zip_writers
from larvseg.rehearsal.ade_full import pack_ade_full
from larvseg.rehearsal.captions import ILSVRC, WHOLE, pack_ilsvrc, pack_narratives, pack_whole
from larvseg.rehearsal.images import grey, mosaic, object_images
from larvseg.rehearsal.split import SPLITS, deal, stem_of
from larvseg.vocabulary.datasets import committed
from larvseg.vocabulary.names import REFERENCE

SERVED, LICENSED = "served", "licensed"  # folders: what the server hands out, what a person downloads with the browser
SYNSET_FOLDER = "winter21_whole"
UNREADABLE = "n04520170_3"  # van: cut off in the middle, to be found and left out
KNOWN_BAD = "n09359803_8155"  # mountain: on the list of images that are known to be bad

_COCO_SIZES = ((640, 480), (480, 640), (640, 427), (500, 375))
_CHALLENGE_SIZES = ((683, 512), (512, 683), (256, 256), (768, 512))
_REGIONS = 30  # of an image: six training images show all classes of C171, and all of A150
_MORE = 8  # synsets in the archive of all of them, beside those that a figure shows
_MARK = "built.json"


class Shown(NamedTuple):
    """What figures want to show: classes of A150 and of A847, and synsets."""

    a150: tuple[str, ...] = ()
    a847: tuple[str, ...] = ()
    synsets: tuple[str, ...] = ()


def build(folder: Path, comparators: Comparators, shown: Shown, seed: int = 0) -> bool:
    """Write the archives into `folder`/served and `folder`/licensed, unless they lie there, made by this very code; whether it did.

    comparators: whose CLIP models and feature network there shall be weights of.
    The bytes depend on these, `seed`, the committed class lists and the versions of the libraries alone.
    """
    mark, recipe = folder / _MARK, _recipe(seed, comparators, shown)
    if mark.is_file() and mark.read_text(encoding="utf-8") == recipe:
        return False
    mark.unlink(missing_ok=True)
    served, licensed = folder / SERVED, folder / LICENSED
    steps: dict[str, Callable[[], None]] = {
        "COCO-Stuff": lambda: pack_coco(served, seed),
        "ADE20K challenge": lambda: pack_challenge(served / "ADEChallengeData2016.zip", seed, shown.a150),
        "ADE20K full": lambda: pack_ade_full(licensed / "ADE20K_2021_17_01.zip", seed, shown.a847),
        "ImageNet": lambda: pack_synsets(served / SYNSET_FOLDER, seed),
        "all of ImageNet": lambda: pack_whole(licensed / WHOLE, seed, every_synset(shown.synsets)),
        "ImageNet-1K": lambda: pack_ilsvrc(served / ILSVRC, seed),
        "Localized Narratives": lambda: pack_narratives(served, seed),
        "WordNet": lambda: _pack_wordnet(served / "wordnet.zip"),
        "weights": lambda: pack_weights(served, comparators, seed),
    }
    with tqdm(total=len(steps), unit="family", file=sys.stderr, disable=None) as bar:
        for name, step in steps.items():
            bar.set_description(f"building {name}")
            step()
            bar.update()
    write_text(mark, recipe)
    return True


def _recipe(seed: int, comparators: Comparators, shown: Shown) -> str:
    """Everything that decides the bytes."""
    reference = {path.relative_to(REFERENCE).as_posix(): sha256_of(path) for path in sorted(REFERENCE.rglob("*")) if path.is_file()}
    code = fingerprint(__name__)
    settings = {"seed": seed, "comparators": comparators.model_dump(mode="json"), "shown": shown._asdict()}
    return json_text(settings | {"code": code, "packages": environment(code), "reference": reference})


def pack_coco(folder: Path, seed: int) -> None:
    """train2017.zip, val2017.zip and stuffthingmaps_trainval2017.zip: 8-bit masks of ids 0 … 181 with gaps, 255 unlabelled."""
    names = ("train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip")
    rng = np.random.default_rng([seed, 1])
    values = deal(rng, committed().vocabulary("C171").raw_ids, _REGIONS)
    with zip_writers({name: folder / name for name in names}) as archives:
        maps = archives[names[2]]
        for split, split_name, archive in zip(SPLITS, ("train2017", "val2017"), names[:2], strict=True):
            add_to_zip(archives[archive], f"{split_name}/")
            add_to_zip(maps, f"{split_name}/")
            for number, own in enumerate(values[split], 1):
                drawn = mosaic(rng, *_COCO_SIZES[number % len(_COCO_SIZES)], _REGIONS + 1)
                stem = f"{split_name}/{number + (500_000 if split == 'validation' else 0):012d}"
                add_to_zip(archives[archive], f"{stem}.jpg", grey(drawn.image) if number == 1 else jpeg(drawn.image))
                add_to_zip(maps, f"{stem}.png", png(np.append(own, 255).astype(np.uint8)[drawn.regions]))


def pack_challenge(path: Path, seed: int, shown: Sequence[str] = ()) -> None:
    """ADEChallengeData2016.zip: 8-bit masks of label ids 1 … 150, 0 unlabelled. The last validation image has the classes `shown`."""
    top = "ADEChallengeData2016"
    rng = np.random.default_rng([seed, 2])
    vocabulary = committed().vocabulary("A150")
    values = deal(rng, vocabulary.raw_ids, _REGIONS)
    if wanted := [vocabulary.raw_ids[vocabulary.names.index(name)] for name in shown]:
        values["validation"][-1] = np.resize(wanted, _REGIONS)  # several regions each: figures show what is large enough
    with zip_writers({path.name: path}) as archives:
        archive = archives[path.name]
        for folder in ("", *(f"{kind}/{split}" for kind in ("annotations", "images") for split in ("", *(f"{name}/" for name in SPLITS)))):
            add_to_zip(archive, f"{top}/{folder}")
        places = []
        for split in SPLITS:
            for number, own in enumerate(values[split], 1):
                drawn = mosaic(rng, *_CHALLENGE_SIZES[number % len(_CHALLENGE_SIZES)], _REGIONS + 1)
                stem = stem_of(split, number)
                add_to_zip(archive, f"{top}/images/{split}/{stem}.jpg", grey(drawn.image) if number == 1 else jpeg(drawn.image))
                mask = png(np.append(own, 0).astype(np.uint8)[drawn.regions])
                add_to_zip(archive, f"{top}/annotations/{split}/{stem}.png", mask)
                places.append(f"{stem} street\n")
        add_to_zip(archive, f"{top}/sceneCategories.txt", "".join(places).encode())


def pack_synsets(folder: Path, seed: int) -> None:
    """A tar for each synset of the published lists of I124 and I585, each with two good images; one more is cut off, one known as bad."""
    images = object_images(np.random.default_rng([seed, 3]))
    for position, wnid in enumerate(published_synsets()):
        with replacing(folder / f"{wnid}.tar") as path, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for number in (1, 2):
                add_to_tar(archive, f"{wnid}_{number}.JPEG", images[(2 * position + number) % len(images)])
            for name, data in _odd(wnid, images):
                add_to_tar(archive, f"{name}.JPEG", data)


def _odd(wnid: str, images: tuple[bytes, ...]) -> Iterator[tuple[str, bytes]]:
    if UNREADABLE.startswith(wnid):
        yield UNREADABLE, images[0][: len(images[0]) // 2]
    if KNOWN_BAD.startswith(wnid):
        yield KNOWN_BAD, images[1]


def published_synsets() -> tuple[str, ...]:
    """Every synset of the published lists of I124 and I585, ascending."""
    lists = (committed().vocabulary(dataset).synsets.values() for dataset in ("I124", "I585"))
    return tuple(sorted({wnid for synsets in lists for candidates in synsets for wnid in candidates}))


def every_synset(shown: Iterable[str]) -> tuple[str, ...]:
    """The synsets that the rehearsal takes for all there are: those that are `shown`, and a few more."""
    return tuple(sorted({*published_synsets()[:_MORE], *shown}))


def _pack_wordnet(path: Path) -> None:
    from larvseg.miniature.wordnet import pack_wordnet

    path.parent.mkdir(parents=True, exist_ok=True)
    pack_wordnet(path)


def pack_weights(folder: Path, comparators: Comparators, seed: int) -> None:
    """The backbone, ReCo's feature network and every CLIP model of `comparators`."""
    from larvseg.rehearsal.weights import BACKBONE, pack_backbone, pack_clip, pack_training_state

    pack_backbone(folder / BACKBONE, seed)
    pack_training_state(folder / comparators.reco.features.weights, comparators.reco.features, seed)
    for model in comparators.clip.values():
        pack_clip(folder / model.weights, model, seed)
