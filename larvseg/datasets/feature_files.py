"""Features of images in files of float16 numbers, which are read where they lie.

An index lists the images and the cells of each. One file for each view holds the cells of its images row by row, image after image in the
order of the index: `plain` and `flipped` those of training images, as they are and mirrored, `validation` those of validation images. So
training can begin before the validation images are seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from larvseg.config import VIEWS
from larvseg.datasets.arrow import table_in
from larvseg.errors import LarvSegError, reading
from larvseg.files import replacing

_COLUMNS = {"image": pa.string(), "rows": pa.int32(), "columns": pa.int32(), "training": pa.bool_(), "validation": pa.bool_()}


@dataclass(frozen=True)
class Index:
    """The images of the files, of which there may be millions: column by column."""

    images: pa.ChunkedArray  # of each its archive and the name in it
    rows: np.ndarray  # cells
    columns: np.ndarray
    training: np.ndarray  # bool: it is a training image of some manifest
    validation: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def of(self, view: str) -> np.ndarray:
        """Which images the file of `view` holds, in its order."""
        return np.flatnonzero(getattr(self, VIEWS[view])).astype(np.int32)

    def shape(self, image: int) -> tuple[int, int]:
        """Rows and columns of cells of an image."""
        return int(self.rows[image]), int(self.columns[image])


def write_index(path: Path, index: Index) -> None:
    """Write `index`."""
    columns = [pa.array(getattr(index, each.name), kind) for each, kind in zip(fields(index)[1:], list(_COLUMNS.values())[1:], strict=True)]
    table = pa.table([index.images.combine_chunks(), *columns], list(_COLUMNS))
    with replacing(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_index(path: Path) -> Index:
    """The index at `path`, whose names stay in the file; LarvSegError for a file that is none."""
    with reading(path, "an index of features", "delete it, so that it is made again"):
        table = table_in(path)
        if table.schema != pa.schema(_COLUMNS.items()) or any(column.null_count for column in table.columns):
            raise ValueError(f"other columns than {', '.join(_COLUMNS)}")
        index = Index(table["image"], *(table[name].to_numpy() for name in list(_COLUMNS)[1:]))
        if min(index.rows.min(initial=0), index.columns.min(initial=0)) < 0:
            raise ValueError("fewer cells than none")
        return index


def write_view(path: Path, grids: Iterable[np.ndarray], index: Index, view: str, channels: int) -> None:
    """Write `grids` (rows, columns, C), one for each image of `view`, to the file `path` of NumPy's format.

    Raises LarvSegError for a grid of another shape, or with a number that float16 does not hold.
    """
    chosen = index.of(view)
    ends = _ends(index, chosen)
    with replacing(path) as temporary:
        cells = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=(int(ends[-1]), channels))
        for grid, image, start, end in zip(grids, chosen, ends[:-1], ends[1:], strict=True):
            expected = (*index.shape(image), channels)
            if grid.shape != expected:
                raise LarvSegError(f"{path}: the features of {index.images[image]} have the shape {grid.shape}, expected {expected}")
            if not np.abs(grid).max() <= np.finfo(np.float16).max:
                raise LarvSegError(f"{path}: a feature of {index.images[image]} is not finite in 16 bits; take another network or level")
            cells[start:end] = grid.reshape(-1, channels)
        cells.flush()
        del cells


def _ends(index: Index, chosen: np.ndarray) -> np.ndarray:
    """(N + 1,) where the cells of each of the images `chosen` begin, and how many there are."""
    return np.concatenate([[0], np.cumsum(index.rows[chosen].astype(np.int64) * index.columns[chosen])])


class Features:
    """One view of images of a manifest: `features[row]` is (rows, columns, C) float16, read from the file `path`.

    `index`: of the file; `rows`: of the manifest, ascending; `images`: what the index calls the image of each. Raises LarvSegError for a
    file that is damaged, or that does not hold one of the images.
    """

    def __init__(self, path: Path, index: Index, view: str, rows: np.ndarray, images: pa.ChunkedArray) -> None:
        with reading(path, "a file of features", "delete it, so that it is made again"):
            self._cells = np.load(path, mmap_mode="r", allow_pickle=False)
        chosen = index.of(view)
        ends = _ends(index, chosen)
        if self._cells.ndim != 2 or self._cells.dtype != np.float16 or len(self._cells) != ends[-1]:
            raise LarvSegError(f"{path}: holds {self._cells.shape} of {self._cells.dtype}, not the cells of its index; delete it")
        places = pc.index_in(images, value_set=index.images).fill_null(-1).to_numpy()
        there = (places >= 0) & np.isin(places, chosen)
        if not there.all():
            first = images[int(np.argmin(there))]
            raise LarvSegError(f"{path}: {np.count_nonzero(~there)} images are not in it, as {first}; delete it, so that it is made again")
        self._index, self._rows, self._images = index, rows, places
        self._starts = ends[np.searchsorted(chosen, places)]

    def __contains__(self, row: int) -> bool:
        place = np.searchsorted(self._rows, row)
        return bool(place < len(self._rows) and self._rows[place] == row)

    @property
    def channels(self) -> int:
        """C."""
        return self._cells.shape[1]

    @property
    def shapes(self) -> np.ndarray:
        """(N, 2) rows and columns of cells of each of the images."""
        return np.stack([self._index.rows[self._images], self._index.columns[self._images]], axis=1)

    def __getitem__(self, row: int) -> np.ndarray:
        if row not in self:
            raise KeyError(row)
        place = int(np.searchsorted(self._rows, row))
        shape, start = self._index.shape(self._images[place]), int(self._starts[place])
        return self._cells[start : start + shape[0] * shape[1]].reshape(*shape, self.channels)
