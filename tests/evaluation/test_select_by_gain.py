"""Images that show what one run changes: chosen by a rule."""

from pathlib import Path

import numpy as np
import pytest

from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.select_by_gain import chosen_by_gain, gains_by_image


def written(path: Path, predictions: dict[int, list[int]], mask: list[int]) -> Path:
    counts = ConfusionCounts(4)
    for image, prediction in predictions.items():
        counts.add(image, np.array(mask), np.array(prediction))
    counts.write(path)
    return path


def test_the_gain_of_an_image_is_that_of_the_classes_in_its_mask(tmp_path):
    mask = [0, 0, 1, 1, -1]
    one = written(tmp_path / "one", {7: [0, 0, 1, 1, 2], 9: [0, 0, 1, 3, 2]}, mask)
    other = written(tmp_path / "other", {7: [0, 0, 0, 1, 2], 9: [0, 0, 1, 1, 2]}, mask)
    gains = gains_by_image(one, other)
    # IoU of the two classes: 2/3 and 1/2 of image 7 by the other, 1 and 1/2 of image 9 by the first; class 3 is not in the mask
    assert gains == pytest.approx({7: 100 * (1 - (2 / 3 + 1 / 2) / 2), 9: 100 * ((1 + 1 / 2) / 2 - 1)})
    with pytest.raises(LarvSegError, match="counts of other images"):
        gains_by_image(one, written(tmp_path / "third", {7: [0] * 5}, mask))


def test_each_kind_has_its_images_and_none_has_one_twice():
    gains = {image: float(gain) for image, gain in enumerate([5, -3, 0, 5, 1, -3, 2, 0])}
    assert chosen_by_gain(gains, 2) == {"largest gains": [0, 3], "median": [4, 2], "largest losses": [5, 1]}
    few = chosen_by_gain({1: 0.0, 2: 1.0, 3: -1.0, 4: 0.5}, 4)
    assert few == {"largest gains": [2], "median": [4], "largest losses": [3]}
