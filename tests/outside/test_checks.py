"""Folders with a run that somebody made who means harm."""

import json
import struct

import pytest
import torch
from safetensors.torch import save_file

from larvseg import load
from larvseg.errors import LarvSegError
from larvseg.outside import checks
from tests.small_run import NECK, small_run


@pytest.fixture
def folder(tmp_path):
    return small_run(tmp_path / "run")


def change(folder, *path, to):
    """Set the value at `path` of config.json."""
    config = json.loads((folder / "config.json").read_text())
    place = config
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    (folder / "config.json").write_text(json.dumps(config))


def test_a_sound_folder_is_loaded(folder):
    change(folder, "library_name", to="larvseg")  # what the Hub may add
    assert load(folder).names == ("wall", "sofa", "lamp")


BACKBONE = ("train", "backbone")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*BACKBONE, "name"), "hf_hub:evil/model", "timm has no model 'hf_hub:evil/model'"),
        ((*BACKBONE, "name"), "local-dir:/etc", "timm has no model"),
        ((*BACKBONE, "arguments", "checkpoint_path"), "/etc/passwd", "checkpoint_path: not a setting"),
        ((*BACKBONE, "arguments", "pretrained"), True, "pretrained: not a setting"),
        ((*BACKBONE, "arguments", "pretrained_cfg"), "x", "pretrained_cfg: not a setting"),
        ((*BACKBONE, "arguments", "act_layer"), {"a": 1}, "act_layer: not a setting"),
        ((*BACKBONE, "arguments", "depth"), 10**9, "sizes are from 0 to 8192"),
        ((*BACKBONE, "arguments", "embed_dim"), 8192, "model.safetensors: tensor .* the network of config.json wants"),
        ((*BACKBONE, "patch_size"), 0, "patch_size: Input should be greater than 0"),
        (("train", "training_sets", 0, "augmentation", "crop"), 10**7, "at most 8192 pixels a side"),
        (("train", "training_sets", 0, "augmentation", "short_side"), -4, "short_side: Input should be greater than 0"),
        (("train", "training_sets", 0, "augmentation", "long_side"), 8000, "at most 256 patches along a side"),
        (("train", "training_sets"), [], "no data set of scenes"),
        (("train", "stepps"), 3, "unknown key 'train.stepps'; did you mean 'steps'"),
        (("vocabulary", "index", "Own"), [0, 1, 99], "index.Own has a place in names"),
        (("vocabulary", "index", "Own"), [-1, 0, 1], "index.Own has a place in names"),
        (("vocabulary", "classes"), {}, "index and classes name the same data sets"),
        (("vocabulary", "names"), ["x" * 2000, "b", "c"], "at most 1000 letters"),
        (("vocabulary",), {}, "vocabulary.names"),
        (("vocabulary", "names"), ["a\u202eb", "b", "c"], "has letters that cannot be shown"),
        (("vocabulary", "classes", "Own"), ["a\x1b[2J", "b", "c"], "has letters that cannot be shown"),
        (("train", "run"), "<script>alert(1)</script>", "train.run: String should match pattern"),
        (("train", "benchmark"), "../../x", "train.benchmark: String should match pattern"),
        (("train", "training_sets", 0, "name"), "[x](javascript:x)", "training_sets.0.name: String should match pattern"),
        ((*BACKBONE, "title"), "a | b", "train.backbone.title: String should match pattern"),
    ],
)
def test_a_configuration_that_asks_for_more_is_refused(folder, path, value, said):
    change(folder, *path, to=value)
    with pytest.raises(LarvSegError, match=said) as raised:
        load(folder)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"train": 3}', "\xff"])
def test_a_configuration_that_is_none_is_refused(folder, text):
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(LarvSegError, match="config.json"):
        load(folder)


def test_files_have_bounds(folder, monkeypatch):
    monkeypatch.setattr(checks, "CONFIG_BYTES", 10)
    with pytest.raises(LarvSegError, match="config.json: more than 10 bytes"):
        load(folder)
    monkeypatch.undo()
    monkeypatch.setattr(checks, "MODEL_BYTES", 10)
    with pytest.raises(LarvSegError, match="model.safetensors: more than 10 bytes"):
        load(folder)


def nested():
    """A header whose metadata nests deeper than a parser goes."""
    header = json.dumps({"__metadata__": {"larvseg": "[" * 100_000}}).encode()
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize("content", [b"", b"hello", struct.pack("<Q", 2**60), nested(), b"\x80\x04\x95pickle"])
def test_tensors_that_are_none_are_refused(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(LarvSegError, match="model.safetensors: (not a readable safetensors file|tensor)"):
        load(folder)


def test_missing_tensors_and_numbers_are_told(folder):
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"classifier.table": torch.full((3, 16), float("nan"))}, folder / "model.safetensors")
    with pytest.raises(LarvSegError, match="no finite numbers"):
        load(folder).segment(torch.zeros(20, 20, 3, dtype=torch.uint8).numpy())
    del tensors["classifier.scale"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(LarvSegError, match="tensor 'classifier.scale' is not there"):
        load(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(LarvSegError, match="model.safetensors: no such file"):
        load(folder)


def test_the_frozen_network_is_checked_too(tmp_path):
    neck = small_run(tmp_path / "neck", backbone=NECK)
    load(neck)
    save_file({"x": torch.zeros(3)}, neck / "frozen.safetensors")
    with pytest.raises(LarvSegError, match="frozen.safetensors: tensor"):
        load(neck)
