"""Figure 5: fine-grained categories of ImageNet-21K on object images and scenes: where each is found, everything else grey."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.figures import Figure5Config
from larvseg.figures.figure5.data import read
from larvseg.figures.figure5.draw import draw
from larvseg.figures.kit import save


def figure(config: Figure5Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the `recognitions` of each model, by the name of its run.

    Raises LarvSegError for those of another profile or run, or of other images than the first model's.
    """
    save(draw(read(config, inputs), config.profile), outputs["figure"])
