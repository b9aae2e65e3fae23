"""Why a file would be made again, root causes first."""

from pathlib import Path

import pytest

from larvseg.audit.why import why
from larvseg.errors import LarvSegError
from tests.audit.conftest import LIST

MODEL, MANIFEST = "results/toy/runs/r2/model", "data/toy/manifests/A150.arrow"


def test_up_to_date(toy):
    assert why(toy.tree(), "results/table3.csv") == "results/table3.csv is up to date"


def test_another_kind_of_cpu_is_told_but_no_reason(moved):
    told = "  made on another kind of CPU (native (avx512f) → avx2), no reason to make it again: train r2"
    assert why(moved.tree(), MODEL).splitlines() == [f"{MODEL} is up to date", told]
    moved.lr["r2"] = 0.05
    assert why(moved.tree(), MODEL).splitlines() == [f"{MODEL} would be made again:", "  train r2: lr: 0.2 → 0.05", told]


def test_parameter_function_and_reference(toy):
    toy.lr["r2"] = 0.05
    toy.code["derive"] = "1"
    Path(LIST).write_text("name\nsky\n")
    assert why(toy.tree(), MODEL).splitlines() == [
        f"{MODEL} would be made again:",
        "  derive A150: function larvseg.toy.derive.derive changed",
        f"  derive A150: {LIST} changed",
        "  train r2: lr: 0.2 → 0.05",
    ]
    assert "lr" not in why(toy.tree(), "results/toy/runs/r1/model")


def test_missing_edited_and_replaced_files(toy):
    Path(MANIFEST).unlink()
    assert why(toy.tree(), MODEL).splitlines()[1:] == [f"  derive A150: {MANIFEST} is missing"]
    toy.world = {"seed": 1}
    toy.run(toy.job("fetch a"))
    toy.make()
    reasons = why(toy.tree(), MODEL).splitlines()[1:]
    assert len(reasons) == 2 and all("train r2: " in reason and "has other bytes than it was made of" in reason for reason in reasons)
    Path(MODEL).write_text("edited")
    assert f"{MODEL} was changed by hand" in why(toy.tree(), "results/table3.csv")


def test_an_unknown_file_names_the_nearest(toy):
    with pytest.raises(LarvSegError, match="no rule of the selected profile writes it; did you mean 'results/table3.csv'"):
        why(toy.tree(), "results/table33.csv")
