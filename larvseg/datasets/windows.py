"""Where the training images of a data set lie one after the other in its archives, and a manifest that reads them so."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from larvseg.datasets.manifest import Manifest
from larvseg.sources.windows import Window, WindowReader


@dataclass(frozen=True)
class Layout:
    """N training images in the order of their places in the archives, cut into K windows of images that follow one another.

    `order` (N,): their positions among the training images; `first` (K + 1,): where each window begins in `order`, and N.
    """

    order: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def sizes(self) -> np.ndarray:
        """(K,) how many images each window has."""
        return np.diff(self.first)


class WindowedManifest(Manifest):
    """A manifest that reads the images of a window out of memory once the window was turned to, and all others as ever.

    `megabytes`: an archive is cut every so many, and a window has the images that begin between two cuts.
    """

    def __init__(self, path: Path, root: Path = Path("."), megabytes: int = 4):
        super().__init__(path, root)
        self.megabytes = megabytes
        self._archives = self.archives
        self._reader = WindowReader(self.root, self.header.get("archive_sizes"))
        self.layout = self._lay_out()

    def turn_to(self, stream: Hashable, window: int) -> None:
        """Read images from window number `window` of the layout from now on; of each stream the latest window stays in memory."""
        archive, start, stop = (int(column[window]) for column in self._stretches)
        self._reader.turn_to(stream, Window(self._archives[archive], start, stop))

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"megabytes": self.megabytes}

    def _lay_out(self) -> Layout:
        archive, offset, length = self.places(self.split("training"))
        order = np.lexsort((offset, archive)).astype(np.int32)
        archive, offset, length = archive[order], offset[order], length[order]
        cut = offset // (self.megabytes * 2**20)
        begins = np.ones(len(order), bool)
        begins[1:] = (archive[1:] != archive[:-1]) | (cut[1:] != cut[:-1])
        first = np.flatnonzero(begins)
        length += offset
        # the longest, not the last: nothing keeps two rows from naming the same bytes
        stops = np.maximum.reduceat(length, first) if len(first) else length
        self._stretches = archive[first], offset[first], stops
        return Layout(order, np.append(first, len(order)))
