"""Label maps of one method on a few validation images, chosen by what they show (paper, Figure 4) or by what a method gains on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from larvseg.config import CompareConfig, EvaluateConfig, PredictConfig
from larvseg.datasets.manifest import Manifest
from larvseg.evaluation.evaluate import open_benchmark, ready
from larvseg.evaluation.select_by_gain import chosen_by_gain, gains_by_image
from larvseg.evaluation.select_validation_images import choose_images
from larvseg.evaluation.sliding_window import segment_all
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors


@torch.inference_mode()
def predict(config: PredictConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """The stage `predict`: write `predictions` (safetensors): of each chosen image its label map (H, W) int16, by its row in the manifest.

    Metadata: run, method, seed, profile, benchmark. The images depend on the manifest and on config.classes and config.images alone,
    so that methods stand beside each other. inputs: `manifest` of the benchmark and what `evaluate` needs of the method; errors as there.
    """
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    rows = [chosen.row for chosen in choose_images(manifest, config.classes, config.images, config.base, config.novel)]
    save_tensors(outputs["predictions"], _label_maps(config, inputs, manifest, rows), _about(config))


@torch.inference_mode()
def compare(config: CompareConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """The stage `compare`: write `predictions` as `predict` does, of the images that config.gaining changes in one way or the other.

    Metadata: also `kinds`, of each kind of images its rows in the manifest, and `gains`, by how many points of the mIoU of each image
    config.gaining is above config.than. inputs: also the confusion counts of both, by the names of their runs.
    """
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    gains = gains_by_image(inputs[config.gaining], inputs[config.than])
    kinds = chosen_by_gain(gains, config.each)
    rows = [row for kind in kinds.values() for row in kind]
    about = {"gaining": config.gaining, "than": config.than, "kinds": kinds, "gains": {str(row): gains[row] for row in rows}}
    save_tensors(outputs["predictions"], _label_maps(config, inputs, manifest, rows), _about(config) | about)


def _label_maps(config: EvaluateConfig, inputs: Mapping[str, Path], manifest: Manifest, rows: Sequence[int]) -> dict[str, torch.Tensor]:
    device = runtime.prepare(config.runtime)
    predictor = ready(config, inputs, manifest, device)
    images = (manifest.image(row) for row in rows)
    maps = segment_all(predictor.logits, images, config.evaluation, predictor.normalisation, device)
    return {str(row): torch.from_numpy(labels).short() for row, labels in zip(rows, maps, strict=True)}


def _about(config: EvaluateConfig) -> dict[str, Any]:
    return {key: getattr(config, key) for key in ("run", "method", "seed", "profile", "benchmark")}
