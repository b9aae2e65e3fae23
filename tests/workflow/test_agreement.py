"""Snakemake and DVC, mixed: whichever comes first runs exactly what a change asks for, once; the other then has nothing to do."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.workflow.clone import NOTHING, TABLE, UP_TO_DATE, Clone, jobs_of

ARCHIVE = "data/smoke/archives/ADEChallengeData2016.zip"
MANIFEST = "data/smoke/manifests/A150.arrow"
MODEL = "results/smoke/runs/larvseg-a150/seed0/model.safetensors"
SOUND = "every printed number follows from them"


@dataclass(frozen=True)
class Mutation:
    """`change` makes `larvseg audit verify` say `verdict` (a pattern); rule → number of jobs that then run, and of those that compute.

    The other jobs take what was kept of the same recipe and the same input bytes. DVC has fewer of these: it calls Snakemake stage by
    stage, and what came out the same has ended there. A damage has to be repaired before the doors see it; then the bytes are those of
    before.
    """

    change: Callable[[Clone], None]
    verdict: str
    jobs: dict[str, int] = field(default_factory=dict)
    jobs_of_dvc: dict[str, int] | None = None  # if they are others
    computed: dict[str, int] = field(default_factory=dict)
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


# what shows every class and confusion of one benchmark
DIAGNOSED = dict.fromkeys(("classes", "shares", "class_map", "tail", "gains", "confusion"), 1)
# the run larvseg-a150: in Tables 3, 5 and 6, in claims, in Figure 4 and in all diagnostics of A150
OF_ONE_RUN = {"train": 1, "evaluate": 1, "predict": 1, "table": 3, "render": 4, "metrics": 1, "claims": 1, "figure4": 1, "page": 1}
OF_ONE_RUN |= DIAGNOSED | {"curves": 1}
# what looks at the run larvseg-a150-i124
OF_FIGURES = {"showcase": 1, "attend": 1, "figure1": 1, "figure3": 1}
# everything that looks at pictures of A150, and what it is shown in
OF_A150 = OF_FIGURES | {"evaluate": 19, "explore": 4, "respond": 2, "predict": 6}
OF_A150 |= {"table": 4, "table1": 1, "table2": 1, "render": 7, "metrics": 1, "claims": 1, "figure2": 1, "figure4": 1, "page": 1} | DIAGNOSED
OF_A150 |= {"world": 1}
# the rows with image labels; the others come out the same
OF_PAIR_LOSS = OF_FIGURES | {"train": 23, "evaluate": 17, "predict": 3, "recognise": 2}
OF_PAIR_LOSS |= {"table": 4, "render": 5, "metrics": 1, "claims": 1, "figure4": 1, "figure5": 1, "page": 1}
OF_PAIR_LOSS |= {rule: 2 for rule in (*DIAGNOSED, "curves")}
MUTATIONS = {
    "parameter": Mutation(
        change_a_parameter,
        r'^STALE (.*\n)*    switches\.temperature: "layer_norm" → "cosine"\n',
        jobs=OF_ONE_RUN,
        computed=OF_ONE_RUN,
    ),
    "comment": Mutation(write_comments, SOUND),
    "logic": Mutation(
        change_a_line_of_the_loss,
        r"^STALE (.*\n)*    function larvseg\.training\.losses\.pair_loss changed\n",
        jobs=OF_PAIR_LOSS | {"evaluate": 21, "explore": 4, "respond": 1, "predict": 4, "table1": 1, "render": 6, "figure2": 1},
        jobs_of_dvc=OF_PAIR_LOSS,
        computed=OF_PAIR_LOSS,
    ),
    "source byte": Mutation(
        lambda clone: clone.flip(ARCHIVE),
        rf"^MODIFIED {ARCHIVE}\n(.*\n)*    reaches 30 cells of {TABLE}: all, base, novel of denseclip-a150, .*, supervised-a150\n",
        jobs=OF_A150 | {"fetch_ade_challenge": 1, "derive": 2, "train": 14, "miniature": 1, "curves": 1},
        computed={"fetch": 1},
        damages=True,
    ),
    "deleted output": Mutation(
        lambda clone: (clone.folder / MANIFEST).unlink(),
        rf"^MISSING {MANIFEST}\n",
        jobs=OF_A150 | {"derive": 1, "train": 1},
        damages=True,
    ),
    "edited output": Mutation(
        lambda clone: clone.flip(MODEL),
        rf"^MODIFIED {MODEL}\n(.*\n)*    reaches 3 cells of {TABLE}: all, base, novel of larvseg-a150\n",
        jobs=OF_ONE_RUN,
        computed={"train": 1},
        damages=True,
    ),
    "touched files": Mutation(touch_everything, SOUND),
    "other environment": Mutation(install_another_numpy, r"^DRIFTED .*\n    numpy .* → 0\.1\n"),
}
DOORS = {"snakemake": ("snakemake", "--cores", "2", "all"), "dvc": ("dvc", "repro")}
QUICK = (("parameter", "snakemake"), ("edited output", "dvc"))


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

    jobs = mutation.jobs if first == "snakemake" or mutation.jobs_of_dvc is None else mutation.jobs_of_dvc
    assert jobs_of(clone.run(*DOORS[first])) == jobs
    assert jobs_of(clone.run(*DOORS[second])) == {}

    computed = Counter(rule for (rule, name), runs in computations(clone).items() if computed_before[rule, name] != runs)
    assert computed.pop("render", 0) <= mutation.jobs.get("render", 0)  # a table whose rounded numbers stay is not set again
    assert computed == {rule: count for rule, count in mutation.computed.items() if rule != "render"}
    assert (clone.hashes() == before) == (mutation.damages or not mutation.jobs)
    assert NOTHING in clone.run("snakemake", "-n", "all") and UP_TO_DATE in clone.run("dvc", "status")
    assert SOUND in clone.run("larvseg", "audit", "verify", "--ignore-environment")
