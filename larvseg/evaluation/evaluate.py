"""The `evaluate` stage: a trained segmenter on the validation images of its benchmark, as confusion counts and mIoU."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from larvseg.config import EvaluateConfig, Evaluation
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import metrics_of
from larvseg.evaluation.sliding_window import Segmenter, segment_all
from larvseg.files import json_text
from larvseg.training import checkpoint, runtime


class LabelledImages(Protocol):
    """What evaluation needs of a manifest."""

    header: Mapping[str, Any]

    def split(self, name: str) -> np.ndarray: ...

    def image(self, row: int) -> np.ndarray: ...

    def mask(self, row: int) -> np.ndarray: ...


def evaluate(config: EvaluateConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `confusion` (Arrow: image = row of the manifest, target, prediction, count) and `metrics` (JSON, IoU in percent, null for NaN).

    inputs: `model` and `config` of the run, `manifest` of the benchmark. Raises LarvSegError if they do not belong together.
    """
    device = runtime.prepare(config.runtime)
    manifest = Manifest(inputs["manifest"])
    if manifest.header["dataset"] != config.benchmark:
        raise LarvSegError(
            f"{inputs['manifest']}: data set {manifest.header['dataset']}; evaluating on {config.benchmark} needs its manifest"
        )
    model, training = checkpoint.load_segmenter(inputs["model"], inputs["config"], dataset=config.benchmark, device=device)
    if tuple(model.names) != tuple(manifest.header["classes"]):
        raise LarvSegError(f"{inputs['config']}: the run was trained for other classes than those of {inputs['manifest']}; train it again")

    def logits(windows: Tensor) -> Tensor:
        with runtime.autocast(config.runtime):
            return model(windows)

    counts = evaluate_model(logits, manifest, config.evaluation, training.switches.normalisation, device)
    counts.write(outputs["confusion"])
    head = {"run": config.run, "seed": config.seed, "profile": config.profile, "benchmark": config.benchmark}
    head["images"] = len(manifest.split("validation"))
    outputs["metrics"].write_text(json_text(head | metrics_of(counts.matrix(), manifest.header["classes"])), encoding="utf-8")


@torch.inference_mode()
def evaluate_model(
    model: Segmenter, manifest: LabelledImages, evaluation: Evaluation, normalisation: str, device: torch.device | str = "cpu"
) -> ConfusionCounts:
    """Confusion counts of `model` on the validation images; predictions are over all classes of the manifest.

    Raises LarvSegError if there is no validation image or the model has another number of classes.
    """
    classes = len(manifest.header["classes"])
    rows = [int(row) for row in manifest.split("validation")]
    if not rows:
        raise LarvSegError(f"{manifest.header['dataset']}: the manifest has no validation image; derive it again")

    def checked(windows: Tensor) -> Tensor:
        logits = model(windows)
        if logits.shape[1] != classes:
            raise LarvSegError(
                f"{manifest.header['dataset']}: the model has {logits.shape[1]} classes, the manifest {classes}; train it again"
            )
        return logits

    counts = ConfusionCounts(classes)
    images = (manifest.image(row) for row in rows)
    predictions = segment_all(checked, images, evaluation, normalisation, device)
    with tqdm(total=len(rows), desc="evaluate", unit="image", file=sys.stderr, disable=None) as progress:
        for row, prediction in zip(rows, predictions, strict=True):
            counts.add(row, manifest.mask(row), prediction)
            progress.update()
    return counts
