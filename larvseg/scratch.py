"""Training outside the DAG: a run of experiments.yaml with changed settings, in work/scratch/, which no rule reads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from larvseg.config import TrainConfig, parse
from larvseg.errors import LarvSegError
from larvseg.experiments import selected
from larvseg.files import json_text


def train_scratch(run: str, changes: list[str], seed: int, profile: str | None) -> Path:
    """Train `run` with `changes` (key=value, dots between nested keys); returns the folder of the results."""
    project = selected(profile)
    job = project.train(f"{run}.seed{seed}")
    settings = job.config.model_dump(mode="json")
    for change in changes:
        _apply(settings, change)
    config = parse(TrainConfig, settings, "--set")
    missing = [path for path in job.inputs.values() if not Path(path).is_file()]
    if missing:
        raise LarvSegError(f"{missing[0]}: missing; run `snakemake --cores all {' '.join(missing)}`")
    name = hashlib.sha256(json_text(config.model_dump(mode="json")).encode()).hexdigest()[:12]
    folder = Path("work/scratch") / f"{run}-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    outputs = {"model": "model.safetensors", "curves": "curves.csv", "config": "config.json", "card": "card.md"}

    from larvseg.training.train import train

    train(
        config,
        {role: Path(path) for role, path in job.inputs.items()},
        {role: folder / file for role, file in outputs.items()},
        folder / "state",
    )
    return folder


def _apply(settings: dict[str, Any], change: str) -> None:
    key, separator, text = change.partition("=")
    if not separator:
        raise LarvSegError(f"--set {change}: expected key=value")
    *path, last = key.split(".")
    section: Any = settings
    for part in path:
        section = section[int(part)] if isinstance(section, list) else section.get(part)
        if section is None:
            raise LarvSegError(f"--set {change}: no section {part!r}")
    section[int(last) if isinstance(section, list) else last] = yaml.safe_load(text)
