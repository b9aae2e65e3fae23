"""What a run learned from, and what it makes of a validation image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from larvseg.config.figures import Figure1Config
from larvseg.datasets.manifest import Manifest
from larvseg.evaluation.metrics import load_metrics
from larvseg.evaluation.training_examples import most_labelled, most_varied, training_images
from larvseg.figures.arrays import read_arrays_of

RULE = "S"  # of alignment


class Result(NamedTuple):
    """What the run makes of a validation image, and of all of them."""

    image: np.ndarray  # (H, W, 3) uint8
    truth: np.ndarray  # (H, W), classes of the benchmark
    prediction: np.ndarray  # (H, W)
    found: str  # the novel category that is found best in the image
    iou: float  # of this category in the image
    base: float  # mIoU of all images in percent
    novel: float
    seed: int


class Example(NamedTuple):
    """A training image, what is known of it, and its data set."""

    dataset: str
    kind: str
    images: int  # of the data set
    names: tuple[str, ...]  # of its classes in the union
    image: np.ndarray  # (H, W, 3) uint8
    annotation: np.ndarray | tuple[int, ...]  # mask (H, W), or labels


class Paradigm(NamedTuple):
    """What the figure shows. `names` are the classes of the benchmark, `novel` the novel ones of them; an example of each kind of data."""

    names: tuple[str, ...]
    novel: frozenset[str]
    examples: Sequence[Example]
    result: Result

    def are_novel(self, names: Sequence[str]) -> list[bool]:
        """Whether each of `names` is novel."""
        return [name in self.novel for name in names]


def read(config: Figure1Config, inputs: Mapping[str, Path]) -> Paradigm:
    """What the figure shows; LarvSegError for a showcase of another run, profile or benchmark."""
    arrays, about = read_arrays_of(inputs["showcase"], run=config.run, profile=config.profile, benchmark=config.benchmark)
    manifests = {name: Manifest(inputs[name]) for name in (config.benchmark, *config.training_data)}
    return paradigm(config, manifests, arrays["prediction"], about, load_metrics(inputs["metrics"]))


def paradigm(
    config: Figure1Config,
    manifests: Mapping[str, Manifest],
    prediction: np.ndarray,
    about: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> Paradigm:
    """What the figure shows of a `prediction` (H, W), which `about` describes, and of the data sets whose `manifests` are given.

    Of a training image nothing is opened but what a row of Table 3 shows to its run.
    """
    benchmark, row = manifests[config.benchmark], about["row"]
    names, truth = _names(benchmark), benchmark.mask(row)
    shown = {names[label] for label in np.unique(truth) if label >= 0}
    wanted = names[about["label"]]
    examples = [_example(manifests[name], name, wanted, shown, names, config.candidates) for name in config.training_data]
    result = Result(benchmark.image(row), truth, prediction, wanted, about["iou"], metrics["base"], metrics["novel"], metrics["seed"])
    return Paradigm(names, frozenset(names[label] for label in benchmark.novel(RULE)), examples, result)


def _names(manifest: Manifest) -> tuple[str, ...]:
    return tuple(manifest.header["keys"][RULE])


def _example(manifest: Manifest, dataset: str, wanted: str, shown: set[str], benchmark: Sequence[str], candidates: int) -> Example:
    """The training image of `dataset` that has most in common with an image of the classes `shown` of `benchmark`; labelled `wanted`."""
    images, names = training_images(manifest, dataset), _names(manifest)
    common = [label for label, own in enumerate(names) if own in shown]
    if manifest.header["kind"] == "pixel":
        position = most_varied(images, candidates, [common, [label for label, own in enumerate(names) if own in benchmark]])
        annotation: np.ndarray | tuple[int, ...] = images.mask(position)
    else:
        position = most_labelled(images, names.index(wanted), common)
        annotation = images.labels(position)
    return Example(dataset, manifest.header["kind"], len(images), names, images.image(position), annotation)
