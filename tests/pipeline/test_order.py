"""In which order jobs start: what is wanted first, and nothing long alone at the end."""

import re
import shutil
from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.order import MINUTES, SHORT, priorities

CONFIG = Path(__file__).parents[2] / "workflow/config"


def run_on_two_cores(project: Project) -> tuple[dict[str, tuple[int, int]], int]:
    """When each job begins and ends, in MINUTES, if a core takes the ready job of the highest priority; and the minutes without one."""
    dag = Dag(project)
    order = priorities(dag)
    jobs = {f"{job.rule} {job.name}": job for job in dag.jobs}
    maker = {path: name for name, job in jobs.items() for path in job.outputs.values()}
    times: dict[str, tuple[int, int]] = {}
    now = idle = 0
    while len(times) < len(jobs):
        done = {name for name, (_, end) in times.items() if end <= now}
        ready = [name for name, job in jobs.items() if name not in times and {maker[path] for path in job.inputs.values()} <= done]
        ready.sort(key=lambda name: -order[dag.recipe_path(jobs[name])])
        free = 2 - sum(end > now for _, end in times.values())
        times |= {name: (now, now + MINUTES.get(jobs[name].rule, SHORT)) for name in ready[:free]}
        idle += max(free - len(ready), 0)
        now += 1
    return times, idle


def test_the_first_rows_come_before_what_they_do_not_need():
    project = Project("mini")
    times, idle = run_on_two_cores(project)
    first = [times[f"evaluate {run}.seed0"][1] for run in project.experiments.first]
    assert project.experiments.first[:2] == ("baseline-a150", "larvseg-a150") and first == sorted(first)
    others = [end for name, (_, end) in times.items() if name.startswith("evaluate ") and end not in first]
    assert max(first) < min(others)
    # the backbone starts as soon as it can, and others wait for it
    assert times["pretrain backbone"][0] == times["derive I21K"][1] == times["fetch imagenet"][1] + SHORT == 2 * SHORT
    assert times["train baseline-a150.seed0"][0] == times["pretrain backbone"][1]
    assert times["fetch itpair"][0] > times["derive WA150"][0]
    assert idle <= 2 * SHORT * 3  # the report waits for everything


def test_of_the_rest_the_longest_way_comes_first():
    times, _ = run_on_two_cores(Project("mini"))
    assert times["clip resnet"][0] < times["propose zsbaseline-a150.seed0"][0] < times["train larvseg-a847.seed0"][0]
    assert times["train lseg-a150.seed0"][0] < times["evaluate denseclip-a150.seed0"][0]


def test_every_seed_of_a_row_belongs_to_it():
    order = priorities(Dag(Project("mini", seeds=2)))
    rows = [[order[f"work/recipes/mini/train/{run}.seed{seed}.json"] for seed in (0, 1)] for run in ("baseline-a150", "larvseg-a150")]
    assert min(rows[0]) > max(rows[1]) and rows[0][0] == rows[0][1]


@pytest.mark.parametrize("profile", ["smoke", "paper"])
def test_each_job_of_each_profile_has_a_priority(profile):
    dag = Dag(Project(profile))
    assert set(priorities(dag)) == set(map(dag.recipe_path, dag.jobs))


def test_a_run_that_is_not_there_cannot_be_first(tmp_path):
    folder = shutil.copytree(CONFIG, tmp_path / "config")
    path = folder / "experiments.yaml"
    path.write_text(re.sub(r"^first: \[baseline-a150,", "first: [baseline-a151,", path.read_text(), flags=re.MULTILINE))
    with pytest.raises(LarvSegError, match="first: no run 'baseline-a151'; did you mean 'baseline-a150'?"):
        Project("mini", folder)
