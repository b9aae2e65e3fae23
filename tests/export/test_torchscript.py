"""TorchScript: what is read back says what the run says, for pictures of any size and in batches."""

import json
import sys
import zipfile
from pathlib import Path

import pytest
import torch

import larvseg
from larvseg.errors import LarvSegError
from larvseg.export import agreement, export
from tests.export.conftest import NAMES, left_in

FILE = "tiny-larvseg-seed0.pt"


@pytest.mark.parametrize("kind", ["windows", "whole"])
def test_the_file_takes_images_of_any_size(kind, request, tmp_path):
    folder = request.getfixturevalue(kind)
    assert "logits differ by 0.0e+00 at most" in export(str(folder), "torchscript", tmp_path / "out")
    about = {"larvseg.json": ""}
    read, run = torch.jit.load(tmp_path / "out" / FILE, _extra_files=about), larvseg.load(folder)
    assert json.loads(about["larvseg.json"])["names"] == NAMES
    with torch.inference_mode():
        for size in ((1, 3, 64, 64), (3, 3, 64, 131), (2, 3, 33, 200)):
            images = torch.randn(size)
            torch.testing.assert_close(read(images), run.model(images), rtol=1e-5, atol=1e-5)


def test_a_network_that_takes_one_size_is_exported_for_that(fixed, tmp_path):
    export(str(fixed), "torchscript", tmp_path / "out")
    about = {"larvseg.json": ""}
    read = torch.jit.load(tmp_path / "out" / FILE, _extra_files=about)
    said = json.loads(about["larvseg.json"])
    assert not said["any_size"] and read(torch.zeros(3, 3, said["window"], said["window"])).shape == (3, len(NAMES), 4, 4)


def test_the_file_names_no_path_of_the_machine(windows, tmp_path):
    export(str(windows), "torchscript", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out" / FILE) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    private = [str(path).encode() for path in (Path(larvseg.__file__).parents[1], Path(sys.prefix), tmp_path)]
    assert [name for name, data in entries.items() if any(path in data for path in private)] == []


def test_a_file_that_does_not_agree_is_not_written(windows, tmp_path, monkeypatch):
    monkeypatch.setattr(agreement, "LOGITS", -1.0)
    with pytest.raises(LarvSegError, match="torchscript: the file does not say what the run says"):
        export(str(windows), "torchscript", tmp_path / "out")
    assert left_in(tmp_path / "out") == []
