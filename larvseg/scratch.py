"""Training and evaluation outside the DAG: a run of experiments.yaml with changed settings, in work/scratch/, which no rule reads."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from larvseg.config import TrainConfig, building, parse
from larvseg.config.base import parse_yaml
from larvseg.errors import LarvSegError
from larvseg.files import json_text
from larvseg.lineage.fingerprint import fingerprint
from larvseg.lineage.gpu import take_gpus
from larvseg.lineage.kernels import choose
from larvseg.pipeline import Project, selected
from larvseg.pipeline.job import gpus_of
from larvseg.pipeline.jobs.evaluation import evaluate
from larvseg.pipeline.jobs.methods import maker
from larvseg.pipeline.jobs.training import train
from larvseg.pipeline.project import SHARED_SWITCHES
from larvseg.pipeline.stages import STAGES

CODE = (STAGES["train"].module, STAGES["evaluate"].module)
SWITCH = "switches."


def train_scratch(run: str, changes: list[str], seed: int, profile: str | None) -> tuple[Path, dict[str, float]]:
    """Train `run` with `changes` (key=value, dots between nested keys) and evaluate it as the DAG would.

    Returns the folder of the results, named by configuration and code, and mIoU in percent: all, base, novel (rule S); none for the runs
    over all of ImageNet-21K. What was killed goes on where it was.
    Raises LarvSegError for a run, profile or key that is not known, for a run that is not made by training, for a switch that holds for
    all runs, and for inputs that the DAG has not made yet.
    """
    project = selected(profile)
    project.split(f"{run}.seed{seed}")
    if maker(project, run) != "train":
        raise LarvSegError(f"{run}: is not made by `larvseg train`; change its settings in workflow/config/{project.name}.yaml")
    switch(project, run, [change for change in changes if change.startswith(SWITCH)])
    with building(project.where):
        job = train(project, run, seed)
        evaluation = None if run in project.object_runs else evaluate(project, run, seed)
    settings = job.config.model_dump(mode="json")
    settings["runtime"] |= job.config.runtime.speed
    for change in changes:
        if not change.startswith(SWITCH):
            _apply(settings, change)
    config = parse(TrainConfig, settings, "--set")
    whole = [each.model_dump(mode="json") for each in (config, *((evaluation.config,) if evaluation else ()))]
    name = hashlib.sha256(json_text([whole, fingerprint(*CODE, *(evaluation.modules if evaluation else ()))]).encode()).hexdigest()[:12]
    folder = Path("work/scratch") / f"{run}-{name}"

    made = Path(job.outputs["model"]).parent
    inputs = {role: Path(path) for role, path in (evaluation.inputs if evaluation else {}).items()}
    inputs = {role: folder / path.name if path.parent == made else path for role, path in inputs.items()}
    needed = [*map(Path, job.inputs.values()), *(path for path in inputs.values() if path.parent != folder)]
    if missing := [str(path) for path in needed if not path.is_file()]:
        raise LarvSegError(f"{missing[0]}: missing; run `snakemake --cores all {' '.join(missing)}`")
    folder.mkdir(parents=True, exist_ok=True)

    # before torch is imported, as for a stage of the DAG
    choose(config.runtime.kernels)
    if gpus := gpus_of(STAGES["train"], config):
        take_gpus(gpus)
    outputs = {role: folder / Path(path).name for role, path in job.outputs.items()}
    STAGES["train"].load()(config, {role: Path(path) for role, path in job.inputs.items()}, outputs, folder / "state")
    shutil.rmtree(folder / "state", ignore_errors=True)
    if evaluation is None:
        return folder, {}

    outputs = {role: folder / Path(path).name for role, path in evaluation.outputs.items()}
    STAGES["evaluate"].load()(evaluation.config, inputs, outputs, folder)
    metrics = json.loads(outputs["metrics"].read_text(encoding="utf-8"))
    return folder, {measure: metrics[measure] for measure in ("all", "base", "novel")}


def switch(project: Project, run: str, changes: list[str]) -> None:
    """Set switches of `run` before anything follows from them, as experiments.yaml would."""
    settings, switches = project.experiments.runs[run], {}
    for change in changes:
        key, value = _parsed(change)
        name = key.removeprefix(SWITCH)
        if name in SHARED_SWITCHES:
            raise LarvSegError(f"--set {change}: {name} holds for a whole profile; choose it in a preset")
        switches[name] = value
    project.experiments.runs[run] = settings.model_copy(update={"switches": settings.switches | switches})


def _apply(settings: dict[str, Any], change: str) -> None:
    key, value = _parsed(change)
    *path, last = key.split(".")
    section: Any = settings
    try:
        for part in path:
            section = section[_place(section, part)]
        section[_place(section, last)] = value
    except (KeyError, IndexError, TypeError, ValueError):
        raise LarvSegError(f"--set {change}: the run has no section {key.rpartition('.')[0]!r}") from None


def _place(section: Any, part: str) -> int | str:
    return int(part) if isinstance(section, list) else part


def _parsed(change: str) -> tuple[str, Any]:
    key, separator, text = change.partition("=")
    if not separator:
        raise LarvSegError(f"--set {change}: expected key=value")
    try:
        return key, parse_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise LarvSegError(f"--set {change}: {text!r} is not valid YAML") from None
