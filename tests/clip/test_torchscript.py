"""TorchScript archives are read, not run."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from larvseg.clip.torchscript import read_torchscript
from larvseg.errors import LarvSegError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.arange(12.0).reshape(3, 4).T)  # not contiguous
        self.register_buffer("count", torch.tensor(7))
        self.sizes = [1, 2, 3]
        self.name = "inner"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.sizes[0]


class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, 3), Inner().half(), torch.nn.BatchNorm1d(3))
        self.empty = torch.nn.Parameter(torch.zeros(0, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


@pytest.fixture
def archive(tmp_path) -> Path:
    torch.jit.save(torch.jit.script(Outer()), str(tmp_path / "model.pt"))
    return tmp_path / "model.pt"


def rewrite(source: Path, target: Path, change) -> Path:
    """A copy whose members went through `change(name, bytes)`; those that become None are left out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if (data := change(name, old.read(name))) is not None:
                new.writestr(name, data)
    return target


def test_the_tensors_are_those_of_the_state_dict(archive):
    expected = torch.jit.load(str(archive)).state_dict()
    found = read_torchscript(archive)
    assert found.keys() == expected.keys() and "layers.1.count" in found
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def test_the_code_does_not_matter(archive, tmp_path):
    broken = rewrite(archive, tmp_path / "broken.pt", lambda name, data: b"def def" if name.endswith(".py") else data)
    with pytest.raises(RuntimeError):
        torch.jit.load(str(broken))
    assert torch.equal(read_torchscript(broken)["layers.0.weight"], read_torchscript(archive)["layers.0.weight"])


class Touch:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_that_would_run_something_is_refused(archive, tmp_path):
    data = io.BytesIO()
    pickle.Pickler(data, protocol=2).dump(Touch(tmp_path / "touched"))
    hostile = rewrite(archive, tmp_path / "hostile.pt", lambda name, old: data.getvalue() if name.endswith("/data.pkl") else old)
    with pytest.raises(LarvSegError, match="its pickle names .*, which is neither a module nor a tensor"):
        read_torchscript(hostile)
    assert not (tmp_path / "touched").exists()


def test_damaged_archives_are_refused(archive, tmp_path):
    with pytest.raises(LarvSegError, match="missing.pt: no such file; fetch it first"):
        read_torchscript(tmp_path / "missing.pt")
    (tmp_path / "text.pt").write_text("<html>")
    with pytest.raises(LarvSegError, match="text.pt: not a readable TorchScript archive .File is not a zip file"):
        read_torchscript(tmp_path / "text.pt")
    torch.save(Outer().state_dict(), tmp_path / "state.pt")
    with pytest.raises(LarvSegError, match="state.pt: not a TorchScript archive"):
        read_torchscript(tmp_path / "state.pt")
    short = rewrite(archive, tmp_path / "short.pt", lambda name, data: data[:-4] if name.endswith("/data/1") else data)
    with pytest.raises(LarvSegError, match="short.pt: .* bytes for .* numbers"):
        read_torchscript(short)
    lacking = rewrite(archive, tmp_path / "lacking.pt", lambda name, data: None if name.endswith("/data/1") else data)
    with pytest.raises(LarvSegError, match="lacking.pt: not a readable TorchScript archive"):
        read_torchscript(lacking)


def test_a_tensor_cannot_reach_beyond_its_numbers(archive, tmp_path):
    def longer(name: str, data: bytes) -> bytes:
        # the shape (3, 4) becomes (255, 4)
        return data.replace(b"(K\x03K\x04t", b"(K\xffK\x04t") if name.endswith("/data.pkl") else data

    forged = rewrite(archive, tmp_path / "forged.pt", longer)
    with pytest.raises(LarvSegError, match="forged.pt: not a readable TorchScript archive"):
        read_torchscript(forged)


def test_what_could_be_of_any_size_is_refused(archive, tmp_path):
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(LarvSegError, match="bomb.pt: not a readable TorchScript archive .*is compressed, which torch does not do"):
        read_torchscript(bomb)


def test_a_tensor_of_more_numbers_than_it_has_is_refused(tmp_path):
    module = Inner()
    module.register_buffer("count", torch.zeros(1).expand(10_000))  # one number, and strides of 0
    torch.jit.save(torch.jit.script(module), str(tmp_path / "wide.pt"))
    with pytest.raises(LarvSegError, match=r"wide.pt: not a readable TorchScript archive .a tensor of .10000,. out of 1 numbers"):
        read_torchscript(tmp_path / "wide.pt")
