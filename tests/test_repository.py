"""What the repository tells GitHub, pre-commit, editors and the Snakemake workflow catalog fits the project."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

import larvseg

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs() -> Iterator[dict[str, Any]]:
    for path in WORKFLOWS:
        yield from read(path)["jobs"].values()


def steps() -> Iterator[dict[str, Any]]:
    for job in jobs():
        yield from job["steps"]
    for path in (ROOT / ".github/actions").glob("*/action.yml"):
        yield from read(path)["runs"]["steps"]


def made(job: dict[str, Any]) -> list[str]:
    """The targets of the Makefile that a job makes."""
    calls = [re.fullmatch(r"(?:make|\.ci/run) ([\w -]+)", step["run"]) for step in job["steps"] if "run" in step]
    return [target for call in calls for target in call[1].split()]


def prerequisites(target: str) -> list[str]:
    return re.search(rf"^{target}:([^#\n]*)", MAKEFILE, re.MULTILINE)[1].split()


def test_github_checks_what_make_test_checks_and_the_documentation():
    assert {target for job in jobs() for target in made(job)} == {*prerequisites("test"), "docs"}


def test_github_tests_on_every_python_from_the_oldest_supported_on():
    (versions,) = (job["strategy"]["matrix"]["python"] for job in jobs() if "strategy" in job)
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"
    assert versions == [f"3.{int(versions[0].partition('.')[2]) + n}" for n in range(len(versions))]
    for job in jobs():
        (prepared,) = (step["with"]["python"] for step in job["steps"] if step.get("uses", "").startswith("./"))
        assert job["container"]["image"].startswith(f"python:{prepared}-")
        assert prepared in (versions[0], "${{ matrix.python }}")


def test_actions_have_a_version_or_are_of_the_repository():
    used = {step["uses"] for step in steps() if "uses" in step}
    assert any(use.startswith("actions/checkout@") for use in used)
    for use in used:
        assert re.fullmatch(r"actions/[\w-]+@v\d+\.\d+\.\d+", use) or (ROOT / use / "action.yml").is_file(), use


def test_jobs_may_only_read():
    for path in WORKFLOWS:
        assert read(path)["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and "timeout-minutes" in job for job in jobs())
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


@pytest.mark.parametrize("arguments, expected", [([], "test"), (["test-unit"], "test-unit"), (["lint", "docs"], "lint docs")])
def test_ci_makes_the_targets_that_it_is_given(arguments, expected, tmp_path):
    for program in ("apt-get", "make"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho "{program} CI=$CI $*"\n')
        (tmp_path / program).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROOT / ".ci/run", *arguments], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"make CI=true {expected}"


def test_hooks_call_the_installed_tools_of_make_lint():
    repositories = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]  # no second place has versions
    hooks = {hook["id"]: hook for hook in repositories[0]["hooks"]}
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    assert {hook["entry"].split()[0] for hook in hooks.values()} == {line.split()[0] for line in recipe.splitlines()} - {"snakemake"}
    rules = [ROOT / "workflow/Snakefile", *(ROOT / "workflow").rglob("*.smk")]
    assert all(re.search(hooks["snakefmt"]["files"], path.relative_to(ROOT).as_posix()) for path in rules)


def test_pre_commit_accepts_its_hooks():
    if find_spec("pre_commit") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no pre-commit: pip install -c constraints.txt -e '.[dev]'")
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(ROOT / ".pre-commit-config.yaml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout + done.stderr == "", done.stdout + done.stderr


@pytest.mark.parametrize("form", FORMS, ids=[form.stem for form in FORMS])
def test_issue_forms_are_whole(form):
    fields = read(form)
    assert {"name", "description", "body"} <= fields.keys() <= {"name", "description", "body", "labels"}
    identifiers = [field["id"] for field in fields["body"]]
    assert len(identifiers) == len(set(identifiers))
    for field in fields["body"]:
        assert field["type"] in ("input", "textarea") and field["attributes"]["label"]
    asked = form.read_text(encoding="utf-8")
    assert {"bug": "larvseg doctor", "number": "larvseg audit show"}[form.stem] in asked


def test_the_workflow_catalog_finds_what_it_looks_for():
    usage = read(ROOT / ".snakemake-workflow-catalog.yml")["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    assert (ROOT / "workflow/Snakefile").is_file() and (ROOT / "config/README.md").is_file()
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme and "workflow" in readme  # by which it finds a repository
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    deployment = usage["software-stack-deployment"]
    assert deployment == {"conda": "conda:" in rules, "apptainer": "container:" in rules, "apptainer+conda": False}


def test_editors_know_the_line_length():
    assert f"max_line_length = {PROJECT['tool']['ruff']['line-length']}\n" in (ROOT / ".editorconfig").read_text(encoding="utf-8")


def test_the_list_of_changes_begins_with_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == larvseg.__version__ == str(read(ROOT / "CITATION.cff")["version"])
