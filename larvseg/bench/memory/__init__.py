"""Memory of every stage against the number of images: each in a process of its own, on manifests and archives of no real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FILE, FIGURE = "memory.csv", "memory.png"


def main(images: Sequence[int], folder: Path | None, again: bool = True) -> str:
    """The table. With a `folder`, FILE with the measurements and FIGURE are written there; if not `again`, FILE is taken as it is."""
    from larvseg.bench.memory import growth, measuring
    from larvseg.bench.memory.figure import draw
    from larvseg.bench.memory.stages import STAGES
    from larvseg.figures.kit import save

    if again or folder is None:
        found = list(measuring.measure(STAGES, images or measuring.IMAGES))
    else:
        found = measuring.read(folder / FILE)
    grown = growth.growths(found)
    if folder is not None:
        measuring.write(folder / FILE, found)
        save(draw(grown), folder / FIGURE)
    return growth.text(grown)
