"""Which training images a figure shows, and that nothing but the permitted annotation of them is opened."""

import numpy as np
import pytest

from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.training_examples import most_labelled, most_varied, surely_novel, training_images
from tests.data import novel


class Images:
    """Training images whose masks are rows of labels of equal width."""

    path = "X.arrow"

    def __init__(self, dataset, rows):
        shown = "masks" if dataset == "C171" else "image_labels"
        self.header, self.rows = {"dataset": dataset, "encoding": "coco-stuff", "shown": shown}, rows

    def split(self, name):
        return np.arange(len(self.rows))

    def mask(self, row):
        return np.repeat(np.array(self.rows[row], np.int16), 10)[None].repeat(4, 0)

    def labels(self, row):
        return tuple(sorted(set(self.rows[row])))


def test_the_most_varied_mask_shows_most_preferred_classes_then_most_classes():
    images = training_images(Images("C171", [[1, 1, 2], [1, 2, 3], [4, 4, 5], [1, 2, 3, -1]]), "C171")
    assert most_varied(images, 10, [range(6)]) == 1  # the first of two with three classes
    assert most_varied(images, 10, [{4, 5}, range(6)]) == 2
    assert most_varied(images, 10, [{2}, {3}]) == 1
    assert most_varied(images, 1, [{4, 5}]) == 0


def test_classes_that_nobody_would_see_do_not_count():
    images = training_images(Images("C171", [[1] * 50 + [2, 3, 4], [1, 2]]), "C171")
    assert most_varied(images, 10, [range(6)]) == 1


def test_the_image_of_a_label_has_most_preferred_others():
    images = training_images(Images("WA150", [[1, 2], [3, 4, 5], [2, 3], [2, 5, 3], [2, 3, 5, 7], [2, 8, 9, 7, 1]]), "WA150")
    assert most_labelled(images, 2, preferred={3, 5}) == 4  # the one of two that has more labels
    assert most_labelled(images, 2, preferred=()) == 5
    assert most_labelled(images, 4, preferred={2, 7}) == 1
    assert most_labelled(images, 6, preferred={3}) == 4  # none has the label


def test_masks_behind_image_labels_stay_closed():
    with pytest.raises(LarvSegError, match="may open the image labels of WA150, not its masks"):
        most_varied(training_images(Images("WA150", [[1, 2]]), "WA150"), 10, [range(3)])
    with pytest.raises(LarvSegError, match="may open the masks of C171"):
        most_labelled(training_images(Images("C171", [[1, 2]]), "C171"), 1, ())


def test_what_another_rule_calls_base_is_not_surely_novel(tmp_path):
    names = ["wall", "windowpane", "sofa", "television receiver", "lamp"]
    header = {"dataset": "A150", "classes": names, "novel": novel(names), "raw_ids": [], "archives": {}}
    write_manifest(tmp_path / "A150.arrow", [], header)
    assert [names[label] for label in surely_novel(Manifest(tmp_path / "A150.arrow"))] == ["sofa", "lamp"]
