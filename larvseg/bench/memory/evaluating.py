"""What evaluation and those who read its counts keep of each image."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from larvseg.bench.memory import inputs
from larvseg.bench.memory.data import MANIFEST
from larvseg.bench.memory.stage import Stage
from larvseg.config import Evaluation
from larvseg.config.claims import ClaimsConfig, ResolvedClaim, Side
from larvseg.datasets.manifest import Manifest
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.evaluate import evaluate_model
from larvseg.evaluation.metrics import metrics_of
from larvseg.evaluation.recompute import recomputed
from larvseg.evaluation.select_by_gain import chosen_by_gain, gains_by_image
from larvseg.evaluation.select_validation_images import choose_images
from larvseg.files import json_text
from larvseg.reporting.claims import tested
from larvseg.reporting.compare import Evaluated, by_class, by_image

_COUNTS, _METRICS = Path("confusion.arrow"), Path("metrics.json")
_NAMES = [f"class {number}" for number in range(inputs.CLASSES)]
_NOVEL = dict.fromkeys(("S", "P", "by_name"), range(inputs.CLASSES // 2, inputs.CLASSES))
_EVALUATION = Evaluation(short_side=inputs.SIDE, long_side=64, window=inputs.SIDE, stride=inputs.SIDE, batch_size=64)


def make_validation(images: int) -> None:
    inputs.manifest(MANIFEST, images, "A150", "pixel", split="validation")


def make_counts(images: int) -> None:
    make_validation(images)
    counts = ConfusionCounts(inputs.CLASSES)
    pairs = [inputs.masks_of(number) for number in range(inputs.DIFFERENT)]
    for number in range(images):
        counts.add(number, *pairs[number % inputs.DIFFERENT])
    counts.write(_COUNTS)
    about = {"run": "bench", "seed": 0, "profile": "bench", "benchmark": "A150", "images": images}
    _METRICS.write_text(json_text(about | metrics_of(counts.matrix(), _NAMES, _NOVEL)), encoding="utf-8")


def evaluate(images: int) -> ConfusionCounts:
    logits = torch.randn(1, inputs.CLASSES, 4, 4, generator=torch.Generator().manual_seed(0)) ** 5

    def model(windows: Tensor) -> Tensor:
        return logits.expand(len(windows), -1, -1, -1)

    counts = evaluate_model(model, Manifest(MANIFEST), _EVALUATION, "imagenet")
    metrics_of(counts.matrix(), _NAMES, _NOVEL)
    counts.write(_COUNTS)
    return counts


def recompute(images: int) -> dict:
    return recomputed(_COUNTS, json.loads(_METRICS.read_text(encoding="utf-8")))


def select_by_gain(images: int) -> dict:
    return chosen_by_gain(gains_by_image(_COUNTS, _COUNTS), 3)


def compare_images(images: int) -> object:
    return by_image(_runs(), Manifest(MANIFEST).name, 10)


def compare_classes(images: int) -> object:
    return by_class(_runs())


def _runs() -> list[Evaluated]:
    return [Evaluated(name, (_METRICS,), (_COUNTS,)) for name in ("first", "second")]


def claims(images: int) -> list:
    sides = tuple(Side(run="bench", seeds=(0,), trained=False, published={}) for _ in range(2))
    claim = ResolvedClaim(
        statement="a", source="b", table="table3", run="bench", than=("bench",), benchmark="A150", column="novel", sides=sides
    )
    config = ClaimsConfig(profile="bench", seeds=(0,), claims=(claim,))
    return tested(config, {"bench.seed0": _METRICS, "bench.seed0.confusion": _COUNTS})


def choose(images: int) -> list:
    return choose_images(Manifest(MANIFEST), _NAMES, 8, 1, 1)


STAGES = (
    Stage("evaluate", "20 bytes for each pair of classes that meet in it", evaluate, make_validation, 2 * 10**4),
    Stage("audit verify: metrics", "nothing", recompute, make_counts, 10**5),
    Stage("figures: select by gain", "its gain, and three counts for each class that it shows", select_by_gain, make_counts, 10**5),
    Stage("compare: by image", "three counts for each class that it shows", compare_images, make_counts, 2 * 10**4),
    Stage("compare: by class", "three counts for each class that it shows", compare_classes, make_counts, 2 * 10**4),
    Stage("claims", "three counts for each class that it shows", claims, make_counts, 2 * 10**4),
    Stage("figures: select by classes", "the classes that it shows", choose, make_validation, 10**5),
)
