"""Training outside the DAG: changed settings are checked like the files, and what follows from a switch changes."""

from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.pipeline import Project
from larvseg.scratch import switch, train_scratch
from tests.jobs import job

CONFIG = Path(__file__).parents[1] / "workflow/config"


@pytest.mark.parametrize(
    "run, change, message",
    [
        ("larvseg", "steps=1", "no run 'larvseg'"),
        ("reco-a150", "steps=1", "reco-a150: is not made by `larvseg train`; change its settings in workflow/config/smoke.yaml"),
        ("larvseg-a150", "optimiser.lrr=0.1", r"--set: unknown key 'optimiser.lrr'; did you mean 'lr'\?"),
        ("larvseg-a150", "optimizer.lr=0.1", "--set optimizer.lr=0.1: the run has no section 'optimizer'"),
        ("larvseg-a150", "steps.more=3", "--set steps.more=3: the run has no section 'steps'"),
        ("larvseg-a150", "training_sets.9.ranks=2", "--set training_sets.9.ranks=2: the run has no section 'training_sets.9'"),
        ("larvseg-a150", "optimiser.lr=[", r"--set optimiser.lr=\[: '\[' is not valid YAML"),
        ("larvseg-a150", "steps", "--set steps: expected key=value"),
        ("larvseg-a150", "switches.poolin=attention", "unknown key 'poolin'; did you mean 'pooling'"),
        ("larvseg-a150", "switches.synsets=corrected", "--set switches.synsets=corrected: synsets holds for a whole profile"),
    ],
)
def test_scratch_runs_refuse_what_is_not_known(monkeypatch, run, change, message):
    monkeypatch.chdir(CONFIG.parents[1])
    with pytest.raises(LarvSegError, match=message):
        train_scratch(run, [change], 0, "smoke")


def test_a_switch_of_a_scratch_run_changes_what_follows_from_it(monkeypatch):
    monkeypatch.chdir(CONFIG.parents[1])
    project = Project("smoke")
    switch(project, "larvseg-a150-i124", ["switches.lambda_cls=released", "switches.top_k=released", "switches.evaluation_size=resized"])
    config = job(project, "train", "larvseg-a150-i124.seed0").config
    assert {each.lambda_cls for each in config.training_sets} == {0.0, 0.2}
    assert config.attention.top_k == 8
    assert job(project, "evaluate", "larvseg-a150-i124.seed0").config.evaluation.size == "resized"


def test_a_scratch_run_takes_a_gpu(tmp_path, monkeypatch):
    for name in ("workflow", "data/reference"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(CONFIG.parents[1] / name)
    monkeypatch.chdir(tmp_path)
    project = Project("smoke")
    for stage in ("train", "evaluate"):
        for path in map(Path, job(project, stage, "larvseg-a150.seed0").inputs.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def take_gpus(count: int) -> None:
        raise LarvSegError("all GPUs are taken")

    monkeypatch.setattr("larvseg.scratch.take_gpus", take_gpus)
    with pytest.raises(LarvSegError, match="all GPUs are taken"):
        train_scratch("larvseg-a150", ["runtime.device=cuda"], 0, "smoke")
