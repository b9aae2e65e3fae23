"""Evaluated runs of one benchmark beside each other, as tables for people. Never imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.bootstrap import ImageCounts, image_counts, images_at_once, mean_over, resampled_iou, weights
from larvseg.evaluation.confusion import read_confusion
from larvseg.evaluation.metrics import load_metrics
from larvseg.reporting.claims import IMAGES, INTERVAL, SEEDS
from larvseg.reporting.layout import NOTHING, Column, Entry, Layout
from larvseg.reporting.tables import MEANS
from larvseg.reporting.tail import images_of_each_class, ious_of, thirds

RESAMPLES, SEED = 2000, 0  # of the validation images, as claims have them
BY_NAME = "novel by name"  # the base data set has pixel labels of the class under another name
RULE = f"base, novel: alignment rule S; {BY_NAME}: the base data set has pixel labels of it under another name"

Value = float | None  # percent; None where nothing was measured


@dataclass(frozen=True)
class Evaluated:
    """A run, by what its evaluations with one or more seeds wrote."""

    name: str
    metrics: tuple[Path, ...]  # metrics.json
    confusion: tuple[Path, ...]  # the confusion counts of each image

    @cached_property
    def documents(self) -> tuple[dict[str, Any], ...]:
        """The metrics of each seed."""
        return tuple(map(load_metrics, self.metrics))

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """The classes as metrics.json lists them; `iou` is the mean over seeds, None where one has none."""
        each = zip(*(document["classes"] for document in self.documents), strict=True)
        return [{**seeds[0], "iou": _mean(one["iou"] for one in seeds)} for seeds in each]

    def miou(self, measure: str) -> Value:
        """mIoU over all, base or novel classes (rule S), the mean over seeds."""
        return _mean(document[measure] for document in self.documents)

    @cached_property
    def counts(self) -> list[tuple[np.ndarray, ImageCounts]]:
        """Of each seed the images (n,), ascending, and their counts."""
        return [image_counts(*read_confusion(path)) for path in self.confusion]


class Line(NamedTuple):
    """A line of a comparison: a value of each run, and the ends of the interval of what the last gains over the first."""

    name: str
    kind: str
    values: Sequence[Value]
    ends: tuple[Value, Value] | None = None

    @property
    def gain(self) -> Value:
        """How far the last value is above the first."""
        first, *_, last = self.values
        return None if first is None or last is None else last - first


def by_class(runs: Sequence[Evaluated]) -> Layout:
    """IoU of each class in each of `runs`, sorted by what the last gains over the first; above, mIoU over all, base and novel classes.

    Values are means over seeds. Gains have a 95 % interval as claims have it: a paired bootstrap over the validation images and, where
    there are several seeds, Student's t. Raises LarvSegError for runs of several benchmarks or that saw other images.
    """
    _comparable(runs)
    classes = runs[0].classes
    novel = [at for at, each in enumerate(classes) if each["novel_s"]]
    parts = {"all": range(len(classes)), "base": sorted({*range(len(classes))} - {*novel}), "novel": novel}
    ends = _intervals(runs[0], runs[-1], list(parts.values()))
    means = [Line(f"mIoU, {part}", part, [run.miou(part) for run in runs], ends[at]) for at, part in enumerate(MEANS)]
    lines = [
        Line(each["name"], kind_of(each["novel_s"], each["by_name"]), [run.classes[at]["iou"] for run in runs], ends[len(MEANS) + at])
        for at, each in enumerate(classes)
    ]
    title = f"{runs[-1].name} beside {runs[0].name} on {runs[0].documents[0]['benchmark']}, class by class"
    interval = f"interval of the gain: {RESAMPLES} paired resamples of the validation images"
    trained = max(len(runs[0].documents), len(runs[-1].documents)) > 1
    interval += ", Student's t over seeds" if trained else "; what another seed would change is not in it"
    return gains(title, [run.name for run in runs], lines, means, (interval, _about(runs)))


def gains(title: str, runs: Sequence[str], lines: Sequence[Line], means: Sequence[Line] = (), notes: Sequence[str] = ()) -> Layout:
    """The `means`, and below them `lines` from that of the largest gain to that of the smallest; those without one come last."""
    ranked = sorted(lines, key=lambda line: np.inf if line.gain is None else -line.gain)
    shown = [*means, *ranked]
    with_ends = any(line.ends for line in shown)
    columns = [Column("class"), Column("kind"), *(Column(run, number=True) for run in runs), Column("gain", number=True)]
    columns += [Column(end, "95 % interval", True) for end in ("low", "high")] if with_ends else []
    rows = []
    for line in shown:
        numbers = [*map(_percent, line.values), _signed(line.gain), *(map(_signed, line.ends or (None, None)) if with_ends else ())]
        rows.append((Entry(line.name), Entry(line.kind), *map(Entry, numbers)))
    about = f"IoU in percent; gain: points of {runs[-1]} above {runs[0]}"
    return Layout("compare", title, tuple(columns), tuple(rows), (about, RULE, *notes), breaks=(len(means),) if means else ())


def by_image(runs: Sequence[Evaluated], name_of: Callable[[int], str], most: int) -> Layout:
    """The `most` images on which the last of `runs` differs most from the first, from the largest gain to the largest loss.

    mIoU of an image: the mean IoU, within it, of the classes that it is labelled with; accuracy: the share of its labelled pixels that are
    right. Values are means over seeds. Raises LarvSegError for runs of several benchmarks or that saw other images.
    """
    _comparable(runs)
    images, _ = runs[0].counts[0]
    mious = [np.concatenate([100 * np.nanmean(_iou(run, some), axis=1) for some in images_at_once(len(images))]) for run in runs]
    accuracies = [100 * np.mean([counts.right.sum(1) / counts.labelled.sum(1) for _, counts in run.counts], axis=0) for run in runs]
    gain = mious[-1] - mious[0]
    chosen = np.argsort(-np.abs(gain), kind="stable")[:most]
    change = dict(zip(chosen.tolist(), _iou(runs[-1], chosen) - _iou(runs[0], chosen), strict=True))
    names = [each["name"] for each in runs[0].classes]
    columns = [Column("image")]
    for group in ("mIoU", "accuracy"):
        columns += [*(Column(run.name, group, True) for run in runs), Column("gain", group, True)]
    rows = []
    for at in chosen[np.argsort(-gain[chosen], kind="stable")]:
        changed = int(np.nanargmax(change[int(at)] * (1 if gain[at] >= 0 else -1)))
        numbers = []
        for values in (mious, accuracies):
            numbers += [*(_percent(run[at]) for run in values), _signed(values[-1][at] - values[0][at])]
        most_changed = f"{names[changed]} {_signed(100 * change[int(at)][changed])}"
        rows.append((Entry(name_of(int(images[at]))), *map(Entry, numbers), Entry(most_changed)))
    title = f"{runs[-1].name} beside {runs[0].name} on {runs[0].documents[0]['benchmark']}, image by image"
    notes = (
        f"the {len(rows)} of {len(images)} validation images whose mIoU differs most; gain: points of {runs[-1].name} above {runs[0].name}",
        "mIoU: mean IoU in percent, within the image, of the classes that it is labelled with; accuracy: of its labelled pixels",
        "most: the class of the image whose IoU in it changed most that way",
        _about(runs),
    )
    return Layout("compare", title, (*columns, Column("most")), tuple(rows), notes)


def by_third(runs: Sequence[Evaluated], labelled: Manifest) -> Layout:
    """Novel mIoU of each of `runs`, over all novel classes and over thirds of them from rare to frequent in the training images `labelled`.

    Raises LarvSegError for runs of several benchmarks.
    """
    _one_benchmark(runs)
    metrics = [{"classes": run.classes} for run in runs]
    parts, within = thirds(images_of_each_class(labelled), metrics), ious_of(metrics)
    alone = [each["name"] for each in runs[0].classes if each["by_name"]]
    columns = [("novel", [run.miou("novel") for run in runs])]
    if alone and len(within):
        columns.append((f"without {len(alone)}", within.apply(fmean).tolist()))
    columns += [(f"{fewest}–{most}", means) for (fewest, most), means in parts]
    each = zip(runs, *(values for _, values in columns), strict=True)
    rows = (tuple(map(Entry, (run.name, *map(_percent, values)))) for run, *values in each)
    notes = [f"right: in thirds of the classes by the images of {labelled.header['dataset']} that show one"]
    if alone:
        notes.append(f"left out: {', '.join(alone)}, which have pixel labels under another name")
    heads = (Column("run"), *(Column(heading, number=True) for heading, _ in columns))
    return Layout("tail", "Novel mIoU in percent, from rare classes to frequent ones", heads, tuple(rows), (*notes, _about(runs)))


def kind_of(novel: bool, by_name: bool) -> str:
    """What a class is called that is `novel` by rule S, and so by its name alone."""
    return "base" if not novel else BY_NAME if by_name else "novel"


def image_iou(counts: np.ndarray) -> np.ndarray:
    """(3, n, classes) counts → (n, classes) IoU of each class within each image; NaN where the image has no label of it."""
    labelled, predicted, right = counts
    return np.divide(right, labelled + predicted - right, out=np.full_like(right, np.nan), where=labelled > 0)


def _iou(run: Evaluated, images: slice | np.ndarray) -> np.ndarray:
    """(n, classes) the same of some of the images of `run`, the mean over seeds."""
    return np.mean([image_iou(counts.dense(images)) for _, counts in run.counts], axis=0)


def _intervals(first: Evaluated, last: Evaluated, parts: Sequence[Sequence[int]]) -> list[tuple[Value, Value]]:
    """The ends of the interval of what `last` gains over `first`: in the mIoU over each of `parts`, then in the IoU of each class."""
    units = len(first.counts[0][0])

    def resampled(counts: ImageCounts) -> np.ndarray:
        return np.concatenate([resampled_iou(counts, some) for some in weights(units, RESAMPLES, (SEED, IMAGES))])

    def measured(run: Evaluated) -> np.ndarray:
        ious = [resampled(counts) for _, counts in run.counts]
        return np.stack([np.column_stack([*(mean_over(iou, part) for part in parts), 100 * iou]) for iou in ious])

    by_seed = measured(last) - measured(first)  # (seeds, 1 + resamples, values); what trains nothing is the same with every seed
    points, seeds = by_seed.mean(0)[1:], len(by_seed)
    if seeds > 1:
        t = np.random.default_rng((SEED, SEEDS)).standard_t(seeds - 1, RESAMPLES)
        points += t[:, None] * by_seed[:, 0].std(0, ddof=1) / seeds**0.5
    there = [column[~np.isnan(column)] for column in points.T]  # a resample may lack every image with a class
    return [tuple(np.percentile(column, INTERVAL).tolist()) if len(column) else (None, None) for column in there]


def _one_benchmark(runs: Sequence[Evaluated]) -> None:
    if len(benchmarks := {document["benchmark"] for run in runs for document in run.documents}) > 1:
        names = ", ".join(run.name for run in runs)
        raise LarvSegError(f"{names}: runs of {' and '.join(sorted(benchmarks))}; name runs of one benchmark")


def _comparable(runs: Sequence[Evaluated]) -> None:
    """LarvSegError unless all runs are of one benchmark and saw the same images with the same labels."""
    _one_benchmark(runs)
    images, counts = runs[0].counts[0]
    for run in runs:
        for path, (others, own) in zip(run.confusion, run.counts, strict=True):
            if not (np.array_equal(images, others) and counts.same_labels(own)):
                raise LarvSegError(
                    f"{path}: counts of other images or masks than those of {runs[0].name}; delete it and evaluate the run again"
                )


def _about(runs: Sequence[Evaluated]) -> str:
    seeds = {run.name: ", ".join(str(document["seed"]) for document in run.documents) for run in runs}
    profile = f"profile {runs[0].documents[0]['profile']}"
    if len(set(seeds.values())) == 1:
        return f"{profile}, seeds {seeds[runs[0].name]}"
    return "; ".join([profile, *(f"{run}: seeds {own}" for run, own in seeds.items())])


def _mean(values: Iterable[Value]) -> Value:
    numbers = list(values)
    return None if None in numbers else fmean(numbers)


def _percent(value: Value) -> str:
    return NOTHING if value is None else f"{value:.1f}"


def _signed(points: Value) -> str:
    """With a minus as wide as the plus; what rounds to 0 has no minus."""
    return NOTHING if points is None or np.isnan(points) else f"{round(points, 1) + 0.0:+.1f}".replace("-", "−")
