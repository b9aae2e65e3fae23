"""Hours of the paper's DAG on its machine."""

import pytest

from larvseg.config import Runtime
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below
from larvseg.plan.measured import tables
from larvseg.plan.reckoning import TRAINING, Reckoning, precision_of


@pytest.fixture(scope="module")
def reckoning(paper) -> Reckoning:
    return Reckoning(paper)


def hours_of(reckoning: Reckoning, rule: str, name: str, precision: str = "float32") -> float:
    return reckoning.hours(reckoning.operations[rule, name], precision)


def test_a_run_of_the_paper_on_an_a100(reckoning):
    hours = {precision: reckoning.training(precision) for precision in ("float32", "tf32", "bfloat16")}
    assert hours == pytest.approx({"float32": 66, "tf32": 15, "bfloat16": 7}, rel=0.02)
    h100 = {"float32": 45.0, "tf32": 185.0, "bfloat16": 350.0}  # as paper.yaml says beside it
    as_h100 = {name: hours[name] * getattr(reckoning.machine.teraflops, name) / rate for name, rate in h100.items()}
    assert as_h100 == pytest.approx({"float32": 20, "tf32": 5, "bfloat16": 2.6}, rel=0.03)


def test_precision_is_that_of_runtime():
    said = [Runtime(precision=precision, tf32=tf32) for precision in ("float32", "bfloat16") for tf32 in (False, True)]
    assert [precision_of(runtime) for runtime in said] == ["float32", "tf32", "bfloat16", "bfloat16"]


def test_tables_take_what_they_need_and_each_job_once(paper, reckoning):
    groups = reckoning.groups()
    assert list(groups) == ["table1", *paper.experiments.tables, "all"]
    trainings = {name: {key for key in jobs if key[0] in TRAINING} for name, jobs in groups.items()}
    # OpenSeg's rows are quoted, DenseCLIP and ReCo train nothing, LSeg and ZSBaseline train once for both benchmarks
    assert {name: len(runs) for name, runs in trainings.items()} == dict(zip(groups, (3, 12, 4, 2, 7, 22), strict=True))
    assert trainings["table5"] == {("train", "larvseg-a150.seed0"), ("train", "single-image-a150.seed0")}
    assert {("index", "I1K"), ("retrieve", "reco-a847.seed0")} <= groups["table3"] and not any(
        key[0] == "index" for key in groups["table4"]
    )
    alone = {name: reckoning.alone(jobs, "float32") for name, jobs in groups.items()}
    assert alone["all"] < sum(alone.values()) - alone["all"]  # what tables share
    assert len(tables(paper)["table3"]) == 18
    zero_shot = sum(hours_of(reckoning, "zeroshot", name) for name in paper.comparators.clip)
    assert hours_of(reckoning, "index", "I1K") == pytest.approx(10, abs=0.5) and 10 < zero_shot < 30


def test_days_are_those_of_jobs_that_stay_on_one_gpu(changed, reckoning):
    groups = reckoning.groups()
    longest = max(hours_of(reckoning, "train", f"{run}.seed0") for run in ("larvseg-a150", "single-image-a150"))
    evaluated = hours_of(reckoning, "evaluate", "larvseg-a150.seed0")
    assert reckoning.together(groups["table5"], "float32") == pytest.approx(longest + evaluated)
    # twelve trainings on eight GPUs: one GPU after the other has two of them, whatever their mean
    assert reckoning.together(groups["table3"], "float32") > 2 * 54 > reckoning.alone(groups["table3"], "float32") / 8
    for jobs in groups.values():
        alone, together = reckoning.alone(jobs, "tf32"), reckoning.together(jobs, "tf32")
        assert alone / 8 <= together <= alone
    assert reckoning.together(groups["all"], "bfloat16") == pytest.approx(reckoning.together(groups["all"], "float32") * 14 / 131)
    single = Reckoning(changed("paper", machine={"gpus": 1}))
    assert single.together(single.groups()["all"], "float32") == pytest.approx(single.alone(single.groups()["all"], "float32"))


def test_seeds_are_trained_one_by_one(reckoning):
    three = Reckoning(Project("paper", seeds=3))
    trainings = [sum(rule in TRAINING for rule, _ in each.needs) for each in (reckoning, three)]
    assert trainings[1] == 3 * trainings[0]
    once = sum(reckoning.operations[key] for key in reckoning.needs if key[0] in ("index", "zeroshot", "retrieve"))
    assert once == sum(three.operations[key] for key in three.needs if key[0] in ("index", "zeroshot", "retrieve"))


def test_every_job_of_the_dag_is_reckoned(paper, reckoning):
    assert {(job.rule, job.name) for job in jobs_below(paper)} < reckoning.needs.keys() == reckoning.operations.keys()
