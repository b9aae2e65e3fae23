"""A segmenter on whole images: keep-ratio resize, overlapping square windows, one label map an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

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


class Cut(NamedTuple):
    """An image as a segmenter takes it."""

    windows: Tensor  # (T·L, 3, W, W), row by row; or the whole image (1, 3, H, W), or its features (1, F, h, w)
    starts: tuple[tuple[int, ...], tuple[int, ...]]  # first pixels of the windows, T tops and L lefts
    window: tuple[int, int]  # height and width of a window, pixels of the resized image
    resized: tuple[int, int]  # height and width
    size: tuple[int, int]  # of the image itself


def segment(
    model: Segmenter, image: np.ndarray, evaluation: Evaluation, normalisation: str, device: torch.device | str = "cpu"
) -> np.ndarray:
    """The label map (H, W) int64 of `image` (H, W, 3) uint8."""
    return next(segment_all(model, [image], evaluation, normalisation, device))


def segment_all(
    model: Segmenter, images: Iterable[np.ndarray], evaluation: Evaluation, normalisation: str, device: torch.device | str = "cpu"
) -> Iterator[np.ndarray]:
    """The label maps (H, W) int64 of `images` (H, W, 3) uint8, in order; windows of several images share a batch."""
    return segment_cuts(model, (cut(image, evaluation, normalisation) for image in images), evaluation, device)


def segment_cuts(model: Segmenter, cuts: Iterable[Cut], evaluation: Evaluation, device: torch.device | str = "cpu") -> Iterator[np.ndarray]:
    """The same of images that are cut already, wherever their windows are."""
    waiting: list[Cut] = []
    for each in cuts:
        if waiting and waiting[0].windows.shape[1:] != each.windows.shape[1:]:  # whole images of several sizes
            yield from _label_maps(model, waiting, evaluation, device)
            waiting = []
        waiting.append(each)
        if sum(len(own.windows) for own in waiting) >= evaluation.batch_size:
            yield from _label_maps(model, waiting, evaluation, device)
            waiting = []
    yield from _label_maps(model, waiting, evaluation, device)


def cut(image: np.ndarray, evaluation: Evaluation, normalisation: str) -> Cut:
    """`image` (H, W, 3) uint8, resized and normalised: windows of it, or all of it where the protocol says its cells."""
    width, height = resized_size(image.shape[1], image.shape[0], evaluation.short_side, evaluation.long_side)
    pixels = torch.from_numpy(normalise(resize(image, (width, height)), normalisation))[None]
    if evaluation.cell is not None:
        return _whole(pixels, (height, width), image.shape[:2], evaluation.cell)
    window = evaluation.window
    tops, lefts = (window_starts(length, window, evaluation.stride) for length in (height, width))
    # an image smaller than the window is padded after normalisation, as in training
    pixels = F.pad(pixels, (0, max(window - width, 0), 0, max(window - height, 0)))
    windows = torch.cat([pixels[:, :, top : top + window, left : left + window] for top in tops for left in lefts])
    return Cut(windows, (tops, lefts), (window, window), (height, width), image.shape[:2])


def cut_features(features: np.ndarray, size: tuple[int, int], evaluation: Evaluation) -> Cut:
    """The same of an image of `size` (width, height) whose `features` (h, w, F) were computed before."""
    width, height = resized_size(*size, evaluation.short_side, evaluation.long_side)
    cells = torch.from_numpy(features.astype(np.float32).transpose(2, 0, 1))[None]
    return _whole(cells, (height, width), size[::-1], evaluation.cell)


def _whole(inputs: Tensor, resized: tuple[int, int], size: tuple[int, int], cell: int) -> Cut:
    """One window, as large as whole cells."""
    height, width = (-(-length // cell) * cell for length in resized)
    return Cut(inputs, ((0,), (0,)), (height, width), resized, size)


def _label_maps(model: Segmenter, cuts: list[Cut], evaluation: Evaluation, device: torch.device | str) -> Iterator[np.ndarray]:
    if not cuts:
        return
    windows = torch.cat([each.windows for each in cuts]).to(device)
    logits = torch.cat([model(batch).float() for batch in windows.split(evaluation.batch_size)])
    for each, own in zip(cuts, logits.split([len(each.windows) for each in cuts]), strict=True):
        size = each.size if evaluation.size == "original" else each.resized
        labels = sliding_argmax(own, each.starts, each.window, each.resized, size).cpu().numpy()
        yield labels if evaluation.size == "original" else _nearest(labels, each.size)


def _nearest(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a label map by the nearest pixel at or before, as `F.interpolate(mode="nearest")` does."""
    rows, columns = (np.arange(new) * old // new for old, new in zip(labels.shape, size, strict=True))
    return labels[rows[:, None], columns]
