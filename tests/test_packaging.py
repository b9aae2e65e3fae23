"""The ways to install agree, importing is light, and what is built works without the checkout."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import yaml
from packaging.specifiers import SpecifierSet

import larvseg
from larvseg.export import export
from larvseg.pipeline.stages import STAGES
from tests.export.conftest import VIT, write_run

ROOT = Path(__file__).parents[1]


def pins(file: str = "constraints.txt") -> dict[str, str]:
    lines = [line.strip() for line in (ROOT / file).read_text().splitlines() if "==" in line]
    return {canonical(line.split("==")[0]): line.split("==")[1] for line in lines}


def canonical(name: str) -> str:
    return name.lower().replace("_", "-")


def test_environment_yml_pins_what_constraints_pin():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][-1]["pip"]
    assert {canonical(line.split("==")[0]): line.split("==")[1] for line in listed}.items() <= pins().items()


def test_environment_yml_lists_every_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [name for extra, names in project["optional-dependencies"].items() if extra != "demo" for name in names]
    direct = {canonical(name) for name in project["dependencies"] + extras if not name.startswith("larvseg[")}
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"][-1]["pip"]
    assert {canonical(line.split("==")[0]) for line in listed} == direct


def test_every_pin_installs_on_the_oldest_python_that_the_project_names():
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    wanted = {each.name: each.metadata.get("Requires-Python") or "" for each in metadata.distributions() if canonical(each.name) in pins()}
    assert "torch" in wanted
    assert {name: versions for name, versions in wanted.items() if not SpecifierSet(versions).contains(oldest)} == {}


def test_the_demo_has_pins_of_its_own_for_what_gradio_wants_otherwise():
    demo = pins("constraints-demo.txt")
    assert "gradio" in demo and "gradio" not in pins()
    assert {name for name in demo.keys() & pins().keys()} == {"pillow", "tomlkit"}


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


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist of what version control holds, and the wheel that was made of the sdist."""
    tree, dist = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines():
        if name.startswith("larvseg/") or "/" not in name:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(tree)], check=True)
    return dist


def test_the_wheel_holds_every_file_of_the_package(built):
    (wheel,) = built.glob("*.whl")
    tracked = subprocess.run(["git", "ls-files", "larvseg"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if name.startswith("larvseg/")} == set(tracked)
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {*tracked, "pyproject.toml", "README.md", "LICENSE"} <= inside


def test_the_wheel_loads_an_exported_folder_far_from_the_checkout(built, tmp_path):
    run = write_run(tmp_path / "project", VIT)
    export(str(run), "hub", tmp_path / "out")
    image = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    expected = larvseg.load(run).segment(image).labels
    (wheel,) = built.glob("*.whl")
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", installed, wheel], check=True)
    shutil.rmtree(tmp_path / "project")
    np.save(tmp_path / "image.npy", image)
    code = (
        "import larvseg, numpy as np, sys; print(larvseg.__file__);"
        "np.save(sys.argv[3], larvseg.load(sys.argv[1]).segment(np.load(sys.argv[2])).labels)"
    )
    files = [tmp_path / "out/tiny-larvseg-seed0", tmp_path / "image.npy", tmp_path / "labels.npy"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"PYTHONPATH": str(installed)}
    environment |= {"http_proxy": "http://localhost:9", "https_proxy": "http://localhost:9"}  # nothing answers there
    command = [sys.executable, "-c", code, *map(str, files)]
    asked = subprocess.run(command, capture_output=True, text=True, check=True, cwd=empty, env=environment)
    assert asked.stdout == f"{installed / 'larvseg/__init__.py'}\n"
    assert np.array_equal(np.load(tmp_path / "labels.npy"), expected)
    assert list(empty.iterdir()) == []
