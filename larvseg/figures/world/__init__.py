"""Figure: the drawn ADE20K beside the real one, where numbers of that are published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config import WorldConfig
from larvseg.figures.kit import save
from larvseg.figures.world.data import read
from larvseg.figures.world.draw import draw


def figure(config: WorldConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the training masks that `manifest` counts.

    Raises LarvSegError for the manifest of another data set, and where no training image shows a class.
    """
    save(draw(config, read(config, inputs["manifest"])), outputs["figure"])
