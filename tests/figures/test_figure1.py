"""Figure 1 from manifests and a prediction: counts, images and names are those of the data, and only permitted annotations are opened."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from larvseg.config.figures import Figure1Config
from larvseg.errors import LarvSegError
from larvseg.figures.figure1 import figure
from larvseg.figures.figure1.data import Example, Paradigm, Result, paradigm
from larvseg.figures.figure1.draw import draw
from larvseg.figures.kit import save
from larvseg.training.checkpoint import save_tensors
from larvseg.vocabulary.datasets import committed
from tests.data import kind_of, novel
from tests.figures.pages import collisions, pixels, words

CLASSES = {
    "A150": ["wall", "floor", "sofa", "lamp", "television receiver"],
    "C171": ["wall", "wall", "floor", "person"],  # wall-brick and wall-wood
    "WA150": ["wall", "floor", "sofa", "lamp", "television receiver"],
    "I124": ["lamp", "sofa"],
}
MASKS = {  # a row of labels of each image
    "A150": [[0, 1], [0, 2, 1]],
    "C171": [[3, 3], [0, 2], [1, 2, 3]],
    "WA150": [[0, 1], [2, 3], [0, 1, 2], [0, 2]],
    "I124": [[0], [1], [1]],
}


class Manifest:
    """Images of one data set, all of their own brightness, and a list of what was opened."""

    opened: list[tuple[str, str]] = []

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.header = {"dataset": self.name, "classes": CLASSES[self.name], "encoding": "x", "keys": {"S": CLASSES[self.name]}}
        self.header |= {"kind": kind_of(self.name), "shown": committed()[self.name].shown}

    def novel(self, rule="S"):
        return novel(CLASSES[self.name])[rule]

    def split(self, name):
        return np.arange(len(MASKS[self.name]))

    def image(self, row):
        return np.full((48, 64, 3), 40 + 50 * row + [*MASKS].index(self.name), np.uint8)

    def mask(self, row):
        self.opened.append((self.name, "mask"))
        labels = MASKS[self.name][row]
        return np.repeat(np.array(labels, np.int16), 64 // len(labels) + 1)[None, :64].repeat(48, 0)

    def labels(self, row):
        self.opened.append((self.name, "labels"))
        return tuple(sorted(MASKS[self.name][row]))


@pytest.fixture
def manifests(monkeypatch):
    monkeypatch.setattr(Manifest, "opened", [])
    return {name: Manifest(Path(f"{name}.arrow")) for name in CLASSES}


def settings(**changes):
    common = {"figure": "figure1", "profile": "mini", "benchmark": "A150", "run": "larvseg", "training_data": ["C171", "WA150", "I124"]}
    return Figure1Config.model_validate_json(json.dumps(common | changes))


def drawn(manifests):
    """The page of a prediction that the stage draws."""
    prediction = np.full((48, 64), 1, np.int16)
    prediction[:, 20:40] = 2
    metrics = {"base": 50.25, "novel": 12.5, "seed": 0}
    return draw(settings(), paradigm(settings(), manifests, prediction, {"row": 1, "label": 2, "iou": 0.625}, metrics))


def test_counts_and_names_are_those_of_the_data(manifests):
    page = drawn(manifests)
    text = words(page)
    assert collisions(page) == []
    assert "C171: 3 images, 3 categories, a label for each pixel" in text
    assert "WA150: 4 images, 5 categories, 3 novel" in text
    assert "I124: 3 images, 2 categories, 2 novel" in text
    assert "A150: 5 categories, 2 base and 3 novel; mIoU of all images 50.2 and 12.5" in text
    assert "3 base, 3 novel" in text  # person is in the union, too
    assert "prediction; sofa, never seen with a mask: IoU 62 % in this image" in text


def test_training_images_have_most_in_common_with_the_image(manifests, tmp_path):
    page = pixels(drawn(manifests), tmp_path / "a.png")
    # wall and floor, and one class more than the other; sofa with wall and floor; the first sofa; the image of the showcase
    for dataset, row in (("C171", 1), ("WA150", 2), ("I124", 1), ("A150", 1)):
        level = int(manifests[dataset].image(row)[0, 0, 0])
        assert (page == level).all(2).sum() > 10_000, dataset


def test_no_mask_of_images_with_names_is_opened(manifests):
    drawn(manifests)
    assert set(Manifest.opened) == {("A150", "mask"), ("C171", "mask"), ("WA150", "labels"), ("I124", "labels")}


def test_figure1_repeats(manifests, tmp_path):
    for name in "ab":
        save(drawn(manifests), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"run": "baseline"}, "run is 'larvseg', the figure wants 'baseline'"), ({"profile": "smoke"}, "profile is 'mini'")],
)
def test_figure1_refuses_the_showcase_of_another_run(tmp_path, changes, message):
    about = {"run": "larvseg", "method": "larvseg", "seed": 0, "profile": "mini", "benchmark": "A150", "row": 1, "label": 2, "iou": 0.625}
    save_tensors(tmp_path / "showcase", {"prediction": torch.zeros((48, 64), dtype=torch.int16)}, about)
    with pytest.raises(LarvSegError, match=message):
        figure(settings(**changes), {"showcase": tmp_path / "showcase"}, {"figure": tmp_path / "figure1.png"}, tmp_path / "work")


def test_regions_are_named_as_they_were_predicted_and_many_names_fit():
    image = np.full((72, 96, 3), 128, np.uint8)
    truth, prediction = np.zeros((72, 96), np.int16), np.full((72, 96), 4, np.int16)
    many = (
        "wall",
        "floor",
        "traffic light",
        "refrigerator",
        "swimming pool",
        "television receiver",
        "conveyer belt",
        "screen door",
        "canopy",
    )
    names = ("wall", "floor", "sofa", "lamp", "television receiver")
    examples = [
        Example("C171", "pixel", 118_287, ("wall", "floor"), image, np.zeros((72, 96), np.int16)),
        Example("WA150", "multi_label", 20_210, many, np.full((96, 72, 3), 128, np.uint8), tuple(range(9))),
        Example("I124", "single_label", 158_432, ("sofa",), image, (0,)),
    ]
    result = Result(image, truth, prediction, "television receiver", 0.0, 1.0, 2.0, 0)
    page = draw(settings(), Paradigm(names, frozenset(names[i] for i in novel(names)["S"]), examples, result))
    assert collisions(page) == []
    text = words(page)
    assert text.count("television receiver") == 2  # a name of the image, and the prediction
    assert "C171: 118 287 images, 2 categories, a label for each pixel" in text
