"""The `predict` stage: label maps of one method on a few validation images (paper, Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from larvseg.config import EvaluateConfig
from larvseg.config.figures import PredictConfig
from larvseg.evaluation.evaluate import open_benchmark, ready
from larvseg.evaluation.select_validation_images import choose_images
from larvseg.evaluation.sliding_window import segment_all
from larvseg.training import runtime
from larvseg.training.checkpoint import save_tensors


@torch.inference_mode()
def predict(config: PredictConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `predictions` (safetensors): of each chosen image its label map (H, W) int16, by its row in the manifest.

    Metadata: run, method, seed, profile, benchmark. The images depend on the manifest and on config.classes and config.images alone,
    so that methods stand beside each other. inputs: `manifest` of the benchmark and what `evaluate` needs of the method; errors as there.
    """
    device = runtime.prepare(config.runtime)
    manifest = open_benchmark(inputs["manifest"], config.benchmark)
    shared = {key: getattr(config, key) for key in EvaluateConfig.model_fields}
    predictor = ready(EvaluateConfig(**shared), inputs, manifest, device)
    rows = [chosen.row for chosen in choose_images(manifest, config.classes, config.images, base=1, novel=2)]
    images = (manifest.image(row) for row in rows)
    maps = segment_all(predictor.logits, images, config.evaluation, predictor.normalisation, device)
    tensors = {str(row): torch.from_numpy(labels).short() for row, labels in zip(rows, maps, strict=True)}
    about = {key: getattr(config, key) for key in ("run", "method", "seed", "profile", "benchmark")}
    save_tensors(outputs["predictions"], tensors, about)
