"""CLIP, which most comparators of Table 3 are built on, and its text tables."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveInt

from larvseg.config.base import Model, Seed
from larvseg.config.datasets import ClassList
from larvseg.config.training import Augmentation, Optimiser, Runtime

Prompts = Literal["name", "vild14", "openai80", "maskclip85"]  # a file of data/reference/prompts/ each


class ClipModel(Model):
    """A CLIP model. `architecture`: open_clip's name for it, or its settings (embed_dim, vision_cfg, text_cfg)."""

    title: str  # what tables call it
    architecture: str | dict[str, Any]
    weights: str  # "train": trained on ITPair by the DAG; or a file of the registry, as RN50x64.pt
    image_size: PositiveInt  # pixels, of the images that it was made for


class ClipTraining(Model):
    """Contrastive training on the images and captions of ITPair."""

    steps: PositiveInt
    batch_size: int = Field(gt=1)
    optimiser: Optimiser
    augmentation: Augmentation
    threads: PositiveInt = 1
    seed: Seed = 0


class ClipConfig(Model):
    """One CLIP model, trained or loaded."""

    profile: str
    drawn: bool = False  # the profile draws its images
    name: str
    model: ClipModel
    dataset: str  # of images and captions that it was trained on
    training: ClipTraining | None = None
    runtime: Runtime = Runtime()


class Sentences(Model):
    """A model of sentences that embeds class names."""

    title: str
    weights: str  # "package:<name>", a package that carries its files; or the path of their folder
    prompts: Prompts = "name"


class TextConfig(Model):
    """A text table: for each class of a data set an embedding, the mean over the prompts."""

    clip: str  # name of the CLIP model; "sentences" for a model of sentences
    sentences: Sentences | None = None
    prompts: Prompts
    dataset: str
    classes: ClassList
    drawn: bool  # restrict the vocabularies to the classes that the miniature draws
    runtime: Runtime = Runtime()


class ZeroShotConfig(Model):
    """Accuracy of a CLIP model on images of one object each."""

    clip: str  # name of the CLIP model
    dataset: str
    batch_size: PositiveInt = 64
    runtime: Runtime = Runtime()


class Roles(Model):
    """Which CLIP model does what."""

    dense: str  # pixel features: DenseCLIP, and the guide of ReCo
    crops: str  # classifies masked crops: ZSBaseline
    text: str  # embeds the class names of LSeg and OpenSeg
    retrieval: str  # finds images for ReCo
