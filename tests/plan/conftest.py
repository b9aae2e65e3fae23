"""Profiles whose costs are reckoned."""

import shutil
from pathlib import Path

import pytest
import yaml

from larvseg.pipeline import Project

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def paper() -> Project:
    return Project("paper", ROOT / "workflow/config")


@pytest.fixture(scope="session")
def mini() -> Project:
    return Project("mini", ROOT / "workflow/config")


@pytest.fixture
def changed(tmp_path):
    def changed(base: str, presets: dict | None = None, **settings) -> Project:
        """The profile `base` with other settings, and more presets."""
        folder = tmp_path / f"config{len(list(tmp_path.iterdir()))}"
        shutil.copytree(ROOT / "workflow/config", folder)
        (folder / "other.yaml").write_text(yaml.safe_dump({"extends": base, **settings}))
        known = yaml.safe_load((folder / "presets.yaml").read_text())
        (folder / "presets.yaml").write_text(yaml.safe_dump(known | (presets or {})))
        return Project("other", folder)

    return changed
