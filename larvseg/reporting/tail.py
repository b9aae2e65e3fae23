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

    Classes that are novel by name alone are left out: the base data set has pixel labels of them under another name. Classes with equally
    many pictures stay in the order of the vocabulary.
    """
    found = _found(metrics, novel)
    names = sorted(found[0], key=pictures.__getitem__)
    parts = [part.tolist() for part in np.array_split(names, 3) if len(part)]
    return [((pictures[part[0]], pictures[part[-1]]), _means(found, part)) for part in parts]


def _found(metrics: Sequence[Mapping], novel: bool = True) -> list[dict[str, float]]:
    """The IoU of each class of `thirds`, one dictionary for each of `metrics`, all with the same classes."""
    kind = [[each for each in one["classes"] if each["novel_s"] == novel and each["iou"] is not None] for one in metrics]
    found = [{each["name"]: each["iou"] for each in classes if not each["by_name"]} for classes in kind]
    return [{name: one[name] for name in found[0] if all(name in other for other in found)} for one in found]


def _means(found: Sequence[Mapping[str, float]], names: Sequence[str]) -> list[float]:
    return [sum(one[name] for name in names) / len(names) for one in found]


def print_thirds(runs: Mapping[str, Path], labelled: Manifest) -> str:
    """The table of `thirds`: `runs` are metrics.json by name, `labelled`: the data set with image labels of the benchmark's classes.

    Raises LarvSegError where the runs are of several benchmarks.
    """
    metrics = [json.loads(path.read_text(encoding="utf-8")) for path in runs.values()]
    if len(benchmarks := {one["benchmark"] for one in metrics}) > 1:
        raise LarvSegError(f"{', '.join(runs)}: runs of {' and '.join(sorted(benchmarks))}; name runs of one benchmark")
    parts, found = thirds(pictures_of_each_class(labelled), metrics), _found(metrics)
    left_out = [each["name"] for each in metrics[0]["classes"] if each["by_name"]]
    columns_of = {
        "novel": [one["novel"] for one in metrics],
        **({f"without {len(left_out)}": _means(found, list(found[0]))} if left_out and found[0] else {}),
        **{f"{fewest}–{most}": means for (fewest, most), means in parts},
    }
    lines = [[name, *(f"{means[number]:.1f}" for means in columns_of.values())] for number, name in enumerate(runs)]
    title = [f"novel mIoU in percent; right: in thirds of the classes by the pictures of {labelled.header['dataset']} that show one"]
    if left_out:
        title.append(f"left out: {', '.join(left_out)}, which have pixel labels under another name")
    return "\n".join([*title, *columns([["", *columns_of], *lines])]) + "\n"
