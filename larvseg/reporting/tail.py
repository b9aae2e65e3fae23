"""Where runs differ: the novel classes of a benchmark in thirds, from rare to frequent in its training images. Never imports torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
import pandas as pd

from larvseg.datasets.manifest import Manifest


def images_of_each_class(manifest: Manifest, names: Sequence[str] | None = None) -> Counter[str]:
    """For each class of `manifest` how many training images show it, by `names` (None: its own), which several classes may share."""
    distinct, name_of = np.unique(names or manifest.header["classes"], return_inverse=True)
    counts = np.zeros(len(distinct), np.int64)
    for some in manifest.annotated("training"):
        shown = np.unique(some.image * len(distinct) + name_of[some.labels])  # a name once for each image
        counts += np.bincount(shown % len(distinct), minlength=len(distinct))
    return Counter({str(name): int(count) for name, count in zip(distinct, counts, strict=True) if count})


def thirds(images: Mapping[str, int], metrics: Sequence[Mapping], novel: bool = True) -> list[tuple[tuple[int, int], list[float]]]:
    """Novel (or base) classes of rule S with an IoU in all of `metrics`, in thirds: (fewest, most images of a class), mIoUs in percent.

    Classes that are novel by name alone are left out: the base data set has pixel labels of them under another name. Classes with equally
    many images stay in the order of the vocabulary.
    """
    found = ious_of(metrics, novel).sort_index(key=lambda names: names.map(images), kind="stable")
    parts = [found.iloc[places] for places in np.array_split(np.arange(len(found)), 3) if len(places)]
    return [((images[part.index[0]], images[part.index[-1]]), part.apply(fmean).tolist()) for part in parts]


def ious_of(metrics: Sequence[Mapping], novel: bool = True) -> pd.DataFrame:
    """(classes of `thirds`, metrics) IoU in percent, by the name of the class."""
    each = [pd.DataFrame(one["classes"]).set_index("name") for one in metrics]
    each = [one.loc[(one["novel_s"] == novel) & ~one["by_name"], "iou"].astype(float).dropna() for one in each]
    return pd.concat(each, axis=1, join="inner")
