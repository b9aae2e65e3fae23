"""What jobs ask of a scheduler."""

import pytest

from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below
from larvseg.pipeline.stages import STAGES
from tests.jobs import job


def test_jobs_that_compute_with_networks_take_a_gpu_where_the_profile_has_them(project):
    jobs = list(jobs_below(project("paper")))
    assert {each.rule for each in jobs if each.gpus} == {each.rule for each in jobs if STAGES[each.rule].torch}
    assert {each.gpus for each in jobs} == {0, 1}
    several = jobs_below(project("paper", "paper.yaml", lambda value: value["runtime"].update(processes=2)))
    assert {each.rule for each in several if each.gpus == 2} == {"train"}, "no other stage has several processes"
    assert not any(each.gpus for each in jobs_below(project("mini")))


@pytest.mark.parametrize("profile", ["smoke", "mini", "paper", "photos"])
def test_what_takes_seconds_runs_where_snakemake_does(profile):
    made = Project(profile)
    local = [each for each in jobs_below(made) if each.needs.local]
    assert {each.rule for each in local} >= {"table", "metrics", "render"}
    assert {each.rule for each in local}.isdisjoint({"train", "propose", "evaluate", "derive", "extract", "claims"})
    assert not any(each.gpus for each in local) and {made.threads(each.needs) for each in local} == {1}
    assert all(each.needs.local is not made.profile.drawn for each in jobs_below(made) if each.rule == "fetch"), "nodes may have no network"


def test_minutes_are_those_of_the_stage_or_of_the_profile(project):
    paper = project("paper")
    minutes = {each.rule: paper.minutes(each) for each in jobs_below(paper)}
    assert (minutes["train"], minutes["evaluate"], minutes["table"], minutes["claims"]) == (4320, 600, 5, 20)
    assert max(minutes.values()) == 4320  # three days, which most queues allow
    longer = project("paper", "paper.yaml", lambda value: value["minutes_of"].update(table=7))
    assert longer.minutes(job(longer, "table", "table3")) == 7
