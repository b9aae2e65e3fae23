"""Two revisions of a repository: what differs in their recipes, and the numbers that this reaches."""

import json
import subprocess
from pathlib import Path

import pytest

from larvseg.audit.diff import diff
from larvseg.errors import LarvSegError

# what each revision has of this package: enough to write recipes as it understands them
EXPERIMENTS = """
import json
from pathlib import Path


class Project:
    def __init__(self, profile):
        self.profile = profile

    def write_recipes(self):
        for name, recipe in json.loads(Path("recipes.json").read_text()).items():
            path = Path("work/recipes", self.profile, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(recipe))


selected = Project
"""


@pytest.fixture
def commit(toy):
    """A function that commits the recipes of `toy` as they are now, with a dvc.lock that says `md5` of the table."""
    Path("larvseg").mkdir()
    Path("larvseg/__init__.py").touch()
    Path("larvseg/experiments.py").write_text(EXPERIMENTS)
    _git("init", "--quiet")

    def of(tag: str, md5: str) -> None:
        recipes = {f"{recipe.rule}/{recipe.name}.json": json.loads(recipe.text()) for recipe in toy.tree().recipes}
        Path("recipes.json").write_text(json.dumps(recipes))
        Path("dvc.lock").write_text(f"stages: {{tables: {{outs: [{{path: results/table3.csv, md5: {md5}}}]}}}}\n")
        _git("add", "larvseg", "recipes.json", "dvc.lock")
        _git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", tag)
        _git("tag", tag)

    return of


def _git(*arguments):
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def test_parameters_functions_and_locked_outputs(toy, commit):
    commit("one", "a" * 32)
    toy.lr["r2"] = 0.05
    toy.code["train"] = "1"
    commit("two", "b" * 32)
    assert diff(toy.tree(), "toy", "one", "two").splitlines() == [
        "function larvseg.toy.train.train changed",
        "    in train r1, train r2",
        "    reaches 6 cells of results/table3.csv: all, base, novel of r1, r2",
        "lr: 0.2 → 0.05",
        "    in train r2",
        "    reaches 3 cells of results/table3.csv: all, base, novel of r2",
        "dvc.lock: results/table3.csv aaaaaaaaaaaa… → bbbbbbbbbbbb…",
    ]
    assert diff(toy.tree(), "toy", "two") == "two and the working tree make the same of profile toy"
    toy.lr["r1"] = 7.0
    assert diff(toy.tree(), "toy", "two").splitlines()[0] == "lr: 0.1 → 7.0"


def test_what_is_no_revision_and_what_has_no_recipes(toy, commit):
    commit("one", "a" * 32)
    with pytest.raises(LarvSegError, match="git archive: .*not a valid object name"):
        diff(toy.tree(), "toy", "none")
    Path("larvseg/experiments.py").write_text("raise RuntimeError('broken')")
    commit("two", "a" * 32)
    with pytest.raises(LarvSegError, match="two: its recipes cannot be made: RuntimeError: broken"):
        diff(toy.tree(), "toy", "two")


@pytest.mark.parametrize(
    "content",
    [b"<<<<<<< HEAD\nstages: {}\n=======\nstages: 3\n>>>>>>> other\n", b"\xff", b"- a list\n", b"stages: {a: {outs: [{}]}}\n"],
    ids=["conflict", "no text", "list", "no hash"],
)
def test_a_lock_that_is_none_of_dvc(toy, commit, content):
    commit("one", "a" * 32)
    Path("dvc.lock").write_bytes(content)
    with pytest.raises(LarvSegError, match="dvc.lock of the working tree: not what DVC writes .*; resolve conflicts"):
        diff(toy.tree(), "toy", "one")
