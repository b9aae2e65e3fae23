"""The recipes of images, and the script that completes an environment of conda. No image is built here."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from snakemake.sourcecache import infer_source_file

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """(instruction, the rest) of the Dockerfile, lines joined and comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def of(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def sections() -> dict[str, list[str]]:
    """The lines of each section of larvseg.def; those before the first one under ""."""
    found, name = {"": []}, ""
    for line in (ROOT / "larvseg.def").read_text().splitlines():
        if line.startswith("%"):
            found[name := line[1:].strip()] = []
        elif line.strip() and not line.startswith("#"):
            found[name].append(line.strip())
    return found


def commands(shell: str) -> list[str]:
    """The single commands of a line of shell."""
    return [" ".join(command.split()) for command in re.split(r"&&|;|\n", shell)]


def tracked() -> set[str]:
    return set(subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines())


# ---- Docker


def test_the_base_image_has_a_tag():
    (base,) = of("FROM")
    assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", base) and not base.endswith(":latest")


def test_packages_come_with_lists_that_do_not_stay():
    for run in of("RUN"):
        listed = commands(run)
        if any(command.startswith("apt-get") for command in listed):
            assert listed[0] == "apt-get update" and listed[-1] == "rm -rf /var/lib/apt/lists/*"
            assert all("--no-install-recommends" in command for command in listed if "apt-get install" in command)
    assert not any(re.search(r"\b(sudo|curl|wget)\b", run) for run in of("RUN")) and not of("ADD")


def test_what_is_installed_is_what_constraints_pin():
    (install,) = [command for run in of("RUN") for command in commands(run) if command.startswith("pip install")]
    assert {"--no-cache-dir", "--editable", "--constraint"} <= set(shlex.split(install))
    assert shlex.split(install)[shlex.split(install).index("--constraint") + 1] == "constraints.txt"
    # code that changes does not install everything again
    order = [f"{name} {rest}" for name, rest in instructions()]
    (pip,) = [place for place, line in enumerate(order) if "pip install" in line]
    assert order.index("COPY --chown=larvseg . .") > pip


def test_nobody_runs_an_image_as_root():
    order = [name for name, _ in instructions()]
    assert of("USER") == ["larvseg"] and order.index("USER") > max(place for place, name in enumerate(order) if name == "RUN")
    assert all(f"{name}=" in " ".join(of("ENV")) for name in ("HOME", "USER"))  # also of another user than that: docker run --user
    assert any(command.startswith("useradd") and command.endswith(" larvseg") for run in of("RUN") for command in commands(run))


def test_what_is_copied_is_there_and_not_ignored():
    copied = [word for rest in of("COPY") for word in shlex.split(rest)[:-1] if not word.startswith("--")]
    copied += [line.split()[0] for line in sections()["files"]]
    assert set(copied) - {"."} <= tracked()
    kept_out = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-from=.dockerignore"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert kept_out.stdout == ""  # of what is in version control an image has everything


def test_nothing_that_was_made_or_has_a_licence_goes_into_an_image(tmp_path):
    """The patterns of .dockerignore mean the same to git, which is asked here."""
    private = [
        "data/incoming/image-net.org.cookies.txt",
        "data/mini/archives/val2017.zip",
        "results/mini/runs/a/model.safetensors",
        "reports/index.html",
        "work/recipes/a.json",
        ".venv/bin/python",
        ".snakemake/conda/a.yaml",
        "larvseg/plan/__pycache__/a.pyc",
        "larvseg.sif",
    ]
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for file in (*private, "data/reference/new.csv", "larvseg/new.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    asked = ["git", "ls-files", "--others", "--ignored", f"--exclude-from={ROOT / '.dockerignore'}"]
    left_out = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=tmp_path).stdout.splitlines()
    assert sorted(left_out) == sorted(private)


# ---- Apptainer


def test_apptainer_builds_what_docker_builds():
    definition = sections()
    assert definition[""] == ["Bootstrap: docker", f"From: {of('FROM')[0]}"]
    docker = [command for run in of("RUN") for command in commands(run) if not command.startswith(("useradd", "chmod"))]
    assert [command.replace("/opt/larvseg/bin/pip", "pip") for command in definition["post"] if not command.startswith("cd ")] == docker
    needed = [word for rest in of("COPY")[:-1] for word in shlex.split(rest)[:-1]]
    assert definition["files"] == [f"{file} /larvseg/{file}" for file in needed]
    assert all(len(line.split()) == 2 for line in definition["files"])  # a source and a destination: Apptainer takes no more


# ---- conda


def test_snakemake_finds_the_script_beside_the_environment():
    """As Snakemake looks for it: the file of the environment with another ending."""
    rule = (ROOT / "workflow/rules/stages.smk").read_text()
    assert '"../../environment.yml"' in rule
    source = infer_source_file(str(ROOT / "environment.yml")).replace_suffix([".yaml", ".yml"], ".post-deploy.sh")
    assert Path(source.get_path_or_uri(secret_free=True)).is_file()


@pytest.fixture
def deploy(tmp_path):
    """The copy of the script that Snakemake makes, run in a folder, with a `python` that says what it is asked for."""
    script = tmp_path / "envs/0123.post-deploy.sh"
    script.parent.mkdir()
    script.write_text((ROOT / "environment.post-deploy.sh").read_text())
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "$PWD" "$@"\n')
    python.chmod(0o755)

    def deploy(folder: Path) -> subprocess.CompletedProcess[str]:
        interpreter = script.read_text().splitlines()[0].removeprefix("#!").split()
        path = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
        return subprocess.run([*interpreter, script], capture_output=True, text=True, cwd=folder, env={**os.environ, **path})

    return deploy


def test_an_environment_gets_the_code_of_the_folder_that_snakemake_works_in(deploy):
    done = deploy(ROOT)
    assert done.returncode == 0 and done.stdout == f"{ROOT} -m pip install --no-deps --editable .\n"


def test_an_environment_without_a_project_is_no_environment(deploy, tmp_path):
    done = deploy(tmp_path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"{tmp_path}: no project to install; run snakemake in the folder of the project\n"
