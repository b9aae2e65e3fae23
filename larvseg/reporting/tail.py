"""Where runs differ: the novel classes of a benchmark in thirds, from rare to frequent in its training pictures. Never imports torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larvseg.columns import columns
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError


def pictures_of_each_class(manifest: Manifest) -> dict[str, int]:
    """For each class of `manifest` the number of training pictures that show it."""
    counts = np.zeros(len(manifest.header["classes"]), int)
    for row in manifest.split("training"):
        counts[list(manifest.labels(row))] += 1
    return dict(zip(manifest.header["classes"], counts.tolist(), strict=True))


def thirds(pictures: Mapping[str, int], metrics: Sequence[Mapping], novel: bool = True) -> list[tuple[tuple[int, int], list[float]]]:
    """Novel (or base) classes of rule S with an IoU in all of `metrics`, in thirds: (fewest, most pictures of a class), mIoUs in percent.

    Classes with equally many pictures stay in the order of the vocabulary.
    """
    kind = [[each for each in one["classes"] if each["novel_s"] == novel and each["iou"] is not None] for one in metrics]
    found = [{each["name"]: each["iou"] for each in classes} for classes in kind]
    names = sorted((name for name in found[0] if all(name in other for other in found)), key=pictures.__getitem__)
    parts = [part.tolist() for part in np.array_split(names, 3) if len(part)]
    return [((pictures[part[0]], pictures[part[-1]]), [sum(one[name] for name in part) / len(part) for one in found]) for part in parts]


def print_thirds(runs: Mapping[str, Path], manifest: Path) -> str:
    """The table of `thirds`: `runs` are metrics.json by name, `manifest` that of the benchmark's training pictures with image labels.

    Raises LarvSegError where the runs are of several benchmarks.
    """
    metrics = [json.loads(path.read_text(encoding="utf-8")) for path in runs.values()]
    if len(benchmarks := {one["benchmark"] for one in metrics}) > 1:
        raise LarvSegError(f"{', '.join(runs)}: runs of {' and '.join(sorted(benchmarks))}; name runs of one benchmark")
    labelled = Manifest(manifest)
    found = thirds(pictures_of_each_class(labelled), metrics)
    head = ["", *(f"{fewest}–{most}" for (fewest, most), _ in found)]
    lines = [[name, *(f"{means[number]:.1f}" for _, means in found)] for number, name in enumerate(runs)]
    title = f"novel mIoU in percent, in thirds of the classes by the pictures of {labelled.header['dataset']} that show one"
    return "\n".join([title, *columns([head, *lines])]) + "\n"
