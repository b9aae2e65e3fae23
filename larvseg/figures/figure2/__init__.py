"""Figure 2: where else is what one pixel shows? Response maps of a pixel of some classes, for several models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.figures import Figure2Config
from larvseg.figures.figure2.data import read
from larvseg.figures.figure2.draw import draw
from larvseg.figures.kit import save


def figure(config: Figure2Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the response maps of each model's run (`responses`), by the name of the run.

    Raises LarvSegError if they are of other images or pixels than those of the first.
    """
    models, seed = read(config, inputs)
    save(draw(models, f"{config.benchmark}, profile “{config.profile}”, seed {seed}", config.base), outputs["figure"])
