"""YAML files become sections that cannot be changed, or one line that helps."""

from pathlib import Path

import pytest

from larvseg.config import Experiments, Profile, TrainConfig, load_yaml, nearest, parse
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
