"""Snakemake and DVC, mixed: whichever comes first runs exactly what a change asks for, once; the other then has nothing to do."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from larvseg.pipeline import Job
from tests.workflow.clone import NOTHING, TABLE, UP_TO_DATE, Clone, jobs_of
from tests.workflow.graph import counted, either, jobs, made_by, with_all_below

ARCHIVE = "data/smoke/archives/ADEChallengeData2016.zip"
MANIFEST = "data/smoke/manifests/A150.arrow"
MODEL = "results/smoke/runs/larvseg-a150/seed0/model.safetensors"
SOUND = "every printed number follows from them"


@dataclass(frozen=True)
class Mutation:
    """`change` makes `larvseg audit verify` say `verdict` (a pattern); `jobs` then run, and `computed` of them compute.

    The other jobs take what was kept of the same recipe and the same input bytes. DVC has fewer of these: it calls Snakemake stage by
    stage, and what came out the same has ended there. A damage has to be repaired before the doors see it; then the bytes are those of
    before.
    """

    change: Callable[[Clone], None]
    verdict: str
    jobs: Sequence[Job] = ()
    jobs_of_dvc: Sequence[Job] | None = None  # if they are others
    computed: Sequence[Job] = ()
    damages: bool = False


def change_a_parameter(clone: Clone) -> None:
    clone.substitute("workflow/config/experiments.yaml", "larvseg-a150: {", "larvseg-a150: {switches: {temperature: cosine}, ")


def write_comments(clone: Clone) -> None:
    for path in ("larvseg/training/losses.py", "larvseg/evaluation/metrics.py", "larvseg/datasets/derive.py"):
        clone.substitute(path, '"""', '"""Well. ')
        clone.write(path, clone.read(path) + b"\n\n# a comment\n")


def change_a_line_of_the_loss(clone: Clone) -> None:
    clone.substitute("larvseg/training/losses.py", "torch.where(present, -log_probability", "torch.where(present, -2 * log_probability")


def touch_everything(clone: Clone) -> None:
    made = (path for folder in ("data", "results", "work/recipes", "larvseg", "workflow") for path in (clone.folder / folder).rglob("*"))
    for path in sorted(path for path in made if path.is_file()):
        clone.write(str(path.relative_to(clone.folder)), path.read_bytes())


def install_another_numpy(clone: Clone) -> None:
    folder = clone.folder / "numpy-0.1.dist-info"  # first on the path
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")


THE_RUN = jobs("train", "larvseg-a150.seed0")
WEAK = jobs("train", where=lambda job: any(each.kind != "pixel" for each in job.config.training_sets))  # whose loss is changed below
MUTATIONS = {
    "parameter": Mutation(
        change_a_parameter,
        r'^STALE (.*\n)*    switches\.temperature: "layer_norm" → "cosine"\n',
        jobs=with_all_below(THE_RUN),
        computed=with_all_below(THE_RUN),
    ),
    "comment": Mutation(write_comments, SOUND),
    "logic": Mutation(
        change_a_line_of_the_loss,
        r"^STALE (.*\n)*    function larvseg\.training\.losses\.pair_loss changed\n",
        jobs=with_all_below(jobs("train")),
        jobs_of_dvc=either(jobs("train"), with_all_below(WEAK)),
        computed=either(jobs("train"), with_all_below(WEAK)),
    ),
    "source byte": Mutation(
        lambda clone: clone.flip(ARCHIVE),
        rf"^MODIFIED {ARCHIVE}\n(.*\n)*    reaches 30 cells of {TABLE}: all, base, novel of denseclip-a150, .*, supervised-a150\n",
        jobs=with_all_below(made_by(ARCHIVE)),
        computed=made_by(ARCHIVE),
        damages=True,
    ),
    "deleted output": Mutation(
        lambda clone: (clone.folder / MANIFEST).unlink(),
        rf"^MISSING {MANIFEST}\n",
        jobs=with_all_below(made_by(MANIFEST)),
        damages=True,
    ),
    "edited output": Mutation(
        lambda clone: clone.flip(MODEL),
        rf"^MODIFIED {MODEL}\n(.*\n)*    reaches 3 cells of {TABLE}: all, base, novel of larvseg-a150\n",
        jobs=with_all_below(THE_RUN),
        computed=THE_RUN,
        damages=True,
    ),
    "touched files": Mutation(touch_everything, SOUND),
    "other environment": Mutation(install_another_numpy, r"^DRIFTED .*\n    numpy .* → 0\.1\n"),
}
DOORS = {"snakemake": ("snakemake", "--cores", "2", "all"), "dvc": ("dvc", "repro")}
QUICK = (("touched files", "snakemake"), ("edited output", "dvc"))


def computations(clone: Clone) -> dict[tuple[str, str], list[str]]:
    """(rule, name) of each job → when and how long each of its outputs was computed; what is taken from `work/kept/` keeps that."""
    made: dict[tuple[str, str], list[str]] = {}
    for folder in ("data/smoke", "results", "reports"):
        for path in sorted((clone.folder / folder).rglob("*.lineage.json")):
            recipe = json.loads(path.read_text())["recipe"]
            run = path.with_name(path.name.replace(".lineage.json", ".run.json"))
            made.setdefault((recipe["rule"], recipe["name"]), []).append(run.read_text())
    return made


CASES = [
    pytest.param(name, first, id=f"{name}, {first} first", marks=() if (name, first) in QUICK else pytest.mark.full)
    for name in MUTATIONS
    for first in DOORS
]


@pytest.mark.parametrize("name, first", CASES)
def test_the_doors_agree(name, first, locked_copy):
    clone, mutation, second = locked_copy, MUTATIONS[name], next(door for door in DOORS if door != first)
    before, computed_before = clone.hashes(), computations(clone)
    mutation.change(clone)
    assert re.search(mutation.verdict, clone.run("larvseg", "audit", "verify", check=False))
    if mutation.damages:
        clone.run("larvseg", "audit", "verify", "--repair", check=False)

    expected = mutation.jobs if first == "snakemake" or mutation.jobs_of_dvc is None else mutation.jobs_of_dvc
    assert jobs_of(clone.run(*DOORS[first])) == counted(expected)
    assert jobs_of(clone.run(*DOORS[second])) == {}

    computed = Counter(rule for (rule, name), runs in computations(clone).items() if computed_before[rule, name] != runs)
    renders = sum(job.rule == "render" for job in mutation.jobs)
    assert computed.pop("render", 0) <= renders  # a table whose rounded numbers stay is not set again
    assert computed == Counter(job.rule for job in mutation.computed if job.rule != "render")
    assert (clone.hashes() == before) == (mutation.damages or not mutation.jobs)
    assert NOTHING in clone.run("snakemake", "-n", "all") and UP_TO_DATE in clone.run("dvc", "status")
    assert SOUND in clone.run("larvseg", "audit", "verify", "--ignore-environment")
