"""Which validation images show what one run changes over another: a rule, so that nobody picks them. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from larvseg.errors import LarvSegError
from larvseg.evaluation.bootstrap import image_counts, images_at_once
from larvseg.evaluation.confusion import read_confusion
from larvseg.evaluation.metrics import mean_iou

KINDS = ("largest gains", "median", "largest losses")


def gains_by_image(run: Path, than: Path) -> dict[int, float]:
    """Image → by how many points its mIoU is larger in the confusion counts `run` than in those of `than`.

    The mIoU of an image is the mean over the classes that its mask has: a few pixels that are given another class change it little.
    Raises LarvSegError for counts of other images.
    """
    first, second = (_by_image(path) for path in (run, than))
    if first.keys() != second.keys():
        raise LarvSegError(f"{run}: counts of other images than in {than}; delete both and run snakemake again")
    return {image: first[image] - second[image] for image in first}


def chosen_by_gain(gains: Mapping[int, float], each: int) -> dict[str, list[int]]:
    """Kind → its images: `each` with the largest gains, `each` around the median, and `each` with the largest losses; none twice.

    Of equal gains the first image comes first. With too few images the kinds share what there is.
    """
    ranked = sorted(gains, key=lambda image: (-gains[image], image))
    each = min(each, len(ranked) // 3)
    middle = (len(ranked) - each) // 2
    return dict(zip(KINDS, (ranked[:each], ranked[middle : middle + each], ranked[::-1][:each]), strict=True))


def _by_image(path: Path) -> dict[int, float]:
    images, counts = image_counts(*read_confusion(path))
    found = {}
    for some in images_at_once(len(images)):
        labelled, predicted, right = counts.dense(some)
        iou = np.divide(right, labelled + predicted - right, out=np.full_like(right, np.nan), where=labelled > 0)
        found |= {int(image): 100 * mean_iou(row) for image, row in zip(images[some], iou, strict=True)}
    return found
