"""The audit on the smoke profile, through the commands that a user gives."""

import json

from larvseg.pipeline import Dag, Project
from tests.workflow.clone import TABLE, UP_TO_DATE, jobs_of

ROW = ("--where", "model=LarvSeg", "--where", "benchmark=A150", "--where", "training_data=C171, WA150", "--column", "novel")
MANIFEST = "data/smoke/manifests/A150.arrow"
MODEL = "results/smoke/runs/larvseg-a150/seed0/model.safetensors"


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
    recipes = {(recipe.rule, recipe.name): recipe for recipe in Dag(Project("smoke")).recipes}
    for file in (path for folder in ("data/smoke", "results", "reports") for path in (finished.folder / folder).rglob("*.lineage.json")):
        record = json.loads(file.read_text())
        made = recipes[record["recipe"]["rule"], record["recipe"]["name"]].outputs
        assert made[record["artifact"]["role"]] == record["artifact"]["path"]
        assert all((finished.folder / path).is_file() for path in made.values())


def test_dvc_does_not_lock_a_hand_edited_table(locked_copy):
    clone = locked_copy
    locked = clone.read("dvc.lock")
    clone.substitute(TABLE, "32.4,41.3,26.8", "32.4,41.3,27.8")
    refused = clone.run("dvc", "repro", check=False)
    assert f"error: {TABLE} was changed after it was made" in refused and "larvseg audit verify --repair" in refused
    assert clone.read("dvc.lock") == locked
    found = clone.run("larvseg", "audit", "verify", "--repair", check=False)
    assert "1 cell of results/table3.csv: published_novel of larvseg-a150 (made as '26.8', now '27.8')" in found
    assert jobs_of(clone.snakemake("all")) == {"table": 1, "render": 1, "page": 1}
    assert UP_TO_DATE in clone.run("dvc", "status")
