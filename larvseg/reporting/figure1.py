"""Figure 1: the paradigm. Masks of base categories and mere names of novel ones teach one segmenter, which then segments both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from larvseg.config.figures import Figure1Config
from larvseg.datasets.manifest import Manifest
from larvseg.evaluation.training_examples import most_labelled, most_varied, training_pictures
from larvseg.files import replacing
from larvseg.reporting.arrays import read_arrays_of
from larvseg.reporting.canvas import Page, tint, within
from larvseg.reporting.drawing import BASE, GREY, INK, MARGIN, NOVEL, kind_colour
from larvseg.reporting.label_maps import classes_of, draw_labels, draw_union

RULE = "S"  # of alignment
WIDTH, TOP = 1840, 134  # pixels
UPPER, LOWER, GAP = 336, 424, 20  # heights of what is learned from masks and from names
HEIGHT = UPPER + GAP + LOWER
LEFT, MIDDLE, RIGHT = (MARGIN, 752), (842, 1106), (1196, WIDTH - MARGIN)
INNER, HEAD = 24, 82  # margin of a part, its title
PICTURE, PREDICTION = (316, 237), (572, 429)
SECOND = LEFT[1] - INNER - PICTURE[0]  # left of the second picture of a part
SOFT = (246, 246, 246)


class Result(NamedTuple):
    """What the run makes of a validation picture, and of all of them."""

    picture: np.ndarray  # (H, W, 3) uint8
    truth: np.ndarray  # (H, W), classes of the benchmark
    prediction: np.ndarray  # (H, W)
    found: str  # the novel category that is found best in the picture
    iou: float  # of this category in the picture
    base: float  # mIoU of all pictures in percent
    novel: float
    seed: int


class Example(NamedTuple):
    """A training picture, what is known of it, and its data set."""

    dataset: str
    kind: str
    pictures: int  # of the data set
    names: tuple[str, ...]  # of its classes in the union
    picture: np.ndarray  # (H, W, 3) uint8
    annotation: np.ndarray | tuple[int, ...]  # mask (H, W), or labels


def figure1(config: Figure1Config, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Draw `figure`, a PNG: what config.run learned from, and the picture of its `showcase` with its `metrics`.

    inputs also: the manifests of the benchmark and the training data by their names. The training pictures are those that have most in
    common with the picture of the showcase; of each only what a row of Table 3 shows to its run is opened.
    Raises LarvSegError for a showcase of another run, profile or benchmark.
    """
    arrays, about = read_arrays_of(inputs["showcase"], run=config.run, profile=config.profile, benchmark=config.benchmark)
    manifests = {name: Manifest(inputs[name]) for name in (config.benchmark, *config.training_data)}
    benchmark, row = manifests[config.benchmark], about["row"]
    names, truth = _names(benchmark), benchmark.mask(row)
    shown = {names[label] for label in np.unique(truth) if label >= 0}
    wanted = names[about["label"]]
    examples = [_example(manifests[name], name, wanted, shown, names, config.candidates) for name in config.training_data]
    metrics = json.loads(inputs["metrics"].read_text(encoding="utf-8"))
    result = Result(
        benchmark.image(row), truth, arrays["prediction"], wanted, about["iou"], metrics["base"], metrics["novel"], metrics["seed"]
    )
    novel = frozenset(names[label] for label in benchmark.novel(RULE))
    page = Paradigm(config, names, novel, examples, result).draw()
    with replacing(outputs["figure"]) as path:
        page.save(path)


def _names(manifest: Manifest) -> tuple[str, ...]:
    return tuple(manifest.header["keys"][RULE])


def _example(manifest: Manifest, dataset: str, wanted: str, shown: set[str], benchmark: Sequence[str], candidates: int) -> Example:
    """The training picture of `dataset` that has most in common with a picture of the classes `shown` of `benchmark`; labelled `wanted`."""
    pictures, names = training_pictures(manifest, dataset), _names(manifest)
    common = [label for label, own in enumerate(names) if own in shown]
    if manifest.header["kind"] == "pixel":
        position = most_varied(pictures, candidates, [common, [label for label, own in enumerate(names) if own in benchmark]])
        annotation: np.ndarray | tuple[int, ...] = pictures.mask(position)
    else:
        position = most_labelled(pictures, names.index(wanted), common)
        annotation = pictures.labels(position)
    return Example(dataset, manifest.header["kind"], len(pictures), names, pictures.image(position), annotation)


class Paradigm:
    """The figure: on the left what is learned from, then the segmenter, on the right what it does.

    `names` are the classes of the benchmark, `novel` the novel ones of them; `examples`: one of each kind of data set.
    """

    def __init__(
        self, config: Figure1Config, names: tuple[str, ...], novel: frozenset[str], examples: Sequence[Example], result: Result
    ) -> None:
        self.config, self.names, self.novel, self.result = config, names, novel, result
        self.examples = {example.kind: example for example in examples}
        self.page = Page(WIDTH, TOP + HEIGHT + MARGIN)

    def draw(self) -> Page:
        """The page with everything on it."""
        explanation = (
            f"{self.config.run}, profile “{self.config.profile}”, seed {self.result.seed}. Blue: base categories, those that C171 has "
            f"(rule {RULE}). Orange: novel ones: training sees in which pictures they are, not where.",
            "The validation picture is the one in which a novel category is found best; the training pictures have most in common with it "
            f"(masks: of the first {self.config.candidates}).",
        )
        self.page.heading("Figure 1 · The paradigm: masks of some categories, names of more, segmentation of all", explanation, MARGIN)
        self._masks(self.examples["pixel"])
        self._labels(self.examples["multi_label"], self.examples["single_label"])
        self._segmenter()
        self._segmentation()
        return self.page

    def _masks(self, example: Example) -> None:
        page, top, left = self.page, TOP, LEFT[0] + INNER
        page.box((LEFT[0], top, LEFT[1], top + UPPER), tint(BASE, 0.05), tint(BASE, 0.6), radius=14)
        page.text((left, top + 36), "Base categories are learned from masks", 20, BASE)
        about = f"{example.dataset}: {_count(example.pictures)} pictures, {len({*example.names})} categories, a label for each pixel"
        page.text((left, top + 62), about, 15, GREY)
        frames = [within((x + PICTURE[0] / 2, top + HEAD + PICTURE[1] / 2), PICTURE, example.picture.shape) for x in (left, SECOND)]
        page.picture(frames[0], example.picture, BASE)
        classes = classes_of(example.names, self._novel(example.names), self.names)
        draw_labels(page, frames[1], example.picture, example.annotation, classes, 14, BASE)

    def _labels(self, *examples: Example) -> None:
        page, top, left = self.page, TOP + UPPER + GAP, LEFT[0] + INNER
        page.box((LEFT[0], top, LEFT[1], top + LOWER), tint(NOVEL, 0.05), tint(NOVEL, 0.6), radius=14)
        page.text((left, top + 36), "Novel categories are learned from names of what is in a picture", 20, NOVEL)
        for x, example in zip((left, SECOND), examples, strict=True):
            novel = self._novel(example.names)
            about = f"{example.dataset}: {_count(example.pictures)} pictures, {len(novel)} categories, {sum(novel)} novel"
            page.text((x, top + 62), about, 15, GREY)
            frame = within((x + PICTURE[0] / 2, top + HEAD + PICTURE[1] / 2), PICTURE, example.picture.shape)
            page.picture(frame, example.picture, NOVEL)
            names = [(example.names[label], kind_colour(novel[label])) for label in sorted(example.annotation, key=lambda i: not novel[i])]
            y = top + HEAD + PICTURE[1] + 14
            page.pills((frame[0], y, x + PICTURE[0], y + 80), names, 15)

    def _segmenter(self) -> None:
        page, (left, right), middle = self.page, MIDDLE, sum(MIDDLE) / 2
        novel = self._novel(tuple(dict.fromkeys(name for example in self.examples.values() for name in example.names)))
        page.box((left, TOP + 60, right, TOP + HEIGHT - 60), SOFT, GREY, radius=14)
        page.text((middle, TOP + 100), "One segmenter", 20, INK, "ms")
        ways = (TOP + UPPER / 2, BASE, "$L_{seg}$"), (TOP + UPPER + GAP + LOWER / 2, NOVEL, "$L_{cls},\\,L_{aux}$")
        for y, colour, loss in ways:
            page.arrow((LEFT[1] + 6, y), (left - 6, y), colour, 3)
            page.text(((LEFT[1] + left) / 2 - 4, y - 12), loss, 18, colour, "ms")
        page.arrow((right + 6, TOP + HEIGHT / 2), (RIGHT[0] - 6, TOP + HEIGHT / 2), GREY, 3)
        blocks = (
            (TOP + 130, 72, GREY, "backbone", "pixels to embeddings"),
            (TOP + 246, 196, GREY, "cosine classifier", "an embedding for each name"),
            (TOP + 486, 108, NOVEL, "memory bank", "where is what a label says?"),
        )
        for y, height, colour, title, about in blocks:
            page.box((left + INNER, y, right - INNER, y + height), (255, 255, 255), colour)
            page.text((middle, y + 31), title, 18, INK, "ms")
            page.text((middle, y + 54), about, 14, GREY, "ms")
        page.arrow((middle, TOP + 206), (middle, TOP + 242))
        page.arrow((middle, TOP + 482), (middle, TOP + 446), NOVEL, dashed=True)
        draw_union(page, (left + INNER + 16, TOP + 318, right - INNER - 16, TOP + 392), novel)
        page.text((middle, TOP + 422), f"{novel.count(False)} base, {novel.count(True)} novel", 15, INK, "ms")
        page.text((middle, TOP + 566), "in training alone: Figure 3", 14, GREY, "ms")
        page.text((middle, TOP + HEIGHT - 106), "$L=L_{seg}+\\lambda_{cls}L_{cls}+\\lambda_{aux}L_{aux}$", 17, INK, "ms")

    def _novel(self, names: Sequence[str]) -> list[bool]:
        return [name in self.novel for name in names]

    def _segmentation(self) -> None:
        page, names, result, (left, right) = self.page, self.names, self.result, RIGHT
        novel, middle = self._novel(names), (left + right) / 2
        classes = classes_of(names, novel, names)
        page.box((left, TOP, right, TOP + HEIGHT), (255, 255, 255), GREY, radius=14)
        page.text((left + INNER, TOP + 36), "Both are segmented", 20)
        about = f"{self.config.benchmark}: {len(names)} categories, {novel.count(False)} base and {novel.count(True)} novel; "
        about += f"mIoU of all pictures {result.base:.1f} and {result.novel:.1f}"
        page.text((left + INNER, TOP + 62), about, 15, GREY)
        top = TOP + HEAD
        frame = within((middle, top + PREDICTION[1] / 2), PREDICTION, result.picture.shape)
        draw_labels(page, frame, result.picture, result.prediction, classes, 16)
        line = f"prediction; {result.found}, never seen with a mask: IoU {100 * result.iou:.0f} % in this picture"
        page.text((middle, top + PREDICTION[1] + 25), line, 15, INK, "ms")
        top += PREDICTION[1] + 46
        size = (right - left - 3 * INNER) / 2, TOP + HEIGHT - top - 42
        frames = [within((x + size[0] / 2, top + size[1] / 2), size, result.picture.shape) for x in (left + INNER, right - INNER - size[0])]
        page.picture(frames[0], result.picture)
        draw_labels(page, frames[1], result.picture, result.truth, classes, 12)
        for frame, title in zip(frames, ("validation picture", "its mask, to compare with"), strict=True):
            page.text(((frame[0] + frame[2]) / 2, TOP + HEIGHT - 18), title, 15, GREY, "ms")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")
