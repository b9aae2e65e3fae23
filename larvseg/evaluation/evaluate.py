"""The `evaluate` stage: a method on the validation images of its benchmark, as confusion counts and mIoU."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from larvseg.config import EvaluateConfig, Evaluation
from larvseg.datasets.feature_files import Features
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.prefetch import prefetched
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.metrics import metrics_of
from larvseg.evaluation.permutation import permuted_vocabulary
from larvseg.evaluation.sliding_window import Cut, Segmenter, cut, cut_features, segment_cuts
from larvseg.files import json_text
from larvseg.methods.method import method_of
from larvseg.models.predictor import Predictor
from larvseg.training import runtime
from larvseg.training.frozen import frozen_features


class LabelledImages(Protocol):
    """What evaluation needs of a manifest."""

    header: Mapping[str, Any]

    def split(self, name: str) -> np.ndarray: ...

    def image(self, row: int) -> np.ndarray: ...

    def mask(self, row: int) -> np.ndarray: ...


def evaluate(config: EvaluateConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `confusion` (Arrow: image = row of the manifest, target, prediction, count) and `metrics` (JSON, IoU in percent, null for NaN).

    inputs: `manifest` of the benchmark, the features of its images where the backbone is frozen, and what the method is made of, by the
    roles that its `predictor` knows. The metrics of methods that know classes by their names hold the control `permuted_vocabulary`.
    Raises LarvSegError if the inputs do not belong together.
    """
    device = runtime.prepare(config.runtime)
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    predictor = ready(config, inputs, manifest, device)
    features = frozen_features(inputs, manifest, config.evaluation)
    workers = runtime.workers(config.runtime)
    counts = evaluate_model(predictor.logits, manifest, config.evaluation, predictor.normalisation, device, features, workers)
    counts.write(outputs["confusion"])
    metrics = {"run": config.run, "seed": config.seed, "profile": config.profile, "benchmark": config.benchmark}
    names, novel = manifest.header["classes"], manifest.header["novel"]
    metrics |= {"images": len(manifest.split("validation"))} | metrics_of(counts.matrix(), names, novel)
    if method_of(config.method).knows_names:
        metrics["permuted_vocabulary"] = permuted_vocabulary(counts.matrix(), names, novel)
    outputs["metrics"].write_text(json_text(metrics), encoding="utf-8")


def open_benchmark(path: Path, benchmark: str) -> Manifest:
    """The manifest at `path`; LarvSegError if it is not that of `benchmark`."""
    manifest = Manifest(path)
    if manifest.header["dataset"] != benchmark:
        raise LarvSegError(f"{path}: data set {manifest.header['dataset']}; evaluating on {benchmark} needs its manifest")
    if manifest.header["novel"] is None:
        raise LarvSegError(f"{path}: no data set is the base of {benchmark}, so that no category is novel; say its base in datasets.yaml")
    return manifest


def ready(config: EvaluateConfig, inputs: Mapping[str, Path], manifest: Manifest, device: torch.device) -> Predictor:
    """config.method with the files `inputs`, in the precision of config.runtime; LarvSegError if its classes are not the manifest's."""
    predictor = method_of(config.method).load()(config, inputs, device)
    if tuple(predictor.names) != tuple(manifest.header["classes"]):
        raise LarvSegError(f"{config.run}: made for other classes than those of {manifest.path}; make it again")

    def logits(windows: Tensor) -> Tensor:
        with runtime.autocast(config.runtime):
            return predictor.logits(windows)

    return replace(predictor, logits=logits)


@torch.inference_mode()
def evaluate_model(
    model: Segmenter,
    manifest: LabelledImages,
    evaluation: Evaluation,
    normalisation: str,
    device: torch.device | str = "cpu",
    features: Features | None = None,
    workers: int = 0,
) -> ConfusionCounts:
    """Confusion counts of `model` on the validation images; predictions are over all classes of the manifest.

    features: of the validation images, which `model` takes instead of the images themselves. `workers` processes read and cut images.
    Raises LarvSegError if there is no validation image or the model has another number of classes.
    """
    classes = len(manifest.header["classes"])
    rows = manifest.split("validation")
    if not len(rows):
        raise LarvSegError(f"{manifest.header['dataset']}: the manifest has no validation image; derive it again")

    def checked(windows: Tensor) -> Tensor:
        logits = model(windows)
        if logits.shape[1] != classes:
            raise LarvSegError(
                f"{manifest.header['dataset']}: the model has {logits.shape[1]} classes, the manifest {classes}; train it again"
            )
        return logits

    counts, masks = ConfusionCounts(classes), deque[np.ndarray]()

    def cuts() -> Iterator[Cut]:
        for each, mask in prefetched(ValidationImages(manifest, rows, evaluation, normalisation, features), range(len(rows)), workers):
            masks.append(mask)
            yield each

    predictions = segment_cuts(checked, cuts(), evaluation, device)
    with tqdm(total=len(rows), desc="evaluate", unit="image", file=sys.stderr, disable=None) as progress:
        for row, prediction in zip(rows, predictions, strict=True):
            counts.add(int(row), masks.popleft(), prediction)
            progress.update()
    return counts


@dataclass(frozen=True)
class ValidationImages(Dataset):
    """What an evaluation needs of each of the images `rows`: its Cut, and its mask (H, W)."""

    manifest: LabelledImages
    rows: np.ndarray
    evaluation: Evaluation
    normalisation: str
    features: Features | None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> tuple[Cut, np.ndarray]:
        row, manifest = int(self.rows[position]), self.manifest
        if self.features is not None:
            made = cut_features(self.features[row], manifest.size(row), self.evaluation)
        else:
            made = cut(manifest.image(row), self.evaluation, self.normalisation)
        return made, manifest.mask(row)
