"""How long the jobs of a profile take: reckoned from their arithmetic, and measured where they ran already."""

from __future__ import annotations

import json
from pathlib import Path

from larvseg.errors import LarvSegError
from larvseg.lineage.records import run_path
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below
from larvseg.pipeline.jobs.methods import make, maker
from larvseg.plan.compute import shape_of
from larvseg.plan.storage import classes_of

BACKWARD = 2  # times the forward pass
ASPECT = 4 / 3  # of a validation image: how many sliding windows it takes


def training_operations(project: Project, run: str) -> float:
    """Floating-point operations of one training of `run`: backbone and classifier, forward and backward.

    Of mask proposals it is the backbone alone; DenseCLIP, ReCo and runs that take over another's model train nothing.
    """
    rule = maker(project, run)
    if rule not in ("train", "propose"):
        return 0.0
    config = make(project, run, seed=0).config
    shape = shape_of(config.backbone)
    step = 0.0
    for training_set in config.training_sets:
        classes = min(classes_of(project, training_set.name), config.sample_classes or 10**9) if rule == "train" else 0
        step += training_set.ranks * config.images_per_rank * shape.forward(training_set.augmentation.crop, classes)
    return (1 + BACKWARD) * step * config.steps


def evaluation_operations(project: Project, run: str) -> float:
    """Floating-point operations of one evaluation of `run`: sliding windows over the validation images, or their features."""
    evaluation, benchmark = project.profile.evaluation, project.experiments.runs[run].benchmark
    long_side = min(evaluation.short_side * ASPECT, evaluation.long_side)
    if evaluation.cell:
        windows, size = long_side / evaluation.short_side, evaluation.short_side
    else:
        windows, size = max(-(-(long_side - evaluation.window) // evaluation.stride), 0) + 1, evaluation.window
    one = shape_of(project.backbone_config).forward(size, classes_of(project, benchmark))
    return project.data[benchmark].released[1] * windows * one


def pretraining_operations(project: Project) -> float:
    """Floating-point operations that make the backbone; none where its weights are fetched."""
    settings = project.profile.pretraining
    if settings is None or project.profile.backbone.weights != "pretrain":
        return 0.0
    views = settings.steps * settings.batch_size
    return (1 + BACKWARD) * views * shape_of(project.backbone_config).forward(settings.augmentation.crop, 0)


def tables(project: Project) -> dict[str, tuple[tuple[str, int], ...]]:
    """The trained runs (run, seed) behind each table, each once."""
    runs = {name: {row.run for row in table.rows} for name, table in project.experiments.tables.items()}
    return {name: tuple(pair for pair in project.trained if pair[0] in wanted) for name, wanted in runs.items()}


def measured(project: Project, folder: Path = Path(".")) -> dict[str, float]:
    """Minutes that each job took here, by "<rule>/<name>" ("train/larvseg-a150.seed0"), as was noted beside its first output.

    What was taken from work/kept took what it took when it was computed. Raises LarvSegError for a note without seconds.
    """
    found = {}
    for job in jobs_below(project):
        path = folder / run_path(Path(next(iter(job.outputs.values()))))
        if path.is_file():
            found[f"{job.rule}/{job.name}"] = _minutes(path)
    return found


def _minutes(path: Path) -> float:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["seconds"]) / 60
    except (KeyError, ValueError, TypeError):
        raise LarvSegError(f"{path}: says no seconds; delete it") from None
