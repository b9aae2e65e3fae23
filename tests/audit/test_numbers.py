"""Claims are tested again on the confusion counts that they were tested on. (Metrics and tables: test_verify.py.)"""

import pytest

from larvseg.audit.numbers import wrong_numbers
from larvseg.audit.tree import Tree
from larvseg.files import sha256_of
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import write_record
from tests.reporting.toy_runs import ToyRuns


@pytest.fixture
def made(tmp_path):
    """Claims about two toy runs with their record: the tree, and the files."""
    runs = ToyRuns(tmp_path)
    sides = runs.run("LarvSeg", 0.9, 0.9, 0.9), runs.run("Baseline", 0.5, 0.5, 0.5)
    runs.test(*sides)
    table = tmp_path / "claims.csv"
    inputs = {role: path.as_posix() for role, path in runs.inputs.items()}
    recipe = Recipe("claims", "claims", runs.claim(*sides).model_dump(mode="json"), {}, inputs, {"claims": table.as_posix()})
    write_record(table, "claims", recipe, [{"role": role, "path": path, "sha256": "0"} for role, path in inputs.items()], [])
    return Tree([recipe]), runs


def test_claims_that_follow_from_their_counts(made):
    assert list(wrong_numbers(made[0], set())) == []


def test_an_edited_verdict(made):
    tree, runs = made
    table = runs.folder / "claims.csv"
    table.write_text(table.read_text().replace("holds", "does not hold"))
    assert list(wrong_numbers(tree, set())) == [(table.as_posix(), "not what the confusion counts give: a claim")]
    table.write_text(table.read_text().splitlines()[0] + "\n")
    assert list(wrong_numbers(tree, set())) == [(table.as_posix(), "0 lines for 1 claims")]


def test_counts_that_are_others(made):
    tree, runs = made
    before = sha256_of(runs.inputs["LarvSeg.seed0.confusion"])
    runs.run("LarvSeg", 0.4, 0.3)
    assert sha256_of(runs.inputs["LarvSeg.seed0.confusion"]) != before
    ((path, problem),) = wrong_numbers(tree, set())
    assert problem == "not what the confusion counts give: a claim"
    assert list(wrong_numbers(tree, {runs.inputs["LarvSeg.seed0"].as_posix()})) == []  # said of the input already
