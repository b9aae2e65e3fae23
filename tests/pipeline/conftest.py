"""Projects made from the committed configuration, after a change to one of its files."""

import shutil
from pathlib import Path

import pytest
import yaml

from larvseg.pipeline import Project

CONFIG = Path(__file__).parents[2] / "workflow/config"


@pytest.fixture
def project(tmp_path):
    """A function that makes a project from the committed configuration after a change to one of its files."""
    folder = tmp_path / "config"

    def make(profile: str = "mini", file: str = "experiments.yaml", change=None) -> Project:
        shutil.copytree(CONFIG, folder, dirs_exist_ok=True)
        if change:
            value = yaml.safe_load((folder / file).read_text())
            change(value)
            (folder / file).write_text(yaml.safe_dump(value))
        return Project(profile, folder)

    return make
