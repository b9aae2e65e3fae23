"""Figure 2 from arrays: a map for each class and model, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config.figures import Figure2Config
from larvseg.errors import LarvSegError
from larvseg.figures.figure2 import figure
from larvseg.figures.figure2.data import read
from larvseg.figures.figure2.draw import draw
from larvseg.training.checkpoint import save_tensors
from tests.figures.pages import collisions, pixels, place


def responses(folder, run, points=((10, 20), (30, 40)), peak=(10, 20), **changes):
    """Response maps of one image that are 1 at `peak` and fall off."""
    ys, xs = np.mgrid[:48, :64]
    falling = 1 - np.hypot(ys - peak[0], xs - peak[1]) / 80
    tensors = {
        "0.image": torch.from_numpy(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)),
        "0.points": torch.tensor(points),
        "0.regions": torch.from_numpy(np.stack([ys < 24, xs > 30])),
        "0.responses": torch.from_numpy(np.stack([falling, falling])).float(),
    }
    classes = [{"name": "wall", "novel": False}, {"name": "lamp", "novel": True}]
    about = {"run": run, "seed": 0, "profile": "mini", "benchmark": "A150", "images": [{"name": "val_1", "classes": classes}]}
    save_tensors(folder / run, tensors, about | changes)
    return folder / run


def settings(*runs):
    models = [{"title": run, "run": run} for run in runs]
    return Figure2Config.model_validate_json(
        json.dumps({"figure": "figure2", "profile": "mini", "benchmark": "A150", "base": "C171", "models": models})
    )


def test_figure2_has_a_map_for_each_class_and_model(tmp_path):
    inputs = {"one": responses(tmp_path, "one"), "two": responses(tmp_path, "two", peak=(40, 60))}
    page = draw(read(settings("one", "two"), inputs)[0], "here", "C171")
    assert collisions(page) == []
    maps = [axes for axes in page.axes if [text.get_text() for text in axes.texts if " to 1.00" in text.get_text()]]
    assert len(maps) == 4 and [axes.get_ylabel() for axes in maps if axes.get_ylabel()] == ["one", "two"]
    image = pixels(page, tmp_path / "a.png")
    upper, lower = (image[place(page, axes)].sum(2).mean(1) for axes in (maps[0], maps[2]))
    middle = len(upper) // 2
    assert upper[:middle].mean() > upper[middle:].mean()  # light is where responses are large: above in the one, below in the other
    assert lower[:middle].mean() < lower[middle:].mean()


def test_figure2_repeats(tmp_path):
    inputs = {"one": responses(tmp_path, "one")}
    for name in "ab":
        figure(settings("one"), inputs, {"figure": tmp_path / name}, tmp_path)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() and Image.open(tmp_path / "a").height > 300


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": ((10, 20), (30, 41))}, "other images or pixels"),
        ({"profile": "smoke"}, "profile is 'smoke', the figure wants 'mini'"),
        ({"benchmark": "A847"}, "benchmark is 'A847'"),
    ],
)
def test_figure2_refuses_maps_that_cannot_be_compared(tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=message):
        read(settings("one", "two"), {"one": responses(tmp_path, "one"), "two": responses(tmp_path, "two", **changes)})
