"""The second front door: what DVC notes, compares, pushes and pulls."""

import json

import pytest

from tests.workflow.clone import NOTHING, TABLE, UP_TO_DATE, Clone, jobs_of
from tests.workflow.graph import counted, jobs, with_all_below

MODEL = "results/smoke/runs/larvseg-a150/seed0/model.safetensors"
RUN = "workflow/config/experiments.yaml", "larvseg-a150: {", "larvseg-a150: {switches: {temperature: cosine}, "


def test_after_the_first_dvc_repro_there_is_nothing_to_do(locked):
    output = locked.run("dvc", "repro")
    assert output.count("didn't change, skipping") == 6 and "Running stage" not in output, output
    assert UP_TO_DATE in locked.run("dvc", "status")
    assert "supervised-a150" in locked.run("dvc", "metrics", "show", "--json")


@pytest.fixture(scope="module")
def adopted(locked, tmp_path_factory) -> Clone:
    """A git clone of a finished tree that has adopted what `dvc pull` brought. Tests leave it as they found it."""
    folder = tmp_path_factory.mktemp("adopted")
    origin = locked.copy_to(folder / "origin")
    origin.run("dvc", "remote", "add", "--default", "shelf", str(folder / "shelf"))
    origin.run("git", "add", "--all")
    origin.run("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--message", "made")
    origin.run("dvc", "push")
    origin.run("git", "clone", "--quiet", str(origin.folder), str(folder / "clone"))
    clone = Clone(folder / "clone")
    clone.run("dvc", "pull")
    assert clone.run("larvseg", "adopt").startswith("adopted ")
    return clone


def test_a_clone_adopts_what_it_pulled(adopted, finished, tmp_path):
    assert NOTHING in adopted.run("snakemake", "-n", "all")
    assert UP_TO_DATE in adopted.run("dvc", "status")
    assert adopted.hashes() == finished.hashes()
    clone = adopted.copy_to(tmp_path / "copy")
    clone.substitute(*RUN)
    assert jobs_of(clone.run("snakemake", "-n", TABLE)) == {"train": 1, "evaluate": 1, "table": 1}
    assert 'train larvseg-a150.seed0: switches.temperature: "layer_norm" → "cosine"' in clone.run("larvseg", "why", MODEL)


@pytest.mark.full
def test_a_changed_parameter_shows_in_every_comparison(adopted, tmp_path):
    clone = adopted.copy_to(tmp_path / "copy")
    clone.substitute(*RUN)
    clone.run("snakemake", "-n", "all")  # the recipe is then older than the outputs that DVC copies
    assert jobs_of(clone.run("dvc", "repro")) == counted(with_all_below(jobs("train", "larvseg-a150.seed0")))
    assert NOTHING in clone.snakemake("all")
    changed = {file: list(values) for file, values in json.loads(clone.run("dvc", "params", "diff", "--json")).items()}
    assert changed == {"workflow/config/experiments.yaml": ["runs.larvseg-a150.switches.temperature"]}
    changed = json.loads(clone.run("dvc", "metrics", "diff", "--json"))["results/metrics.json"]
    assert changed and all(name.startswith("runs.larvseg-a150.seed0.") for name in changed)
    plots = json.loads(clone.run("dvc", "plots", "diff", "--json"))["data"]
    assert set(plots) == {"Table 3, novel categories", "Training loss"}
    for (plot,) in plots.values():
        points = plot["content"]["data"]["values"]
        of = {rev: [{**point, "rev": None} for point in points if point["rev"] == rev] for rev in ("HEAD", "workspace")}
        assert len(of["HEAD"]) == len(of["workspace"]) > 0 and of["HEAD"] != of["workspace"]
