"""The audit on the smoke profile, through the commands that a user gives; whatever it deletes, both doors make again."""

import hashlib
import json
import os
import re

import pytest

from larvseg.experiments import Project
from larvseg.lineage.audit.products import products
from tests.workflow.clone import TABLE
from tests.workflow.test_dag import NOTHING, jobs_of

ROW = ("--where", "model=LarvSeg", "--where", "benchmark=A150", "--where", "training_data=C171, WA150", "--column", "novel")
MANIFEST = "data/smoke/manifests/A150.arrow"
MODEL = "results/smoke/runs/larvseg-a150/seed0/model.safetensors"
UP_TO_DATE = "Data and pipelines are up to date"


def bytes_of(clone) -> dict[str, str]:
    """Every artifact and record → its hash."""
    made = (path for folder in ("data/smoke", "results", "reports") for path in (clone.folder / folder).rglob("*") if path.is_file())
    kept = (path for path in made if not path.name.endswith((".run.json", ".log", ".tsv", ".tmp")))
    return {str(path.relative_to(clone.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def flip(path) -> None:
    """Flip one bit; size and modification time stay, as after a fault of the disk."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_one_number_is_followed_to_the_archives(finished):
    chain = json.loads(finished.run("larvseg", "audit", "show", TABLE, *ROW, "--json"))
    steps = {step["path"]: step for step in chain["steps"]}
    assert {MODEL, MANIFEST, "results/smoke/backbone/model.safetensors", "data/smoke/archives/ADEChallengeData2016.zip"} <= set(steps)
    assert all(step["state"] == "checked" for step in steps.values())
    assert chain["sources"][0]["recounted"] == chain["raw"]
    listed = finished.run("larvseg", "audit", "show", TABLE, *ROW[:4], "--column", "novel")
    assert listed.startswith(f"2 rows of {TABLE} fit")


def test_a_finished_tree_is_sound(finished):
    assert "every printed number follows from them" in finished.run("larvseg", "audit", "verify")
    assert finished.run("larvseg", "why", TABLE) == f"{TABLE} is up to date\n"


def test_the_audit_knows_what_every_rule_writes(finished):
    project = Project("smoke")
    for file in (path for folder in ("data/smoke", "results", "reports") for path in (finished.folder / folder).rglob("*.lineage.json")):
        record = json.loads(file.read_text())
        made = products(project, record["recipe"]["rule"], record["recipe"]["name"])
        assert made[record["artifact"]["role"]] == record["artifact"]["path"]
        assert all((finished.folder / path).is_file() for path in made.values())


def test_a_damaged_manifest_is_made_again_by_snakemake_and_sound_runs_are_not_trained_again(copy):
    before = bytes_of(copy)
    flip(copy.folder / MANIFEST)
    assert NOTHING in copy.snakemake("all")  # it looks at times and sizes
    found = copy.run("larvseg", "audit", "verify", check=False)
    assert re.match(f"MODIFIED {MANIFEST}\n.*\n    reaches 15 cells of {TABLE}: all, base, novel of baseline-a150, ", found)
    copy.run("larvseg", "audit", "verify", "--repair", check=False)
    jobs = jobs_of(copy.snakemake("all"))
    assert jobs["derive"] == 1 and jobs["train"] == 1 and jobs["evaluate"] == 5 and jobs["table"] == 1
    assert bytes_of(copy) == before
    model = copy.folder / "results/smoke/runs/supervised-a150/seed0/model.safetensors.run.json"
    assert json.loads(model.read_text())["started"] < (copy.folder / f"{MANIFEST}.run.json").stat().st_mtime - 1
    assert NOTHING in copy.snakemake("all")
    copy.run("larvseg", "audit", "verify")


def test_a_damaged_checkpoint_is_made_again_by_dvc(copy):
    copy.run("git", "init", "--quiet")
    copy.run("dvc", "repro")
    before = bytes_of(copy)
    flip(copy.folder / MODEL)
    found = copy.run("larvseg", "audit", "verify", "--repair", check=False)
    assert f"MODIFIED {MODEL}\n" in found and "reaches 3 cells" in found
    copy.run("dvc", "repro")
    assert bytes_of(copy) == before
    assert UP_TO_DATE in copy.run("dvc", "status") and NOTHING in copy.run("snakemake", "-n", "all")


def test_dvc_does_not_lock_a_hand_edited_table(copy):
    copy.run("git", "init", "--quiet")
    copy.run("dvc", "repro")
    locked = copy.read("dvc.lock")
    table = copy.folder / TABLE
    table.write_text(table.read_text().replace("26.8", "27.8", 1))
    refused = copy.run("dvc", "repro", check=False)
    assert f"error: {TABLE} was changed after it was made" in refused and "larvseg audit verify --repair" in refused
    assert copy.read("dvc.lock") == locked
    found = copy.run("larvseg", "audit", "verify", "--repair", check=False)
    assert "1 cell of results/table3.csv: published_novel of larvseg-a150 (made as '26.8', now '27.8')" in found
    assert jobs_of(copy.snakemake("all"))["table"] == 1
    assert UP_TO_DATE in copy.run("dvc", "status")


@pytest.fixture
def pulled(copy, tmp_path):
    """A git clone of a finished tree, after `dvc pull`."""
    copy.run("git", "init", "--quiet")
    copy.run("dvc", "repro")
    copy.run("dvc", "remote", "add", "--default", "shelf", str(tmp_path / "shelf"))
    copy.run("git", "add", "--all")
    copy.run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "made")
    copy.run("dvc", "push")
    copy.run("git", "clone", "--quiet", str(copy.folder), str(tmp_path / "clone"))
    clone = type(copy)(tmp_path / "clone")
    clone.run("dvc", "pull", "--allow-missing")
    return clone


def test_a_clone_adopts_what_it_pulled(pulled, finished):
    assert pulled.run("larvseg", "adopt").startswith("adopted ")
    assert NOTHING in pulled.run("snakemake", "-n", "all")
    assert UP_TO_DATE in pulled.run("dvc", "status")
    assert pulled.read(TABLE) == finished.read(TABLE)
    config = pulled.folder / "workflow/config/experiments.yaml"
    config.write_text(config.read_text().replace("larvseg-a150: {", "larvseg-a150: {attention: {memory_size: 3}, ", 1))
    jobs = jobs_of(pulled.run("snakemake", "-n", TABLE))
    assert jobs == {"train": 1, "evaluate": 1, "table": 1}
    assert "train larvseg-a150.seed0: attention.memory_size: 20 → 3" in pulled.run("larvseg", "why", MODEL)
