"""Paired comparisons over seeds."""

import json
from pathlib import Path

import pytest

from larvseg.config import CompareConfig, Comparison, Comparisons
from larvseg.reporting.comparisons import compare, print_comparisons
from larvseg.reporting.tables import read_csv


@pytest.fixture
def row(tmp_path):
    """A function: novel mIoU of two runs over three seeds → the line that compares them."""

    def of(higher, lower):
        inputs = {}
        for run, values in (("a", higher), ("b", lower)):
            for seed, value in enumerate(values):
                inputs[f"{run}.seed{seed}"] = tmp_path / f"{run}{seed}.json"
                inputs[f"{run}.seed{seed}"].write_text(json.dumps({"novel": value}))
        pairs = (Comparison(statement="a above b", higher="a", lower="b"),)
        config = CompareConfig(profile="smoke", comparisons=Comparisons(seeds=(0, 1, 2), pairs=pairs))
        compare(config, inputs, {"comparisons": tmp_path / "comparisons.csv"}, Path("work"))
        return read_csv(tmp_path / "comparisons.csv")[0]

    return of


def test_differences_are_paired_by_seed(row):
    # the runs vary by ten points from seed to seed, their difference by one
    line = row([11, 22, 33], [10, 20, 30])
    assert (line["difference"], line["std"], line["verdict"]) == ("+2.00", "1.00", "holds")
    assert [line[f"seed{seed}"] for seed in (0, 1, 2)] == ["+1.00", "+2.00", "+3.00"]


@pytest.mark.parametrize(("higher", "verdict"), [([1, 2, 3], "holds"), ([-1, -2, -3], "does not hold"), ([-2, 0, 3], "undecided")])
def test_verdict(row, higher, verdict, tmp_path):
    assert row(higher, [0, 0, 0])["verdict"] == verdict
    assert verdict in print_comparisons(tmp_path / "comparisons.csv")
