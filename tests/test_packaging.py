"""The ways to install agree, and importing is light."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from larvseg.pipeline.stages import STAGES

ROOT = Path(__file__).parents[1]


def pins() -> dict[str, str]:
    lines = [line.strip() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    return {canonical(line.split("==")[0]): line.split("==")[1] for line in lines}


def canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def test_environment_yml_pins_what_constraints_pin():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][-1]["pip"]
    assert {canonical(line.split("==")[0]): line.split("==")[1] for line in listed}.items() <= pins().items()


def test_environment_yml_lists_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for names in project["optional-dependencies"].values() for name in names]
    direct = {canonical(name) for name in project["dependencies"] + extras if not name.startswith("larvseg[")}
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][-1]["pip"]
    assert {canonical(line.split("==")[0]) for line in listed} == direct


def test_every_pin_installs_on_the_oldest_python_that_the_project_names():
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    wanted = {each.name: each.metadata["Requires-Python"] or "" for each in metadata.distributions() if canonical(each.name) in pins()}
    assert "torch" in wanted
    assert {name: versions for name, versions in wanted.items() if not SpecifierSet(versions).contains(oldest)} == {}


def test_light_imports():
    code = (
        "import sys, larvseg, larvseg.cli, larvseg.pipeline, larvseg.pipeline.execute, larvseg.vocabulary;"
        "larvseg.pipeline.Dag(larvseg.pipeline.Project('mini'));"
        "print([m for m in ('torch', 'timm', 'pandas', 'matplotlib', 'nltk', 'requests') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "[]\n"


def test_stages_without_networks_never_import_torch():
    modules = [stage.module for stage in STAGES.values() if not stage.torch]
    modules += ["larvseg.plan", "larvseg.doctor", "larvseg.audit.leaks", "larvseg.miniature.archives"]
    code = f"import sys; {'; '.join(f'import {module}' for module in modules)}; print({{'torch', 'timm', 'open_clip'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout == "set()\n"


def test_cookies_and_archives_cannot_be_committed_by_accident():
    private = ["data/incoming/image-net.org.cookies.txt", "data/incoming/ADE20K_2021_17_01.zip", "data/other/archives/val2017.zip"]
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", *private, "data/reference/x.csv"], capture_output=True, text=True, cwd=ROOT
    )
    assert asked.stdout.splitlines() == private


def test_every_clone_has_the_same_bytes():
    asked = subprocess.run(
        ["git", "check-attr", "text", "README.md", "dvc.lock", "data/reference/SHA256SUMS"], cwd=ROOT, capture_output=True, text=True
    )
    if asked.returncode:  # an archive of the project, without git
        pytest.skip(asked.stderr)
    assert [line.rpartition(": ")[2] for line in asked.stdout.splitlines()] == ["unset"] * 3, "core.autocrlf would change them"
