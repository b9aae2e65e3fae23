"""What `segment` of a run returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from larvseg.pictures.areas import Area, Areas
from larvseg.pictures.overlay import TOP, overlay

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The classes of a picture of H × W pixels."""

    labels: np.ndarray  # (H, W) int64, positions in names
    names: tuple[str, ...]  # of all classes of the run, also those that were not to choose from
    # (H, W) float32, from 0 to 1: the softmax probability of the pixel's class over the classes that could be chosen, of the logits
    # as they are interpolated to the pixel
    scores: np.ndarray
    picture: np.ndarray = field(repr=False)  # (h, w, 3) uint8 RGB, upright: what the overlay shows, at most overlay.SIDE pixels a side
    notes: tuple[str, ...] = ()  # what of the file is not in the picture, or was changed

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """The labels, so that numpy takes a segmentation for its label map."""
        return np.array(self.labels, dtype, copy=copy)

    def areas(self) -> list[Area]:
        """The classes that are there, the largest area first."""
        areas = Areas(self.names)
        areas.add(self.labels, self.scores)
        return areas.largest()

    def overlay(self, top: int = TOP) -> Image.Image:
        """The picture under the colours of its classes, with a legend of the `top` largest; RGB, the legend below."""
        return overlay(self.picture, self.labels, self.areas(), self.names, top)

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each class that is there, the largest first: class, pixels, share (of all pixels, 0 to 1), mean_score."""
        import pandas

        rows = [(area.name, area.pixels, area.share, area.mean_score) for area in self.areas()]
        return pandas.DataFrame(rows, columns=["class", "pixels", "share", "mean_score"])
