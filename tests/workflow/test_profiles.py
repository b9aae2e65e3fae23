"""Profiles of Snakemake, beside profiles/default."""

import re

from tests.workflow.clone import TABLE


def test_a_machine_with_gpus_keeps_the_limits_that_always_hold(copy):
    (copy.folder / TABLE).unlink()
    output = copy.run("snakemake", "--profile", "profiles/gpu8", TABLE)
    limits = dict(re.findall(r'(\w+)=Resource\("\w+", (\d+)\)', re.search("Provided resources: (.*)", output)[1]))
    assert limits == {"foundation": "1", "gpu": "8"}


def test_what_a_person_has_to_fetch_is_asked_for_once(fresh):
    archive = "data/paper/archives/ADE20K_2021_17_01.zip"
    output = fresh.run("snakemake", "--config", "profile=paper", "--cores", "1", "--retries", "3", "--", archive, check=False)
    assert "is given after registration" in output and "Trying to restart" not in output


def test_jobs_of_the_paper_ask_for_gpus(fresh):
    output = fresh.run("snakemake", "-n", "--config", "profile=paper", "--profile", "profiles/gpu8", "all")
    asked = re.findall(r"^rule (\w+):(?:\n .*)*?\n    resources: .*\bgpu=(\d)", output, re.MULTILINE)
    assert {("train", "1"), ("evaluate", "1"), ("derive", "0"), ("fetch_coco", "0"), ("table", "0")} <= set(asked)
    assert {gpus for rule, gpus in asked if rule in ("train", "evaluate", "clip", "embed", "index")} == {"1"}
