"""Curves of training: read, averaged, drawn."""

import numpy as np
import pytest
from PIL import Image

from larvseg.config.diagnostics import RunsFigureConfig
from larvseg.errors import LarvSegError
from larvseg.figures.colours import RUNS, tint
from larvseg.figures.curves import figure, read_curves, smoothed
from larvseg.training.curves import HEADER, Curves
from tests.figures.pages import count


def write(path, lines=40, offset=0.0, attention=True, step=10):
    made = Curves(every=1)
    for line in range(lines):
        bank = {"loss_aux": 0.1, "contrast": 0.05 + offset, "warm": line / lines, "fill": line / lines} if attention else {}
        made.add((line + 1) * step, 0.001, {"loss": 3.0, "loss_seg": 2 - line / lines + offset, "loss_cls": 0.9, **bank})
    path.write_text(made.text)
    return path


def draw(tmp_path, run, **files):
    """files: run → paths of its seeds."""
    runs = tuple(run(name, *range(len(paths))) for name, paths in files.items())
    inputs = {f"{name}.seed{seed}": path for name, paths in files.items() for seed, path in enumerate(paths)}
    config = RunsFigureConfig(figure="x", profile="mini", benchmark="A150", weak=("WA150",), runs=runs)
    figure(config, inputs, {"figure": tmp_path / "x.png"}, tmp_path)
    return np.asarray(Image.open(tmp_path / "x.png").convert("RGB"))


def colours_of(image, number, top, bottom, of_white=0.0):
    """How many pixels of the colour of run `number`, mixed with a share of white, lie between two heights."""
    return count(image[top:bottom], tint(RUNS[number], 1 - of_white), tolerance=2)


def test_columns_of_training_are_those_that_the_figure_reads(tmp_path):
    found = read_curves(write(tmp_path / "curves.csv"))
    assert set(found) < set(HEADER.split(","))
    assert found["step"].tolist()[:3] == [10, 20, 30] and found["fill"][-1] == pytest.approx(39 / 40)
    assert found["contrast"].tolist() == [0.05] * 40


@pytest.mark.filterwarnings("error")
def test_curves_of_one_line_are_drawn_without_a_warning(tmp_path, run):
    draw(tmp_path, run, larvseg=[write(tmp_path / "curves.csv", lines=1)])


def test_curves_of_other_code_are_refused(tmp_path):
    path = tmp_path / "curves.csv"
    path.write_text("step,loss\n10,1\n")
    with pytest.raises(LarvSegError, match="curves.csv: no column 'loss_seg'; the run was made by other code"):
        read_curves(path)
    path.write_text(write(path).read_text().replace("0.9", "nine", 1))
    with pytest.raises(LarvSegError, match="curves.csv: could not convert string to float: 'nine'"):
        read_curves(path)


def test_a_line_is_the_mean_of_its_surroundings():
    steps = np.arange(100.0)
    assert smoothed(steps)[2:-2] == pytest.approx(steps[2:-2])
    assert smoothed(steps)[[0, -1]] == pytest.approx([0.6, 98.4])
    noisy = np.where(steps % 2, 1.0, 0.0)
    assert np.abs(smoothed(np.stack([noisy, noisy * 0]))[:, 2:-2] - [[0.5], [0]]).max() < 0.2


def test_runs_without_attention_have_losses_alone(tmp_path, run):
    larvseg, baseline = write(tmp_path / "larvseg.csv"), write(tmp_path / "baseline.csv", offset=0.3, attention=False)
    both = draw(tmp_path, run, larvseg=[larvseg], baseline=[baseline])
    middle = both.shape[0] // 2 + 50
    assert all(colours_of(both, number, 100, middle) > 500 for number in (0, 1))
    assert colours_of(both, 0, middle, both.shape[0]) > 500 and colours_of(both, 1, middle, both.shape[0]) == 0
    first = (tmp_path / "x.png").read_bytes()
    draw(tmp_path, run, larvseg=[larvseg], baseline=[baseline])
    assert (tmp_path / "x.png").read_bytes() == first


def test_seeds_of_one_run_are_one_line_with_their_range(tmp_path, run):
    one, two = write(tmp_path / "one.csv"), write(tmp_path / "two.csv", offset=0.4)
    both, alone = draw(tmp_path, run, larvseg=[one, two]), draw(tmp_path, run, larvseg=[one])
    assert colours_of(both, 0, 0, 9999) > 1000 and colours_of(both, 1, 0, 9999) == 0
    assert colours_of(both, 0, 0, 9999, of_white=0.8) > 3 * 1000 > 1000 > colours_of(alone, 0, 0, 9999, of_white=0.8)
    with pytest.raises(LarvSegError, match="larvseg: its seeds were trained for different steps"):
        draw(tmp_path, run, larvseg=[one, write(tmp_path / "short.csv", lines=20)])
