"""Archives, data sets, and the stages from one to the other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from larvseg.config.base import Model, Seed

Kind = Literal["pixel", "multi_label", "single_label", "caption"]  # masks, labels of the whole image, the one label of an image, text
Annotation = Literal["masks", "image_labels", "captions", "none"]
ANNOTATIONS: dict[str, Annotation] = {
    "pixel": "masks",
    "multi_label": "image_labels",
    "single_label": "image_labels",
    "caption": "captions",
}
Encoding = Literal["coco-stuff", "ade-challenge", "ade-full", "a847-prepared", "ids", "colours"]


class ClassList(Model):
    """The classes of a data set: a CSV file with a line for each, in the order of train ids, and which of its columns says what.

    Keys are the names under which classes of several data sets meet, by alignment rule: "column", or "file:column" for another file
    with a column of the same names; a class without a key there keeps its own name, and so does every class under a rule that is not here.
    """

    file: str
    name: str = "name"
    id: str | None = None  # the value in masks; of colours "#rrggbb"
    keys: dict[str, str] = {}
    drawn: str | None = None  # "file:column": the classes that a drawn profile is restricted to


class Files(Model):
    """Where a split lies: patterns <archive>/<member>.

    In `images`, * stands for anything but a slash and ** for any folders; {class} and {synset} are the label of the image. In `masks`,
    {folder} and {stem} are those of the image. `labels`: a CSV file with the columns file and label (several with semicolons between).
    """

    images: str
    names: str | None = None  # a text file of the project with the stems of the images, one a line; None: all
    masks: str | None = None
    labels: str | None = None
    captions: str | None = None  # of the image with this {folder} and {stem}
    narratives: tuple[str, ...] = ()  # Localized Narratives of the images: archives of JSON lines
    origin: str | None = None  # what narratives call the data set that the images are from


class Prepared(Model):
    """The same images after the published preparation, which the switch a847_preparation chooses: what differs."""

    archives: tuple[str, ...]
    encoding: Encoding
    id: str  # column of the class list
    training: Files
    validation: Files | None = None


class DataSet(Model):
    """A data set of `workflow/config/datasets.yaml`."""

    kind: Kind
    family: str = ""  # of its archives: what is fetched, or drawn, together; of one's own it is made up
    archives: tuple[str, ...] = ()  # none: one of each synset; of one's own it is made up
    source: str | None = None  # of one's own: a folder, zip or tar, seen from the folder of the project; patterns begin below it
    counted: bool = False  # has a manifest also where no run uses it, for Table 2
    classes: ClassList | str | None = None  # str: those of the data set of that name, which it brings more images of
    base: str | None = None  # categories that this data set names are base, the others novel
    encoding: Encoding | None = None  # of masks
    ignored: tuple[int | str, ...] = ()  # values of masks that are no class: ids, or "#rrggbb"
    synsets: dict[str, str] | None = None  # list, as the switch synsets calls it → "file:column" with the candidates of each class
    training: Files
    validation: Files | None = None
    whole: Files | None = None  # training images in profiles with whole_imagenet
    larger_only: bool = False  # of synsets those with more images than the profile says (in11k_images)
    prepared: Prepared | None = None
    annotations: Annotation | None = None  # what a method may see that names it among its training data; by default what its kind says
    released: tuple[int, int] | None = None  # training and validation images of the official archives

    @property
    def shown(self) -> Annotation:
        """What a row of a table shows to its method by naming the data set."""
        return self.annotations or ANNOTATIONS[self.kind]


class World(Model):
    """Sizes of the drawn miniature world: numbers of images."""

    seed: Seed
    coco_training: PositiveInt
    coco_validation: PositiveInt
    ade_training: PositiveInt
    ade_validation: PositiveInt
    objects: int = Field(gt=1)  # of each synset of ImageNet-21K
    web: PositiveInt = 24  # with captions
    ilsvrc: PositiveInt = 2  # of each drawn synset that ImageNet-1K has


class Source(Model):
    """An official archive of `workflow/config/sources.yaml`: where it is, how one knows that it is whole, and on what terms it is given."""

    family: str
    url: str | None = None  # None: a person puts it there: the link is personal, or it comes in another form; "{wnid}" stands for a synset
    mirrors: tuple[str, ...] = ()
    size: PositiveInt | None = None  # bytes, exact, where published
    gigabytes: PositiveFloat  # about; what `larvseg plan` counts with
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


class Own(Model):
    """What lay at `source` when a run was planned. `listing`: hash of the names and sizes of its files."""

    source: str
    files: NonNegativeInt
    bytes: NonNegativeInt
    listing: str


class FetchConfig(Model):
    """One family of archives: `own`, made of what a user has; else with a `world` drawn; else fetched.

    `sources` are by the names of Registry, without their mirrors.
    """

    family: str
    own: Own | None = None
    world: World | None = None
    registry: str | None = None  # where mirrors are looked up: another mirror is no reason to fetch again
    sources: dict[str, Source] = {}
    licensed: dict[str, tuple[str, ...]] = {}  # name in the registry → files of it that the profile needs and that ask for a licence
    threads: PositiveInt = 1


class PrepareConfig(Model):
    """The published preparation of A847: short side at most `short_side` pixels, JPEG of `quality`, masks as 16-bit train ids."""

    dataset: str
    source: DataSet
    classes: ClassList
    short_side: PositiveInt = 512
    quality: PositiveInt = 75
    threads: PositiveInt = 1


class VocabularyConfig(Model):
    """The synsets of I124 and I585, resolved from WordNet and compared with the committed lists."""

    datasets: tuple[str, ...] = ("I124", "I585")


class DeriveConfig(Model):
    """One manifest. `source`, `classes` and `base` are resolved: no name of another data set is left in them."""

    dataset: str
    source: DataSet
    classes: ClassList | None = None
    benchmark: str | None = None  # the data set whose classes these are, where it is another
    base: ClassList | None = None
    drawn: bool  # restrict the classes to those that the miniature draws
    weak_labels: Literal["image", "crop"] = "image"
    synsets: str | None = None  # "file:column" with the candidates of each class
    larger_than: NonNegativeInt = 0  # without classes: the synsets with more images than this
    max_rejects: float = Field(default=0.0, ge=0, le=1)  # share of images that may be undecodable
    threads: PositiveInt = 1
