"""How often classes are seen: counted in masks made by hand, and as published."""

import numpy as np
import pytest

from larvseg.datasets.manifest import Annotated
from larvseg.figures.world.data import TRAINING, Companion, companions, published, seen
from larvseg.vocabulary.datasets import committed
from tests.data import load_vocabulary


def counted(*masks):
    """Masks as text, a letter a class, a dot where there is no label: what a manifest says of them."""
    letters = [mask.replace("/", "") for mask in masks]
    found = [(image, "abcd".index(each), text.count(each)) for image, text in enumerate(letters) for each in sorted(set(text) - {"."})]
    return [Annotated(np.arange(len(letters)), np.array([len(text) for text in letters]), *np.array(found).T)]


MASKS = ("aab/abb", "aa/..", "c./cb", "cb/cb")


def test_shares_of_images_and_of_pixels():
    found = seen(counted(*MASKS), 4)
    assert found.shares.images.tolist() == [0.5, 0.75, 0.5, 0]
    assert found.shares.pixels.tolist() == pytest.approx([5 / 18, 6 / 18, 4 / 18, 0])
    assert found.shares.size[:3].tolist() == pytest.approx([5 / 9, 4 / 9, 4 / 9]) and np.isnan(found.shares.size[3])
    assert found.labels.tolist() == [2, 1, 2, 2]
    assert found.together.tolist() == [[2, 1, 0, 0], [1, 3, 2, 0], [0, 2, 2, 0], [0, 0, 0, 0]]


def test_an_image_without_any_label_counts_as_one():
    found = seen(counted("aa", ".."), 4)
    assert found.labels.tolist() == [1, 0] and found.shares.images[0] == found.shares.pixels[0] == 0.5


def test_the_companion_is_the_thing_that_is_most_often_there():
    found = seen(counted(*MASKS), 4)
    assert companions(found, np.array([True, True, True, True])) == [
        Companion(0, 1, 0.5, 0.75),
        Companion(1, 2, pytest.approx(2 / 3), 0.5),
        Companion(2, 1, 1, 0.75),
    ]
    assert companions(found, np.array([True, False, True, True])) == []  # stuff is nobody's companion
    even = seen(counted("abc", "abc"), 4)
    assert [(each.of, each.thing) for each in companions(even, np.ones(4, bool))] == [(0, 1), (1, 0), (2, 0)]


def test_published_shares_are_those_of_the_names():
    shares, things = published(["sky", "bed", "pool table"])
    assert shares.images.tolist() == pytest.approx([8265 / 20210, 1906 / 20210, 198 / 20210])
    assert shares.pixels.tolist() == [0.0878, 0.0231, 0.0017] and things.tolist() == [False, True, True]
    assert shares.size[1] == pytest.approx(0.0231 * 20210 / 1906)


def test_a_real_image_has_more_than_eight_labels():
    shares, things = published(load_vocabulary("A150").names)
    assert shares.images.sum() == pytest.approx(8.457, abs=1e-3) and TRAINING == 20210 == committed()["A150"].released[0]
    assert shares.pixels.sum() == pytest.approx(0.9275) and things.sum() == 115
