"""Archives, data sets, and the stages from one to the other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from larvseg.config.base import Model

SEGMENTATION_DATASETS = ("C171", "A150", "A847")
MULTI_LABEL_DATASETS = ("WA150", "WA847")
SINGLE_LABEL_DATASETS = ("I124", "I585", "I21K", "IN11K", "I1K")
CAPTION_DATASETS = ("LN", "ITPair")
DATASETS = SEGMENTATION_DATASETS + MULTI_LABEL_DATASETS + SINGLE_LABEL_DATASETS + CAPTION_DATASETS
Kind = Literal["pixel", "multi_label", "single_label", "caption"]


def kind_of(dataset: str) -> Kind:
    """How the images of `dataset` are labelled."""
    if dataset in SEGMENTATION_DATASETS:
        return "pixel"
    if dataset in CAPTION_DATASETS:
        return "caption"
    return "multi_label" if dataset in MULTI_LABEL_DATASETS else "single_label"


class World(Model):
    """Sizes of the drawn miniature world: numbers of pictures."""

    seed: int
    coco_training: int = Field(gt=0)
    coco_validation: int = Field(gt=0)
    ade_training: int = Field(gt=0)
    ade_validation: int = Field(gt=0)
    objects: int = Field(gt=1)  # of each synset of ImageNet-21K
    web: int = Field(default=24, gt=0)  # with captions
    ilsvrc: int = Field(default=2, gt=0)  # of each drawn synset that ImageNet-1K has


Family = Literal["coco", "ade_challenge", "ade_full", "imagenet", "imagenet_whole", "wordnet", "weights", "narratives", "itpair", "ilsvrc"]


class Source(Model):
    """An official archive of `workflow/config/sources.yaml`: where it is, how one knows that it is whole, and on what terms it is given."""

    family: Family
    url: str | None  # None: a person puts it there: the link is personal, or it comes in another form; "{wnid}" stands for a synset
    mirrors: tuple[str, ...] = ()
    size: int | None = Field(default=None, gt=0)  # bytes, exact, where published
    gigabytes: float = Field(gt=0)  # about; what `larvseg plan` counts with
    sha256: str | None = None
    md5: str | None = None
    licence: str
    access: Literal["open", "registration", "login"] = "open"
    request: str | None = None  # the page on which access is asked for
    hub: str | None = None  # "<repository>/<file>" of the Hugging Face hub, whose local cache is looked into first
    counts: dict[str, int] = {}  # pattern of member names (fnmatch) → how many members there must be
    absent: tuple[str, ...] = ()  # of {wnid}: synsets that the release does not hold, and that data sets go without


class Registry(Model):
    """`workflow/config/sources.yaml`. A name with {wnid} stands for one archive of each synset."""

    archives: dict[str, Source]


class FetchConfig(Model):
    """One family of archives; `world` set: drawn. Otherwise fetched: `sources` by the names of Registry, without their mirrors."""

    family: Family
    world: World | None
    registry: str | None = None  # where mirrors are looked up: another mirror is no reason to fetch again
    sources: dict[str, Source] = {}
    licensed: dict[str, tuple[str, ...]] = {}  # name in the registry → files of it that the profile needs and that ask for a licence
    threads: int = 1


class PrepareConfig(Model):
    """The published preparation of A847: short side at most `short_side` pixels, JPEG of `quality`, masks as 16-bit train ids."""

    short_side: int = 512
    quality: int = 75
    threads: int = 1


class VocabularyConfig(Model):
    """The synsets of I124 and I585, resolved from WordNet and compared with the committed lists."""

    datasets: tuple[str, ...] = ("I124", "I585")


class DeriveConfig(Model):
    """One manifest."""

    dataset: str
    drawn: bool  # restrict the vocabularies to the classes that the miniature draws
    weak_labels: Literal["image", "crop"] = "image"
    synsets: Literal["published", "corrected"] = "published"
    larger_than: int = Field(default=0, ge=0)  # IN11K: the synsets with more pictures than this
    prepared: bool = False  # A847, WA847: read the archive of the published preparation
    max_rejects: float = Field(default=0.0, ge=0, le=1)  # share of pictures that may be undecodable
    threads: int = 1
