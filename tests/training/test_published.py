"""Files of weights that others published: what is read out of them, and that any other file is an error of one line."""

import io
import pathlib
import pickle
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from larvseg.errors import LarvSegError
from larvseg.training.published import read_published

TENSORS = {"norm.weight": torch.arange(3.0), "blocks.0.bias": torch.ones(2, 2)}


def torch_file(content, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def refusal(path: Path) -> str:
    """The error of reading `path`, which is one line that names it."""
    with pytest.raises(LarvSegError) as refused:
        read_published(path)
    assert str(refused.value).startswith(f"{path}: ") and len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 600
    return str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        {"state_dict": TENSORS, "epoch": 3},
        {"model": TENSORS, "args": Namespace(lr=1), "optimizer": {"state": {0: {"step": torch.ones(1)}}}, "epoch": torch.tensor(3)},
        {"student": {"norm.weight": torch.zeros(3)}, "teacher": TENSORS, "dino_loss": {"center": torch.zeros(1)}},
        {"model": {"state_dict": TENSORS}, "note": "two of them"},
        TENSORS | {"epoch": 7},
    ],
    ids=["state dict", "state_dict", "model", "teacher", "nested", "beside"],
)
def test_weights_are_found_in_what_surrounds_them(content, tmp_path):
    for zipped in (True, False):
        (tmp_path / "w.pth").write_bytes(torch_file(content, zipped))
        found = read_published(tmp_path / "w.pth")
        assert list(found) == list(TENSORS) and all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


@pytest.mark.parametrize("name", ["w.safetensors", "w.bin", "w.ckpt", "w"])
def test_the_kind_of_a_file_shows_in_how_it_begins(name, tmp_path):
    for content in (save(TENSORS), torch_file(TENSORS)):
        (tmp_path / name).write_bytes(content)
        assert read_published(tmp_path / name).keys() == TENSORS.keys()


def test_what_is_no_file_of_weights_is_told_in_one_line(tmp_path):
    path = tmp_path / "w.pth"
    assert "cannot be read (No such file or directory)" in refusal(path)
    assert "cannot be read (Is a directory)" in refusal(tmp_path)
    for content, message in (
        (b"", "it is empty"),
        (b"<!DOCTYPE html><title>404", "it begins with b'<!DOCTYPE html><titl'"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it begins with b'version https://git-"),
        (torch_file(TENSORS)[:500], "not a whole file of tensors"),
        (torch_file(TENSORS, zipped=False)[:500], "not a whole file of tensors"),
        (save(TENSORS)[:-4], "not a whole file of tensors"),
        (pickle.dumps({"weights": [1]}), "not a whole file of tensors"),
        (torch_file([1, 2]), "no tensors by their names (it holds a list)"),
        (torch_file(3), "no tensors by their names (it holds a int)"),
        (torch_file({"epoch": 3, 5: torch.ones(2)}), "no tensors by their names (its entries are 'epoch', 5)"),
        (torch_file({}), "no tensors by their names (it holds a dict)"),
    ):
        path.write_bytes(content)
        assert message in refusal(path)


def test_a_state_that_holds_itself_ends(tmp_path):
    state = {}
    state["model"] = state
    (tmp_path / "w.pth").write_bytes(torch_file(state))
    assert "no tensors by their names" in refusal(tmp_path / "w.pth")


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("touched"),))


@pytest.mark.parametrize("harmful", [Harmful(), print, pathlib.PurePosixPath("x")], ids=["call", "function", "path"])
def test_more_than_tensors_is_refused_and_not_run(harmful, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for zipped in (True, False):
        Path("w.pth").write_bytes(torch_file({"model": TENSORS, "more": harmful}, zipped))
        assert "w.pth: holds more than tensors (" in refusal(Path("w.pth"))
    assert not Path("touched").exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_torchscript_is_refused(tmp_path, recwarn):
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "w.pt")
    recwarn.clear()
    assert "a TorchScript archive" in refusal(tmp_path / "w.pt")
    assert not recwarn.list  # which would be further lines


def test_tensors_without_a_number_at_each_place_are_left_out(tmp_path):
    odd = {"meta": torch.empty(3, device="meta"), "sparse": torch.eye(3).to_sparse()}
    (tmp_path / "w.pth").write_bytes(torch_file(TENSORS | odd))
    assert read_published(tmp_path / "w.pth").keys() == TENSORS.keys()


WHOLE = {"zip": torch_file({"model": TENSORS}), "pickle": torch_file(TENSORS, zipped=False), "safetensors": save(TENSORS)}


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(WHOLE)),
    cut=st.integers(0, 4000),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=6)), max_size=4),
)
@example(kind="pickle", cut=10, edits=[])
@example(kind="zip", cut=4000, edits=[(0, b"\x80\x02.")])
def test_damaged_files_are_read_or_refused_in_one_line(kind, cut, edits, tmp_path):
    damaged = bytearray(WHOLE[kind][:cut])
    for place, data in edits:
        damaged[place % (len(damaged) + 1) : place % (len(damaged) + 1) + len(data)] = data
    (tmp_path / "w").write_bytes(damaged)
    try:
        found = read_published(tmp_path / "w")
    except LarvSegError:
        refusal(tmp_path / "w")
    else:
        assert found and all(isinstance(tensor, torch.Tensor) for tensor in found.values())
