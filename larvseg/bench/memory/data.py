"""From archives to manifests: what is kept of the members of archives and of the images that are listed."""

from __future__ import annotations

from pathlib import Path

from larvseg.bench.memory import inputs
from larvseg.bench.memory.stage import Stage
from larvseg.config import DeriveConfig
from larvseg.datasets.derive import derive
from larvseg.lineage.records import content_hash
from larvseg.sources.archives import members
from larvseg.vocabulary.datasets import committed

MANIFEST = Path("manifest.arrow")
_SCENES, _SYNSET, _PAIRS, _BYTES = Path(inputs.ARCHIVE), Path("n02084071.tar"), Path("pairs.tar"), Path("large.bin")


def make_scenes(images: int) -> None:
    inputs.scenes(_SCENES, images)


def make_objects(images: int) -> None:
    inputs.objects(_SYNSET, "n02084071", images)


def make_pairs(images: int) -> None:
    inputs.pairs(_PAIRS, images)


def make_bytes(images: int) -> None:
    """A file of a hundred KB an image, all of it a hole."""
    with open(_BYTES, "wb") as file:
        file.truncate(images * 1000)


def index_archive(images: int) -> object:
    return members(_SCENES)


def derive_scenes(images: int) -> None:
    _derive("A150", {"ADEChallengeData2016.zip": _SCENES})


def derive_objects(images: int) -> None:
    _derive("I124", {_SYNSET.name: _SYNSET})


def derive_pairs(images: int) -> None:
    _derive("ITPair", {_PAIRS.name: _PAIRS})


def _derive(dataset: str, archives: dict[str, Path]) -> None:
    entry = committed()[dataset]
    classes = None if entry.classes is None else committed().classes(dataset)
    config = DeriveConfig(dataset=dataset, source=entry, classes=None if dataset == "I124" else classes, drawn=False)
    derive(config, archives, {"manifest": MANIFEST, "rejects": Path("rejects.csv")}, Path("work"))


def hash_file(images: int) -> str:
    return content_hash(_BYTES)


STAGES = (
    Stage("index of an archive", "name and place of each member, here two", index_archive, make_scenes),
    Stage("derive: masks", "names and places of image and mask, to sort them", derive_scenes, make_scenes, 10**5),
    Stage("derive: a synset", "names and places of a synset's images", derive_objects, make_objects, 10**5),
    Stage("derive: captions", "names and places of image and text, to sort them", derive_pairs, make_pairs, 10**5),
    Stage("hash of a file", "nothing", hash_file, make_bytes),
)
