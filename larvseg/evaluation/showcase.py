"""The `showcase` stage: the validation image in which a run finds a novel category best, segmented again (paper, Figure 1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from larvseg.config import EvaluateConfig
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.bootstrap import image_counts
from larvseg.evaluation.confusion import read_confusion
from larvseg.evaluation.evaluate import open_benchmark, ready
from larvseg.evaluation.select_validation_images import SMALLEST
from larvseg.evaluation.sliding_window import segment_all
from larvseg.evaluation.training_examples import surely_novel
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors


class Found(NamedTuple):
    """An image, and the category that is found best in it."""

    row: int  # in the manifest
    label: int
    iou: float  # of the category in the image


@torch.inference_mode()
def showcase(config: EvaluateConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `showcase` (safetensors): "prediction" (H, W) int16, the label map of config.run for one validation image.

    The image is that in which a novel category is found best, of those that `objects`, the manifest of a data set of object images,
    has. Metadata: run, method, seed, profile, benchmark, and the fields of `Found`.
    inputs: `confusion` of the run's evaluation, `manifest` of the benchmark, `objects`, and what `evaluate` needs of the method.
    Raises LarvSegError if no image shows such a category; errors as there.
    """
    device = runtime.prepare(config.runtime)
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    names, known = manifest.header["classes"], set(Manifest(inputs["objects"]).header["classes"])
    found = best_image(*read_confusion(inputs["confusion"]), [label for label in surely_novel(manifest) if names[label] in known])
    if found is None:
        raise LarvSegError(f"{inputs['manifest']}: no validation image shows a novel category that {inputs['objects']} has")
    predictor = ready(config, inputs, manifest, device)
    images = (manifest.image(row) for row in (found.row,))
    (prediction,) = segment_all(predictor.logits, images, config.evaluation, predictor.normalisation, device)
    about = {key: getattr(config, key) for key in ("run", "method", "seed", "profile", "benchmark")}
    save_tensors(outputs["showcase"], {"prediction": torch.from_numpy(prediction).short()}, about | found._asdict())


def best_image(columns: Sequence[np.ndarray], classes: int, candidates: Collection[int]) -> Found | None:
    """The image of the confusion counts `columns` in which one of `candidates` that covers enough of it has the largest IoU.

    Of equal ones the first; None if no image shows one of them.
    """
    (images, counts), labels = image_counts(columns, classes), sorted(candidates)
    labelled, predicted, right = (each[:, labels].toarray() for each in counts)  # (n, candidates)
    shown = labelled / counts.labelled.sum(1)[:, None] >= SMALLEST
    if not shown.any():
        return None
    iou = np.divide(right, labelled + predicted - right, out=np.full_like(right, -1), where=shown)
    at, place = np.unravel_index(iou.argmax(), iou.shape)
    return Found(int(images[at]), labels[place], float(iou[at, place]))
