"""Where runs differ: the novel classes of a benchmark in thirds, from rare to frequent in its training images. Never imports torch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd

from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError


def images_of_each_class(manifest: Manifest, names: Sequence[str] | None = None) -> Counter[str]:
    """For each class of `manifest` how many training images show it, by `names` (None: its own), which several classes may share."""
    names = names or manifest.header["classes"]
    counts: Counter[str] = Counter()
    for row in manifest.split("training"):
        counts.update({names[label] for label in manifest.labels(row)})
    return counts


def thirds(images: Mapping[str, int], metrics: Sequence[Mapping], novel: bool = True) -> list[tuple[tuple[int, int], list[float]]]:
    """Novel (or base) classes of rule S with an IoU in all of `metrics`, in thirds: (fewest, most images of a class), mIoUs in percent.

    Classes that are novel by name alone are left out: the base data set has pixel labels of them under another name. Classes with equally
    many images stay in the order of the vocabulary.
    """
    found = _found(metrics, novel).sort_index(key=lambda names: names.map(images), kind="stable")
    parts = [found.iloc[places] for places in np.array_split(np.arange(len(found)), 3) if len(places)]
    return [((images[part.index[0]], images[part.index[-1]]), part.apply(fmean).tolist()) for part in parts]


def _found(metrics: Sequence[Mapping], novel: bool = True) -> pd.DataFrame:
    """(classes of `thirds`, metrics) IoU in percent, by the name of the class."""
    each = [pd.DataFrame(one["classes"]).set_index("name") for one in metrics]
    each = [one.loc[(one["novel_s"] == novel) & ~one["by_name"], "iou"].astype(float).dropna() for one in each]
    return pd.concat(each, axis=1, join="inner")


def print_thirds(runs: Mapping[str, Path], labelled: Manifest) -> str:
    """The table of `thirds`: `runs` are metrics.json by name, `labelled`: the data set with image labels of the benchmark's classes.

    Raises LarvSegError where the runs are of several benchmarks.
    """
    metrics = [json.loads(path.read_text(encoding="utf-8")) for path in runs.values()]
    if len(benchmarks := {one["benchmark"] for one in metrics}) > 1:
        raise LarvSegError(f"{', '.join(runs)}: runs of {' and '.join(sorted(benchmarks))}; name runs of one benchmark")
    parts, found = thirds(images_of_each_class(labelled), metrics), _found(metrics)
    left_out = [each["name"] for each in metrics[0]["classes"] if each["by_name"]]
    columns = {
        "novel": [one["novel"] for one in metrics],
        **({f"without {len(left_out)}": found.apply(fmean).tolist()} if left_out and len(found) else {}),
        **{f"{fewest}–{most}": means for (fewest, most), means in parts},
    }
    table = pd.DataFrame(columns, index=list(runs)).to_string(float_format="{:.1f}".format, justify="right")
    title = [f"novel mIoU in percent; right: in thirds of the classes by the images of {labelled.header['dataset']} that show one"]
    if left_out:
        title.append(f"left out: {', '.join(left_out)}, which have pixel labels under another name")
    return "\n".join([*title, table]) + "\n"
