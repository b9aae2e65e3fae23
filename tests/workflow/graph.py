"""What the job graph says must run after a change, so that no test counts jobs by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache

from larvseg.pipeline import Dag, Job, Project
from larvseg.pipeline.stages import STAGES


@cache
def smoke() -> tuple[Job, ...]:
    """All jobs of the profile smoke with one seed."""
    return Dag(Project("smoke")).jobs


def jobs(rule: str, *names: str, where: Callable[[Job], bool] = lambda job: True) -> list[Job]:
    """Those of the stage `rule`: all, or those of these `names`; of them those that `where` says."""
    found = [job for job in smoke() if job.rule == rule and (not names or job.name in names) and where(job)]
    assert found and len(found) >= len(names), f"no job {rule} {names}"
    return found


def made_by(path: str) -> list[Job]:
    """The job that makes `path`."""
    return [job for job in smoke() if path in job.outputs.values()]


def shown_in(table: str) -> Callable[[Job], bool]:
    """Whether the table at the path `table` reads an output of a job."""
    (made,) = made_by(table)
    return lambda job: bool({*job.outputs.values()} & {*made.inputs.values()})


def with_all_below(changed: Iterable[Job]) -> list[Job]:
    """`changed`, and every job that reads what one of them makes, however indirectly. (Jobs stand in the order of their making.)"""
    stale = {(job.rule, job.name) for job in changed}
    paths: set[str] = set()
    found = []
    for job in smoke():
        if (job.rule, job.name) in stale or paths & {*job.inputs.values(), *job.reads}:
            found.append(job)
            paths |= set(job.outputs.values())
    return found


def either(*groups: Iterable[Job]) -> list[Job]:
    """The jobs of all `groups`, each once."""
    return list({(job.rule, job.name): job for group in groups for job in group}.values())


def counted(found: Iterable[Job]) -> dict[str, int]:
    """How many of each rule, as Snakemake calls it: stages whose jobs have outputs of their own have a rule for each job."""
    return dict(Counter(job.rule if STAGES[job.rule].outputs else f"{job.rule}_{job.name}" for job in found))
