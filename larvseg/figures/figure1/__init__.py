"""Figure 1: the paradigm. Masks of base categories and mere names of novel ones teach one segmenter, which then segments both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.figures import Figure1Config
from larvseg.figures.figure1.data import read
from larvseg.figures.figure1.draw import draw
from larvseg.figures.kit import save


def figure(config: Figure1Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: what config.run learned from, and the image of its `showcase` with its `metrics`.

    inputs also: the manifests of the benchmark and the training data by their names. The training images are those that have most in
    common with the image of the showcase; of each only what a row of Table 3 shows to its run is opened.
    Raises LarvSegError for a showcase of another run, profile or benchmark.
    """
    save(draw(config, read(config, inputs)), outputs["figure"])
