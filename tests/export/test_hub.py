"""Folders for the Hub: complete without the project, the same labels, and nothing half-written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

import larvseg
from larvseg.errors import LarvSegError
from larvseg.export import export, hub
from larvseg.training.checkpoint import load_tensors
from tests.export.conftest import left_in, picture, write_metrics

NAME = "tiny-larvseg-seed0"


def front_matter(folder: Path) -> dict:
    return yaml.safe_load((folder / "README.md").read_text().split("\n---\n")[0].removeprefix("---\n"))


@pytest.mark.parametrize("kind, files", [("windows", []), ("whole", ["frozen.safetensors"])])
def test_the_folder_segments_as_the_run_when_its_project_is_gone(kind, files, request, tmp_path):
    run = request.getfixturevalue(kind)
    images = [picture(64, 100), picture(90, 70)]
    expected = [larvseg.load(run).segment(image).labels for image in images]
    configuration = (run / "config.json").read_bytes()
    assert "all of" in export(str(run), "hub", tmp_path / "out")
    shutil.rmtree(run.parents[4])
    folder = tmp_path / "out" / NAME
    assert left_in(tmp_path / "out") == [NAME]
    assert left_in(folder) == sorted(["README.md", "config.json", "model.safetensors", *files])
    assert (folder / "config.json").read_bytes() == configuration
    again = larvseg.load(folder)
    assert all(np.array_equal(again.segment(image).labels, labels) for image, labels in zip(images, expected, strict=True))
    assert not [name for name in load_tensors(folder / "model.safetensors")[0] if name.startswith("banks")]
    assert "model-index" not in front_matter(folder) and "This run was not evaluated." in (folder / "README.md").read_text()


def test_numbers_are_those_of_the_evaluation_also_when_the_folder_is_exported_again(windows, tmp_path):
    metrics = write_metrics(windows)
    export(str(windows), "hub", tmp_path / "out")
    folder = tmp_path / "out" / NAME
    found = front_matter(folder)
    (result,) = found["model-index"][0]["results"]
    assert result["task"] == {"type": "image-segmentation"} == {"type": found["pipeline_tag"]} and result["dataset"]["name"] == "WA150"
    assert [each["value"] for each in result["metrics"]] == [metrics[measure] for measure in ("all", "base", "novel")]
    assert (found["library_name"], found["license"], found["datasets"]) == ("larvseg", "other", ["WA150", "C171"])
    assert json.loads((folder / "metrics.json").read_text()) == json.loads(json.dumps(metrics))
    export(str(folder), "hub", tmp_path / "again")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "again" / NAME).iterdir()
    }


def test_a_measure_of_no_category_is_left_out(windows, tmp_path):
    write_metrics(windows, novel=None)
    export(str(windows), "hub", tmp_path / "out")
    (result,) = front_matter(tmp_path / "out" / NAME)["model-index"][0]["results"]
    assert [each["name"] for each in result["metrics"]] == ["mIoU (%)", "mIoU of base categories (%)"]


def test_metrics_of_another_run_are_refused(windows, tmp_path):
    write_metrics(windows, seed=1)
    with pytest.raises(LarvSegError, match="metrics.json: seed is 1, the model card of larvseg wants 0"):
        export(str(windows), "hub", tmp_path / "out")
    assert left_in(tmp_path / "out") == []


def test_a_folder_with_other_labels_is_not_written(windows, tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "save_tensors", lambda path, tensors, metadata: save(path, tensors, metadata))

    def save(path, tensors, metadata):
        changed = dict(tensors) | {"classifier.table": tensors["classifier.table"].flip(0)}
        from larvseg.training.checkpoint import save_tensors

        save_tensors(path, changed, metadata)

    with pytest.raises(LarvSegError, match="hub: the folder gives other labels than the run; nothing was written"):
        export(str(windows), "hub", tmp_path / "out")
    assert left_in(tmp_path / "out") == []
