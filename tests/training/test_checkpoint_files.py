"""Tensors on disk: deterministic bytes, and errors that name the file and the first wrong key."""

import resource
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from larvseg.config import Optimiser
from larvseg.datasets.annotations import Ledger
from larvseg.errors import LarvSegError
from larvseg.files import replacing
from larvseg.training.checkpoint import fill, hold, load_state, load_tensors, restore_state, resume, save_state, save_tensors
from larvseg.training.curves import Curves
from larvseg.training.schedule import build_optimiser, learning_rate, set_learning_rate
from tests.hosts import LACKS, play, process


def test_bytes_do_not_depend_on_the_order_of_tensors(tmp_path):
    tensors = {name: torch.full((3,), float(i)) for i, name in enumerate("cab")}
    save_tensors(tmp_path / "one", tensors, {"x": 1, "y": [2.5]})
    save_tensors(tmp_path / "two", dict(reversed(tensors.items())), {"y": [2.5], "x": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    loaded, metadata = load_tensors(tmp_path / "one", without="a")
    assert sorted(loaded) == ["b", "c"] and metadata == {"x": 1, "y": [2.5]}


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.pop("bias"), "tensor 'bias' of the model is missing"),
        (lambda t: t.update(extra=torch.zeros(1)), "the model has no tensor 'extra'"),
        (lambda t: t.update(weight=torch.zeros(2, 2)), r"tensor 'weight' is \(2, 2\), the model wants \(2, 3\)"),
    ],
)
def test_tensors_that_do_not_fit_are_named(change, message):
    module = nn.Linear(3, 2)
    tensors = dict(module.state_dict())
    change(tensors)
    with pytest.raises(LarvSegError, match=f"^m.safetensors: {message}"):
        fill(module, tensors, "m.safetensors")


@pytest.mark.parametrize("content", [None, b"", b"PK not tensors"])
def test_unreadable_files_are_named(tmp_path, content):
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LarvSegError, match="model.safetensors: (not a readable safetensors file|no such file; make it first)"):
        load_tensors(path)


def test_a_full_disk_is_an_error_of_the_file_that_was_wanted(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught, replacing(tmp_path / "model") as temporary:
            save_tensors(temporary, {"a": torch.zeros(1000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.filename == str(tmp_path / "model") and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_restored_optimiser_takes_the_same_step(tmp_path, name):
    def setup():
        torch.manual_seed(0)
        module = nn.Linear(3, 2)
        return module, build_optimiser(Optimiser(name=name, lr=0.1, min_lr=0.0, weight_decay=0.01), module.parameters(), [])

    def step(module, optimiser):
        optimiser.zero_grad()
        module(torch.ones(1, 3)).square().sum().backward()
        optimiser.step()

    module, optimiser = setup()
    step(module, optimiser)
    save_state(Path(tmp_path, "state"), module, optimiser, {})
    step(module, optimiser)
    other, restored = setup()
    restore_state(load_state(Path(tmp_path, "state"))[0], Path("state"), other, restored)
    step(other, restored)
    assert torch.equal(module.weight, other.weight)


@pytest.mark.parametrize("place", [0, 200, -1, None], ids=["length", "header", "tensor", "cut"])
def test_a_damaged_state_is_not_gone_on_from(tmp_path, place, capsys):
    module, path = nn.Linear(30, 20), tmp_path / "state"
    optimiser = build_optimiser(Optimiser(name="sgd", lr=0.1, min_lr=0.0), module.parameters(), [])
    arguments = (path, {"a": 1}, module, optimiser, Curves(), Ledger())
    save_state(path, module, optimiser, {"step": 7, "curves": Curves().state(), "annotations": {}, "origin": {"a": 1}})
    assert resume(*arguments) == 7
    content = bytearray(path.read_bytes())
    if place is None:
        del content[-10:]
    else:
        content[place] ^= 1
    path.write_bytes(content)
    assert resume(*arguments) == 0
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: ") and said.endswith("; starting from step 0\n") and said.count("\n") == 1


HOLD = """
from larvseg.training.checkpoint import hold
with hold(Path({!r})):
    print("trains", flush=True)
    input()
"""


@pytest.mark.parametrize("flock", [None, "local", *LACKS])
def test_one_training_on_two_hosts_is_refused(tmp_path, monkeypatch, flock):
    with process(HOLD.format(str(tmp_path / "work")), "node7", flock) as first:
        assert first.stdout.readline() == "trains\n"
        play(monkeypatch, "node8", flock)
        told = (
            rf"work: another process is training this run; wait for it or stop it \(process {first.pid} of node7, last seen 0 minutes ago"
        )
        with pytest.raises(LarvSegError, match=told), hold(tmp_path / "work"):
            pass
        first.communicate("\n")
        with hold(tmp_path / "work") as state:
            assert state == tmp_path / "work/state.safetensors"


def test_polynomial_schedule():
    schedule = Optimiser(name="sgd", lr=1e-3, min_lr=1e-5)
    assert learning_rate(schedule, 0, 1000) == pytest.approx(1e-3)
    assert learning_rate(schedule, 500, 1000) == pytest.approx(99e-5 * 0.5**0.9 + 1e-5)
    assert learning_rate(schedule, 999, 1000) == pytest.approx(99e-5 * 0.001**0.9 + 1e-5)
    warming = schedule.model_copy(update={"warmup_steps": 4})
    factors = [learning_rate(warming, step, 1000) / learning_rate(schedule, step, 1000) for step in range(6)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_the_optimiser_takes_the_rate():
    optimiser = build_optimiser(Optimiser(name="sgd", lr=1e-3, min_lr=0.0, momentum=0.8), nn.Linear(1, 1).parameters(), [])
    set_learning_rate(optimiser, 0.5)
    assert {(group["lr"], group["momentum"]) for group in optimiser.param_groups} == {(0.5, 0.8)}


def test_curves_average_since_the_last_line_and_continue_after_a_restart():
    whole, parts = Curves(every=2), Curves(every=2)
    for step in range(1, 6):
        values = {"loss": float(step), "loss_seg": step / 3, "contrast": 3.0, "warm": step / 10, "fill": step / 5, "scale": 1 + step}
        whole.add(step, 0.1 / step, values, last=step == 5)
        continued = Curves(every=2)
        continued.restore(parts.state())
        parts = continued
        parts.add(step, 0.1 / step, values, last=step == 5)
    assert whole.text == parts.text
    assert whole.lines == ["2,0.05,1.5,0.5,0,0,3,0.2,0.4,3", "4,0.025,3.5,1.16667,0,0,3,0.4,0.8,5", "5,0.02,5,1.66667,0,0,3,0.5,1,6"]


def test_the_head_learns_faster_by_its_factor():
    backbone, head = nn.Linear(1, 1), nn.Linear(1, 1)
    settings = Optimiser(name="sgd", lr=1e-3, min_lr=0.0, head_factor=4.0)
    optimiser = build_optimiser(settings, backbone.parameters(), head.parameters())
    set_learning_rate(optimiser, 0.5)
    assert [(len(group["params"]), group["lr"]) for group in optimiser.param_groups] == [(2, 0.5), (2, 2.0)]


def test_tensors_that_share_memory_are_saved_as_they_are(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    tensors = {
        "whole": whole,
        "same": whole,
        "row": whole[1],
        "transposed": whole.T,
        "alone": torch.ones(2),
        "part": torch.arange(9.0)[2:5],
    }
    save_tensors(tmp_path / "file", tensors, {})
    found, _ = load_tensors(tmp_path / "file")
    assert found.keys() == tensors.keys() and all(torch.equal(found[name], tensors[name]) for name in tensors)


def trained() -> tuple[nn.Module, torch.optim.Optimizer]:
    module = nn.Linear(3, 2)
    return module, build_optimiser(Optimiser(name="adamw", lr=0.1, min_lr=0.0), module.parameters(), [])


@pytest.mark.parametrize(
    "state",
    [
        {"origin": {}, "curves": Curves().state(), "annotations": {}},
        {"origin": {}, "curves": {}, "annotations": {}, "step": 3},
        {"origin": {}, "curves": Curves().state(), "annotations": [1], "step": 3},
        {"origin": {}, "curves": Curves().state(), "annotations": {}, "step": "x"},
    ],
    ids=["no step", "no curves", "no annotations", "no number"],
)
def test_a_state_that_lacks_something_is_refused(tmp_path, state):
    save_state(tmp_path / "state", *trained(), state)
    with pytest.raises(LarvSegError, match="state: not a state of this training .*the training begins again"):
        resume(tmp_path / "state", {}, *trained(), Curves(), Ledger())


def test_a_state_of_an_optimiser_of_other_parameters_is_refused(tmp_path):
    module, _ = trained()
    other = nn.Linear(7, 7)
    optimiser = build_optimiser(Optimiser(name="adamw", lr=0.1, min_lr=0.0), other.parameters(), [])
    other(torch.ones(1, 7)).sum().backward()
    optimiser.step()
    save_state(tmp_path / "state", module, optimiser, {"origin": {}})
    with pytest.raises(LarvSegError, match="state: tensor 'optimiser.0.exp_avg' is not of the shape of its parameter"):
        resume(tmp_path / "state", {}, *trained(), Curves(), Ledger())


def test_metadata_that_are_no_names_and_values_are_refused(tmp_path):
    save_tensors(tmp_path / "m.safetensors", {"a": torch.ones(1)}, [1])
    with pytest.raises(LarvSegError, match="m.safetensors: not a readable safetensors file .its metadata is a list"):
        load_tensors(tmp_path / "m.safetensors")
