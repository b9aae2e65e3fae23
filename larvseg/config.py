"""Configuration: what a profile, a run, a table and each stage may say. Unknown keys are errors that name the nearest known one."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from larvseg.errors import LarvSegError

SEGMENTATION_DATASETS = ("C171", "A150", "A847")
MULTI_LABEL_DATASETS = ("WA150", "WA847")
SINGLE_LABEL_DATASETS = ("I124", "I585", "I21K")
DATASETS = SEGMENTATION_DATASETS + MULTI_LABEL_DATASETS + SINGLE_LABEL_DATASETS

_LISTED = 60  # names that an error lists at the most

Kind = Literal["pixel", "multi_label", "single_label"]


def kind_of(dataset: str) -> Kind:
    """How the images of `dataset` are labelled."""
    if dataset in SEGMENTATION_DATASETS:
        return "pixel"
    return "multi_label" if dataset in MULTI_LABEL_DATASETS else "single_label"


class Model(BaseModel):
    """A configuration section: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Switches(Model):
    """Where paper and official code disagree (README, "Paper and code"); the presets are in `workflow/config/presets.yaml`."""

    normalisation: Literal["imagenet", "half"] = "imagenet"  # mean/std of the inputs
    temperature: Literal["layer_norm", "cosine"] = "layer_norm"  # class-axis LayerNorm · γ + β, or cosine / τ (eq. 5)
    attention_on: Literal["logits", "similarity"] = "logits"  # what A multiplies: normalised logits, or cosines before the softmax
    pooling: Literal["all_pixels", "attention"] = "all_pixels"  # divide the attentive pooling by HW, or by the sum of A
    bank_classes: Literal["all", "novel"] = "all"
    bank_scope: Literal["global", "per_rank"] = "global"
    weak_labels: Literal["image", "crop"] = "image"  # labels of the whole image, or of the training crop (opens the masks)
    aux_denominator: Literal["all_pairs", "warm_pairs"] = "all_pairs"
    pixel_denominator: Literal["all_pixels", "labelled_pixels"] = "all_pixels"
    alignment: Literal["S", "P"] = "S"
    evaluation_size: Literal["original", "resized"] = "original"  # size of the logits at which argmax is taken
    lambda_cls: Literal["printed", "released"] = "printed"  # 0.1 everywhere, or the released configs' 0.1/0.2
    top_k: Literal["printed", "released"] = "printed"  # 20 everywhere, or the released configs' 20/40
    backbone_weights: Literal["in21k_ft_in1k", "in21k"] = "in21k_ft_in1k"
    synsets: Literal["published", "corrected"] = "published"  # the authors' lists of I124 and I585, or the right senses
    a847_preparation: Literal["original", "published"] = "original"  # pictures as released, or resized and compressed again as published


class World(Model):
    """Sizes of the drawn miniature world: numbers of pictures."""

    seed: int
    coco_training: int = Field(gt=0)
    coco_validation: int = Field(gt=0)
    ade_training: int = Field(gt=0)
    ade_validation: int = Field(gt=0)
    objects: int = Field(gt=1)  # pictures of each synset


class Backbone(Model):
    """A timm vision transformer. `arguments` go to timm.create_model as they are."""

    title: str  # what tables call it
    name: str  # timm model name without tag
    arguments: dict[str, Any] = {}
    stem: Literal["patch", "convolution"] = "patch"  # how patches become tokens; convolutions learn from far fewer pictures
    weights: str  # "pretrain": trained on the object pictures by the DAG; "timm:<tag>"; or a path to a safetensors file
    image_size: int  # pixels; the grid of the position embedding
    patch_size: int


class Optimiser(Model):
    """Optimiser and polynomial schedule: lr(t) = (lr − min_lr)·(1 − t/steps)^power + min_lr, after a linear warm-up."""

    name: Literal["sgd", "adamw"]
    lr: float = Field(gt=0)
    min_lr: float = Field(ge=0)
    momentum: float = 0.9  # SGD
    weight_decay: float = 0.0
    power: float = 0.9
    warmup_steps: int = 0
    head_factor: float = Field(default=1.0, gt=0)  # learning rate of the new layers over that of the pretrained backbone


class Runtime(Model):
    """What changes speed only, up to floating-point rounding; recorded with every run."""

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    tf32: bool = False
    threads: int = Field(default=1, gt=0)
    checkpoint_every: int = Field(default=100, gt=0)  # steps between two resumable states


class Augmentation(Model):
    """Training pictures: resize by U(scale), crop, flip, photometric distortion, pad. Sizes in pixels."""

    short_side: int  # 512 in the paper; images are resized to short side · s, at most long side · s
    long_side: int
    crop: int
    scale: tuple[float, float] = (0.5, 2.0)
    max_category_share: float = 0.75  # RandomCrop's cat_max_ratio; 1.0 switches it off


class Pretraining(Model):
    """Classification of the object pictures (the role of the ImageNet-21K weights in the miniature)."""

    steps: int = Field(gt=0)
    batch_size: int = Field(gt=0)
    optimiser: Optimiser
    augmentation: Augmentation
    threads: int = 1
    seed: int = 0


class TrainingSet(Model):
    """One training data set of a run and its loss weights."""

    name: str
    kind: Kind
    augmentation: Augmentation
    lambda_cls: float = 0.0
    lambda_aux: float = 0.0
    ranks: int  # how many of the virtual ranks draw from it


class Attention(Model):
    """The category-wise attentive classifier: memory_size M images, top_k K pixels of each."""

    variant: Literal["none", "cross_image", "single_image", "push_first"] = "none"
    memory_size: int = 20
    top_k: int = 20
    warm_up: int = 1  # times the ring must have wrapped before a category is scored
    background_top_k: int = 5
    background_threshold: float = 0.35
    background_mse_threshold: float = 2.0


class TrainConfig(Model):
    """One resolved training run."""

    run: str
    profile: str
    method: Literal["supervised", "baseline", "larvseg"]
    benchmark: Literal["A150", "A847"]
    training_sets: tuple[TrainingSet, ...]
    backbone: Backbone
    attention: Attention
    switches: Switches
    optimiser: Optimiser
    steps: int = Field(gt=0)
    ranks: int = 8  # virtual ranks of a joint step
    images_per_rank: int = 2
    sample_classes: int | None = None  # classes drawn for each rank and step when the vocabulary is larger
    loss_downsample: int = 2  # losses are taken at crop / loss_downsample
    temperature: float = 0.05  # τ, only with switches.temperature = cosine
    seed: int = 0
    runtime: Runtime = Runtime()


class PretrainConfig(Model):
    """The backbone that every run starts from."""

    profile: str
    backbone: Backbone
    pretraining: Pretraining | None
    normalisation: Literal["imagenet", "half"]
    runtime: Runtime = Runtime()


Family = Literal["coco", "ade_challenge", "ade_full", "imagenet", "wordnet", "weights", "narratives"]


class Source(Model):
    """An official archive of `workflow/config/sources.yaml`: where it is, how one knows that it is whole, and on what terms it is given."""

    family: Family
    url: str | None  # None: the link is personal, mailed after registration; "{wnid}" stands for a synset
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
    prepared: bool = False  # A847, WA847: read the archive of the published preparation
    max_rejects: float = Field(default=0.0, ge=0, le=1)  # share of pictures that may be undecodable
    threads: int = 1


class Evaluation(Model):
    """Test-time protocol: keep-ratio resize, sliding window. Sizes in pixels."""

    short_side: int
    long_side: int
    window: int
    stride: int
    size: Literal["original", "resized"] = "original"
    batch_size: int = 8


class EvaluateConfig(Model):
    """One evaluation of one run."""

    run: str
    profile: str
    seed: int
    benchmark: Literal["A150", "A847"]
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class TableRow(Model):
    """One row: its cells of text, the run behind it, and the published row it stands beside."""

    model: str
    backbone: str
    benchmark: str
    training_data: str
    run: str


class TableConfig(Model):
    """One table of the paper."""

    table: str
    published: str  # the published table that its rows stand beside
    profile: str
    seeds: tuple[int, ...]
    rows: tuple[TableRow, ...]


class Table2Config(Model):
    """Table 2: the data sets, counted in their manifests."""

    profile: str
    datasets: tuple[str, ...]


class MetricsConfig(Model):
    """The metrics of all runs in one file (what `dvc metrics` shows)."""

    profile: str
    seeds: tuple[int, ...]
    runs: tuple[str, ...]


class Comparison(Model):
    """A statement that one run finds novel categories better than another."""

    statement: str
    higher: str  # run
    lower: str  # run


class Comparisons(Model):
    """Statements that are tested over seeds, paired by seed."""

    seeds: tuple[int, ...] = Field(min_length=2)
    pairs: tuple[Comparison, ...]


class CompareConfig(Model):
    """The comparisons of one profile."""

    profile: str
    comparisons: Comparisons


class FigureConfig(Model):
    """One figure."""

    figure: str
    profile: str


class Machine(Model):
    """What `larvseg plan` reckons with."""

    gpus: int = Field(gt=0)
    teraflops: float = Field(gt=0)  # a second and GPU, as training reaches it
    megabytes_per_second: float = Field(gt=0)  # of the network


class Profile(Model):
    """A profile (`workflow/config/<profile>.yaml`): the scale of everything, and nothing else."""

    drawn: bool  # archives are drawn, and vocabularies restricted to what is drawn
    world: World | None
    registry: str | None = None  # where archives that are not drawn come from: a file like workflow/config/sources.yaml
    max_rejects: float = Field(default=0.0, ge=0, le=1)  # share of a data set's pictures that may be undecodable
    seeds: tuple[int, ...]
    preset: str  # a preset of presets.yaml
    backbone: Backbone
    pretraining: Pretraining | None
    scene_augmentation: Augmentation
    object_augmentation: Augmentation
    optimiser: Optimiser
    steps: int = Field(gt=0)
    ranks: int = 8
    images_per_rank: int = 2
    top_k: dict[str, int]  # the paper's K → K on this profile's patch grid
    evaluation: Evaluation
    runtime: Runtime
    drawing_threads: int = 1
    deriving_threads: int = 1
    memory_mb: int
    minutes: int
    machine: Machine | None = None


class Run(Model):
    """A run of `experiments.yaml`, the same in every profile."""

    method: Literal["supervised", "baseline", "larvseg"]
    benchmark: Literal["A150", "A847"]
    training_data: tuple[str, ...]
    sample_classes: int | None = None
    attention: dict[str, Any] = {}  # overrides of Attention; top_k is the paper's K
    attend: tuple[str, ...] | None = None  # image-level data sets that the classifier attends on; all by default
    switches: dict[str, Any] = {}  # overrides of the profile's preset


class Table(Model):
    """A table of `experiments.yaml`."""

    rows: tuple[dict[str, str], ...]
    seeds: tuple[int, ...] | None = None  # the profile's by default
    published: str | None = None  # the published table that its rows stand beside; by default that of its own name


class Experiments(Model):
    """`experiments.yaml`: each run once, each table as rows of runs, and what is compared over seeds."""

    runs: dict[str, Run]
    tables: dict[str, Table]
    comparisons: Comparisons


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file `path`; LarvSegError names the file and line of what is wrong."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise LarvSegError(f"{where}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(value, dict):
        raise LarvSegError(f"{path}: expected keys and values")
    return value


def parse(model: type[Model], value: Any, where: str | Path) -> Any:
    """`value` as a `model`; LarvSegError is one line that names `where`, the key and, for an unknown key, the nearest known one."""
    try:
        # JSON mode lets lists stand for tuples; types are strict all the same
        return model.model_validate_json(_json(value, where))
    except ValidationError as error:
        # a misspelt key is also a missing one: say the former
        problem = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        raise LarvSegError(f"{where}: {_describe(model, problem)}") from None


def _json(value: Any, where: str | Path) -> str:
    import json

    try:
        return json.dumps(value)
    except TypeError as error:
        raise LarvSegError(f"{where}: {error}") from None


def _describe(model: type[Model], problem: dict[str, Any]) -> str:
    location = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{location}: {problem['msg']}"
    key = str(problem["loc"][-1])
    return f"unknown key {location!r}{nearest(key, _keys_at(model, problem['loc'][:-1]))}"


def nearest(name: str, known: list[str]) -> str:
    """ "; did you mean …?" for the known name nearest to `name`, or the list of the known ones, of very many the first."""
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.5):
        return f"; did you mean {close[0]!r}?"
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"; known: {', '.join(sorted(known)[:_LISTED])}{more}"


def _keys_at(model: type[Model], location: tuple) -> list[str]:
    """The keys of the section of `model` at `location`."""
    for part in location:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        candidates += [inner for outer in candidates for inner in getattr(outer, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, Model)), model)
    return list(model.model_fields)
