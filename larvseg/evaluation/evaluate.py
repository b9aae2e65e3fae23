"""The `evaluate` stage: a trained segmenter on the validation images of its benchmark, as confusion counts and mIoU."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
from larvseg.evaluation.miou import class_iou, excluded_classes, mean_iou
from larvseg.evaluation.sliding_window import Segmenter, segment_all
from larvseg.files import json_text
from larvseg.training import checkpoint, runtime
from larvseg.vocabulary import RULES, base_novel, load_vocabulary


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


def metrics_of(matrix: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """mIoU over all, base and novel classes under both alignment rules, and the IoU of each class. `matrix`: (N, N) target × prediction.

    Percent, rounded to 10 decimals; None for a mean over nothing. `all`, `base`, `novel` at the top are those of rule S (paper, Table 3).
    """
    iou = class_iou(matrix)
    c171 = load_vocabulary("C171")
    splits = {rule: base_novel(names, c171, rule) for rule in RULES}
    rules = {}
    for rule, (base, novel) in splits.items():
        means = {"all": mean_iou(iou), "base": mean_iou(iou, base), "novel": mean_iou(iou, novel)}
        sizes = {"base_classes": len(base), "novel_classes": len(novel)}
        rules[rule] = {name: _percent(value) for name, value in means.items()} | sizes
    classes = [
        {
            "name": name,
            "iou": _percent(iou[i]),
            "novel_s": i in splits["S"][1],
            "novel_p": i in splits["P"][1],
            "pixels": int(matrix[i].sum()),
        }
        for i, name in enumerate(names)
    ]
    top = {name: rules["S"][name] for name in ("all", "base", "novel")}
    return top | {"rules": rules, "excluded_classes": excluded_classes(iou), "classes": classes}


def _percent(value: float) -> float | None:
    return None if np.isnan(value) else round(100 * float(value), 10)
