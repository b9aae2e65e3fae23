"""Networks that propose masks: ZSBaseline and OpenSeg."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from larvseg.config.base import Model, Seed
from larvseg.config.clip import Prompts
from larvseg.config.training import Backbone, Optimiser, Runtime, Switches, TrainingSet


class MaskHead(Model):
    """Pixel decoder and transformer decoder: one mask for each learned query."""

    queries: PositiveInt
    width: int = Field(gt=0, multiple_of=4)  # channels of pixel maps, queries and mask embeddings
    layers: PositiveInt  # of the transformer decoder; each of them proposes masks
    heads: PositiveInt
    feedforward: PositiveInt
    dropout: float = Field(default=0.1, ge=0, lt=1)
    memory_stride: PositiveInt  # pixels; the queries attend to the map of this stride


class Matching(Model):
    """Weights of the mask and class terms, in the loss and in the cost of the matching alike."""

    focal: NonNegativeFloat = 20.0
    dice: NonNegativeFloat = 1.0
    classification: NonNegativeFloat = 1.0  # ZSBaseline only
    no_object: NonNegativeFloat = 0.1  # of the class "none", relative to the others; ZSBaseline only, and in the loss only


class Ensemble(Model):
    """How ZSBaseline joins its own classes with those that CLIP sees in the crops, p = p_mask^(1 − λ)·p_clip^λ."""

    threshold: float = Field(gt=0, lt=1)  # a pixel belongs to the mask of a crop above this
    clip_weight: float = Field(ge=0, le=1)  # λ


class Classification(Model):
    """ZSBaseline: queries are classified against the text table of the training classes."""

    hidden: PositiveInt  # width of the class head's hidden layer
    temperature: PositiveFloat = 0.01  # of its cosines
    matching: Matching = Matching()
    ensemble: dict[str, Ensemble]  # for each benchmark


class Grounding(Model):
    """OpenSeg: regions are grounded in the nouns of captions."""

    clip: str  # name of the CLIP model whose text tower embeds the nouns
    prompts: Prompts
    hidden: PositiveInt  # width of the hidden layer between pooled features and text space
    matching: Matching = Matching()  # of masks; they have no classes here
    weight: PositiveFloat = 1.0  # of the grounding loss
    keep: float = Field(default=0.5, gt=0, le=1)  # probability that a noun of a caption is kept at a step
    temperature: PositiveFloat = 0.07  # of the cosines, at the start; learned


class ProposeConfig(Model):
    """One training of a network that proposes masks.

    The fields that the loader of joint steps reads are called as in TrainConfig. Ranks are data sets here: one with masks and, for
    grounding, one with captions; a step holds `images_per_rank` images of each.
    """

    run: str
    profile: str
    drawn: bool = False  # the profile draws its images
    method: str
    training_sets: tuple[TrainingSet, ...] = Field(min_length=1)
    backbone: Backbone
    head: MaskHead
    classification: Classification | None = None  # masks are told apart by the text of the classes; else by
    grounding: Grounding | None = None  # the nouns of captions
    switches: Switches = Switches()
    optimiser: Optimiser
    clip_norm: PositiveFloat | None = None  # the gradient of the whole network is cut to this L2 norm
    steps: PositiveInt
    ranks: PositiveInt
    images_per_rank: PositiveInt
    loss_downsample: PositiveInt = 2  # masks are compared at crop / loss_downsample
    seed: Seed = 0
    runtime: Runtime = Runtime()
