import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from larvseg.config import EvaluateConfig, Evaluation
from larvseg.errors import LarvSegError
from larvseg.evaluation import evaluate as stage
from larvseg.evaluation.confusion import accumulate, read_confusion

NAMES = ["wall", "sky", "lamp", "television receiver", "person"]  # novel: lamp, and under rule S television receiver
PALETTE = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0], [0, 200, 200]], np.uint8)
EVALUATION = Evaluation(short_side=64, long_side=256, window=64, stride=64, batch_size=4)


class Pictures:
    """Rows 0 and 1 are for training; the others show classes 0 to 3 as blocks of flat colour."""

    header = {"dataset": "A150", "classes": NAMES}

    def split(self, name):
        return np.arange(2, 7) if name == "validation" else np.arange(2)

    def mask(self, row):
        assert row >= 2
        labels = np.random.default_rng(row).integers(0, 4, (3, 4)).astype(np.int16)
        return np.kron(labels, np.ones((24, 24), np.int16))

    def image(self, row):
        return PALETTE[self.mask(row)]


class PartlyLabelled(Pictures):
    """The uppermost five rows of pixels have no label."""

    def mask(self, row):
        mask = super().mask(row)
        mask[:5] = -1
        return mask

    def image(self, row):
        return PALETTE[Pictures().mask(row)]


def by_colour(windows):
    """(B, 3, h, w) normalised by "half" → minus the squared distance of each pixel to each class's colour."""
    pixels = (windows + 1) / 2 * 255
    return -(pixels[:, None] - torch.tensor(PALETTE).float()[None, :, :, None, None]).square().sum(2)


def test_a_perfect_model_scores_100_and_unlabelled_pixels_do_not_count():
    unresized = Evaluation(short_side=72, long_side=256, window=72, stride=72, batch_size=4)
    counts = stage.evaluate_model(by_colour, PartlyLabelled(), unresized, "half")
    assert counts.matrix().sum() == 5 * (72 - 5) * 96
    assert set(counts.rows()[0]) == {2, 3, 4, 5, 6}
    metrics = stage.metrics_of(counts.matrix(), NAMES)
    assert (metrics["all"], metrics["base"], metrics["novel"], metrics["excluded_classes"]) == (100, 100, 100, 1)


def test_metrics_of_a_known_matrix():
    matrix = np.diag([10, 0, 2, 4, 0])
    matrix[0, 2] = 10
    metrics = stage.metrics_of(matrix, NAMES)
    assert metrics["rules"]["S"] == {"all": 55.5555555556, "base": 50.0, "novel": 58.3333333333, "base_classes": 3, "novel_classes": 2}
    assert metrics["rules"]["P"] == {"all": 55.5555555556, "base": 75.0, "novel": 16.6666666667, "base_classes": 4, "novel_classes": 1}
    assert (metrics["all"], metrics["base"], metrics["novel"]) == (55.5555555556, 50.0, 58.3333333333)
    assert metrics["excluded_classes"] == 2
    assert metrics["classes"][0] == {"name": "wall", "iou": 50.0, "novel_s": False, "novel_p": False, "pixels": 20}
    assert metrics["classes"][1]["iou"] is None
    assert metrics["classes"][3] == {"name": "television receiver", "iou": 100.0, "novel_s": True, "novel_p": False, "pixels": 4}


def test_a_mean_over_nothing_is_null():
    assert stage.metrics_of(np.diag([0, 0, 3, 0, 0]), NAMES)["base"] is None


def config(**changes):
    return EvaluateConfig(run="larvseg-a150", profile="smoke", seed=1, benchmark="A150", evaluation=EVALUATION).model_copy(update=changes)


class FakeSegmenter(torch.nn.Module):
    names = tuple(NAMES)

    def forward(self, windows):
        return by_colour(windows)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The stage's inputs and outputs, with a model that needs no training."""

    def load_segmenter(model, config, *, dataset, device):
        assert (model, config, dataset, str(device)) == (inputs["model"], inputs["config"], "A150", "cpu")
        return FakeSegmenter(), SimpleNamespace(switches=SimpleNamespace(normalisation="half"))

    monkeypatch.setattr(stage.checkpoint, "load_segmenter", load_segmenter)
    monkeypatch.setattr(stage, "Manifest", lambda path: PartlyLabelled())
    inputs = {role: tmp_path / role for role in ("model", "config", "manifest")}
    outputs = {role: tmp_path / f"out.{role}" for role in ("confusion", "metrics")}
    return inputs, outputs, tmp_path / "work"


def test_stage_writes_counts_and_metrics_that_agree_and_repeat(files):
    inputs, outputs, work = files
    stage.evaluate(config(), inputs, outputs, work)
    first = {role: path.read_bytes() for role, path in outputs.items()}
    metrics = json.loads(first["metrics"])
    assert {key: metrics[key] for key in ("run", "seed", "profile", "benchmark", "images")} == {
        "run": "larvseg-a150", "seed": 1, "profile": "smoke", "benchmark": "A150", "images": 5,
    }  # fmt: skip
    matrix = accumulate(*read_confusion(outputs["confusion"]))
    assert {key: metrics[key] for key in ("all", "rules", "classes")}.items() <= stage.metrics_of(matrix, NAMES).items()
    stage.evaluate(config(), inputs, outputs, work)
    assert first == {role: path.read_bytes() for role, path in outputs.items()}


def test_stage_refuses_the_manifest_of_another_benchmark(files):
    with pytest.raises(LarvSegError, match="A150.*A847"):
        stage.evaluate(config(benchmark="A847"), *files)


def test_stage_refuses_a_run_that_was_trained_for_other_classes(files, monkeypatch):
    monkeypatch.setattr(FakeSegmenter, "names", (*NAMES[:4], "bed"))
    with pytest.raises(LarvSegError, match="other classes"):
        stage.evaluate(config(), *files)


def test_a_model_of_other_classes_and_an_empty_split_are_refused():
    with pytest.raises(LarvSegError, match="3 classes, the manifest 5"):
        stage.evaluate_model(lambda windows: by_colour(windows)[:, :3], PartlyLabelled(), EVALUATION, "half")
    empty = SimpleNamespace(header=Pictures.header, split=lambda name: np.zeros(0, np.int64))
    with pytest.raises(LarvSegError, match="no validation image"):
        stage.evaluate_model(by_colour, empty, EVALUATION, "half")
