import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from larvseg.config import EvaluateConfig, Evaluation
from larvseg.errors import LarvSegError
from larvseg.evaluation import evaluate as stage
from larvseg.evaluation.confusion import accumulate, read_confusion
from larvseg.evaluation.metrics import metrics_of
from larvseg.evaluation.permutation import PERMUTATIONS, derangement, permuted_vocabulary
from larvseg.models.predictor import Predictor
from tests.data import novel

NAMES = ["wall", "sky", "lamp", "television receiver", "person"]  # novel: lamp, and under rule S television receiver
PALETTE = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0], [0, 200, 200]], np.uint8)
EVALUATION = Evaluation(short_side=64, long_side=256, window=64, stride=64, batch_size=4)


class Images:
    """Rows 0 and 1 are for training; the others show classes 0 to 3 as blocks of flat colour."""

    path = "A150.arrow"
    header = {"dataset": "A150", "classes": NAMES, "novel": novel(NAMES)}

    def split(self, name):
        return np.arange(2, 7) if name == "validation" else np.arange(2)

    def mask(self, row):
        assert row >= 2
        labels = np.random.default_rng(row).integers(0, 4, (3, 4)).astype(np.int16)
        return np.kron(labels, np.ones((24, 24), np.int16))

    def image(self, row):
        return PALETTE[self.mask(row)]


class PartlyLabelled(Images):
    """The uppermost five rows of pixels have no label."""

    def mask(self, row):
        mask = super().mask(row)
        mask[:5] = -1
        return mask

    def image(self, row):
        return PALETTE[Images().mask(row)]


def by_colour(windows):
    """(B, 3, h, w) normalised by "half" → minus the squared distance of each pixel to each class's colour."""
    pixels = (windows + 1) / 2 * 255
    return -(pixels[:, None] - torch.tensor(PALETTE).float()[None, :, :, None, None]).square().sum(2)


def test_a_perfect_model_scores_100_and_unlabelled_pixels_do_not_count():
    unresized = Evaluation(short_side=72, long_side=256, window=72, stride=72, batch_size=4)
    counts = stage.evaluate_model(by_colour, PartlyLabelled(), unresized, "half")
    assert counts.matrix().sum() == 5 * (72 - 5) * 96
    assert set(counts.rows()[0]) == {2, 3, 4, 5, 6}
    metrics = metrics_of(counts.matrix(), NAMES, novel(NAMES))
    assert (metrics["all"], metrics["base"], metrics["novel"], metrics["excluded_classes"]) == (100, 100, 100, 1)


def test_processes_that_read_images_change_no_count():
    counts = [stage.evaluate_model(by_colour, PartlyLabelled(), EVALUATION, "half", workers=workers).rows() for workers in (0, 2)]
    assert np.array_equal(*counts) and counts[0].size


def test_metrics_of_a_known_matrix():
    matrix = np.diag([10, 0, 2, 4, 0])
    matrix[0, 2] = 10
    metrics = metrics_of(matrix, NAMES, novel(NAMES))
    assert metrics["rules"]["S"] == {"all": 55.5555555556, "base": 50.0, "novel": 58.3333333333, "base_classes": 3, "novel_classes": 2}
    assert metrics["rules"]["P"] == {"all": 55.5555555556, "base": 75.0, "novel": 16.6666666667, "base_classes": 4, "novel_classes": 1}
    assert (metrics["all"], metrics["base"], metrics["novel"]) == (55.5555555556, 50.0, 58.3333333333)
    assert metrics["excluded_classes"] == 2
    assert metrics["classes"][0] == {"name": "wall", "iou": 50.0, "novel_s": False, "novel_p": False, "by_name": False, "pixels": 20}
    assert metrics["classes"][1]["iou"] is None
    assert metrics["classes"][3] == {
        "name": "television receiver",
        "iou": 100.0,
        "novel_s": True,
        "novel_p": False,
        "by_name": True,
        "pixels": 4,
    }


def test_a_mean_over_nothing_is_null():
    assert metrics_of(np.diag([0, 0, 3, 0, 0]), NAMES, novel(NAMES))["base"] is None


def config(**changes):
    return EvaluateConfig(
        run="larvseg-a150", method="larvseg", profile="smoke", seed=1, benchmark="A150", evaluation=EVALUATION
    ).model_copy(update=changes)


def segment_by(predictor, monkeypatch) -> None:
    """Have every method segment by `predictor`."""
    known = stage.method_of
    fake = lambda name: SimpleNamespace(load=lambda: predictor, knows_names=known(name).knows_names)  # noqa: E731
    monkeypatch.setattr(stage, "method_of", fake)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The stage's inputs and outputs, with a method that needs no training."""
    seen = []

    def predictor(config, given, device):
        assert given is inputs and str(device) == "cpu"
        seen.append(config.method)
        return Predictor(tuple(NAMES), by_colour, "half")

    segment_by(predictor, monkeypatch)
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
    assert {key: metrics[key] for key in ("all", "rules", "classes")}.items() <= metrics_of(matrix, NAMES, novel(NAMES)).items()
    stage.evaluate(config(), inputs, outputs, work)
    assert first == {role: path.read_bytes() for role, path in outputs.items()}


@pytest.mark.parametrize(("method", "controlled"), [("larvseg", False), ("supervised", False), ("denseclip", True), ("lseg", True)])
def test_methods_that_know_classes_by_name_have_the_permuted_control(files, method, controlled):
    inputs, outputs, work = files
    stage.evaluate(config(method=method), inputs, outputs, work)
    metrics = json.loads(outputs["metrics"].read_text())
    assert ("permuted_vocabulary" in metrics) == controlled
    if controlled:
        assert metrics["permuted_vocabulary"] == permuted_vocabulary(accumulate(*read_confusion(outputs["confusion"])), NAMES, novel(NAMES))


def test_permuting_the_vocabulary_equals_evaluating_with_permuted_class_embeddings(monkeypatch):
    """The scores of class j are those of the embedding π(j); the method is wrong about some pixels, so that all columns are used."""

    def noisy(windows):
        return by_colour(windows) + 3e4 * torch.rand(1, 5, *windows.shape[2:], generator=torch.Generator().manual_seed(0))

    expected = []
    for number in range(PERMUTATIONS):
        order = derangement(len(NAMES), number)
        counts = stage.evaluate_model(lambda windows, order=order: noisy(windows)[:, order], PartlyLabelled(), EVALUATION, "half")
        expected.append(metrics_of(counts.matrix(), NAMES, novel(NAMES)))
    plain = stage.evaluate_model(noisy, PartlyLabelled(), EVALUATION, "half").matrix()
    assert 0 < np.diag(plain).sum() < plain.sum()
    found = permuted_vocabulary(plain, NAMES, novel(NAMES))
    assert found == {key: pytest.approx(np.mean([each[key] for each in expected]), abs=1e-9) for key in ("all", "base", "novel")}
    assert found["all"] < metrics_of(plain, NAMES, novel(NAMES))["all"]


def test_derangements_are_fixed_and_leave_nothing_in_its_place():
    for classes in (2, 5, 150):
        for number in range(PERMUTATIONS):
            order = derangement(classes, number)
            assert sorted(order) == list(range(classes)) and (order != np.arange(classes)).all()
            assert (order == derangement(classes, number)).all()
    assert len({tuple(derangement(150, number)) for number in range(PERMUTATIONS)}) == PERMUTATIONS
    with pytest.raises(LarvSegError, match="cannot be permuted"):
        derangement(1, 0)


def test_stage_refuses_the_manifest_of_another_benchmark(files):
    with pytest.raises(LarvSegError, match="A150.*A847"):
        stage.evaluate(config(benchmark="A847"), *files)


def test_stage_refuses_a_run_that_was_made_for_other_classes(files, monkeypatch):
    other = Predictor((*NAMES[:4], "bed"), by_colour, "half")
    segment_by(lambda *_: other, monkeypatch)
    with pytest.raises(LarvSegError, match="other classes"):
        stage.evaluate(config(), *files)


def test_a_model_of_other_classes_and_an_empty_split_are_refused():
    with pytest.raises(LarvSegError, match="3 classes, the manifest 5"):
        stage.evaluate_model(lambda windows: by_colour(windows)[:, :3], PartlyLabelled(), EVALUATION, "half")
    empty = SimpleNamespace(header=Images.header, split=lambda name: np.zeros(0, np.int64))
    with pytest.raises(LarvSegError, match="no validation image"):
        stage.evaluate_model(by_colour, empty, EVALUATION, "half")
