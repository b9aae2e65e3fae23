"""The fast bootstrap is the plain one: draw images, add up their confusion matrices, take the mIoU."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from larvseg.errors import LarvSegError
from larvseg.evaluation import bootstrap
from larvseg.evaluation.bootstrap import ImageCounts, drawn, image_counts, mean_over, resampled_iou, weights
from larvseg.evaluation.confusion import ConfusionCounts, accumulate
from larvseg.evaluation.metrics import class_iou, mean_iou, metrics_of
from tests.data import novel

NAMES = ["wall", "sky", "lamp", "sofa", "person", "radiator"]


def counted(images, size: int = 12) -> ConfusionCounts:
    """Counts of random masks and predictions; each image has some of the classes, and the last class is in the first image alone."""
    counts = ConfusionCounts(len(NAMES))
    for number, image in enumerate(images):
        classes = np.random.choice(len(NAMES) - 1, 3, replace=False)
        target, prediction = np.random.choice(classes, (2, size, size))
        target[0, :2] = -1 if number else len(NAMES) - 1
        counts.add(image, target, prediction)
    return counts


def test_every_image_once_gives_the_metrics():
    counts = counted(range(30), size=7)
    _, pixels = image_counts(counts.rows(), counts.classes)
    iou = resampled_iou(pixels, np.ones((1, 30)))
    metrics = metrics_of(counts.matrix(), NAMES, novel(NAMES))
    others = [number for number, each in enumerate(metrics["classes"]) if each["novel_s"]]
    base = [number for number in range(len(NAMES)) if number not in others]
    assert len(others) == 3
    found = [round(float(mean_over(iou, part)[0]), 10) for part in (range(len(NAMES)), base, others)]
    assert found == [metrics["all"], metrics["base"], metrics["novel"]]


def test_resamples_are_those_of_a_plain_bootstrap():
    images = [3, 4, 9, 17, 40]
    counts = counted(images)
    weights = np.concatenate([*drawn(5, 200, (0, 0))])
    found, pixels = image_counts(counts.rows(), counts.classes)
    assert found.tolist() == images
    iou, fast = resampled_iou(pixels, weights), mean_over(resampled_iou(pixels, weights), [0, 2, 5])
    rows = counts.rows()
    for weight, own, mean in zip(weights.astype(int), iou, fast, strict=True):
        matrix = sum(accumulate(rows[:, rows[0] == image], len(NAMES)) * times for image, times in zip(images, weight, strict=True))
        plain = np.where(matrix[: len(NAMES), : len(NAMES)].sum(1) > 0, class_iou(matrix), np.nan)  # what no drawn image is labelled with
        assert np.array_equal(own, plain, equal_nan=True)
        assert mean == pytest.approx(100 * mean_iou(plain, [0, 2, 5]), abs=1e-12)
    assert np.isnan(iou[:, 5]).any() and not np.isnan(iou[:, 5]).all()  # the last class leaves the mean where its image is not drawn


def test_a_mean_over_nothing():
    iou = np.array([[0.5, np.nan], [np.nan, np.nan]])
    assert mean_over(iou, [0, 1])[0] == 50 and np.isnan(mean_over(iou, [0, 1])[1]) and np.isnan(mean_over(iou, [1])).all()


def test_images_are_drawn_with_replacement():
    def whole(*seed: int) -> np.ndarray:
        return np.concatenate([*drawn(40, 3000, seed)])

    weights = whole(7, 1)
    assert (weights.sum(1) == 40).all()
    assert (weights == 0).mean() == pytest.approx((1 - 1 / 40) ** 40, abs=0.01)
    assert weights.mean(0) == pytest.approx(1, abs=0.1)
    assert np.array_equal(weights, whole(7, 1)) and not np.array_equal(weights, whole(7, 2))


@pytest.mark.parametrize("images", [range(2, 22, 2), [7, 3, 12, 5, 1]])
def test_counts_are_the_same_whether_images_come_at_once_or_in_parts(monkeypatch, images):
    counts = counted(images)
    found, whole = image_counts(counts.rows(), counts.classes)
    assert found.tolist() == sorted(images)
    rows = counts.rows()
    for image, own in zip(found, whole.dense(slice(None)).transpose(1, 0, 2), strict=True):
        matrix = accumulate(rows[:, rows[0] == image], len(NAMES))
        assert np.array_equal(own, [matrix.sum(1), matrix.sum(0), matrix.diagonal()])
    monkeypatch.setattr(bootstrap, "_IMAGES_AT_ONCE", 3)
    again, parts = image_counts(counts.rows(), counts.classes)
    assert np.array_equal(again, found) and parts.same_labels(whole)
    assert np.array_equal(parts.dense(slice(None)), whole.dense(slice(None)))


def test_draws_are_the_same_whether_they_come_at_once_or_in_parts(monkeypatch):
    at_once = np.random.default_rng((3, 1)).multinomial(40, np.full(40, 1 / 40), size=70)
    monkeypatch.setattr(bootstrap, "_NUMBERS_AT_ONCE", 90)
    first, *parts = weights(40, 70, (3, 1))
    assert (first == 1).all() and len(parts) == 35 and np.array_equal(np.concatenate(parts), at_once)


def test_weights_of_other_images_are_refused():
    with pytest.raises(LarvSegError, match="weights of 4 images for counts of 5"):
        resampled_iou(ImageCounts(*(csr_array((5, 2)) for _ in range(3))), np.ones((1, 4)))
