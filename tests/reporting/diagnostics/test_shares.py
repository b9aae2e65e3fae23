"""Where pixels go, on confusions made by hand."""

import numpy as np
import pytest

from larvseg.config.diagnostics import SharesConfig
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.reporting.diagnostics.shares import Shares, read_shares, shares, shares_of, swallowed

#           wall sofa person lamp
MATRIX = [[60, 10, 5, 5], [30, 8, 0, 2], [0, 0, 20, 0], [6, 6, 8, 0]]
KIND = np.array([False, True, False, True])


def test_pixels_are_right_of_the_same_kind_or_of_the_other():
    matrix = np.array(MATRIX)
    assert shares_of(matrix, ~KIND) == pytest.approx(Shares(80, 5, 15, 100 * (60 / 80 + 1) / 2))
    assert shares_of(matrix, KIND) == pytest.approx(Shares(100 * 8 / 60, 100 * 8 / 60, 100 * 44 / 60, 10))
    assert np.isnan(shares_of(matrix * 0, KIND)).all()


def test_categories_without_pixels_have_no_share_in_the_mean():
    matrix = np.array([[60, 0, 0, 0], [30, 10, 0, 0], [0, 0, 20, 0], [0, 0, 0, 0]])
    assert shares_of(matrix, KIND).mean_right == pytest.approx(25)


def test_the_largest_losers_and_takers_are_named():
    found = swallowed(np.array(MATRIX), KIND, 2, 1)
    assert (found.novel, found.base) == ((1, 3), (0,))  # the sofa loses 30 pixels, the lamp 14; the wall takes 36 of them
    assert found.taken == pytest.approx(np.array([[75.0], [30.0]]))
    assert (
        found.right == pytest.approx([20, 0]) and found.other_novel == pytest.approx([5, 30]) and found.other_base == pytest.approx([0, 40])
    )
    assert found.weight == pytest.approx([100 * 40 / 60, 100 * 20 / 60])
    assert found.right + found.other_novel + found.other_base + found.taken.sum(1) == pytest.approx(100)


def test_who_loses_nothing_is_no_loser():
    assert swallowed(np.diag([4, 3, 2, 1]), KIND, 5, 5)[:2] == ((), ())
    only_lamp = np.array([[4, 0, 0, 0], [0, 3, 0, 0], [0, 0, 2, 0], [0, 0, 1, 0]])
    assert swallowed(only_lamp, KIND, 5, 5)[:2] == ((3,), (2,))


def write(tmp_path, runs, inputs):
    shares(SharesConfig(profile="mini", benchmark="A150", runs=runs), inputs, {"table": tmp_path / "shares.csv"}, tmp_path)
    return tmp_path / "shares.csv"


def test_counts_of_several_seeds_are_added_up(tmp_path, evaluated, run):
    ious = [1, 2, 3, 4]
    inputs = evaluated("larvseg", 0, ious, MATRIX) | evaluated("larvseg", 1, ious, np.diag([80, 60, 0, 0]))
    path = write(tmp_path, (run("larvseg", 0, 1), run("lseg")), inputs | evaluated("lseg", 0, ious, np.diag([0, 40, 0, 0])))
    assert path.read_text().splitlines() == [
        "run,model,training_data,pixels_of,right,same_kind,other_kind,mean_right,profile,seeds",
        'larvseg,Larvseg,"C171, WA150",novel,56.67,6.67,36.67,34.00,mini,0 1',
        'larvseg,Larvseg,"C171, WA150",base,88.89,2.78,8.33,93.75,mini,0 1',
        'lseg,Lseg,"C171, WA150",novel,100.00,0.00,0.00,100.00,mini,0',
        'lseg,Lseg,"C171, WA150",base,,,,,mini,0',
    ]
    found = read_shares(path)
    assert found["larvseg", "base"] == Shares(88.89, 2.78, 8.33, 93.75) and np.isnan(found["lseg", "base"]).all()


def test_runs_of_another_benchmark_are_refused(tmp_path, evaluated, run):
    with pytest.raises(LarvSegError, match="lseg.seed0: benchmark is 'A847', the diagnostic wants 'A150'"):
        write(tmp_path, (run("lseg"),), evaluated("lseg", 0, [1, 2, 3, 4], MATRIX, {"benchmark": "A847"}))


def test_counts_of_other_classes_are_refused(tmp_path, evaluated, run):
    ConfusionCounts(3).write(tmp_path / "smaller")
    with pytest.raises(LarvSegError, match="smaller: counts of other classes"):
        write(tmp_path, (run("lseg"),), evaluated("lseg", 0, [1, 2, 3, 4], MATRIX) | {"lseg.seed0.confusion": tmp_path / "smaller"})
