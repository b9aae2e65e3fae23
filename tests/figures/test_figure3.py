"""Figure 3 from arrays: everything that was measured is on the page, nothing covers anything, and the wrong arrays are refused."""

import json

import numpy as np
import pytest
import torch

from larvseg.config.figures import Figure3Config
from larvseg.errors import LarvSegError
from larvseg.figures.arrays import read_arrays
from larvseg.figures.colours import BASE, NOVEL
from larvseg.figures.figure3 import figure
from larvseg.figures.figure3.draw import COLUMNS, HEADS, LARGE, PANEL, ROW
from larvseg.figures.figure3.draw import draw as drawn
from larvseg.training.checkpoint import save_tensors
from tests.figures.pages import collisions, count, pixels, words

NAMES = ["wall", "traffic light", "floor", "television receiver", "swimming pool"]
GRID, K = (6, 8), 3


def attentions(path, slots=(20, 3, 0), scored=(True, False, False), **changes):
    """Arrays of three labels: television receiver, swimming pool (both novel) and wall."""
    random = np.random.default_rng(0)
    colours = lambda *size: torch.from_numpy(random.integers(0, 255, (*size, 3), dtype=np.uint8))  # noqa: E731
    maps = lambda *size: torch.from_numpy(random.normal(size=size).astype(np.float32))  # noqa: E731
    tensors = {
        "pixel.image": colours(48, 64),
        "pixel.mask": torch.zeros(48, 64, dtype=torch.int16),
        "pixel.prediction": torch.full((48, 64), 2, dtype=torch.int16),
        "pixel.components": maps(3, *GRID),
        "weak.image": colours(48, 64),
        "weak.components": maps(3, *GRID),
        "weak.cosines": maps(3, *GRID),
        "weak.foreground": maps(3, *GRID),
        "weak.background": maps(3, *GRID),
        "weak.attention": maps(3, 24, 32).sigmoid(),
        "weak.top": torch.tensor([[0, 1, 2], [3, 4, 5], [45, 46, 47]]),
        "weak.probabilities": torch.tensor([[0.01, 0.2, 0.3, 0.4, 0.0], [0.3, 0.3, 0.3, 0.0, 0.1], [0.5, 0.2, 0.2, 0.05, 0.05]]),
    }
    shown = []
    for number, (row, pushed, warm) in enumerate(zip((3, 4, 0), slots, scored, strict=True)):
        described = []
        for age in range(pushed):
            tensors |= {f"slots.{number}.{age}.image": colours(16, 16), f"slots.{number}.{age}.top": torch.tensor([0, 1, 3])}
            dataset = "I124" if age % 2 else "WA150"
            described.append({"dataset": dataset, "name": str(age), "step": 9 - age // 4, "grid": [2, 2], "agreement": 1 - age / 100})
        losses = {"loss_cls": 1.25, "loss_aux": 1.75 if warm else 0.0, "contrast": 0.1}
        shown.append({"row": row, "pushed": pushed, "scored": warm, "slots": described} | losses)
    weak = {"dataset": "WA150", "name": "ADE_train_1", "rows": [0, 1, 2, 3, 4], "labels": [0, 2, 3, 4], "shown": shown}
    weak |= {"lambda_cls": 0.1, "loss_cls": 2.5, "lambda_aux": 0.2, "loss_aux": 1.5}
    about = {"run": "larvseg", "seed": 0, "profile": "mini", "names": NAMES, "novel": [False, False, False, True, True]}
    about |= {"backbone": "ViT 4×128, patch 8", "memory_size": 20, "top_k": K, "weak": weak}
    about |= {"temperature": "layer_norm", "attention_on": "logits", "pooling": "all_pixels"}
    save_tensors(path, tensors, about | {"pixel": {"dataset": "C171", "loss_seg": 0.5}} | changes)
    return path


def draw(path, **changes):
    arrays, about = read_arrays(attentions(path, **changes))
    return drawn(arrays, about)


def test_everything_has_its_place(tmp_path):
    page = draw(tmp_path / "a")
    assert collisions(page) == []
    text = " ".join(words(page))
    for expected in ("television receiver", "swimming pool", "C171, with a mask", "ViT 4×128", "3 base, 2 novel", "$M=20$", "$K=3$"):
        assert expected in text
    assert "= 1.05" in text  # 0.5 + 0.1 · 2.5 + 0.2 · 1.5
    assert "LN" in text and "over the image" in text


def test_formulas_are_those_of_the_run(tmp_path):
    page = draw(tmp_path / "a", temperature="cosine", attention_on="similarity", pooling="attention")
    text = " ".join(words(page))
    assert collisions(page) == [] and "LN" not in text and "$z=S/\\tau$" in text and "\\Sigma A\\odot S\\,/\\,\\Sigma A" in text


def test_banks_say_what_is_in_them(tmp_path):
    text = words(draw(tmp_path / "a"))
    assert "10 from WA150, 10 from I124; cosine of a slot to its patches, embedded again: 0.81 to 1.00" in text
    assert "2 from WA150, 1 from I124, the rest random; cosine of a slot to its patches, embedded again: 0.98 to 1.00" in text
    assert "nothing was pushed yet: random vectors" in text


def test_labels_without_a_full_bank_have_no_loss(tmp_path):
    text = words(draw(tmp_path / "a"))
    assert text.count("bank not full yet: not scored") == 2
    assert sum("p_c=$ 1.75" in word for word in text) == 1


def test_the_label_stands_among_the_classes_even_where_it_is_improbable(tmp_path):
    many = [f"class {number}" for number in range(9)]
    arrays, about = read_arrays(attentions(tmp_path / "a"))
    about |= {"names": NAMES + many, "novel": about["novel"] + [False] * 9}
    about["weak"]["rows"] = list(range(14))
    arrays["weak.probabilities"] = np.linspace(0, 0.1, 3 * 14).reshape(3, 14)
    text = words(drawn(arrays, about))
    assert text.count("television receiver") >= 3  # in the list of labels, as the title of its row and as the last of its bars
    assert "class 8" in text and "class 4" not in text


def row_of(image, number, column):
    top = PANEL + HEADS + number * ROW + 34
    return image[top + 4 : top + LARGE[1] - 4, COLUMNS[column] + 4 : COLUMNS[column] + LARGE[0] - 4].astype(int)


def test_maps_are_drawn_where_their_labels_are(tmp_path):
    arrays, about = read_arrays(attentions(tmp_path / "a"))
    left = np.zeros(GRID, np.float32)
    left[:, :4] = 1
    for number, values in enumerate((left, 1 - left, left)):
        for name in ("foreground", "attention"):
            arrays[f"weak.{name}"][number] = np.kron(values, np.ones((4, 4))) if name == "attention" else values
    image = pixels(drawn(arrays, about), tmp_path / "a.png")
    for column in (2, 4):
        halves = [[part.mean() for part in np.array_split(row_of(image, number, column), 2, axis=1)] for number in range(3)]
        assert halves[0][0] > halves[0][1] and halves[1][0] < halves[1][1] and halves[2][0] > halves[2][1]


def test_patches_that_are_pushed_are_framed(tmp_path):
    arrays, about = read_arrays(attentions(tmp_path / "a"))
    before = pixels(drawn(arrays, about), tmp_path / "a.png")
    arrays["weak.top"][0] = [40, 41, 42]  # from the first line of patches to the last
    after = pixels(drawn(arrays, about), tmp_path / "b.png")
    changed = np.argwhere((before != after).any(2))
    top = PANEL + HEADS + 34
    assert len(changed) and changed.min(0)[0] >= top - 3 and changed.max(0)[0] <= top + LARGE[1] + 3
    assert changed.min(0)[1] >= COLUMNS[0] - 3 and changed.max(0)[1] <= COLUMNS[0] + LARGE[0] + 3


def test_base_and_novel_have_their_colours(tmp_path):
    image = pixels(draw(tmp_path / "a"), tmp_path / "a.png")
    starts = [PANEL + HEADS + number * ROW for number in range(3)]
    titles = [image[top : top + 30, COLUMNS[0] : COLUMNS[0] + 150] for top in starts]
    assert [count(title, NOVEL) > 0 for title in titles] == [True, True, False]
    assert count(titles[2], BASE) > 0


def run_stage(path, folder, **changes):
    config = Figure3Config.model_validate_json(json.dumps({"figure": "figure3", "profile": "mini", "run": "larvseg"} | changes))
    figure(config, {"attentions": path}, {"figure": folder / "figure3.png"}, folder / "work")
    return (folder / "figure3.png").read_bytes()


def test_figure3_repeats(tmp_path):
    path = attentions(tmp_path / "a")
    assert run_stage(path, tmp_path) == run_stage(path, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"run": "baseline"}, "run is 'larvseg', the figure wants 'baseline'"), ({"profile": "smoke"}, "profile is 'mini'")],
)
def test_figure3_refuses_arrays_of_another_run(tmp_path, changes, message):
    with pytest.raises(LarvSegError, match=message):
        run_stage(attentions(tmp_path / "a"), tmp_path, **changes)
