"""Whether an exported file says what its run says, measured on pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from larvseg.errors import LarvSegError
from larvseg.evaluation.argmax import upsampled_argmax
from larvseg.evaluation.sliding_window import cut
from larvseg.export.network import protocols
from larvseg.export.pictures import Pictures
from larvseg.loading import LoadedRun

LABELS = 0.999  # share of the pixels that have the same label, at least
LOGITS = 1e-3  # how far a logit may be from that of the run


class Agreement(NamedTuple):
    """`same`: of so many `pixels` the share that has the same label; `largest`: by how much logits differ at the most."""

    pictures: str
    pixels: int
    same: float
    largest: float

    def __str__(self) -> str:
        share = f"{100 * self.same:.3f} % of {self.pixels:,} pixels have the label that the run gives them"
        return f"{self.pictures}: {share}, logits differ by {self.largest:.1e} at most"


@torch.inference_mode()
def check(run: LoadedRun, exported: Callable[[Tensor], Tensor], pictures: Pictures, form: str) -> Agreement:
    """Compare `exported`, (N, 3, H, W) → logits (N, C, h, w), with the network of `run`, on each window and on whole pictures.

    Raises LarvSegError, which says what was measured, where they agree less than LABELS and LOGITS ask for.
    """
    pixels = same = 0
    largest = 0.0
    for image in pictures.images:
        for protocol in protocols(run):
            windows = cut(image, protocol, run.config.switches.normalisation).windows
            own, other = run.model(windows), exported(windows)
            if own.shape != other.shape:
                raise LarvSegError(
                    f"{form}: logits {tuple(other.shape)} of images {tuple(windows.shape)}, the run gives {tuple(own.shape)}"
                )
            largest = max(largest, float((own - other).abs().max()))
            labels, others = (_labels(logits, windows, run.config.backbone.patch_size) for logits in (own, other))
            pixels, same = pixels + labels.numel(), same + int((labels == others).sum())
    measured = Agreement(pictures.title, pixels, same / pixels, largest)
    if not (measured.same >= LABELS and measured.largest <= LOGITS):  # NaN agrees with nothing
        raise LarvSegError(f"{form}: the file does not say what the run says ({measured}); nothing was written")
    return measured


def _labels(logits: Tensor, windows: Tensor, patch: int) -> Tensor:
    """(N, C, h, w) → (N, H, W): the largest logit at each pixel of `windows` (N, 3, H, W)."""
    cells = logits.shape[2] * patch, logits.shape[3] * patch
    return upsampled_argmax(logits, cells)[:, : windows.shape[2], : windows.shape[3]]
