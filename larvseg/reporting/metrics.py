"""All runs' metrics in one file: what `dvc metrics show` and `dvc metrics diff` read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from larvseg.config import MetricsConfig
from larvseg.files import json_text


def metrics(config: MetricsConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Write {run: {seed: {all, base, novel}}} (mIoU in percent, rule S) as `metrics`."""
    values: dict[str, dict[str, dict[str, float]]] = {}
    for run in config.runs:
        for seed in config.seeds:
            found = json.loads(inputs[f"{run}.seed{seed}"].read_text(encoding="utf-8"))
            values.setdefault(run, {})[f"seed{seed}"] = {key: found[key] for key in ("all", "base", "novel")}
    outputs["metrics"].write_text(json_text({"profile": config.profile, "runs": values}), encoding="utf-8")
