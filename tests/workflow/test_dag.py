"""The whole DAG on the smoke profile: what it makes, what makes it run again, and how it fails."""

import csv
import fcntl
import hashlib
import json
import math
import re
import time

import pytest

from larvseg.pipeline import Project
from tests.workflow.clone import NOTHING, TABLE, jobs_of
from tests.workflow.graph import counted, jobs, made_by, shown_in, with_all_below


def test_table3_has_its_twenty_rows_beside_the_published_numbers(finished):
    rows = list(csv.DictReader(finished.read(TABLE).decode().splitlines()))
    assert len(rows) == 20
    assert {row["profile"] for row in rows} == {"smoke"} and {row["status"] for row in rows} == {"measured"}
    published = [row["published_novel"] for row in rows]
    assert published[:10] == ["9.1", "10.5", "9.3", "6.8", "", "20.8", "26.8", "25.3", "28.8", "43.7"]
    assert published[10:] == ["3.9", "4.5", "4.1", "1.2", "", "6.6", "8.7", "9.9", "11.1", "15.9"]
    assert all(math.isfinite(float(row[column])) for row in rows for column in ("all", "base", "novel"))


def test_tables_4_to_6_stand_beside_the_published_numbers(finished):
    rows = {
        name: list(csv.DictReader(finished.read(f"results/{name}.csv").decode().splitlines())) for name in ("table4", "table5", "table6")
    }
    assert {name: [row["published_novel"] for row in table] for name, table in rows.items()} == {
        "table4": ["25.3", "26.6", "28.2", "28.8"],
        "table5": ["24.8", "26.8"],
        "table6": ["26.2", "26.7", "26.1", "25.7", "26.2", "26.8", "26.1", "25.9"],
    }
    assert all(row["status"] == "measured" and math.isfinite(float(row["novel"])) for table in rows.values() for row in table)
    same = [[row[column] for column in ("all", "base", "novel", "run")] for row in rows["table6"]]
    assert same[1] == same[6] and same[1][3] == "larvseg-a150-k40"  # M = 20, K = 40 in both halves: one run
    shown = finished.run("larvseg", "audit", "show", ABLATIONS, *WHERE, "--column", "novel")
    assert f"novel = {same[2][2]} " in shown and "larvseg-a150-m40-k40" in shown


def test_table_5_alone_trains_its_two_runs(fresh):
    made = jobs_of(fresh.run("snakemake", "-n", "results/table5.csv"))
    assert (made["train"], made["evaluate"], made["table"], made["pretrain_backbone"]) == (2, 2, 1, 1)
    assert set(made) == {"fetch_coco", "fetch_ade_challenge", "fetch_imagenet", "derive", "pretrain_backbone", "train", "evaluate", "table"}


def test_every_table_is_set_in_type(finished):
    titles = {f"table{number}": f"Table {number}: " for number in range(1, 7)} | {"claims": "Claims: "}
    for name, title in titles.items():
        markdown, latex = (finished.read(f"reports/tables/{name}.{suffix}").decode() for suffix in ("md", "tex"))
        rows = list(csv.DictReader(finished.read(f"results/{name}.csv").decode().splitlines()))
        lines = [line for line in markdown.splitlines() if line.startswith("|")]
        assert len(lines) == len(rows) + 2 and "profile smoke" in markdown and "profile smoke" in latex
        assert latex.count("\\\\") >= len(rows) + 1 and latex.endswith("\\end{table}\n")
        assert finished.run("larvseg", "print", f"results/{name}.csv").startswith(title)


def test_a_table_without_all_of_its_rows_shows_the_others_and_is_not_written(copy):
    for path in (TABLE, f"{TABLE}.lineage.json", "results/smoke/evaluations/larvseg-a150/seed0/metrics.json"):
        (copy.folder / path).unlink()
    shown = copy.run("larvseg", "print", TABLE)
    assert "19 of 20 rows are" in shown and f"the rest: snakemake --cores all {TABLE}" in shown
    (row,) = [line for line in shown.splitlines() if " … " in line]
    assert row.split()[:4] == ["A150", "LarvSeg", "C171,", "WA150"] and row.split()[-4:-1] == ["32.4", "41.3", "26.8"]
    assert not (copy.folder / TABLE).exists()
    followed = copy.run("bash", "-c", f"snakemake --cores 2 {TABLE} 2>&1 | larvseg print --follow {TABLE}")
    assert followed.count("2 of 2 steps (100%) done") == 1 and "rule " not in followed
    assert copy.read(TABLE)


def test_one_seed_leaves_every_claim_undecided(finished):
    rows = list(csv.DictReader(finished.read("results/claims.csv").decode().splitlines()))
    assert len(rows) == 24 and {(row["verdict"], row["note"], row["seeds"]) for row in rows} == {("undecided", "one seed", "0")}
    assert all(float(row["low"]) <= float(row["high"]) and row["published"] for row in rows)


def test_every_artifact_has_a_record_that_chains_to_archives(finished):
    seen, waiting = set(), [TABLE]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        record = json.loads(finished.read(f"{path}.lineage.json"))
        assert record["artifact"]["path"] == path
        for item in record["inputs"]:
            if item["role"] == "reference":  # committed, not made
                assert hashlib.sha256(finished.read(item["path"])).hexdigest() == item["sha256"]
                continue
            assert json.loads(finished.read(f"{item['path']}.lineage.json"))["artifact"]["sha256"] == item["sha256"]
            waiting.append(item["path"])
    assert {"data/smoke/archives/train2017.zip", "data/smoke/archives/ADE20K_2021_17_01.zip"} <= seen
    assert sum(path.endswith(".tar") for path in seen) == 94 + 6 + 1  # synsets, image-text pairs, ImageNet-1K


def test_a_finished_tree_has_nothing_to_do(finished):
    assert NOTHING in finished.snakemake("all")
    started = time.monotonic()
    assert NOTHING in finished.run("snakemake", "-n", "all")
    print(f"snakemake -n all: {time.monotonic() - started:.1f} s")


ABLATIONS = "results/table6.csv"
WHERE = ("--where", "ablation=memory_size", "--where", "value=40")
WITH_NETWORKS = {"pretrain_backbone", "train", "evaluate", "clip", "embed", "zeroshot"}
WITH_NETWORKS |= {"explore", "respond", "predict", "showcase", "attend"}
MOST_KINDS = (  # the comparators are in test_kill.py, which ends on one core
    "results/smoke/evaluations/larvseg-a150-i124/seed0/metrics.json",
    "results/smoke/evaluations/clip/resnet.json",
    "results/smoke/groupings/backbone.A150/seed0.json",
    "results/smoke/responses/backbone.A150.safetensors",
    "results/smoke/predictions/larvseg-a150-i124.safetensors",
    "results/smoke/showcase/larvseg-a150-i124.safetensors",
    "results/smoke/attentions/larvseg-a150-i124.safetensors",
)


@pytest.mark.parametrize("targets", [MOST_KINDS, pytest.param(("all",), marks=pytest.mark.full)], ids=["most kinds", "all"])
def test_one_core_gives_the_same_bytes_whatever_kernels_the_environment_asks_for(targets, finished, fresh):
    fresh.variables = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}
    made = jobs_of(fresh.snakemake(*targets, cores=1))
    assert WITH_NETWORKS <= set(made)
    hashes = fresh.hashes()
    assert hashes.items() <= finished.hashes().items()
    assert targets != ("all",) or hashes == finished.hashes()


SMOKE = "workflow/config/smoke.yaml"
PARAMETERS = {  # (file, what stands there, what is to stand there), and the jobs that it changes
    "switches.temperature of a run": (
        ("workflow/config/experiments.yaml", "larvseg-a150: {", "larvseg-a150: {switches: {temperature: cosine}, "),
        jobs("train", "larvseg-a150.seed0"),
    ),
    "zsbaseline.steps": (  # one model for both benchmarks
        (SMOKE, "steps: 4\n    images: 4\n    classification", "steps: 5\n    images: 4\n    classification"),
        jobs("propose", "zsbaseline-a150.seed0"),
    ),
    "clip_training.steps": ((SMOKE, "clip_training:\n    steps: 4", "clip_training:\n    steps: 5"), jobs("clip", "resnet")),
}


def test_a_parameter_reruns_what_depends_on_it_and_nothing_else(copy):
    for (path, old, new), changed in PARAMETERS.values():
        text = copy.read(path)
        copy.substitute(path, old, new)
        assert jobs_of(copy.run("snakemake", "-n", "all")) == counted(with_all_below(changed))
        copy.write(path, text)
    assert NOTHING in copy.run("snakemake", "-n", "all")


def test_an_ablation_is_a_run_and_a_row(copy):
    config = copy.folder / "workflow/config/experiments.yaml"
    run = "larvseg-a150-m5-k40: {method: larvseg, benchmark: A150, training_data: [C171, WA150], attention: {memory_size: 5, top_k: 40}}"
    row = "- {ablation: memory_size, run: larvseg-a150-m5-k40, published: false}"
    text = config.read_text().replace("runs:\n", f"runs:\n  {run}\n", 1)
    config.write_text(re.sub(r"(  table6:\n.*\n    rows:\n)", rf"\1      {row}\n", text))
    assert jobs_of(copy.snakemake(ABLATIONS)) == {"train": 1, "evaluate": 1, "table": 1}
    first = next(csv.DictReader(copy.read(ABLATIONS).decode().splitlines()))
    assert [first[column] for column in ("ablation", "value", "memory_size", "published_top_k", "top_k")] == [
        "memory_size",
        "5",
        "5",
        "40",
        "8",
    ]
    assert (first["published_novel"], first["status"], first["run"]) == ("", "not in the paper", "larvseg-a150-m5-k40")


def test_outside_the_dag_a_run_comes_out_the_same(copy):
    folder, *means = copy.run("larvseg", "train", "larvseg-a150").splitlines()[-1].split("  ")
    assert [text.split()[0] for text in means] == ["all", "base", "novel"]
    for kind, file in (("runs", "model.safetensors"), ("evaluations", "metrics.json")):
        assert copy.read(f"{folder}/{file}") == copy.read(f"results/smoke/{kind}/larvseg-a150/seed0/{file}")
    rows = {line.split()[0]: line.split()[1:] for line in copy.run("larvseg", "tail", "larvseg-a150", folder).splitlines() if line}
    assert rows["larvseg-a150"] == rows[folder.removeprefix("work/scratch/")] and len(rows["larvseg-a150"]) > 3
    assert not (copy.folder / folder / "state").exists()  # or changed code would go on from there
    assert NOTHING in copy.run("snakemake", "-n", "all")


def test_comments_and_times_rerun_nothing_but_logic_does(copy):
    source = copy.folder / "larvseg/evaluation/metrics.py"
    text = source.read_text()
    source.write_text(text.replace('"""', '"""Well. ', 1) + "\n# a comment\n")
    for path in sorted((copy.folder / "data").rglob("*.arrow")):
        copy.write(str(path.relative_to(copy.folder)), path.read_bytes())
    assert NOTHING in copy.run("snakemake", "-n", TABLE)
    source.write_text(text + "\nCHANGED = 1\n")
    assert jobs_of(copy.run("snakemake", "-n", TABLE)) == counted([*jobs("evaluate", where=shown_in(TABLE)), *made_by(TABLE)])


def test_more_seeds_make_what_is_new_and_nothing_else(copy):
    one, two = (Project("smoke", seeds=seeds) for seeds in (1, 2))
    new = [run for run, _ in set(two.trained) - set(one.trained)]
    made = jobs_of(copy.run("snakemake", "--config", "seeds=2", "-n", "all"))
    assert made["evaluate"] == len(new) and made["propose"] == 2
    shown = {"table", "render", "metrics", "claims", "curves", "page", "classes", "shares", "class_map", "tail", "gains", "confusion"}
    assert set(made) == {"train", "propose", "evaluate", "explore", "table1"} | shown


def test_recipes_stay_as_they_are_under_a_snakemake_at_work(copy):
    before = copy.read("work/recipes/smoke/table/table3.json")
    with open(copy.folder / "work/snakemake.flock") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        output = copy.run("snakemake", "--config", "seeds=2", "-n", "all", check=False)
        assert NOTHING in copy.run("snakemake", "-n", "all")
    assert re.search(r"^error: work/recipes/smoke/.*: would change under a Snakemake that is at work here", output, re.MULTILINE)
    assert copy.read("work/recipes/smoke/table/table3.json") == before


def test_an_altered_archive_is_refused_in_one_line(copy):
    copy.flip("data/smoke/archives/ADEChallengeData2016.zip")
    recipe = "work/recipes/smoke/derive/A150.json"
    output = copy.run("larvseg", "derive", recipe, check=False)
    assert re.fullmatch(r"error: data/smoke/archives/ADEChallengeData2016.zip was changed after it was made: expected sha256 .*\n", output)


def test_a_deleted_archive_is_made_again_and_nothing_else(copy):
    (copy.folder / "data/smoke/archives/train2017.zip").unlink()
    output = copy.snakemake("sources")
    assert jobs_of(output) == {"fetch_coco": 1}
    assert NOTHING in copy.snakemake("all")


def test_only_profile_and_seeds_can_be_chosen_on_the_command_line(finished):
    output = finished.snakemake("--config", "steps=3", check=False)
    assert "error: --config steps: only profile and seeds can be chosen there; edit workflow/config/smoke.yaml" in output
    assert "Traceback" not in output
    assert "yaml: seeds: Input should be greater than or equal to 1\n" in finished.snakemake("--config", "seeds=0", check=False)
    output = finished.snakemake("--config", "profile=smok", check=False)
    assert "no profile 'smok'; did you mean 'smoke'?" in output


def test_the_snakefile_imports_neither_torch_nor_timm(finished):
    output = finished.run("python", "-X", "importtime", "-m", "snakemake", "-n", "all")
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in output.splitlines() if "|" in line}
    assert "snakemake" in imported and not imported & {"torch", "timm", "open_clip"}


def test_a_table_alone_can_be_asked_for(copy):
    (copy.folder / TABLE).unlink()
    assert jobs_of(copy.snakemake(TABLE)) == {"table": 1}
