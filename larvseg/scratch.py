"""Training and evaluation outside the DAG: a run of experiments.yaml with changed settings, in work/scratch/, which no rule reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from larvseg.config import TrainConfig, parse
from larvseg.errors import LarvSegError
from larvseg.experiments import selected
from larvseg.files import json_text


def train_scratch(run: str, changes: list[str], seed: int, profile: str | None) -> tuple[Path, dict[str, float]]:
    """Train `run` with `changes` (key=value, dots between nested keys) and evaluate it as the DAG would.

    Returns the folder of the results, and mIoU in percent: all, base, novel (rule S); none for the runs over all of ImageNet-21K.
    Raises LarvSegError for a run, profile or key that is not known, and for inputs that the DAG has not made yet.
    """
    project = selected(profile)
    job = project.train(f"{run}.seed{seed}")
    settings = job.config.model_dump(mode="json")
    for change in changes:
        _apply(settings, change)
    config = parse(TrainConfig, settings, "--set")
    name = hashlib.sha256(json_text(config.model_dump(mode="json")).encode()).hexdigest()[:12]
    folder = Path("work/scratch") / f"{run}-{name}"

    evaluation = None if run in project.object_runs else project.evaluate(f"{run}.seed{seed}")
    made = Path(project.run_file(run, seed, ""))
    inputs = {role: Path(path) for role, path in (evaluation.inputs if evaluation else {}).items()}
    inputs = {role: folder / path.name if path.parent == made else path for role, path in inputs.items()}
    needed = [*map(Path, job.inputs.values()), *(path for path in inputs.values() if path.parent != folder)]
    if missing := [str(path) for path in needed if not path.is_file()]:
        raise LarvSegError(f"{missing[0]}: missing; run `snakemake --cores all {' '.join(missing)}`")
    folder.mkdir(parents=True, exist_ok=True)

    from larvseg.training.train import train

    outputs = {"model": "model.safetensors", "curves": "curves.csv", "config": "config.json", "card": "card.md"}
    outputs = {role: folder / file for role, file in outputs.items()}
    train(config, {role: Path(path) for role, path in job.inputs.items()}, outputs, folder / "state")
    if evaluation is None:
        return folder, {}

    from larvseg.evaluation.evaluate import evaluate

    outputs = {"confusion": folder / "confusion.arrow", "metrics": folder / "metrics.json"}
    evaluate(evaluation.config, inputs, outputs, folder)
    metrics = json.loads(outputs["metrics"].read_text(encoding="utf-8"))
    return folder, {measure: metrics[measure] for measure in ("all", "base", "novel")}


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
