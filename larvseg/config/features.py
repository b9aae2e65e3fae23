"""Features of frozen backbones."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from larvseg.config.base import Model
from larvseg.config.training import Backbone, Normalisation, Runtime

View = Literal["plain", "flipped", "validation"]
VIEWS: dict[View, Literal["training", "validation"]] = {  # of the features of images → the split that they are of; flipped: mirrored
    "plain": "training",
    "flipped": "training",
    "validation": "validation",
}


class FreezeConfig(Model):
    """The frozen network whose features runs are trained on."""

    profile: str
    backbone: Backbone


class ExtractConfig(Model):
    """One view of the features of the images of some data sets, resized to `short_side`, at most `long_side` (pixels)."""

    datasets: tuple[str, ...]
    view: View
    profile: str
    backbone: Backbone
    normalisation: Normalisation
    short_side: PositiveInt
    long_side: PositiveInt
    runtime: Runtime = Runtime()
