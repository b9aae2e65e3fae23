"""Labels and scores of a picture of any size, some rows at a time: only a band of them is ever in memory.

The labels are those of the evaluation (larvseg.evaluation.sliding_window), whose parts compute them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from larvseg.config import Evaluation
from larvseg.errors import LarvSegError

# private there: another name for it would change the code behind every evaluation, and so have all of them made again
from larvseg.evaluation.argmax import _candidate_argmax, _cover, _interpolation, _placement, sliding_argmax
from larvseg.evaluation.sliding_window import Cut, Segmenter

WHOLE = 2**24  # pixels; a smaller picture is labelled at once
ROWS = 2**22  # pixels of a band


class Band(NamedTuple):
    """Some rows of a picture, from the left to the right."""

    rows: slice
    labels: np.ndarray  # (h, W) int64
    scores: np.ndarray  # (h, W) float32, from 0 to 1


def bands_of(
    model: Segmenter, cut: Cut, evaluation: Evaluation, chosen: Tensor | None = None, whole: int = WHOLE, rows: int = ROWS
) -> Iterator[Band]:
    """The bands of the picture that was `cut`, from the top to the bottom, in inference mode.

    `chosen`: positions of the classes that a pixel may have, (C,) int64; labels are always positions in all classes. The score of a pixel
    is the softmax probability of its class over the classes that it may have. Probabilities are taken on the grid of the network's
    patches, averaged over the windows that overlap, and interpolated to the pixel, as logits are.

    Raises LarvSegError where the model gives no finite logits.
    """
    with torch.inference_mode():
        logits = torch.cat([model(batch).float() for batch in cut.windows.split(evaluation.batch_size)])
        if not logits.isfinite().all():
            raise LarvSegError("the model gives no finite numbers for this picture; its file is damaged, or it was not trained to the end")
        chosen = torch.arange(logits.shape[1]) if chosen is None else chosen
        logits = logits[:, chosen.to(logits.device)]
        size = cut.size if evaluation.size == "original" else cut.resized
        axes = _axes(cut, logits, size)
        height, width = cut.size
        # of each row and column of the picture its place in what is labelled
        rows_of, columns_of = (torch.arange(new) * old // new for old, new in zip(size, cut.size, strict=True))
        scores = _Scores(_joined(logits.softmax(1), cut), axes[0], axes[1][columns_of])
        if at_once := size[0] * size[1] <= whole:
            labels = sliding_argmax(logits, cut.starts, cut.window, cut.resized, size)
        else:
            maps = _joined(logits, cut)
        step = height if height * width <= whole else max(1, rows // width)
        for top in range(0, height, step):
            band = rows_of[top : top + step]
            own = labels[band][:, columns_of] if at_once else _candidate_argmax(maps, axes[0][band], axes[1][columns_of])
            yield Band(slice(top, top + len(band)), chosen[own.cpu()].numpy(), scores(own, band).cpu().numpy())


def _axes(cut: Cut, logits: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """(H, T·h) and (W, L·w): how each row and column of what is labelled is made of those of all windows, one after the other."""
    found = []
    for patches, starts, window, length, new in zip(logits.shape[2:], cut.starts, cut.window, cut.resized, size, strict=True):
        merge = _placement(patches, starts, window, length) / _cover(starts, window, length)[:, None]
        found.append((_interpolation(length, new).double() @ merge if new != length else merge).to(logits))
    return found[0], found[1]


def _joined(windows: Tensor, cut: Cut) -> Tensor:
    """(T·L, C, h, w) → (C, T·h, L·w): the windows beside each other, overlaps twice."""
    return windows.unflatten(0, tuple(map(len, cut.starts))).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


class _Scores:
    """Probabilities of labels: of one class for each pixel, from the few patches that the pixel draws on."""

    def __init__(self, probabilities: Tensor, rows: Tensor, columns: Tensor):
        self.probabilities = probabilities  # (C, h, w)
        self.rows, self.columns = _sparse(rows), _sparse(columns)

    def __call__(self, labels: Tensor, band: Tensor) -> Tensor:
        """(h, W) of `labels` (h, W), which are those of the rows `band` (h,)."""
        (row_places, row_weights), (column_places, column_weights) = (each[band] for each in self.rows), self.columns
        total = torch.zeros(labels.shape, dtype=torch.float32, device=labels.device)
        for i in range(row_places.shape[1]):
            for j in range(column_places.shape[1]):
                part = self.probabilities[labels, row_places[:, i, None], column_places[None, :, j]]
                total += row_weights[:, i, None] * column_weights[None, :, j] * part
        return total.clamp(0, 1)  # sums of weights are one up to rounding


def _sparse(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Places and values (R, S) of the S entries of each row that may be other than zero."""
    values, places = matrix.topk(int((matrix != 0).sum(1).max()), dim=1)
    return places, values
