"""ReCo: the index that it retrieves from, and the references that it makes."""

from __future__ import annotations

from pydantic import NonNegativeFloat, PositiveInt

from larvseg.config.base import Model
from larvseg.config.training import Backbone, Normalisation, Runtime


class IndexConfig(Model):
    """CLIP embeddings of the images that ReCo retrieves from."""

    dataset: str
    batch_size: PositiveInt = 64
    runtime: Runtime = Runtime()


class RecoConfig(Model):
    """One reference vector for each class of a benchmark, from retrieved images."""

    run: str
    profile: str
    drawn: bool = False  # the profile draws its images
    benchmark: str
    dataset: str  # of the index
    retrieved: PositiveInt = 50  # images of each class
    contexts: tuple[str, ...] = ("tree", "sky", "building", "road", "person")  # what is eliminated, built in this order
    guidance: NonNegativeFloat = (
        0.1  # cosines of CLIP are multiplied by this share of its own scale before the sigmoid; 10 for OpenAI's weights
    )
    image_size: PositiveInt = 224  # retrieved images are cut to this size, pixels
    features: Backbone
    normalisation: Normalisation = "imagenet"  # of the inputs of `features`
    runtime: Runtime = Runtime()
