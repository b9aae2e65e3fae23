"""Figures 2 and 4 from arrays: what is drawn where, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config.figures import Figure2Config, Figure4Config
from larvseg.errors import LarvSegError
from larvseg.reporting import figure4 as stage4
from larvseg.reporting.arrays import read_arrays
from larvseg.reporting.drawing import class_colour
from larvseg.reporting.figure2 import figure2
from larvseg.reporting.figure4 import figure4, picture_miou
from larvseg.training.checkpoint import save_tensors
from tests.data import novel

NAMES = ["wall", "sky", "lamp", "person", "sofa"]  # novel: lamp, sofa


def test_arrays_are_read_as_they_were_written(tmp_path):
    tensors = {"a": torch.arange(6).reshape(2, 3), "b": torch.tensor([True, False]), "c": torch.zeros(2, 2, dtype=torch.int16)}
    save_tensors(tmp_path / "x", tensors, {"pictures": ["ü"]})
    arrays, about = read_arrays(tmp_path / "x")
    assert about == {"pictures": ["ü"]}
    assert all((arrays[name] == tensor.numpy()).all() and arrays[name].dtype == tensor.numpy().dtype for name, tensor in tensors.items())
    with pytest.raises(LarvSegError, match="none: not a readable safetensors file"):
        read_arrays(tmp_path / "none")


def test_colours_of_classes_are_fixed_and_differ():
    colours = [class_colour(index) for index in range(150)]
    assert len(set(colours)) == 150
    assert colours == [class_colour(index) for index in range(150)]
    few = np.array(colours[:30], float)
    apart = np.linalg.norm(few[:, None] - few[None], axis=2) + 999 * np.eye(30)
    assert apart.min() > 30


# ---- Figure 2


def responses(folder, run, points=((10, 20), (30, 40)), peak=(10, 20), **changes):
    """Response maps of one picture that are 1 at `peak` and fall off."""
    ys, xs = np.mgrid[:48, :64]
    falling = 1 - np.hypot(ys - peak[0], xs - peak[1]) / 80
    tensors = {
        "0.picture": torch.from_numpy(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)),
        "0.points": torch.tensor(points),
        "0.regions": torch.from_numpy(np.stack([ys < 24, xs > 30])),
        "0.responses": torch.from_numpy(np.stack([falling, falling])).float(),
    }
    classes = [{"name": "wall", "novel": False}, {"name": "lamp", "novel": True}]
    about = {"run": run, "seed": 0, "profile": "mini", "benchmark": "A150", "pictures": [{"name": "val_1", "classes": classes}]}
    save_tensors(folder / run, tensors, about | changes)
    return folder / run


def draw2(folder, **inputs):
    models = [{"title": run, "run": run} for run in inputs]
    config = Figure2Config.model_validate_json(json.dumps({"figure": "figure2", "profile": "mini", "benchmark": "A150", "models": models}))
    figure2(config, inputs, {"figure": folder / "figure2.png"}, folder / "work")
    return folder / "figure2.png"


def test_figure2_has_a_map_for_each_class_and_model_and_repeats(tmp_path):
    one, two = responses(tmp_path, "one"), responses(tmp_path, "two", peak=(40, 60))
    path = draw2(tmp_path, one=one)
    single = Image.open(path).convert("RGB")
    both = Image.open(draw2(tmp_path, one=one, two=two)).convert("RGB")
    assert both.width == single.width and both.height > 300
    first = path.read_bytes()
    draw2(tmp_path, one=one, two=two)
    assert path.read_bytes() == first

    tops = both.height - 28 - 2 * 174 - 10, both.height - 28 - 174
    upper, lower = (np.asarray(both)[top : top + 174, -28 - 232 : -28].sum(2).mean(1) for top in tops)
    assert upper[:87].mean() > upper[87:].mean()  # light is where responses are large: above in the one, below in the other
    assert lower[:87].mean() < lower[87:].mean()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": ((10, 20), (30, 41))}, "other pictures or pixels"),
        ({"profile": "smoke"}, "profile is 'smoke', the figure wants 'mini'"),
        ({"benchmark": "A847"}, "benchmark is 'A847'"),
    ],
)
def test_figure2_refuses_maps_that_cannot_be_compared(tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=message):
        draw2(tmp_path, one=responses(tmp_path, "one"), two=responses(tmp_path, "two", **changes))


# ---- Figure 4


class Pictures:
    """One validation picture: sky over wall, with a lamp and a sofa."""

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


def draw4(folder, monkeypatch, **inputs):
    monkeypatch.setattr(stage4, "Manifest", lambda path: Pictures())
    methods = [{"title": run, "run": run} for run in inputs]
    config = Figure4Config.model_validate_json(
        json.dumps({"figure": "figure4", "profile": "mini", "benchmark": "A150", "methods": methods})
    )
    figure4(config, inputs | {"manifest": folder / "A150.arrow"}, {"figure": folder / "figure4.png"}, folder / "work")
    return Image.open(folder / "figure4.png").convert("RGB")


def test_miou_of_a_picture():
    truth, prediction = np.array([[0, 0, 1, -1]]), np.array([[0, 2, 1, 3]])
    assert picture_miou(truth, prediction, 5) == pytest.approx(100 * (1 / 2 + 1 + 0) / 3)
    assert picture_miou(truth, truth.clip(0), 5) == 100


def test_figure4_says_whether_novel_categories_are_found(tmp_path, monkeypatch):
    truth = Pictures().mask(7)
    wrong = np.where(truth == 2, 1, np.where(truth == 4, 3, truth)).astype(np.int16)
    page = np.asarray(
        draw4(tmp_path, monkeypatch, right=predictions(tmp_path, "right", truth), wrong=predictions(tmp_path, "wrong", wrong))
    )

    def count(colour, column):
        left = 28 + (column + 1) * (264 + 12)
        return int((page[150:360, left : left + 264] == colour).all(2).sum())

    assert count(stage4.NOVEL, 0) > 200 and count(stage4.RIGHT, 0) == count(stage4.WRONG, 0) == 0
    assert count(stage4.RIGHT, 1) > 200 and count(stage4.WRONG, 1) == 0
    assert count(stage4.WRONG, 2) > 200 and count(stage4.RIGHT, 2) == 0


def test_figure4_repeats_and_shows_every_class_in_its_legend(tmp_path, monkeypatch):
    truth = Pictures().mask(7)
    path = predictions(tmp_path, "right", truth)
    page = np.asarray(draw4(tmp_path, monkeypatch, right=path))
    first = (tmp_path / "figure4.png").read_bytes()
    legend = page[-110:]
    for index, there in enumerate([True, True, True, False, True]):  # no person is to be seen
        assert (legend == class_colour(index)).all(2).any() == there
    draw4(tmp_path, monkeypatch, right=path)
    assert (tmp_path / "figure4.png").read_bytes() == first


@pytest.mark.parametrize(
    ("changes", "message"), [({"rows": (7, 8)}, "other pictures"), ({"profile": "smoke"}, "profile"), ({"benchmark": "A847"}, "benchmark")]
)
def test_figure4_refuses_predictions_that_do_not_belong_together(tmp_path, monkeypatch, changes, message):
    truth = Pictures().mask(7)
    with pytest.raises(LarvSegError, match=message):
        draw4(tmp_path, monkeypatch, one=predictions(tmp_path, "one", truth), two=predictions(tmp_path, "two", truth, **changes))
