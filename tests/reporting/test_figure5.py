"""Figure 5 from arrays: which pixels are coloured, what is said below, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config import Figure5Config, parse
from larvseg.errors import LarvSegError
from larvseg.reporting import figure5 as stage
from larvseg.reporting.arrays import read_arrays
from larvseg.reporting.drawing import BASE, NOVEL
from larvseg.training.checkpoint import save_tensors

LOBSTER, SOFA, MOTH = "n01983481", "n04256520", "n02287004"
NAMES = [SOFA, "wall", LOBSTER, MOTH]  # C171 has sofas and walls
PICTURES = [
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
    tensors |= {f"{number}.picture": torch.full((48, 60, 3), 128, dtype=torch.uint8) for number in range(3)}
    about = {"run": run, "seed": 0, "profile": "mini", "dataset": "I21K", "names": NAMES, "synsets": 3, "known": NAMES[:2]}
    save_tensors(folder / run, tensors | {"2.region": torch.from_numpy(region)}, about | {"pictures": PICTURES} | changes)
    return folder / run


def draw(folder, **inputs):
    models = [{"title": run, "run": run, "note": "not in the paper"} for run in inputs]
    config = parse(Figure5Config, {"figure": "figure5", "profile": "mini", "models": models}, "test")
    stage.figure5(config, inputs, {"figure": folder / "figure5.png"}, folder / "work")
    return folder / "figure5.png"


def model_of(path):
    arrays, about = read_arrays(path)
    return stage.Model(stage.Row(title="one", run="one", note=""), arrays, about)


def test_only_the_category_has_a_colour(tmp_path):
    model = model_of(recognitions(tmp_path, "one"))
    for number, colour, width in ((0, NOVEL, 33), (1, NOVEL, 0)):
        pixels = np.asarray(stage.panel(model, number, (60, 48))).astype(int)
        coloured = np.ptp(pixels, axis=2) > 10
        assert coloured[:, :width].all() and not coloured[:, width:].any()
        if width:
            assert np.allclose(pixels[0, 0], 128 + stage.OPACITY * (np.array(colour) - 128), atol=1)
    blue = np.asarray(stage.panel(model, 2, (60, 48)))[0, 5].astype(int)  # C171 has pixel labels of sofas
    assert blue[2] - blue[0] > 0.6 * (BASE[2] - BASE[0])


def test_what_is_said_below_a_picture(tmp_path):
    model = model_of(recognitions(tmp_path, "one"))
    assert [stage.verdict(model, number) for number in range(3)] == ["55 % of the picture", "not found; mostly wall", "IoU 67"]
    other = model_of(recognitions(tmp_path, "other", lobster=3, sofa=3))
    assert stage.verdict(other, 0) == "not found; mostly geometrid"
    assert stage.verdict(other, 2) == "not found; mostly geometrid"  # in the region, not in the whole picture
    small = model_of(recognitions(tmp_path, "small", names=[SOFA, "wall", LOBSTER, "n00007846"]))
    assert stage.verdict(small, 1) == "none of its categories"
    arrays = dict(model.arrays)
    arrays["0.labels"] = np.where(np.arange(60) < 1, np.where(np.arange(48) < 3, 2, 1)[:, None], 1)
    assert stage.verdict(model._replace(arrays=arrays), 0) == "0.1 % of the picture"


def test_each_model_has_its_rows_and_the_figure_repeats(tmp_path):
    one, other = recognitions(tmp_path, "one"), recognitions(tmp_path, "other", lobster=1)
    single = Image.open(draw(tmp_path, one=one))
    path = draw(tmp_path, one=one, other=other)
    first = path.read_bytes()
    both = Image.open(path)
    row = round(48 * stage.CELL[0] / 60) + stage.CAPTION + 8
    assert (both.width, both.height) == (single.width, single.height + 2 * row)  # one for objects, one for scenes
    draw(tmp_path, one=one, other=other)
    assert path.read_bytes() == first

    orange = {"one": 0, "both": 0}
    for name, page in (("one", single), ("both", both)):
        pixels = np.asarray(page.convert("RGB")).astype(int)
        expected = 128 + np.round(stage.OPACITY * (np.array(NOVEL) - 128))
        orange[name] = int((np.abs(pixels - expected).max(2) <= 1).sum())
    assert orange["one"] == orange["both"] > 5000  # the other finds no lobster


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"profile": "smoke"}, "profile is 'smoke', the figure wants 'mini'"), ({"pictures": PICTURES[:2]}, "other pictures than in .*one")],
)
def test_what_does_not_belong_together_is_refused(tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=message):
        draw(tmp_path, one=recognitions(tmp_path, "one"), other=recognitions(tmp_path, "other", **changes))


def test_drawing_imports_no_torch():
    import subprocess
    import sys

    code = "import sys, larvseg.reporting.figure5; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
