"""Figure 4: what several methods see in the same images, with the mIoU of each image, and which novel categories they find."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from larvseg.config.figures import Figure4Config
from larvseg.datasets.manifest import Manifest
from larvseg.figures.figure4.data import compared, read
from larvseg.figures.figure4.draw import draw
from larvseg.figures.kit import save


def figure(config: Figure4Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG, from the `manifest` and each method's `predictions`, by the name of its run.

    Raises LarvSegError for predictions of another benchmark, profile or run, or of other images.
    """
    maps, seed = read(config, inputs)
    where = f"{config.benchmark}, profile “{config.profile}”, seed {seed}"
    save(
        draw(compared(Manifest(inputs["manifest"]), maps, [column.title for column in config.methods]), where, config.base),
        outputs["figure"],
    )
