"""Snakemake is told to take over only what fits as a whole."""

from pathlib import Path

import pytest

from larvseg.audit import adopt as module
from larvseg.audit.adopt import adopt
from larvseg.errors import LarvSegError

CHOICE = ("profile=toy", "seeds=1")


@pytest.fixture
def calls(toy, monkeypatch):
    """The calls of Snakemake; `sources` draws the archives."""
    found = []

    def snakemake(choice, *arguments):
        found.append(arguments)
        if arguments[-1] == "sources":
            toy.make()

    monkeypatch.setattr(module, "_snakemake", snakemake)
    return found


def test_what_fits_is_touched(toy, calls):
    assert adopt(toy.tree(), CHOICE, drawn=True).startswith("adopted 12 files")
    (touch,) = calls
    assert touch[:3] == ("--cores", "1", "--touch")
    assert set(touch[3:]) == {path for path in toy.tree().below} and "results/table3.csv" in touch


def test_absent_archives_are_drawn_first(toy, calls):
    Path("data/toy/archives/a.zip").unlink()
    adopt(toy.tree(), CHOICE, drawn=True)
    assert [call[2] for call in calls] == ["sources", "--touch"]


def test_absent_archives_that_are_not_drawn_have_to_be_fetched(toy, calls):
    Path("data/toy/archives/a.zip").unlink()
    with pytest.raises(LarvSegError, match="a.zip is missing .*run `snakemake --cores all sources` first"):
        adopt(toy.tree(), CHOICE, drawn=False)
    assert not calls


def test_what_does_not_fit_is_named_and_nothing_is_touched(toy, calls, flip, capsys):
    flip("results/toy/r2/metrics.json")
    toy.lr["r1"] = 5.0
    with pytest.raises(LarvSegError, match="not adopted"):
        adopt(toy.tree(), CHOICE, drawn=True)
    said = capsys.readouterr().err
    assert said.startswith("MODIFIED results/toy/r2/metrics.json\n") and "lr: 0.1 → 5.0\n" in said and not calls


def test_a_failing_snakemake_is_reported(toy):
    with pytest.raises(LarvSegError, match="snakemake --cores 1 --touch failed"):
        adopt(toy.tree(), CHOICE, drawn=True)  # there is no Snakefile
