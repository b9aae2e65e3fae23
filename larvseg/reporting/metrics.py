"""All runs' metrics in one file: what `dvc metrics show` and `dvc metrics diff` read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from larvseg.config import MetricsConfig
from larvseg.evaluation.metrics import load_metrics
from larvseg.files import json_text

SHOWN = ("all", "base", "novel", "permuted_vocabulary")  # the last where there is one


def metrics(config: MetricsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write `metrics`: {runs: {run: {seed: {all, base, novel, permuted_vocabulary}}}, clip: {model: {top1, top3, top5}}}, in percent.

    mIoU by rule S; the control permuted_vocabulary is there for methods that know a class by its name.
    """
    runs: dict[str, dict[str, dict[str, Any]]] = {}
    for run, seeds in config.runs.items():
        for seed in seeds:
            found = load_metrics(inputs[f"{run}.seed{seed}"])
            runs.setdefault(run, {})[f"seed{seed}"] = {key: found[key] for key in SHOWN if key in found}
    clip = {name: load_metrics(inputs[f"clip.{name}"]) for name in config.clips}
    outputs["metrics"].write_text(json_text({"profile": config.profile, "runs": runs, "clip": clip}), encoding="utf-8")
