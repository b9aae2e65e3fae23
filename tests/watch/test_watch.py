"""What `larvseg watch` shows."""

import io
import re
import time
from pathlib import Path

import pytest

from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from larvseg.locks import owned
from larvseg.pipeline import Project
from larvseg.watch import watch
from larvseg.watch.look import Look, Shown, Watch
from larvseg.watch.steps import Step, last_line, step_of, steps_of
from larvseg.watch.view import as_text, clock
from tests.watch.conftest import EVALUATE, TRAIN

ROOT = Path(__file__).parents[2]
LINES = "r1: step 50/200, loss 2.000, 4.00 steps/s, 38 s left\nr1: step 120/200, loss 1.500, 5.00 steps/s, 16 s left\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def project(jobs, monkeypatch) -> Project:
    """The smallest profile, of which nothing is made, called toy: its recipes stand beside those of the jobs that run."""
    for name in ("workflow", "larvseg"):
        Path(name).symlink_to(ROOT / name)
    Path("data").mkdir()
    Path("data/reference").symlink_to(ROOT / "data/reference")
    project = Project("smoke")
    Path("work/recipes/toy").rename("work/recipes/smoke")
    Path("results/toy").mkdir(parents=True)
    Path("results/smoke").symlink_to("toy")
    return project


def test_a_step_is_read_from_the_log_and_from_the_curves_whichever_is_newer(jobs):
    curves = jobs.show(TRAIN, *[0.5] * 6)
    assert step_of(200, curves, "r1: step 50/200, loss 2.000, 4.00 steps/s, 38 s left") == Step(60, 200, 0.5, 4.0)
    found = step_of(200, curves, LINES.splitlines()[-1])
    assert found == Step(120, 200, 1.5, 5.0) and found.seconds_left == 16
    assert step_of(200, Path("nix"), "") == Step(0, 200, None, None) and Step(0, 200, None, None).seconds_left is None


def test_steps_stand_in_the_recipe_or_in_a_section_of_it():
    pretraining = Recipe("pretrain", "backbone", {"runtime": {"threads": 2}, "pretraining": {"steps": 9}}, {}, {}, {})
    assert (steps_of(TRAIN), steps_of(pretraining), steps_of(EVALUATE)) == (200, 9, None)


def test_curves_of_a_training_are_in_its_folder_until_it_is_finished(jobs, project):
    watched = Watch(project)
    assert watched.look().curves == {}
    recipe = next(recipe for recipe in watched._recipes if recipe.name == "larvseg-a150.seed0" and recipe.rule == "train")
    finished = Path(recipe.outputs["curves"])
    finished.parent.mkdir(parents=True)
    finished.write_text("step,loss\n")
    assert watched.look().curves == {"larvseg-a150.seed0": finished}
    so_far = jobs.show(recipe, 2.0)
    assert watched.look().curves == {"larvseg-a150.seed0": so_far}
    with owned(jobs.lock_of(TRAIN), "x"):
        assert watched.look().curves == {"larvseg-a150.seed0": so_far}  # the other one has none yet
        assert watched.look().running[0].title == TRAIN.title
        other = jobs.show(TRAIN, 2.0)
        assert watched.look().curves == {"larvseg-a150.seed0": so_far, "r1.seed0": other}


def test_the_last_line_of_a_bar_is_what_follows_the_last_return(tmp_path):
    (tmp_path / "log").write_text("begin\nreading: 10%\rreading: 20%\r\n")
    assert last_line(tmp_path / "log") == "reading: 20%"
    (tmp_path / "log").write_text("x" * 9000 + "\n" + "ü" * 30 + "\n")
    assert last_line(tmp_path / "log") == "ü" * 30
    assert last_line(tmp_path / "nix") == ""


def test_jobs_are_shown_with_their_progress():
    training = Shown("train r1.seed0", 65.0, Step(50, 200, 0.5, 2.5), "said", "node7")
    other = Shown("derive A150", 3700.0, None, "reading A150: 40%", "")
    assert as_text(Look("mini", 9, 4, 3, (training, other), {})).splitlines() == [
        "mini: 4 of 9 jobs done, 2 running, 3 left",
        "job                        step   loss  steps/s  left  runs for  says",
        "train r1.seed0 on node7  50/200  0.500     2.50  1:00      1:05",
        "derive A150                                             1:01:40  reading A150: 40%",
    ]
    by_hand = Shown("train r1.seed0", None, Step(0, 200, None, None), "", "")
    assert as_text(Look("mini", 9, 4, 3, (by_hand,), {})).splitlines()[-1].split() == ["train", "r1.seed0", "0/200", "–", "–", "–", "–"]


def test_where_nothing_runs_the_counts_are_shown():
    assert as_text(Look("mini", 9, 4, 5, (), {})) == "mini: 4 of 9 jobs done, 0 running, 5 left\n"


def test_clock():
    assert [clock(seconds) for seconds in (0, 59.6, 61, 3661)] == ["0:00", "1:00", "1:01", "1:01:01"]


def test_a_project_is_watched(jobs, project):
    watched, out = Watch(project), io.StringIO()
    recipe = next(recipe for recipe in watched._recipes if recipe.rule == "fetch")
    before = watched.look()
    assert before.done == 0 and before.left == before.jobs == len(watched._recipes) and not before.running and not before.is_over
    for role, path in recipe.outputs.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(role)
        read = [{"role": "reference", "path": file, "sha256": sha256} for file, sha256 in recipe.reference.items()]
        write_record(Path(path), role, recipe, read, [])
    after = watched.look()
    assert (after.done, after.left) == (1, before.left - 1)

    log = jobs.begin(TRAIN, LINES)
    jobs.begin(EVALUATE)
    jobs.show(TRAIN, 0.5)
    with owned(jobs.lock_of(TRAIN), "x"):
        started = time.monotonic()
        watch(project, out)
    assert time.monotonic() - started < 60 and log.read_text() == LINES
    summary, _, evaluate, train = out.getvalue().splitlines()
    assert summary == f"smoke: 1 of {before.jobs} jobs done, 2 running, {before.left - 1} left"
    assert re.fullmatch(r"evaluate r1\.seed0 +\d:\d\d", evaluate)
    assert re.fullmatch(r"train r1\.seed0 +120/200  1\.500 +5\.00  0:16 +\d:\d\d", train)


def test_on_a_terminal_it_is_shown_until_all_is_done(monkeypatch):
    looks = [
        Look("mini", 2, 1, 0, (Shown("train r1.seed0", 5.0, Step(50, 200, 0.5, 2.5), "", ""),), {}),
        Look("mini", 2, 2, 0, (), {}),
    ]
    monkeypatch.setattr("larvseg.watch.Watch", lambda project: type("Toy", (), {"look": staticmethod(lambda: looks.pop(0))}))
    monkeypatch.setattr("larvseg.watch.SECONDS_BETWEEN_LOOKS", 0.0)
    out = Terminal()
    watch(None, out)
    assert "50/200" in out.getvalue() and "2 of 2 jobs done" in out.getvalue() and not looks


def test_once_is_once_on_a_terminal_too(monkeypatch):
    look = Look("mini", 2, 1, 1, (), {})
    monkeypatch.setattr("larvseg.watch.Watch", lambda project: type("Toy", (), {"look": staticmethod(lambda: look)}))
    out = Terminal()
    watch(None, out, once=True)
    assert out.getvalue() == as_text(look)
