"""A segmenter on whole images: keep-ratio resize, overlapping square windows, one label map an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.config import Evaluation
from larvseg.datasets.transforms import normalise, resize, resized_size
from larvseg.evaluation.argmax import sliding_argmax

Segmenter = Callable[[Tensor], Tensor]  # (B, 3, window, window) → logits (B, N, h, w)


def window_starts(length: int, window: int, stride: int) -> tuple[int, ...]:
    """First pixels of the windows along an axis; the last window is moved back to end at the border.

    There is one, at 0, if `length` ≤ `window`.
    """
    count = max(-(-(length - window) // stride), 0) + 1
    return tuple(max(min(i * stride + window, length) - window, 0) for i in range(count))


def segment(
    model: Segmenter, image: np.ndarray, evaluation: Evaluation, normalisation: str, device: torch.device | str = "cpu"
) -> np.ndarray:
    """The label map (H, W) int64 of `image` (H, W, 3) uint8."""
    return next(segment_all(model, [image], evaluation, normalisation, device))


def segment_all(
    model: Segmenter, images: Iterable[np.ndarray], evaluation: Evaluation, normalisation: str, device: torch.device | str = "cpu"
) -> Iterator[np.ndarray]:
    """The label maps (H, W) int64 of `images` (H, W, 3) uint8, in order; windows of several images share a batch."""
    waiting: list[_Cut] = []
    for image in images:
        waiting.append(_Cut(image, evaluation, normalisation, device))
        if sum(len(cut.windows) for cut in waiting) >= evaluation.batch_size:
            yield from _label_maps(model, waiting, evaluation)
            waiting = []
    yield from _label_maps(model, waiting, evaluation)


class _Cut:
    """An image cut into windows (T·L, 3, window, window), row by row."""

    def __init__(self, image: np.ndarray, evaluation: Evaluation, normalisation: str, device: torch.device | str):
        self.size = image.shape[:2]
        width, height = resized_size(image.shape[1], image.shape[0], evaluation.short_side, evaluation.long_side)
        self.resized = height, width
        window = evaluation.window
        self.starts = tuple(window_starts(length, window, evaluation.stride) for length in self.resized)
        pixels = torch.from_numpy(normalise(resize(image, (width, height)), normalisation)).to(device)[None]
        # an image smaller than the window is padded after normalisation, as in training
        pixels = F.pad(pixels, (0, max(window - width, 0), 0, max(window - height, 0)))
        tops, lefts = self.starts
        self.windows = torch.cat([pixels[:, :, top : top + window, left : left + window] for top in tops for left in lefts])


def _label_maps(model: Segmenter, cuts: list[_Cut], evaluation: Evaluation) -> Iterator[np.ndarray]:
    if not cuts:
        return
    windows = torch.cat([cut.windows for cut in cuts])
    logits = torch.cat([model(batch).float() for batch in windows.split(evaluation.batch_size)])
    for cut, own in zip(cuts, logits.split([len(cut.windows) for cut in cuts]), strict=True):
        size = cut.size if evaluation.size == "original" else cut.resized
        labels = sliding_argmax(own, cut.starts, evaluation.window, cut.resized, size).cpu().numpy()
        yield labels if evaluation.size == "original" else _nearest(labels, cut.size)


def _nearest(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a label map by the nearest pixel at or before, as `F.interpolate(mode="nearest")` does."""
    rows, columns = (np.arange(new) * old // new for old, new in zip(labels.shape, size, strict=True))
    return labels[rows[:, None], columns]
