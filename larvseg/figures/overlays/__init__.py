"""What one method changes over another: the images that it gains most on, those between, and those that it loses most on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config import OverlaysConfig
from larvseg.datasets.manifest import Manifest
from larvseg.figures.kit import save
from larvseg.figures.overlays.data import read
from larvseg.figures.overlays.draw import draw


def figure(config: OverlaysConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure` and `maps`, PNGs, from the `manifest` and each method's `predictions`, by the name of its run.

    `maps` has the largest gains alone, without the images, so that it can be shown where their terms do not let these be.
    Raises LarvSegError for predictions of another benchmark, profile or run, or of other images.
    """
    found, seed = read(config, inputs, Manifest(inputs["manifest"]))
    where = f"{config.benchmark}, profile “{config.profile}”, seed {seed}"
    save(draw(found, config, where), outputs["figure"])
    save(draw(found[:1], config, where, photographs=False), outputs["maps"])
