"""Labels and scores of a picture of any size, some rows at a time: only a band of them is ever in memory.

The labels are those of the evaluation (larvseg.evaluation.sliding_window), whose parts compute them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from larvseg.config import Evaluation
from larvseg.errors import LarvSegError

# private there: other names for them would change the code behind every evaluation, and so have all of them made again
from larvseg.evaluation.argmax import _blocks, _combine, _cover, _interpolation, _placement, sliding_argmax
from larvseg.evaluation.sliding_window import Cut, Segmenter

WHOLE = 2**24  # pixels; a smaller picture is labelled at once
ROWS = 2**22  # pixels of a band
CHUNK = 2**23  # logits of a block of pixels that are in memory at a time
MARGIN = 16.0  # probabilities that come to less than e^-16 together are left out of scores


class Band(NamedTuple):
    """Some rows of a picture, from the left to the right."""

    rows: slice
    labels: np.ndarray  # (h, W) int64
    scores: np.ndarray  # (h, W) float32, from 0 to 1


@torch.inference_mode()
def bands_of(
    model: Segmenter, cut: Cut, evaluation: Evaluation, chosen: Tensor | None = None, whole: int = WHOLE, rows: int = ROWS
) -> Iterator[Band]:
    """The bands of the picture that was `cut`, from the top to the bottom.

    `chosen`: positions of the classes that a pixel may have, (C,) int64; labels are always positions in all classes. The score of a pixel
    is the softmax probability of its class over the classes that it may have, of the logits as they are interpolated to the pixel.

    Raises LarvSegError where the model gives no finite logits.
    """
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
    at_once = sliding_argmax(logits, cut.starts, cut.window, cut.resized, size) if size[0] * size[1] <= whole else None
    grid = _joined(logits, cut).permute(1, 2, 0).contiguous()
    step = height if height * width <= whole else max(1, rows // width)
    for top in range(0, height, step):
        band = rows_of[top : top + step]
        labels, scores = _labels_and_scores(grid, axes[0][band], axes[1][columns_of])
        if at_once is not None:  # of two classes that are equal up to rounding that which the evaluation takes
            labels = at_once[band][:, columns_of]
        yield Band(slice(top, top + len(band)), chosen[labels.cpu()].numpy(), scores.cpu().numpy())


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


def _labels_and_scores(grid: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """The largest of the logits rows · grid[…, n] · columnsᵀ and its softmax probability: (h, w, C), (H, h), (W, w) → (H, W) twice.

    As in larvseg.evaluation.argmax classes are left out of a block of pixels that cannot count there, here those whose probabilities
    come to less than e^−MARGIN together.
    """
    labels = torch.empty(len(rows), len(columns), dtype=torch.int64, device=grid.device)
    scores = torch.empty(labels.shape, device=grid.device)
    column_blocks, margin = list(_blocks(columns)), MARGIN + math.log(grid.shape[2])
    for ys, patch_rows, row_weights in _blocks(rows):
        band = grid[patch_rows]
        low, high = band.amin(0), band.amax(0)
        for xs, patch_columns, column_weights in column_blocks:
            bound = low[patch_columns].amin(0).max() - margin
            candidates = (high[patch_columns].amax(0) >= bound).nonzero().squeeze(1)
            best = together = None
            for some in candidates.split(max(1, CHUNK // (len(row_weights) * len(column_weights)))):
                corners = band[:, patch_columns[:, None], some]
                values = _combine(row_weights, _combine(column_weights, corners.transpose(0, 1)).transpose(0, 1))  # (Y, X, K)
                (highest, places), total = values.max(2), values.logsumexp(2)
                if best is None:
                    best, together, winners = highest, total, some[places]
                    continue
                winners = torch.where(highest > best, some[places], winners)
                best, together = torch.maximum(best, highest), torch.logaddexp(together, total)
            labels[ys, xs], scores[ys, xs] = winners, (best - together).exp()
    return labels, scores
