"""Figures of predictions: which method on which pictures, and how they stand beside each other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from larvseg.config.base import Model
from larvseg.config.evaluation import Evaluation, Method
from larvseg.config.training import Runtime


class PredictConfig(Model):
    """Label maps of one run on a few validation pictures."""

    run: str
    method: Method
    profile: str
    seed: int
    benchmark: Literal["A150", "A847"]
    classes: tuple[str, ...]  # pictures are chosen for these
    pictures: int = Field(default=4, gt=0)
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class RecogniseConfig(Model):
    """Label maps of one model over all its synsets, on a few pictures."""

    run: str
    profile: str
    seed: int
    dataset: str  # whose synsets compete
    objects: tuple[str, ...]  # synsets, each looked for on a picture of it
    scenes: dict[str, str]  # synset → class of `benchmark` by which pictures are chosen
    benchmark: Literal["A150", "A847"]
    pictures: int = Field(default=6, gt=0)  # scenes
    sources: tuple[str, ...] = Field(min_length=1)  # object pictures are taken from the first of these data sets that has any of a synset
    training: tuple[str, ...]  # data sets whose object pictures some model was trained on
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class Column(Model):
    """What a figure shows of one run, and what it calls it."""

    title: str
    run: str


class Figure2Config(Model):
    """Response maps of several models."""

    figure: str
    profile: str
    benchmark: Literal["A150", "A847"]
    models: tuple[Column, ...] = Field(min_length=1)


class Figure4Config(Model):
    """Predictions of several methods side by side."""

    figure: str
    profile: str
    benchmark: Literal["A150", "A847"]
    methods: tuple[Column, ...] = Field(min_length=1)


class Row(Column):
    """What a figure shows of one run below each other, and how that run stands to the paper."""

    note: str


class Figure5Config(Model):
    """Fine-grained categories: what models over all of ImageNet-21K find of them."""

    figure: str
    profile: str
    models: tuple[Row, ...] = Field(min_length=1)
