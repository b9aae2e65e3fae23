"""Figure 5 from arrays: which pixels are coloured, what is said below, and what is refused."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from larvseg.config import Figure5Config, parse
from larvseg.errors import LarvSegError
from larvseg.figures.colours import BASE, NOVEL
from larvseg.figures.figure5 import figure
from larvseg.figures.figure5.data import read, verdict
from larvseg.figures.figure5.draw import draw
from larvseg.training.checkpoint import save_tensors
from tests.figures.pages import collisions, pixels, place, words

LOBSTER, SOFA, MOTH = "n01983481", "n04256520", "n02287004"
NAMES = [SOFA, "wall", LOBSTER, MOTH]  # C171 has sofas and walls
IMAGES = [
    {"name": "n01983481_7", "synset": LOBSTER, "dataset": "I1K", "seen": False},
    {"name": "n02287004_1", "synset": MOTH, "dataset": "I21K", "seen": True},
    {"name": "ADE_val_1", "synset": SOFA, "dataset": "A847", "seen": False},
]


def recognitions(folder, run, lobster=2, sofa=0, **changes):
    """A lobster at the left, no moth, and a sofa in two thirds of its region, as far as these labels say so."""
    labels = np.full((3, 48, 60), 1, np.int16)
    labels[0, :, :33] = lobster
    labels[2, :, :20] = sofa
    region = np.zeros((48, 60), bool)
    region[:, :30] = True
    tensors = {f"{number}.labels": torch.from_numpy(labels[number].copy()) for number in range(3)}
    tensors |= {f"{number}.image": torch.full((48, 60, 3), 128, dtype=torch.uint8) for number in range(3)}
    about = {"run": run, "seed": 0, "profile": "mini", "dataset": "I21K", "names": NAMES, "synsets": 3, "known": NAMES[:2]}
    save_tensors(folder / run, tensors | {"2.region": torch.from_numpy(region)}, about | {"images": IMAGES} | changes)
    return folder / run


def settings(*runs):
    models = [{"title": run, "run": run, "note": "not in the paper"} for run in runs]
    return parse(Figure5Config, {"figure": "figure5", "profile": "mini", "models": models}, "test")


def model_of(path):
    return read(settings(path.name), {path.name: path})[0]


def test_only_the_category_has_a_colour(tmp_path):
    page = draw([model_of(recognitions(tmp_path, "one"))], "mini")
    image = pixels(page, tmp_path / "a.png").astype(int)
    panels = {axes.get_xlabel(): np.ptp(image[place(page, axes)], axis=2) > 20 for axes in page.axes if axes.get_xlabel()}
    assert list(panels)[:4] == ["n01983481_7", "n02287004_1, trained on", "55 % of the image", "not found; mostly wall"]
    part = panels["55 % of the image"]
    middle = round(33 / 60 * part.shape[1])
    assert part[5:-5, 5 : middle - 5].all() and not part[5:-5, middle + 5 : -5].any()
    assert not panels["not found; mostly wall"].any() and panels["IoU 67"][:, 5:20].any()


def test_blue_and_orange_say_whether_there_were_pixel_labels(tmp_path):
    page = draw([model_of(recognitions(tmp_path, "one"))], "mini")
    grounds = {axes.get_title(loc="center"): axes.title.get_bbox_patch() for axes in page.axes if axes.get_title(loc="center")}
    assert [to_hex(patch.get_facecolor()) for patch in grounds.values()] == [NOVEL, NOVEL, BASE]  # C171 has pixel labels of sofas
    assert collisions(page) == []


def test_what_is_said_below_an_image(tmp_path):
    model = model_of(recognitions(tmp_path, "one"))
    assert [verdict(model, number) for number in range(3)] == ["55 % of the image", "not found; mostly wall", "IoU 67"]
    other = model_of(recognitions(tmp_path, "other", lobster=3, sofa=3))
    assert verdict(other, 0) == "not found; mostly geometrid"
    assert verdict(other, 2) == "not found; mostly geometrid"  # in the region, not in the whole image
    small = model_of(recognitions(tmp_path, "small", names=[SOFA, "wall", LOBSTER, "n00007846"]))
    assert verdict(small, 1) == "none of its categories"
    arrays = dict(model.arrays)
    arrays["0.labels"] = np.where(np.arange(60) < 1, np.where(np.arange(48) < 3, 2, 1)[:, None], 1)
    assert verdict(model._replace(arrays=arrays), 0) == "less than 1 % of the image"


def test_each_model_has_its_rows_and_the_figure_repeats(tmp_path):
    one, other = recognitions(tmp_path, "one"), recognitions(tmp_path, "other", lobster=1)
    text = words(draw(read(settings("one", "other"), {"one": one, "other": other}), "mini"))
    assert text.count("one") == text.count("other") == 2  # among objects and among scenes
    for name in "ab":
        figure(settings("one"), {"one": one}, {"figure": tmp_path / name}, tmp_path)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"profile": "smoke"}, "profile is 'smoke', the figure wants 'mini'"), ({"images": IMAGES[:2]}, "other images than in .*one")],
)
def test_what_does_not_belong_together_is_refused(tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=message):
        read(settings("one", "other"), {"one": recognitions(tmp_path, "one"), "other": recognitions(tmp_path, "other", **changes)})
