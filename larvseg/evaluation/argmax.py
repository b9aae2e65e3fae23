"""Label maps at image size from logits on the patch grid, exactly, without an image-sized map of every class.

Upsampling is a fixed linear map whose weights are non-negative and sum to one: each output pixel is a convex combination of a few
patches. So in a block of pixels that draw on the same patches, with L the largest over classes of the smallest value on these patches,
a class whose largest value is below L cannot win anywhere. The few dozen classes that remain are interpolated, the others never.
Merging sliding windows and resizing the result is such a map, too, and acts on rows and columns separately: as one pair of matrices, whose
product with the logits is the result where it is smaller than the resized image between the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from larvseg.models.upsampling import upsample

Method = Literal["auto", "plain", "candidates"]
SlidingMethod = Literal["auto", "plain", "product", "candidates"]

CHUNK = 1 << 24  # elements of one intermediate of the plain way: 64 MiB
ACCELERATED = 16  # times as many on a GPU, which would else wait for the next few classes most of the time
KERNELS = ("cpu",)  # devices where torch's own bilinear kernel is taken; on a GPU torch puts a slow one in its place for determinism
PLAIN_LIMIT = (
    1 << 25
)  # above so many output logits the candidate reduction is the faster way on a CPU; an accelerator always takes the plain one
SHRUNK = 4  # where the resized image has so many times the pixels of the original, neither interpolation is carried out at its size


def upsampled_argmax(logits: Tensor, size: tuple[int, int], method: Method = "auto") -> Tensor:
    """`F.interpolate(logits, size, mode="bilinear", align_corners=False).argmax(1)`: (B, N, h, w) float32 without NaN → (B, H, W) int64.

    Equal wherever the two best classes differ by more than 1e-5; of equal classes the first wins. `method` forces one of the two ways.
    Raises ValueError for another rank or type, or an empty axis.
    """
    _check(logits, "logits (B, N, h, w)")
    if _candidates_pay(logits, size, method):
        rows, columns = (_interpolation(old, new) for old, new in zip(logits.shape[2:], size, strict=True))
        return torch.stack([_candidate_argmax(maps, rows, columns) for maps in logits])
    return torch.stack([_plain_argmax(maps, size) for maps in logits])


def sliding_argmax(
    window_logits: Tensor,
    positions: tuple[Sequence[int], Sequence[int]],
    window: tuple[int, int],
    resized_size: tuple[int, int],
    original_size: tuple[int, int],
    method: SlidingMethod = "auto",
) -> Tensor:
    """Label map of one image from the logits of its sliding windows: (T·L, N, h, w) float32 → `original_size` int64.

    Each window's logits are upsampled to `window` (height, width) pixels and laid at its place in the resized image; what reaches past it
    is dropped. Overlaps are averaged, the mean is resized to `original_size`, both bilinear (align_corners False), then argmax.
    `positions` are the T top and L left window edges; windows come row by row and must cover the image.
    Raises ValueError for wrong shapes, types or uncovered pixels.
    """
    _check(window_logits, "window_logits (T·L, N, h, w)")
    tops, lefts = positions
    if len(window_logits) != len(tops) * len(lefts):
        raise ValueError(f"window_logits: {len(window_logits)} windows for {len(tops)} × {len(lefts)} positions")
    axes = list(zip(window_logits.shape[2:], positions, window, resized_size, strict=True))
    cover = [_cover(*axis[1:]) for axis in axes]
    candidates = _candidates_pay(window_logits, original_size, method)
    if candidates or _product_pays(window_logits, resized_size, original_size, method):
        merges = [_placement(*axis) / count[:, None] for axis, count in zip(axes, cover, strict=True)]
        both = (_interpolation(len(m), new).double() @ m for m, new in zip(merges, original_size, strict=True))
        rows, columns = (matrix.to(window_logits) for matrix in both)
        grid = window_logits.unflatten(0, (len(tops), len(lefts))).permute(2, 0, 3, 1, 4)  # N, T, h, L, w
        maps = grid.flatten(3).flatten(1, 2)
        return _candidate_argmax(maps, rows, columns) if candidates else _product_argmax(maps, rows, columns)
    count = (cover[0][:, None] * cover[1]).to(window_logits)

    def merged(chunk: slice) -> Tensor:
        total = window_logits.new_zeros(len(window_logits[0, chunk]), *resized_size)
        windows = _bilinear(window_logits[:, chunk], window)
        for (top, left), logits in zip(((top, left) for top in tops for left in lefts), windows, strict=True):
            target = total[:, top : top + window[0], left : left + window[1]]
            target += logits[:, : target.shape[1], : target.shape[2]]
        return total / count

    per_class = len(window_logits) * window[0] * window[1] + resized_size[0] * resized_size[1] + original_size[0] * original_size[1]
    return _running_argmax(merged, window_logits.shape[1], per_class, original_size, window_logits.device)


def _check(logits: Tensor, name: str) -> None:
    if logits.ndim != 4 or logits.dtype != torch.float32 or 0 in logits.shape:
        raise ValueError(f"{name}: expected non-empty float32 of rank 4, got {logits.dtype} {tuple(logits.shape)}")


def _candidates_pay(logits: Tensor, size: tuple[int, int], method: SlidingMethod) -> bool:
    if method != "auto":
        return method == "candidates"
    pixels, patches = size[0] * size[1], logits.shape[2] * logits.shape[3]
    return logits.device.type == "cpu" and logits.shape[1] * pixels > PLAIN_LIMIT and pixels > 16 * patches


def _product_pays(logits: Tensor, resized: tuple[int, int], size: tuple[int, int], method: SlidingMethod) -> bool:
    if method != "auto":
        return method == "product"
    # a weight of 0 times an infinite logit would be no number
    return resized[0] * resized[1] >= SHRUNK * size[0] * size[1] and bool(logits.isfinite().all())


# --- the plain way -----------------------------------------------------------------------------------------------------------


def _plain_argmax(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, h, w) → (H, W): a few classes at a time."""
    return _running_argmax(lambda chunk: maps[chunk], len(maps), size[0] * size[1], size, maps.device)


def _bilinear(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, n, h, w) → (B, n, H, W), align_corners False. By two products an infinite logit is a very low one: 0 times it must be 0."""
    if maps.device.type in KERNELS:
        return F.interpolate(maps, size, mode="bilinear", align_corners=False)
    return upsample(maps.clamp(min=-1e30), size)


def _running_argmax(maps_of, classes: int, per_class: int, size: tuple[int, int], device: torch.device) -> Tensor:
    """Argmax over all classes of `maps_of(slice)` (n, h, w) resized to `size`, with about CHUNK elements (`per_class` each) in memory."""
    step = max(1, CHUNK * (1 if device.type == "cpu" else ACCELERATED) // per_class)
    best = labels = None
    for start in range(0, classes, step):
        maps = maps_of(slice(start, start + step))
        if maps.shape[1:] != size:
            maps = _bilinear(maps[None], size)[0]
        values, indices = maps.max(0)
        if best is None:
            best, labels = values, indices
            continue
        better = values > best  # not >=: of equal classes the first wins
        best = torch.where(better, values, best)
        labels = torch.where(better, indices + start, labels)
    return labels


# --- both interpolations as one product of matrices --------------------------------------------------------------------------


def _product_argmax(maps: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """argmax over n of rows · maps[n] · columnsᵀ: (N, h, w), (H, h), (W, w) → (H, W), a few classes at a time."""
    size = len(rows), len(columns)
    return _running_argmax(lambda chunk: rows @ (maps[chunk] @ columns.T), len(maps), size[0] * size[1], size, maps.device)


# --- the candidate reduction -------------------------------------------------------------------------------------------------


def _interpolation(old: int, new: int) -> Tensor:
    """(new, old): the weights of torch's own bilinear interpolation along one axis, align_corners False."""
    return F.interpolate(torch.eye(old)[None], new, mode="linear", align_corners=False)[0].T


def _cover(starts: Sequence[int], window: int, length: int) -> Tensor:
    """(length,): how many windows cover each pixel along one axis."""
    count = torch.zeros(length)
    for start in starts:
        count[start : start + window] += 1
    if not count.all():
        raise ValueError(f"windows of {window} at {list(starts)} do not cover {length} pixels")
    return count


def _placement(size: int, starts: Sequence[int], window: int, length: int) -> Tensor:
    """(length, windows·size): upsample `size` patches of each window to `window` pixels and add them at their places, one axis, float64."""
    weights = _interpolation(size, window).double()
    matrix = torch.zeros(length, len(starts), size, dtype=torch.float64)
    for i, start in enumerate(starts):
        matrix[start : start + window, i] = weights[: length - start]
    return matrix.flatten(1)


def _candidate_argmax(maps: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """argmax over n of rows · maps[n] · columnsᵀ: (N, h, w), (H, h), (W, w) → (H, W). The rows of both matrices are convex weights."""
    grid = maps.permute(1, 2, 0).contiguous()
    labels = torch.empty(len(rows), len(columns), dtype=torch.int64, device=maps.device)
    column_blocks = list(_blocks(columns.to(maps.device)))
    for ys, patch_rows, row_weights in _blocks(rows.to(maps.device)):
        band = grid[patch_rows]
        low, high = band.amin(0), band.amax(0)
        for xs, patch_columns, column_weights in column_blocks:
            bound = low[patch_columns].amin(0).max()
            candidates = (high[patch_columns].amax(0) >= bound).nonzero().squeeze(1)
            corners = band[:, patch_columns[:, None], candidates]
            lines = _combine(column_weights, corners.transpose(0, 1))  # (X, rows, K)
            values = _combine(row_weights, lines.transpose(0, 1))  # (Y, X, K)
            labels[ys, xs] = candidates[values.argmax(2)]
    return labels


def _blocks(weights: Tensor) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Runs of consecutive outputs that draw on the same inputs: the outputs, the indices of the inputs, the weights (outputs, inputs)."""
    used = weights != 0
    changes = (used[1:] != used[:-1]).any(1).nonzero().squeeze(1) + 1
    edges = [0, *changes.tolist(), len(weights)]
    for start, stop in zip(edges, edges[1:], strict=False):
        inputs = used[start].nonzero().squeeze(1)
        yield slice(start, stop), inputs, weights[start:stop, inputs]


def _combine(weights: Tensor, values: Tensor) -> Tensor:
    """Σ_s weights[p, s] · values[s]: (P, S), (S, ·, K) → (P, ·, K). Not a matrix product: those may run in reduced precision."""
    total = weights[:, 0, None, None] * values[0]
    for s in range(1, len(values)):
        total += weights[:, s, None, None] * values[s]
    return total
