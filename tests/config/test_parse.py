"""YAML files become sections that cannot be changed, or one line that helps."""

from itertools import pairwise
from pathlib import Path

import pytest

from larvseg.config import Experiments, Model, Profile, TrainConfig, building, load_yaml, nearest, parse
from larvseg.config.base import Seed
from larvseg.errors import LarvSegError

CONFIG = Path(__file__).parents[2] / "workflow/config"


def test_broken_yaml_names_file_and_line(tmp_path):
    (tmp_path / "x.yaml").write_text("a: 1\nb: [1,\n")
    with pytest.raises(LarvSegError, match=r"x.yaml:\d: not valid YAML"):
        load_yaml(tmp_path / "x.yaml")


def test_sections_are_immutable_and_complete():
    experiments = parse(Experiments, load_yaml(CONFIG / "experiments.yaml"), "experiments.yaml")
    profile = parse(Profile, load_yaml(CONFIG / "mini.yaml"), "mini.yaml")
    assert len(experiments.tables["table3"].rows) == 20 and profile.ranks * profile.images_per_rank == 16
    assert TrainConfig.model_config["frozen"]


def test_of_very_many_known_names_an_error_lists_some():
    known = [f"file{number:03d}" for number in range(500)]
    assert nearest("file07", known).startswith("; did you mean 'file")
    assert nearest("x", known).endswith(", file058, file059 and 440 more")
    assert nearest("x", ["b", "a"]) == "; known: a, b"


@pytest.mark.parametrize(
    "level",
    ["{n}: &{n} [*{b}, *{b}, *{b}]", "{n}: &{n} {{<<: [*{b}, *{b}, *{b}]}}", "{n}: &{n} {{x: *{b}, y: *{b}}}"],
    ids=["list", "merge", "map"],
)
def test_aliases_of_aliases_come_to_an_end(tmp_path, level):
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = ["a: &a {k: v}", *(level.format(n=name, b=before) for before, name in pairwise(letters))]
    (tmp_path / "x.yaml").write_text("\n".join(lines))
    with pytest.raises(LarvSegError, match="x.yaml: not valid YAML: its aliases stand for more than"):
        load_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [*a]", "its aliases stand for more than"),
        ("On: 1", "the key True is no text; put it in quotes"),
        ("a: 2020-99-99", "not valid YAML .month must be in 1..12"),
        ("a: " + "[" * 1200, "x.yaml:1: not valid YAML: more than 100 brackets in one another"),
        ("- " * 1200, "not valid YAML .*RecursionError|not valid YAML .maximum recursion"),
        ("a: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a: " + "x" * 2**20, "more than 1048576 bytes"),
        ("a:\n  x: 1\n  y: 2\n  x: 3", "x.yaml:4: not valid YAML: the key 'x' stands twice in its section$"),
    ],
    ids=range(8),
)
def test_what_nobody_means_is_one_line(tmp_path, text, message):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(LarvSegError, match=message) as caught:
        load_yaml(tmp_path / "x.yaml")
    assert str(caught.value).startswith(f"{tmp_path}/x.yaml:") and str(caught.value).isprintable()


def test_a_section_may_say_otherwise_what_it_takes_over(tmp_path):
    (tmp_path / "x.yaml").write_text("in: {a: &a {x: 1, y: 2}, b: &b {<<: *a, x: 3}}\nc: {<<: *b, y: 4}\n")
    assert load_yaml(tmp_path / "x.yaml") == {"in": {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 2}}, "c": {"x": 3, "y": 4}}


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_a_seed_that_no_generator_takes(seed):
    class Drawn(Model):
        seed: Seed

    with pytest.raises(LarvSegError, match="^x: seed: Input should be "):
        parse(Drawn, {"seed": seed}, "x")


def test_what_does_not_fit_a_section_that_is_built_of_others_names_them():
    class Drawn(Model):
        base: str

    with pytest.raises(LarvSegError, match="^x.yaml: Drawn: base: Input should be a valid string$"), building("x.yaml"):
        Drawn(base=None)
