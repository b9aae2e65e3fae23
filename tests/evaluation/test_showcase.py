"""Figure 1's image: which it is, and that its label map is that of the evaluation."""

import numpy as np
import pytest
import torch

from larvseg.config import EvaluateConfig, parse
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.evaluate import evaluate
from larvseg.evaluation.select_validation_images import SMALLEST
from larvseg.evaluation.showcase import Found, best_image, showcase
from larvseg.evaluation.sliding_window import segment
from larvseg.evaluation.training_examples import surely_novel
from larvseg.training.checkpoint import load_tensors
from larvseg.training.segmenters import load_segmenter
from tests.evaluation.conftest import EVALUATION


def test_the_image_is_that_in_which_a_candidate_is_found_best():
    counts = ConfusionCounts(4)
    truth = np.repeat([0, 1, 2, 3], 25)
    half = np.where(np.arange(100) % 25 < 12, truth, 0)
    counts.add(7, truth, np.zeros(100, int))
    counts.add(8, truth, half)
    counts.add(9, truth, np.where(truth == 2, truth, half))
    counts.add(10, np.where(truth == 2, truth, 0), np.where(truth == 2, truth, 0))
    assert best_image(counts.rows(), 4, [1, 2]) == Found(9, 2, 1.0)  # the first of two equal ones
    assert best_image(counts.rows(), 4, [3, 1]) == Found(8, 1, 12 / 25)
    assert best_image(counts.rows(), 4, []) is None


def test_what_nobody_would_see_is_no_candidate():
    counts = ConfusionCounts(2)
    small = (np.arange(1000) < 1000 * SMALLEST / 2).astype(int)
    counts.add(0, small, small)
    assert best_image(counts.rows(), 2, [1]) is None


def test_the_label_map_is_that_of_the_evaluation(run, benchmark, tmp_path):
    settings = {"run": "supervised-a150", "method": "supervised", "profile": "smoke", "seed": 0, "benchmark": "A150"}
    config = parse(EvaluateConfig, settings | {"evaluation": EVALUATION.model_dump()}, "test")
    inputs = {"manifest": benchmark, "objects": benchmark, **run}
    outputs = {name: tmp_path / name for name in ("confusion", "metrics", "showcase")}
    evaluate(config, inputs, outputs, tmp_path / "work")
    showcase(config, inputs | {"confusion": outputs["confusion"]}, outputs, tmp_path / "work")
    tensors, about = load_tensors(outputs["showcase"])
    manifest, (model, _) = Manifest(benchmark), load_segmenter(run["model"], run["config"])
    row, label = about["row"], about["label"]
    with torch.inference_mode():
        expected = segment(model, manifest.image(row), config.evaluation, "imagenet")
    assert (tensors["prediction"].numpy() == expected).all()
    truth = manifest.mask(row)
    given = (expected == label) & (truth >= 0)
    assert about["iou"] == pytest.approx(((truth == label) & given).sum() / ((truth == label) | given).sum())
    assert label in surely_novel(manifest) and (truth == label).mean() >= SMALLEST
    assert {key: about[key] for key in settings} == settings


def test_no_image_of_a_category_with_objects_is_an_error(run, benchmark, tmp_path, monkeypatch):
    settings = {"run": "supervised-a150", "method": "supervised", "profile": "smoke", "seed": 0, "benchmark": "A150"}
    config = parse(EvaluateConfig, settings | {"evaluation": EVALUATION.model_dump()}, "test")
    counts = ConfusionCounts(len(Manifest(benchmark).header["classes"]))
    counts.add(0, np.zeros(10, int), np.zeros(10, int))  # nothing but wall
    counts.write(tmp_path / "confusion")
    inputs = {"manifest": benchmark, "objects": benchmark, "confusion": tmp_path / "confusion", **run}
    with pytest.raises(LarvSegError, match="no validation image shows a novel category"):
        showcase(config, inputs, {"showcase": tmp_path / "showcase"}, tmp_path / "work")
