"""Confusion counts of every image, kept apart: mIoU needs only their sum, paired statistics need each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from larvseg.datasets.arrow import table_in
from larvseg.errors import LarvSegError, reading

COLUMNS = ("image", "target", "prediction", "count")
CLASSES = 2**16  # more than any data set has
DENSE = 4  # with fewer cells of the matrix than so many times the pixels, counting in all cells is quicker than sorting the pixels


class ConfusionCounts:
    """Sparse confusion counts: (image, target, prediction) → pixels, for `classes` classes."""

    def __init__(self, classes: int):
        self.classes = classes
        self._parts: list[np.ndarray] = [np.zeros((4, 0), dtype=np.int64)]

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
        self._parts.append(np.stack([np.full_like(pairs, image), *np.divmod(pairs, self.classes), counts]))

    def rows(self) -> np.ndarray:
        """(4, R) int64: image, target, prediction, count; images as added, pairs ascending within each."""
        return np.concatenate(self._parts, axis=1)

    def matrix(self) -> np.ndarray:
        """(N, N) int64: pixels of target row predicted as column, over all images."""
        return accumulate(self.rows(), self.classes)

    def write(self, path: Path) -> None:
        """Write the counts to `path` as an uncompressed Arrow IPC file with int32 image, target, prediction and int64 count."""
        arrays = [
            pa.array(values, type) for values, type in zip(self.rows(), (pa.int32(), pa.int32(), pa.int32(), pa.int64()), strict=True)
        ]
        table = pa.table(arrays, names=COLUMNS).replace_schema_metadata({"classes": str(self.classes)})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)


def read_confusion(path: Path) -> tuple[np.ndarray, int]:
    """The (4, R) int64 rows that `ConfusionCounts.write` wrote, and the number of classes; LarvSegError for a file that is none."""
    with reading(path, "confusion counts", "delete it and evaluate the run again"):
        table = table_in(path)
        classes = int(table.schema.metadata[b"classes"])
        rows = np.stack([table[name].to_numpy() for name in COLUMNS], dtype=np.int64)
        if not 0 < classes <= CLASSES or rows.min(initial=0) < 0 or rows[1:3].max(initial=0) >= classes:
            raise ValueError("counts of no classes, or of other ones")
        return rows, classes


def accumulate(rows: np.ndarray, classes: int) -> np.ndarray:
    """(4, R) counts → (classes, classes) int64 matrix of target × prediction, summed over the images."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (rows[1], rows[2]), rows[3])
    return matrix
