"""Figure 4 from arrays: what is drawn where, and what is refused."""

import json

import numpy as np
import pytest
import torch

from larvseg.config.figures import Figure4Config
from larvseg.errors import LarvSegError
from larvseg.figures.colours import NOVEL, class_colours
from larvseg.figures.figure4.data import compared, image_miou, read
from larvseg.figures.figure4.draw import RIGHT, WRONG, draw
from larvseg.figures.kit import save
from larvseg.training.checkpoint import save_tensors
from tests.data import novel
from tests.figures.pages import count, pixels, place, words

NAMES = ["wall", "sky", "lamp", "person", "sofa"]  # novel: lamp, sofa


class Images:
    """One validation image: sky over wall, with a lamp and a sofa."""

    header = {"dataset": "A150", "classes": NAMES}
    path = "A150.arrow"

    def novel(self, rule="S"):
        return novel(NAMES)[rule]

    def name(self, row):
        return f"val_{row}"

    def mask(self, row):
        mask = np.full((48, 64), 1, np.int16)
        mask[24:] = 0
        mask[10:40, 8:28] = 2
        mask[26:46, 34:60] = 4
        return mask

    def image(self, row):
        return np.full((48, 64, 3), 128, np.uint8)


def predictions(folder, run, labels, rows=(7,), **changes):
    about = {"run": run, "method": "larvseg", "seed": 0, "profile": "mini", "benchmark": "A150"}
    save_tensors(folder / run, {str(row): torch.from_numpy(labels) for row in rows}, about | changes)
    return folder / run


def settings(*runs):
    methods = [{"title": run, "run": run} for run in runs]
    return Figure4Config.model_validate_json(
        json.dumps({"figure": "figure4", "profile": "mini", "benchmark": "A150", "base": "C171", "methods": methods})
    )


def drawn(folder, **labels):
    """The page of the predictions of some runs."""
    inputs = {run: predictions(folder, run, each) for run, each in labels.items()}
    maps, _ = read(settings(*labels), inputs)
    return draw(compared(Images(), maps, list(labels)), "here", "C171")


def test_miou_of_an_image():
    truth, prediction = np.array([[0, 0, 1, -1]]), np.array([[0, 2, 1, 3]])
    assert image_miou(truth, prediction, 5) == pytest.approx(100 * (1 / 2 + 1 + 0) / 3)
    assert image_miou(truth, truth.clip(0), 5) == 100


def test_figure4_says_whether_novel_categories_are_found(tmp_path):
    truth = Images().mask(7)
    wrong = np.where(truth == 2, 1, np.where(truth == 4, 3, truth)).astype(np.int16)
    page = drawn(tmp_path, right=truth, wrong=wrong)
    image = pixels(page, tmp_path / "a.png")
    seen = [[count(image[place(page, axes)], colour) > 100 for colour in (NOVEL, RIGHT, WRONG)] for axes in page.axes[:4]]
    assert seen == [[False] * 3, [True, False, False], [False, True, False], [False, False, True]]
    assert [[text.get_text() for text in axes.texts] for axes in page.axes[:4]] == [
        [],
        ["lamp", "sofa"],
        ["lamp", "sofa"],
        ["sky", "person"],
    ]


def test_figure4_shows_every_class_in_its_legend_and_repeats(tmp_path):
    page = drawn(tmp_path, right=Images().mask(7))
    assert "mIoU 100.0" in words(page) and "val_7" in words(page)
    legends = [text.get_text() for axes in page.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    assert legends == ["wall", "sky", "lamp", "sofa"]  # no person is to be seen
    image = pixels(page, tmp_path / "a.png")
    lamp = class_colours(NAMES, NAMES)[2] / 255
    assert count(image[-2 * 66 :], lamp) > 20
    save(drawn(tmp_path, right=Images().mask(7)), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"), [({"rows": (7, 8)}, "other images"), ({"profile": "smoke"}, "profile"), ({"benchmark": "A847"}, "benchmark")]
)
def test_figure4_refuses_predictions_that_do_not_belong_together(tmp_path, changes, message):
    truth = Images().mask(7)
    with pytest.raises(LarvSegError, match=message):
        read(settings("one", "two"), {"one": predictions(tmp_path, "one", truth), "two": predictions(tmp_path, "two", truth, **changes)})
