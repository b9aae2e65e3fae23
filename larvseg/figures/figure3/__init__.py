"""Figure 3: the framework, with what really passes through it: two training images, one segmenter, its memory bank, three losses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.figures import Figure3Config
from larvseg.figures.arrays import read_arrays_of
from larvseg.figures.figure3.draw import draw
from larvseg.figures.kit import save


def figure(config: Figure3Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the `attentions` of config.run; LarvSegError if they are those of another run or profile."""
    save(draw(*read_arrays_of(inputs["attentions"], run=config.run, profile=config.profile)), outputs["figure"])
