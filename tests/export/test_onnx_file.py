"""ONNX: the file alone says what the run says, for pictures of any size, and no file is left that does not."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import larvseg
from larvseg.errors import LarvSegError
from larvseg.export import agreement, export
from tests.export.conftest import NAMES, left_in, picture


@pytest.fixture
def onnxruntime():
    pytest.importorskip("onnx")
    return pytest.importorskip("onnxruntime")


def labels_of(session, image: np.ndarray) -> np.ndarray:
    """What docs/export.md says: segment `image` with the file and its metadata, without torch."""
    said = session.get_modelmeta().custom_metadata_map
    mean, std = (np.array(json.loads(said[key]), np.float32) for key in ("mean", "std"))
    short, long, patch = (json.loads(said[key]) for key in ("short_side", "long_side", "patch"))
    height, width = image.shape[:2]
    factor = min(long / max(height, width), short / min(height, width))
    size = int(width * factor + 0.5), int(height * factor + 0.5)
    shown = (np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR), np.float32) - mean) / std
    (logits,) = session.run(None, {"images": shown.transpose(2, 0, 1)[None]})
    cells = logits.shape[3] * patch, logits.shape[2] * patch
    maps = [np.asarray(Image.fromarray(plane).resize(cells, Image.Resampling.BILINEAR)) for plane in logits[0]]
    return np.argmax(maps, axis=0)[: size[1], : size[0]]


@pytest.mark.parametrize("kind", ["windows", "whole"])
def test_a_file_of_any_size_is_enough_to_segment_a_picture(kind, request, tmp_path, onnxruntime):
    folder = request.getfixturevalue(kind)
    said = export(str(folder), "onnx", tmp_path / "out")
    assert "out/tiny-larvseg-seed0.onnx" in said and re.search(r"10 drawn pictures: (100\.000|99\.9..) % of", said)
    assert left_in(tmp_path / "out") == ["tiny-larvseg-seed0.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "out/tiny-larvseg-seed0.onnx")
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["names"]) == NAMES and metadata["channels"] == "RGB" and metadata["mean"] == "[127.5, 127.5, 127.5]"
    assert json.loads(metadata["window"]) == (64 if kind == "windows" else None) and metadata["any_size"] == "true"
    assert session.get_inputs()[0].shape == ["N", 3, "H", "W"] and session.get_outputs()[0].shape == ["N", len(NAMES), "h", "w"]
    image = picture(64, 64)  # one window, of the size that the network wants: nothing is resized, so that Pillow's way does not differ
    assert (labels_of(session, image) == larvseg.load(folder).segment(image).labels).mean() > 0.999
    assert session.run(None, {"images": np.zeros((3, 3, 40, 130), np.float32)})[0].shape[0] == 3


def test_a_network_that_takes_one_size_says_so(fixed, tmp_path, onnxruntime):
    export(str(fixed), "onnx", tmp_path / "out")
    session = onnxruntime.InferenceSession(tmp_path / "out/tiny-larvseg-seed0.onnx")
    assert session.get_inputs()[0].shape == ["N", 3, 64, 64] and session.get_outputs()[0].shape == ["N", len(NAMES), 4, 4]
    metadata = session.get_modelmeta().custom_metadata_map
    assert (metadata["any_size"], metadata["window"]) == ("false", "64")


def test_the_same_run_gives_the_same_bytes_without_a_path_of_the_machine(windows, tmp_path, onnxruntime):
    for out in ("first", "second"):
        export(str(windows), "onnx", tmp_path / out)
    first, second = ((tmp_path / out / "tiny-larvseg-seed0.onnx").read_bytes() for out in ("first", "second"))
    assert first == second
    assert all(str(path).encode() not in first for path in (Path(larvseg.__file__).parents[1], Path(sys.prefix), tmp_path))


@pytest.mark.parametrize("limit, value", [("LOGITS", -1.0), ("LABELS", 1.1)])
def test_a_file_that_does_not_agree_is_not_written(limit, value, windows, tmp_path, monkeypatch, onnxruntime):
    monkeypatch.setattr(agreement, limit, value)
    with pytest.raises(LarvSegError, match=r"onnx: the file does not say what the run says \(10 drawn pictures: .* nothing was written"):
        export(str(windows), "onnx", tmp_path / "out")
    assert left_in(tmp_path / "out") == []


def test_without_the_extra_one_line_says_what_to_install(windows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(LarvSegError, match=r"^--to onnx: onnx is not installed; pip install -c constraints.txt -e '.\[export\]'$"):
        export(str(windows), "onnx", tmp_path / "out")
    assert left_in(tmp_path / "out") == []
