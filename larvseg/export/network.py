"""What an exported file computes, and what is said in it of itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from larvseg.config import Evaluation
from larvseg.datasets.transforms import _NORMALISATION as STATISTICS  # a public name there would have every training made again
from larvseg.loading import LoadedRun
from larvseg.models.extractor import Extractor
from larvseg.training.segmenters import DatasetSegmenter


class Exported(nn.Module):
    """(N, 3, H, W) float32 images, normalised → (N, C, ⌈H/p⌉, ⌈W/p⌉) float32 logits of the C classes of the benchmark, for each p×p patch.

    They stay on the grid of patches because the picture was resized before: who wants labels enlarges the logits to the size of the
    picture itself, once, and takes the largest. Image-sized logits of 847 classes would take a gigabyte, and be resized all the same.

    It computes what DatasetSegmenter computes, in operations that a trace keeps for other sizes than that of its example: the sizes of
    outputs follow from that of the input alone.
    """

    def __init__(self, model: DatasetSegmenter) -> None:
        super().__init__()
        self.segmenter, self.frozen, self.classes = model.segmenter, model.frozen, len(model.names)
        self.register_buffer("index", model.index)

    def forward(self, images: Tensor) -> Tensor:
        # rounded as DatasetSegmenter rounds
        inputs = images if self.frozen is None else _extract(self.frozen, images).half().float()
        classifier, patch = self.segmenter.classifier, self.segmenter.backbone.patch_size
        cosines = classifier(self.segmenter.backbone(inputs), self.index).cosines
        height, width = ((length + patch - 1) // patch for length in images.shape[2:])
        return classifier.normalise(cosines).transpose(1, 2).reshape(images.shape[0], self.classes, height, width)


def _extract(extractor: Extractor, images: Tensor) -> Tensor:
    """`extractor(images)`. Levels are averaged by windows of a known size, where Extractor asks for the size of the result."""
    height, width = images.shape[2:]
    levels = extractor.network(F.pad(images, (0, -width % extractor.stride, 0, -height % extractor.stride)))
    reductions = extractor.network.feature_info.reduction()
    cells = [extractor.stride // reduction for reduction in reductions]
    return torch.cat([F.avg_pool2d(level, cell) if cell > 1 else level for level, cell in zip(levels, cells, strict=True)], dim=1)


def fixed_window(run: LoadedRun) -> int | None:
    """Height and width in pixels of the only images that the file takes; None where it takes images of any size.

    A frozen network with a position embedding has it resampled with antialiasing for other sizes, which ONNX has no operation for.
    """
    frozen = run.model.frozen
    if frozen is None or not any("pos_embed" in name for name, _ in frozen.named_parameters()):
        return None
    return run.config.backbone.image_size


def protocols(run: LoadedRun) -> tuple[Evaluation, ...]:
    """How pictures are shown to the file: the run's own way first and, where it takes any size, whole pictures."""
    if side := fixed_window(run):
        return (_shown(run, window=side, stride=side),)
    whole = _shown(run, cell=run.config.backbone.patch_size)
    return (run.evaluation,) if run.evaluation.cell else (run.evaluation, whole)


def _shown(run: LoadedRun, **how: int) -> Evaluation:
    return Evaluation(short_side=run.evaluation.short_side, long_side=run.evaluation.long_side, size=run.evaluation.size, **how)


def about(run: LoadedRun) -> dict[str, Any]:
    """What a user of the file has to know, as JSON values.

    `mean` and `std` are those of pixels from 0 to 255, in the order of `channels`. A picture is resized, its ratio kept, until its short
    side has `short_side` pixels, or its long side `long_side` if that comes first (bilinear, without antialiasing). Then it is cut into
    windows of `window` × `window` pixels, padded with zeros after it was normalised, or shown whole where `window` is null. `patch`
    pixels a side have one logit.
    """
    config, shown = run.config, protocols(run)[0]
    mean, std = STATISTICS[config.switches.normalisation]
    return {
        "names": list(run.names),
        "channels": "RGB",
        "mean": list(mean),
        "std": list(std),
        "short_side": shown.short_side,
        "long_side": shown.long_side,
        "window": shown.window,
        "any_size": fixed_window(run) is None,
        "patch": config.backbone.patch_size,
        "run": config.run,
        "seed": config.seed,
        "profile": config.profile,
        "benchmark": config.benchmark,
    }


def ready(run: LoadedRun) -> tuple[Exported, Tensor]:
    """The network on the CPU without gradients, and an example of its input (2, 3, H, W), by which it is traced.

    Where any size will do the example is not square, and not of the size for which the position embedding is stored: the trace then has
    the resampling of the embedding, which changes nothing at the stored size.
    """
    network = Exported(run.model).eval().requires_grad_(False).cpu()
    side, patch = run.config.backbone.image_size, run.config.backbone.patch_size
    size = (side, side) if fixed_window(run) else (side + 2 * patch + 1, side + 5 * patch + 1)
    return network, torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0)) * 2 - 1


@contextmanager
def tracing() -> Iterator[None]:
    """Trace without torch's warnings of deprecation, and without those that a trace may not hold for other inputs, which is checked."""
    with warnings.catch_warnings(), torch.no_grad():
        for category in (DeprecationWarning, FutureWarning, torch.jit.TracerWarning):
            warnings.simplefilter("ignore", category)
        warnings.filterwarnings("ignore", "Constant folding")
        yield
