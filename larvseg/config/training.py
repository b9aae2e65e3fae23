"""The segmenter and its training."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from larvseg.config.base import Model, Name, Seed, Title
from larvseg.config.datasets import Kind

Normalisation = Literal["imagenet", "half", "tensorflow_lite"]  # mean and deviation of the inputs of a network


class Switches(Model):
    """Where paper and official code disagree (docs/paper-and-code.md); the presets are in `workflow/config/presets.yaml`."""

    normalisation: Normalisation = "imagenet"  # mean/std of the inputs
    temperature: Literal["layer_norm", "cosine"] = "layer_norm"  # class-axis LayerNorm · γ + β, or cosine / τ (eq. 5)
    attention_on: Literal["logits", "similarity"] = "logits"  # what A multiplies: normalised logits, or cosines before the softmax
    pooling: Literal["attention", "all_pixels"] = "attention"  # divide the attentive pooling by the sum of A, or by HW
    bank_classes: Literal["all", "novel"] = "all"
    bank_scope: Literal["global", "per_rank"] = "global"
    weak_labels: Literal["image", "crop"] = "image"  # labels of the whole image, or of the training crop (opens the masks)
    aux_denominator: Literal["all_pairs", "warm_pairs"] = "all_pairs"
    pixel_denominator: Literal["all_pixels", "labelled_pixels"] = "all_pixels"
    alignment: Literal["S", "P", "synset"] = "S"  # how names of data sets meet; synset: the runs over all of ImageNet-21K
    evaluation_size: Literal["original", "resized"] = "original"  # size of the logits at which argmax is taken
    lambda_cls: Literal["printed", "released"] = "printed"  # the paper's, or the released configuration's
    top_k: Literal["printed", "released"] = "printed"  # the paper's, or the released configuration's
    backbone_weights: Literal["in21k_ft_in1k", "in21k"] = "in21k_ft_in1k"
    synsets: Literal["published", "corrected"] = "published"  # the authors' lists of I124 and I585, or the right senses
    a847_preparation: Literal["original", "published"] = "original"  # images as released, or resized and compressed again as published
    precision: Literal["runtime", "float32"] = "runtime"  # that of the profile's `runtime`, or single precision throughout


class Neck(Model):
    """What is trained on the features of a frozen backbone: a linear map, and `blocks` transformer blocks."""

    channels: PositiveInt  # C of the features
    dim: PositiveInt  # D of the pixel embeddings
    blocks: NonNegativeInt = 0
    heads: PositiveInt = 4
    mlp_ratio: PositiveFloat = 2.0


class Backbone(Model):
    """A timm vision transformer that is trained; or, with `levels`, any network of timm, frozen, in front of a neck.

    `arguments` go to timm.create_model as they are.
    """

    title: Title  # what tables call it
    name: str  # timm model name without tag
    arguments: dict[str, Any] = {}
    stem: Literal["patch", "convolution"] = "patch"  # how patches become tokens; convolutions learn from far fewer images
    weights: str  # "pretrain": trained on the object images by the DAG; "timm:<tag>"; "package:<name>"; or the path of a file
    levels: tuple[NonNegativeInt, ...] = ()  # of a frozen network: which of its levels (timm's out_indices) are its features
    neck: Neck | None = None  # of a frozen network
    image_size: PositiveInt  # pixels; the grid of the position embedding
    patch_size: PositiveInt


class Optimiser(Model):
    """Optimiser and polynomial schedule: lr(t) = (lr − min_lr)·(1 − t/steps)^power + min_lr, after a linear warm-up."""

    name: Literal["sgd", "adamw"]
    lr: PositiveFloat
    min_lr: NonNegativeFloat
    momentum: NonNegativeFloat = 0.9  # SGD
    weight_decay: NonNegativeFloat = 0.0
    power: PositiveFloat = 0.9
    warmup_steps: NonNegativeInt = 0
    head_factor: PositiveFloat = 1.0  # learning rate of the new layers over that of the pretrained backbone


class Runtime(Model):
    """What changes speed only, up to floating-point rounding; recorded with every run.

    `kernels` of a CPU: with avx2 other CPUs give the same bytes; native takes all that the CPU has and gives those of its kind alone.

    Some of it, `speed`, stands in no recipe: changing it makes nothing again, and a training that was interrupted goes on with other
    values.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"  # of backbones; classifier, attention and losses are in float32 in any case
    tf32: bool = False  # products of float32 matrices on a GPU, with 10 bits of their fractions
    kernels: Literal["avx2", "native"] = "avx2"
    threads: PositiveInt = 1
    processes: PositiveInt = 1  # of one training, each with some of the virtual ranks and, with cuda, a GPU of its own
    decoded_mb: NonNegativeInt = 0  # of each training set, decoded images and masks that stay in memory, in MB
    checkpoint_every: PositiveInt = 100  # steps between two resumable states
    compile: bool = False  # the backbone of a training, by torch.compile: a minute at the start, and fewer and faster kernels

    @property
    def speed(self) -> dict[str, Any]:
        """The settings that are in no recipe. On a CPU `threads` and `compile` decide the order of sums, and so bytes: there they are."""
        names = ("processes", "decoded_mb", "checkpoint_every", *(["threads", "compile"] if self.device == "cuda" else []))
        return {name: getattr(self, name) for name in names}

    @model_serializer(mode="wrap")
    def _without_speed(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if name not in self.speed}


class Augmentation(Model):
    """Training images: resize by U(scale), crop, flip, photometric distortion, pad. Sizes in pixels."""

    short_side: PositiveInt  # 512 in the paper; images are resized to short side · s, at most long side · s
    long_side: PositiveInt
    crop: PositiveInt
    scale: tuple[PositiveFloat, PositiveFloat] = (0.5, 2.0)
    max_category_share: float = Field(default=0.75, gt=0, le=1)  # RandomCrop's cat_max_ratio; 1.0 switches it off

    @model_validator(mode="after")
    def _ordered(self) -> Augmentation:
        if self.short_side > self.long_side or self.scale[0] > self.scale[1]:
            raise ValueError("short_side is above long_side, or the first scale above the second")
        return self


class Pretraining(Model):
    """Classification of the object images (the role of the ImageNet-21K weights in the miniature)."""

    dataset: str = "I21K"
    steps: PositiveInt
    batch_size: PositiveInt
    optimiser: Optimiser
    augmentation: Augmentation
    threads: PositiveInt = 1
    seed: Seed = 0


class Windows(Model):
    """Training images that come in windows, runs of images that lie one after the other in their archive, each by one large read.

    A window is read once an epoch. Each rank draws from images_per_rank · lanes · open windows at a time, and a process that loads holds
    those of its own steps and ranks in memory: by default 1 GB for a rank of two images, in all processes together.
    """

    megabytes: int = Field(default=4, gt=0, le=128)  # of a window; some 40 images of ImageNet-21K in 4
    lanes: PositiveInt = 8  # step s draws from lane s mod lanes; a multiple of the number of processes that load for a rank
    open: PositiveInt = 16  # windows that each image of each lane is drawn from in turn


class TrainingSet(Model):
    """One training data set of a run and its loss weights."""

    name: Name
    kind: Kind
    augmentation: Augmentation
    lambda_cls: NonNegativeFloat = 0.0
    lambda_aux: NonNegativeFloat = 0.0
    ranks: PositiveInt  # how many of the virtual ranks draw from it
    windows: Windows | None = Field(default=None, exclude_if=lambda windows: windows is None)  # None: images are shuffled one by one


class Attention(Model):
    """The category-wise attentive classifier: memory_size M images, top_k K pixels of each."""

    variant: Literal["none", "cross_image", "single_image", "push_first"] = "none"
    shape: Literal["sigmoid", "threshold"] | None = None  # of attention; None, as in the paper: within one image threshold, else sigmoid
    memory_size: PositiveInt
    top_k: PositiveInt
    warm_up: NonNegativeInt = 1  # times the ring must have wrapped before a category is scored
    background_top_k: PositiveInt = 5
    background_threshold: float = 0.35
    background_mse_threshold: float = 2.0


class TrainConfig(Model):
    """One resolved training run."""

    run: Name
    profile: Name
    drawn: bool = False  # the profile draws its images
    method: Name
    benchmark: Name
    table: Literal["learned", "text"] = "learned"  # the embeddings of the classes: learned, or those of their names by CLIP, fixed
    training_sets: tuple[TrainingSet, ...]
    backbone: Backbone
    attention: Attention
    switches: Switches
    optimiser: Optimiser
    steps: PositiveInt
    ranks: PositiveInt = 8  # virtual ranks of a joint step
    images_per_rank: PositiveInt = 2
    losses: dict[Name, float] = {}  # weights of further terms of the loss
    sample_classes: PositiveInt | None = None  # classes drawn for each rank and step when the vocabulary is larger
    loss_downsample: PositiveInt = 2  # losses are taken at crop / loss_downsample
    temperature: PositiveFloat = 0.05  # τ, only with switches.temperature = cosine
    seed: Seed = 0
    runtime: Runtime = Runtime()


class PretrainConfig(Model):
    """The backbone that every run starts from."""

    profile: str
    backbone: Backbone
    pretraining: Pretraining | None = None
    normalisation: Normalisation
    runtime: Runtime = Runtime()
