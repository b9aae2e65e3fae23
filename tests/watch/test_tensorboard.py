"""Curves as event files, read back as TensorBoard reads them."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorboard", reason="pip install -c constraints.txt -e '.[tensorboard]' installs it")

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

from larvseg.reporting.tables import read_csv
from larvseg.watch import watch
from larvseg.watch.look import Look
from larvseg.watch.tensorboard import Events
from tests.watch.conftest import TRAIN


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder), size_guidance={SCALARS: 0})
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()[SCALARS]}


def said(curves: Path) -> dict[str, list[tuple[int, float]]]:
    """What scalars has to be, by the numbers of `curves`."""
    rows = read_csv(curves)
    columns = [column for column in rows[0] if column != "step"]
    return {column: [(int(row["step"]), float(np.float32(row[column]))) for row in rows] for column in columns}


def test_a_growing_training_is_followed(jobs, tmp_path):
    with Events(tmp_path / "board") as events:
        for length in (1, 3, 3, 20):
            curves = jobs.show(TRAIN, *np.linspace(2, 1, length))
            events.write("r1.seed0", curves)
    assert scalars(tmp_path / "board/r1.seed0") == said(curves)
    assert {"loss", "loss_seg", "learning_rate", "fill"} <= set(said(curves))


def test_started_again_it_goes_on_without_doubling_points(jobs, tmp_path):
    for losses in ([2.0, 1.5], [2.0, 1.5], [2.0, 1.5, 1.25]):
        curves = jobs.show(TRAIN, *losses)
        with Events(tmp_path) as events:
            events.write("r1.seed0", curves)
    found = scalars(tmp_path / "r1.seed0")
    assert found == said(curves) and [step for step, _ in found["loss"]] == [10, 20, 30]
    assert len(list((tmp_path / "r1.seed0").iterdir())) == 2  # the second time there was nothing to write


def test_a_training_that_went_back_to_its_last_state_is_waited_for(jobs, tmp_path):
    with Events(tmp_path) as events:
        for losses in ([2.0, 1.5, 1.25], [2.0, 1.5], [2.0, 1.5, 1.25, 1.0]):
            curves = jobs.show(TRAIN, *losses)
            events.write("r1.seed0", curves)
    assert scalars(tmp_path / "r1.seed0") == said(curves)


@pytest.mark.parametrize("again", [False, True])
def test_another_training_takes_the_place_of_the_first(jobs, tmp_path, again):
    events = Events(tmp_path)
    events.write("r1.seed0", jobs.show(TRAIN, 2.0, 1.5, 1.25))
    if again:
        events.__exit__()
        events = Events(tmp_path)
    curves = jobs.show(TRAIN, 2.0, 1.75)
    with events:
        events.write("r1.seed0", curves)
    assert scalars(tmp_path / "r1.seed0") == said(curves)


def test_a_training_that_was_finished_this_moment_is_looked_at_again_later(jobs, tmp_path):
    with Events(tmp_path / "board") as events:
        events.write("r1.seed0", Path("work/gone/curves.csv"))
        assert not (tmp_path / "board").exists()
        curves = jobs.show(TRAIN, 2.0)
        events.write("r1.seed0", curves)
    assert scalars(tmp_path / "board/r1.seed0") == said(curves)


def test_the_command_writes_what_runs_and_what_is_finished(jobs, tmp_path, monkeypatch, capsys):
    finished, running = tmp_path / "finished.csv", jobs.show(TRAIN, 2.0, 1.5)
    finished.write_text(running.read_text())
    look = Look("mini", 2, 1, 0, (), {"r1.seed0": running, "clip-resnet": finished})
    monkeypatch.setattr("larvseg.watch.Watch", lambda project: type("Toy", (), {"look": staticmethod(lambda: look)}))
    watch(None, sys.stdout, board=tmp_path / "board")
    assert capsys.readouterr().out == "mini: 1 of 2 jobs done, 0 running, 0 left\n"
    for name in ("r1.seed0", "clip-resnet"):
        assert scalars(tmp_path / "board" / name) == said(running)
