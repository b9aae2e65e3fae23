"""What pixel embeddings group: the exploratory experiment (Table 1) and its response maps (Figure 2)."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from larvseg.config.base import Model, Seed
from larvseg.config.evaluation import Evaluation
from larvseg.config.training import Backbone, Normalisation, Runtime


class Embedding(Model):
    """Where embeddings of pixels come from: a trained segmenter, a backbone alone, or the image tower of CLIP."""

    source: Literal["segmenter", "backbone", "denseclip"]
    backbone: Backbone | None = None  # a backbone alone does not say what it is
    normalisation: Normalisation = "imagenet"  # of its inputs


class GroupingConfig(Model):
    """One row of Table 1 on one benchmark."""

    run: str
    profile: str
    seed: Seed
    benchmark: str
    embedding: Embedding  # those of DenseCLIP are compared with the texts of the classes in an image, the others with one pixel of each
    absent: Literal["masked", "zero"] = "masked"  # score of classes that are not in the image: none, or 0 as in the released code
    rule: Literal["S", "P"] = "S"  # says which categories are novel in Table 1
    draws: PositiveInt = 5
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class ResponsesConfig(Model):
    """Response maps of one model on a few validation images."""

    run: str
    profile: str
    seed: Seed
    benchmark: str
    embedding: Embedding
    classes: tuple[str, ...]  # images are chosen for these, and maps made of these
    images: PositiveInt = 3
    base: PositiveInt = 2  # classes of each image that C171 has
    novel: PositiveInt = 2  # and that it has not
    evaluation: Evaluation
    runtime: Runtime = Runtime()


class Table1Row(Model):
    """One row of Table 1 on one benchmark."""

    model: str
    benchmark: str
    training_data: str
    run: str
    published: bool = True  # whether the paper has the row


class Table1Config(Model):
    """Table 1."""

    table: str
    profile: str
    seeds: tuple[Seed, ...]
    rows: tuple[Table1Row, ...]
