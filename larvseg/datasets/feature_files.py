"""Features of the images of a manifest in files of float16 numbers, which are read where they lie.

One file holds one view (plain or flipped) of all images, the cells of each image row by row, image after image in the order of the
manifest. Where an image begins follows from the sizes in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from larvseg.errors import LarvSegError
from larvseg.files import replacing

VIEWS = ("plain", "flipped")


def write_view(path: Path, grids: Iterable[np.ndarray], shapes: Sequence[tuple[int, int]], channels: int) -> None:
    """Write `grids` (h, w, C), one for each of `shapes` (h, w), to the file `path` of NumPy's format.

    Raises LarvSegError for a grid of another shape, or with a number that float16 does not hold.
    """
    cells = sum(height * width for height, width in shapes)
    with replacing(path) as temporary:
        view = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=(cells, channels))
        start = 0
        for number, (grid, shape) in enumerate(zip(grids, shapes, strict=True)):
            if grid.shape != (*shape, channels):
                raise LarvSegError(f"{path}: features of image {number} have the shape {grid.shape}, expected {(*shape, channels)}")
            if not np.abs(grid).max() <= np.finfo(np.float16).max:
                raise LarvSegError(f"{path}: a feature of image {number} is not finite in 16 bits; take another network or level")
            view[start : start + len(grid) * grid.shape[1]] = grid.reshape(-1, channels)
            start += len(grid) * grid.shape[1]
        view.flush()
        del view


class Features:
    """One view of the images of a manifest: `features[row]` is (h, w, C) float16, read from the file `path`.

    `shapes`: (h, w) of each image. Raises LarvSegError for a file that is not of these images.
    """

    def __init__(self, path: Path, shapes: Sequence[tuple[int, int]]) -> None:
        try:
            self._cells = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise LarvSegError(f"{path}: no file of features ({error}); delete it, so that it is made again") from None
        self._shapes = shapes
        self._starts = np.concatenate([[0], np.cumsum([height * width for height, width in shapes])]).astype(np.int64)
        if self._cells.ndim != 2 or self._cells.dtype != np.float16 or len(self._cells) != self._starts[-1]:
            raise LarvSegError(f"{path}: holds {self._cells.shape} of {self._cells.dtype}, not {self._starts[-1]} cells of float16")

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def channels(self) -> int:
        """C."""
        return self._cells.shape[1]

    def __getitem__(self, row: int) -> np.ndarray:
        return self._cells[self._starts[row] : self._starts[row + 1]].reshape(*self._shapes[row], self.channels)
