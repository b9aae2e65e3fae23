"""Features of images in files of float16 numbers, which are read where they lie.

An index lists the images and the cells of each. One file for each view holds the cells of its images row by row, image after image in the
order of the index: `plain` and `flipped` those of training images, as they are and mirrored, `validation` those of validation images. So
training can begin before the validation images are seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from larvseg.config import VIEWS
from larvseg.datasets.arrow import table_in
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError, reading
from larvseg.files import replacing

_COLUMNS = {"image": pa.string(), "rows": pa.int32(), "columns": pa.int32(), "training": pa.bool_(), "validation": pa.bool_()}


class Entry(NamedTuple):
    """An image of the index."""

    image: str  # its archive and the name in it
    rows: int  # cells
    columns: int
    training: bool  # it is a training image of some manifest
    validation: bool


def write_index(path: Path, entries: Sequence[Entry]) -> None:
    """Write the index of `entries`."""
    columns = [pa.array(values, kind) for values, kind in zip(zip(*entries, strict=True), _COLUMNS.values(), strict=True)]
    table = pa.table(columns, list(_COLUMNS))
    with replacing(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def read_index(path: Path) -> list[Entry]:
    """The entries of the index at `path`; LarvSegError for a file that is none."""
    with reading(path, "an index of features", "delete it, so that it is made again"):
        table = table_in(path)
        if {field.name: field.type for field in table.schema} != _COLUMNS or any(column.null_count for column in table.columns):
            raise ValueError(f"other columns than {', '.join(_COLUMNS)}")
        if pc.min(table["rows"]).as_py() is not None and min(pc.min(table[name]).as_py() for name in ("rows", "columns")) < 0:
            raise ValueError("fewer cells than none")
        return [Entry(**row) for row in table.to_pylist()]


def entries_of(view: str, index: Sequence[Entry]) -> list[Entry]:
    """Those of `index` that the file of `view` holds, in its order."""
    return [entry for entry in index if getattr(entry, VIEWS[view])]


def write_view(path: Path, grids: Iterable[np.ndarray], entries: Sequence[Entry], channels: int) -> None:
    """Write `grids` (rows, columns, C), one for each of `entries`, to the file `path` of NumPy's format.

    Raises LarvSegError for a grid of another shape, or with a number that float16 does not hold.
    """
    cells = sum(entry.rows * entry.columns for entry in entries)
    with replacing(path) as temporary:
        view = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=(cells, channels))
        start = 0
        for grid, entry in zip(grids, entries, strict=True):
            expected = (entry.rows, entry.columns, channels)
            if grid.shape != expected:
                raise LarvSegError(f"{path}: the features of {entry.image} have the shape {grid.shape}, expected {expected}")
            if not np.abs(grid).max() <= np.finfo(np.float16).max:
                raise LarvSegError(f"{path}: a feature of {entry.image} is not finite in 16 bits; take another network or level")
            end = start + entry.rows * entry.columns
            view[start:end] = grid.reshape(-1, channels)
            start = end
        view.flush()
        del view


class Features:
    """One view of images of a manifest: `features[row]` is (rows, columns, C) float16, read from the file `path`.

    `entries`: what the file holds; `images`: row of the manifest → its image there (see images_of). Raises LarvSegError for a file that is
    damaged, or that does not hold one of the images.
    """

    def __init__(self, path: Path, entries: Sequence[Entry], images: Mapping[int, str]) -> None:
        with reading(path, "a file of features", "delete it, so that it is made again"):
            self._cells = np.load(path, mmap_mode="r", allow_pickle=False)
        starts = np.cumsum([0, *(entry.rows * entry.columns for entry in entries)], dtype=np.int64).tolist()
        if self._cells.ndim != 2 or self._cells.dtype != np.float16 or len(self._cells) != starts[-1]:
            raise LarvSegError(f"{path}: holds {self._cells.shape} of {self._cells.dtype}, not the cells of its index; delete it")
        places = {entry.image: (start, entry) for start, entry in zip(starts, entries, strict=False)}
        if absent := [image for image in images.values() if image not in places]:
            raise LarvSegError(f"{path}: {len(absent)} images are not in it, as {absent[0]}; delete it, so that it is made again")
        self._rows = {row: places[image] for row, image in images.items()}

    def __contains__(self, row: int) -> bool:
        return row in self._rows

    @property
    def channels(self) -> int:
        """C."""
        return self._cells.shape[1]

    def __getitem__(self, row: int) -> np.ndarray:
        start, entry = self._rows[row]
        return self._cells[start : start + entry.rows * entry.columns].reshape(entry.rows, entry.columns, self.channels)


def images_of(manifest: Manifest, rows: Iterable[int]) -> dict[int, str]:
    """What the index calls the image of each of `rows`."""
    places = {row: manifest.row(row)["image"] for row in rows}
    return {row: f"{place['archive']}/{place['member']}" for row, place in places.items()}
