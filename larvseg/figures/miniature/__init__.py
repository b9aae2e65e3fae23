"""Figure: a contact sheet of the miniature world, read from its archives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config import FigureConfig
from larvseg.figures.kit import save
from larvseg.figures.miniature.data import read
from larvseg.figures.miniature.draw import draw


def figure(config: FigureConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, of the archives among `inputs` (official file name → path); LarvSegError if there is no archive to show."""
    save(draw(read(inputs), config.profile), outputs["figure"])
