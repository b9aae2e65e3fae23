"""Confusion counts of every image, kept apart: mIoU needs only their sum, paired statistics need each."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pyarrow as pa

from larvseg.datasets.arrow import table_in
from larvseg.errors import LarvSegError, reading

COLUMNS = ("image", "target", "prediction", "count")
CLASSES = 2**16  # more than any data set has
_TYPES = ("i", "i", "i", "q")  # of the columns, as the module array calls them: 20 bytes for each pair of classes that meet in an image
_ROWS_AT_ONCE = 2**18
DENSE = 4  # with fewer cells of the matrix than so many times the pixels, counting in all cells is quicker than sorting the pixels


class ConfusionCounts:
    """Sparse confusion counts: (image, target, prediction) → pixels, for `classes` classes."""

    def __init__(self, classes: int):
        self.classes = classes
        self._columns = tuple(map(array, _TYPES))

    def add(self, image: int, target: np.ndarray, prediction: np.ndarray) -> None:
        """Count the pixels of one image. `target`, `prediction`: int arrays of one shape; pixels with target < 0 are ignored.

        Raises LarvSegError for another shape or a class outside 0 … classes − 1.
        """
        if target.shape != prediction.shape:
            raise LarvSegError(f"image {image}: prediction of shape {prediction.shape} for a mask of {target.shape}")
        labelled = target >= 0
        target, prediction = target[labelled].astype(np.int64), prediction[labelled].astype(np.int64)
        for name, values in (("mask", target), ("prediction", prediction)):
            if values.size and not 0 <= values.min() <= values.max() < self.classes:
                raise LarvSegError(f"image {image}: {name} with a class outside 0 to {self.classes - 1}")
        both = target * self.classes + prediction
        if self.classes**2 <= DENSE * both.size:
            counts = np.bincount(both)
            pairs = counts.nonzero()[0]
            counts = counts[pairs]
        else:
            pairs, counts = np.unique(both, return_counts=True)
        found = (np.full_like(pairs, image), *np.divmod(pairs, self.classes), counts)
        for column, values in zip(self._columns, found, strict=True):
            column.frombytes(values.astype(column.typecode).tobytes())

    def rows(self) -> np.ndarray:
        """(4, R) int64: image, target, prediction, count; images as added, pairs ascending within each."""
        return np.array(self._columns, np.int64)

    def matrix(self) -> np.ndarray:
        """(N, N) int64: pixels of target row predicted as column, over all images."""
        return _matrix(self._views(), self.classes)

    def write(self, path: Path) -> None:
        """Write the counts to `path` as an uncompressed Arrow IPC file with int32 image, target, prediction and int64 count."""
        table = pa.table(self._views(), names=COLUMNS).replace_schema_metadata({"classes": str(self.classes)})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    def _views(self) -> list[np.ndarray]:
        """The columns, as long as nothing is added."""
        return [np.asarray(column) for column in self._columns]


def confusion_matrix(path: Path) -> np.ndarray:
    """What `matrix` of the counts gave that were written to `path`; only a part of them is in memory at a time."""
    return _matrix(*read_confusion(path))


def read_confusion(path: Path) -> tuple[list[np.ndarray], int]:
    """The columns that `ConfusionCounts.write` wrote, (R,) each, which stay in the file, and the number of classes.

    Raises LarvSegError for a file that is none.
    """
    with reading(path, "confusion counts", "delete it and evaluate the run again"):
        table = table_in(path)
        classes = int(table.schema.metadata[b"classes"])
        chunks = [table[name] if table[name].num_chunks != 1 else table[name].chunk(0) for name in COLUMNS]  # a single chunk is not copied
        columns = [chunk.to_numpy() for chunk in chunks]
        if not 0 < classes <= CLASSES or min(column.min(initial=0) for column in columns) < 0:
            raise ValueError("counts of no classes, or negative ones")
        if max(column.max(initial=0) for column in columns[1:3]) >= classes:
            raise ValueError("counts of other classes")
        return columns, classes


def _matrix(columns: list[np.ndarray], classes: int) -> np.ndarray:
    matrix = np.zeros((classes, classes), np.int64)
    for start in range(0, len(columns[0]), _ROWS_AT_ONCE):
        matrix += accumulate(np.array([column[start : start + _ROWS_AT_ONCE] for column in columns], np.int64), classes)
    return matrix


def accumulate(rows: np.ndarray, classes: int) -> np.ndarray:
    """(4, R) counts → (classes, classes) int64 matrix of target × prediction, summed over the images."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (rows[1], rows[2]), rows[3])
    return matrix
