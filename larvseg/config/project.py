"""What a person edits: profiles (`workflow/config/<profile>.yaml`) and `experiments.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from larvseg.config.base import Model, Seeds
from larvseg.config.claims import Claim
from larvseg.config.clip import ClipModel, ClipTraining, Prompts, Roles, Sentences
from larvseg.config.datasets import World
from larvseg.config.evaluation import Evaluation
from larvseg.config.figures import Column, Row
from larvseg.config.masks import Classification, MaskHead
from larvseg.config.training import Augmentation, Backbone, Optimiser, Pretraining, Runtime, Windows


class Retrieval(Model):
    """ReCo at the scale of a profile."""

    retrieved: PositiveInt = 50  # images of each class
    image_size: PositiveInt = 224  # pixels, of retrieved images
    batch_size: PositiveInt = 64
    features: Backbone | None = None  # None: the backbone that every run starts from
    dataset: str = "I1K"  # that it retrieves from


class Proposing(Model):
    """Training of ZSBaseline's or OpenSeg's network at the scale of a profile."""

    head: MaskHead
    optimiser: Optimiser
    clip_norm: PositiveFloat | None = None
    steps: PositiveInt
    images: int = Field(gt=1)  # of a step
    augmentation: Augmentation | None = None  # None: that of scenes
    classification: Classification | None = None  # zsbaseline
    grounding: dict[str, Any] = {}  # openseg: what Grounding says, without CLIP and its prompts
    caption_augmentation: Augmentation | None = None  # openseg; None: `augmentation`


class Comparators(Model):
    """What the language-guided methods of Table 3 are made of."""

    clip: dict[str, ClipModel]
    clip_training: ClipTraining | None = None  # None: all models are loaded
    prompts: Prompts = "vild14"
    pairs: str = "ITPair"  # the data set that CLIP was trained on
    zeroshot: str = "I585"  # the data set that it is measured on
    roles: Roles
    reco: Retrieval
    zsbaseline: Proposing
    openseg: Proposing | None = None  # None where its rows are quoted


class Teraflops(Model):
    """10¹² floating-point operations a second, in each precision that `runtime` can choose."""

    float32: PositiveFloat
    tf32: PositiveFloat
    bfloat16: PositiveFloat


class Machine(Model):
    """What `larvseg plan` reckons with."""

    gpus: PositiveInt
    teraflops: Teraflops  # of one GPU, as training reaches them
    megabytes_per_second: PositiveFloat  # of the network


class Selection(Model):
    """What is made."""

    profile: str
    seeds: Seeds | None = None  # how many; None: as many as the profile says


class Profile(Model):
    """A profile (`workflow/config/<profile>.yaml`): the scale of everything, and nothing else."""

    about: str = ""  # in a sentence, for the report
    drawn: bool  # archives are drawn, and vocabularies restricted to what is drawn
    world: World | None
    experiments: str = "experiments.yaml"  # beside the profile; with others than these, tables and report go below results/<profile>
    seeds: Seeds = 1  # how many, where workflow/config/config.yaml does not say
    registry: str | None = None  # where archives that are not drawn come from: a file like workflow/config/sources.yaml
    in11k_images: NonNegativeInt = 500  # IN11K holds the synsets with more images than this
    whole_imagenet: bool = False  # all synsets are there, and the runs over them are trained (Figure 5); always so where archives are drawn
    max_rejects: float = Field(default=0.0, ge=0, le=1)  # share of a data set's images that may be undecodable
    preset: str  # a preset of presets.yaml
    backbone: Backbone
    pretraining: Pretraining | None
    scene_augmentation: Augmentation
    object_augmentation: Augmentation
    optimiser: Optimiser
    steps: PositiveInt
    ranks: PositiveInt = 8
    images_per_rank: PositiveInt = 2
    loss_downsample: PositiveInt = 2  # losses are taken at crop / loss_downsample
    top_k_scale: Annotated[float, Field(gt=0, le=1000)] = 1.0  # K on this profile's patch grid = the paper's K · top_k_scale
    evaluation: Evaluation
    windows: dict[
        str, Windows
    ] = {}  # data sets whose images training reads in windows of their archives; the others are shuffled one by one
    runtime: Runtime
    drawing_threads: PositiveInt = 1
    deriving_threads: PositiveInt = 1
    memory_mb: PositiveInt
    minutes: PositiveInt  # that a job may take, before a scheduler ends it
    minutes_of: dict[str, PositiveInt] = {}  # the same of the jobs of a stage, by its name, where it is another number
    sentences: Sentences | None = None  # embeds class names, where no CLIP does
    comparators: Comparators | None = None  # None: rows of language-guided methods are quoted, not run
    quoted: tuple[str, ...] = ()  # methods that are not run; their rows have the published numbers alone
    machine: Machine | None = None

    @model_validator(mode="after")
    def _frozen(self) -> Self:
        """What features that were computed once do not leave free."""
        backbone, views = self.backbone, (self.scene_augmentation, self.object_augmentation)
        if (backbone.neck is None) is not (not backbone.levels) or (backbone.neck is None) is not (self.evaluation.cell is None):
            raise ValueError("a frozen backbone says levels and neck, and evaluation says cell; others say none of them")
        if backbone.neck is None:
            return self
        if self.evaluation.cell != backbone.patch_size:
            raise ValueError(
                f"evaluation.cell is {self.evaluation.cell}, backbone.patch_size {backbone.patch_size}: they are the same cells"
            )
        if self.windows:
            raise ValueError("windows are of archives, and a frozen backbone is trained on features; leave them out")
        for view in views:
            if view.crop % backbone.patch_size:
                raise ValueError(f"crop {view.crop} is no multiple of backbone.patch_size {backbone.patch_size}")
            if (view.short_side, view.long_side) != (self.evaluation.short_side, self.evaluation.long_side):
                raise ValueError("scene_augmentation, object_augmentation and evaluation resize alike: features are computed once")
            if view.scale != (1.0, 1.0) or view.max_category_share != 1.0:
                raise ValueError("a frozen backbone leaves scale [1.0, 1.0] and max_category_share 1.0: features are computed once")
        return self


class Released(Model):
    """What the authors' released configuration of a run says other than the paper; the switches of these names choose it."""

    lambda_cls: NonNegativeFloat | None = None
    top_k: PositiveInt | None = None  # the paper's K


class Defaults(Model):
    """What a run says unless it says otherwise."""

    lambda_cls: NonNegativeFloat
    lambda_aux: NonNegativeFloat
    attention: dict[str, Any]


class Run(Model):
    """A run of `experiments.yaml`, the same in every profile."""

    method: str  # a module of larvseg/methods
    benchmark: str  # a data set; where its classes are all synsets, the run is evaluated nowhere
    training_data: tuple[str, ...]
    model_of: str | None = None  # the run whose model is evaluated, where one model serves both benchmarks
    sample_classes: PositiveInt | None = None
    attention: dict[str, Any] = {}  # overrides of Attention; top_k is the paper's K
    lambda_cls: NonNegativeFloat | None = None  # weight of the image-level loss
    lambda_aux: NonNegativeFloat | None = None  # weight of the attentive loss
    losses: dict[str, float] = {}  # weights of further terms of the loss: TERMS of larvseg/training/losses.py
    released: Released = Released()
    attend: tuple[str, ...] | None = None  # image-level data sets that the classifier attends on; all by default
    switches: dict[str, Any] = {}  # overrides of the profile's preset


class Table(Model):
    """A table of `experiments.yaml`: rows of runs, each with a text in each of `columns`."""

    class Row(Model):
        """A run and what is said of it, by column; what follows from the run need not be said."""

        model_config = ConfigDict(extra="allow", frozen=True, strict=True)
        __pydantic_extra__: dict[str, str | int | float]

        run: str
        published: bool = True  # the paper has the row

        @property
        def texts(self) -> dict[str, str]:
            """What the row says."""
            return {column: str(value) for column, value in self.__pydantic_extra__.items()}

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    published: str | None = None  # the published table that its rows stand beside; by default that of its own name


class Explored(Model):
    """Whose pixel embeddings are looked at: those of a run, of the backbone alone, or of DenseCLIP."""

    source: Literal["segmenter", "backbone", "denseclip"]
    run: str | None = None  # segmenter


class Table1(Model):
    """Table 1: rows of embeddings."""

    class Row(Explored):
        model: str
        benchmark: str
        training_data: str
        published: bool = True  # the paper has the row

    rows: tuple[Row, ...]
    rules: dict[str, Literal["S", "P"]] = {}  # benchmark → the alignment rule that says which of its categories are novel; S by default


class Figure1(Model):
    """The paradigm: what a run learned from, one data set of each kind of labels, and the image it segments best."""

    run: str


class Figure3(Model):
    """The framework: one run, and a training image with at least `novel` and `base` labels, of the first `candidates` of them."""

    run: str
    novel: NonNegativeInt = 2
    base: NonNegativeInt = 1
    candidates: PositiveInt = 200


class Figure2(Model):
    """Response maps, on images with at least `base` and `novel` of `classes`."""

    class Shown(Explored):
        title: str

    benchmark: str
    classes: tuple[str, ...]
    images: PositiveInt = 3
    base: NonNegativeInt = 2
    novel: NonNegativeInt = 2
    models: tuple[Shown, ...]


class Figure4(Model):
    """Predictions side by side, on images with some of `classes`."""

    benchmark: str
    classes: tuple[str, ...]
    images: PositiveInt = 4
    base: NonNegativeInt = 1  # how many of `classes` each image shows at least
    novel: NonNegativeInt = 2
    methods: tuple[Column, ...]


class Overlays(Model):
    """Predictions on the images that `run` gains most on over `than`, loses most on, and on those between: `each` of a kind."""

    benchmark: str
    run: str
    than: str
    each: PositiveInt = 4
    methods: tuple[Column, ...]


class Diagnosed(Model):
    """What is shown of one benchmark beside the classes and confusions of every measured run of Table 3."""

    class Pair(Model):
        title: str
        run: str  # keeps a memory bank
        without: str  # is like it but for one thing

    tail: tuple[Column, ...] = Field(default=(), max_length=5)  # IoU over how often a category is seen, and how large it is
    gains: tuple[Pair, ...] = ()
    curves: tuple[Column, ...] = Field(default=(), max_length=6)  # of training
    confused: Column  # whose confusions are shown pair by pair

    @property
    def runs(self) -> tuple[str, ...]:
        """Every run that is named."""
        return (
            *(column.run for column in (*self.tail, *self.curves, self.confused)),
            *(run for pair in self.gains for run in (pair.run, pair.without)),
        )


class Figure5(Model):
    """Fine-grained categories, by WordNet id: on object images, and on `images` validation images of `benchmark`."""

    benchmark: str
    objects: tuple[str, ...]
    sources: tuple[str, ...] = ("I1K", "I21K")  # of the object images: the first that has any; best are images not trained on
    scenes: tuple[str, ...]
    images: PositiveInt = 6
    models: tuple[Row, ...]


class Experiments(Model):
    """`experiments.yaml`: each run once, each table as rows of runs, and what the paper claims."""

    defaults: Defaults
    runs: dict[str, Run]
    first: tuple[str, ...] = ()  # runs whose numbers are wanted first, in this order
    tables: dict[str, Table]
    table1: Table1 = Table1(rows=())
    figure1: Figure1 | None = None
    figure2: Figure2 | None = None
    figure3: Figure3 | None = None
    figure4: Figure4 | None = None
    overlays: Overlays | None = None
    diagnostics: dict[str, Diagnosed] = {}
    figure5: Figure5 | None = None
    claims: tuple[Claim, ...] = ()
