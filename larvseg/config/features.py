"""Features of frozen backbones."""

from __future__ import annotations

from typing import Literal

from larvseg.config.base import Model
from larvseg.config.training import Backbone, Runtime


class ExtractConfig(Model):
    """The features of all images of one manifest, resized to `short_side`, at most `long_side` (pixels), as they are and mirrored."""

    dataset: str
    profile: str
    backbone: Backbone
    normalisation: Literal["imagenet", "half", "tensorflow_lite"]
    short_side: int
    long_side: int
    views: tuple[Literal["plain", "flipped"], ...]
    runtime: Runtime = Runtime()
