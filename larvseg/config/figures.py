"""Figures of predictions: which method on which images, and how they stand beside each other."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from larvseg.config.base import Model, Seed
from larvseg.config.evaluation import EvaluateConfig, Evaluation
from larvseg.config.training import Runtime


class PredictConfig(EvaluateConfig):
    """Label maps of one run on a few validation images."""

    classes: tuple[str, ...]  # images are chosen for these
    images: PositiveInt = 4
    base: NonNegativeInt = 1  # how many of `classes` each image shows at least
    novel: NonNegativeInt = 2


class CompareConfig(EvaluateConfig):
    """Label maps of one run on the validation images that `gaining` gains most and loses most on over `than`, and on those between."""

    gaining: str
    than: str
    each: PositiveInt  # images of each kind


class RecogniseConfig(Model):
    """Label maps of one model over all its synsets, on a few images."""

    run: str
    profile: str
    seed: Seed
    dataset: str  # whose synsets compete
    objects: tuple[str, ...]  # synsets, each looked for on an image of it
    scenes: dict[str, str]  # synset → class of `benchmark` by which images are chosen
    benchmark: str
    images: PositiveInt = 6  # scenes
    sources: tuple[str, ...] = Field(min_length=1)  # object images are taken from the first of these data sets that has any of a synset
    training: tuple[str, ...]  # data sets whose object images some model was trained on
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class AttentionsConfig(Model):
    """What the category-wise attentive classifier of one run makes of a training image."""

    run: str
    profile: str
    seed: Seed
    candidates: PositiveInt = 200  # images that are looked at
    novel: PositiveInt = 2  # labels that are shown
    base: PositiveInt = 1
    slots: PositiveInt = 20  # of the bank of each of them
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class Column(Model):
    """What a figure shows of one run, and what it calls it."""

    title: str
    run: str


class Row(Column):
    """What a figure shows of one run below each other, and how that run stands to the paper."""

    note: str


class Figure1Config(Model):
    """The paradigm: what one run learned from, and what it segments."""

    figure: str
    profile: str
    benchmark: str
    run: str
    training_data: tuple[str, ...]  # one data set with masks, one with several labels of an image, one with one
    candidates: PositiveInt = 200  # images with masks that are looked at


class Figure2Config(Model):
    """Response maps of several models."""

    figure: str
    profile: str
    benchmark: str
    base: str  # the data set whose classes are base categories
    models: tuple[Column, ...] = Field(min_length=1)


class Figure3Config(Model):
    """The framework."""

    figure: str
    profile: str
    run: str


class Figure4Config(Model):
    """Predictions of several methods side by side."""

    figure: str
    profile: str
    benchmark: str
    base: str  # the data set whose classes are base categories
    methods: tuple[Column, ...] = Field(min_length=1)


class OverlaysConfig(Figure4Config):
    """The same on the images that one of the methods gains most on over another, and loses most on."""

    gaining: str  # what the figure calls the two
    than: str


class Figure5Config(Model):
    """Fine-grained categories: what models over all of ImageNet-21K find of them."""

    figure: str
    profile: str
    models: tuple[Row, ...] = Field(min_length=1)
