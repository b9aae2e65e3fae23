"""One training on several processes is the training of one process."""

import csv
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import larvseg.training.train as module
from larvseg.errors import LarvSegError
from larvseg.models.segmenter import build_segmenter
from larvseg.training.checkpoint import load_tensors
from larvseg.training.train import train
from tests.interruption import interrupt_at

STEPS = 50
VARIANTS = {
    "attention": {},
    "a bank for each rank": {"switches": {"bank_scope": "per_rank"}},
    "sampled classes": {"sample_classes": 2},
    "within images": {"attention": {"variant": "single_image"}},
    "SGD": {"optimiser": {"name": "sgd"}},
}


@pytest.fixture(autouse=True)
def in_double(monkeypatch):
    """Train in 64 bits: in 32 the order of a sum changes, after some steps, which pixels are the K best, and all that follows."""

    class Loader(module.JointLoader):
        def __getitem__(self, step):
            return [replace(batch, images=batch.images.double()) for batch in super().__getitem__(step)]

    monkeypatch.setattr(module, "JointLoader", Loader)
    monkeypatch.setattr(module, "build_segmenter", lambda *arguments, **named: build_segmenter(*arguments, **named).double())


def with_changes(config, processes=1, **changes):
    """`config` with sections changed key by key, and drop path on, which draws for a batch.

    The learning rate is low: at that of the profiles a network so small doubles a difference at every step, also one of 1e-17.
    """
    changes["optimiser"] = {"lr": 1e-4, **changes.get("optimiser", {})}
    backbone = {"arguments": config.backbone.arguments | {"drop_path_rate": 0.3}}
    for name, section in {"backbone": backbone, "runtime": {"processes": processes}, "steps": STEPS, **changes}.items():
        value = getattr(config, name).model_copy(update=section) if isinstance(section, dict) else section
        config = config.model_copy(update={name: value})
    return config


def curve(files) -> list[list[float]]:
    return [[float(value) for value in row.values()] for row in csv.DictReader(files["curves"].read_text().splitlines())]


def close(one, other) -> None:
    assert len(curve(one)) == len(curve(other)) == STEPS // 10
    for ours, theirs in zip(curve(one), curve(other), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-7)
    ours, theirs = (load_tensors(files["model"])[0] for files in (one, other))
    for name, tensor in ours.items():
        assert torch.allclose(tensor, theirs[name], rtol=1e-7, atol=1e-6), name
    assert one["config"].read_bytes() == other["config"].read_bytes()  # what was opened, too
    assert one["card"].read_bytes() == other["card"].read_bytes()


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_any_number_of_processes_gives_the_same_training(config, inputs, outputs, changes):
    whole = outputs("1")
    train(with_changes(config, **changes), inputs, whole, Path("work/1"))
    for processes in (2, 4, 8):
        files = outputs(str(processes))
        train(with_changes(config, processes, **changes), inputs, files, Path(f"work/{processes}"))
        close(files, whole)


@pytest.mark.parametrize("scope", ["global", "per_rank"])
def test_killed_at_any_step_another_number_of_processes_goes_on(config, inputs, outputs, scope):
    chance, changes = random.Random(0), {"switches": {"bank_scope": scope}}
    whole, parts = outputs("whole"), outputs("parts")
    train(with_changes(config, **changes), inputs, whole, Path("work/whole"))
    for step in sorted(chance.sample(range(config.runtime.checkpoint_every, STEPS), 10)):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Exception, match="Interrupted"):
            interrupt_at(step, module, patch)
            train(with_changes(config, chance.choice((2, 3, 4, 8)), **changes), inputs, parts, Path("work/parts"))
        every = config.runtime.checkpoint_every
        assert load_tensors(Path("work/parts/state.safetensors"))[1]["step"] == step // every * every
    train(with_changes(config, 2, **changes), inputs, parts, Path("work/parts"))
    close(parts, whole)


def test_processes_that_fail_leave_nothing_in_the_temporary_folder(config, inputs, outputs, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    interrupt_at(2, module, monkeypatch)
    with pytest.raises(Exception, match="Interrupted"):
        train(with_changes(config, 2), inputs, outputs("failed"), Path("work/failed"))
    assert not list(temporary.iterdir())


def test_an_error_of_one_process_is_the_error(config, inputs, outputs):
    wild = with_changes(config, 2, optimiser={"lr": 1e300, "warmup_steps": 0})
    with pytest.raises(LarvSegError, match=r"tiny: at step \d+ loss = nan"):
        train(wild, inputs, outputs("wild"), Path("work/wild"))


def test_more_processes_than_ranks_are_refused(config, inputs, outputs):
    with pytest.raises(LarvSegError, match=re.escape("tiny: 9 processes for 8 virtual ranks")):
        train(with_changes(config, config.ranks + 1), inputs, outputs("many"), Path("work/many"))
