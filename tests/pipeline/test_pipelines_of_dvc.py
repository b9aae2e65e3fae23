"""The stages of DVC name just what the DAG makes, and what people ask for is below the folders of its profile."""

from pathlib import Path

import pytest

from larvseg.config import load_yaml
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.stages import STAGES

TARGETS = {
    "sources": "sources",
    "datasets": "datasets",
    "train_all": "train",
    "evaluate_all": "evaluate",
    "tables": "tables",
    "report": "report",
}


def outs_of(stage: dict, profile: str) -> list[str]:
    listed = [next(iter(out)) if isinstance(out, dict) else out for out in (*stage["outs"], *stage.get("metrics", ()))]
    return [out.replace("${profile}", profile) for out in listed if not out.endswith(".lineage.json")]


@pytest.mark.parametrize(("profile", "file"), [("smoke", "dvc.yaml"), ("photos", "workflow/config/photos/dvc-stages.yaml")])
def test_each_output_is_in_one_stage_and_each_out_is_made(profile, file):
    outs = {name: outs_of(stage, profile) for name, stage in load_yaml(Path(file))["stages"].items()}
    used = set()
    for job in Dag(Project(profile)).jobs:
        stage = TARGETS[STAGES[job.rule].target]
        if job.rule == "prepare" or "/own/" in str(job.outputs):
            continue
        for path in job.outputs.values():
            found = [(name, out) for name, listed in outs.items() for out in listed if path == out or path.startswith(f"{out}/")]
            assert len(found) == 1 and found[0][0] == stage, f"{path}: {found}"
            used.add(found[0][1])

    assert used == {out for listed in outs.values() for out in listed}


def test_tables_of_other_experiments_lie_in_a_folder_of_the_profile():
    project = Project("photos")
    made = [path for job in Dag(project).jobs for path in job.outputs.values()]
    assert all(path.startswith(("data/photos/", "results/photos/", "reports/photos/")) for path in made)
    assert project.places["tables"] == "results/photos" and Project("smoke").places["tables"] == "results"
