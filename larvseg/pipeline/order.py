"""In which order jobs start where several could. What they make does not depend on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from larvseg.pipeline.dag import Dag
from larvseg.pipeline.job import Job

Key = tuple[str, str]  # rule and name of a job

# Minutes of a job on profile mini, roughly, so that of two ways the longer one is told; jobs of other rules take less than one.
MINUTES = {"pretrain": 6, "clip": 10, "propose": 4, "train": 3}
SHORT = 1


def needs_of(jobs: Iterable[Job]) -> dict[Key, set[Key]]:
    """Those of `jobs` whose outputs each of them reads."""
    jobs = tuple(jobs)
    maker = {path: (job.rule, job.name) for job in jobs for path in job.outputs.values()}
    return {(job.rule, job.name): {maker[path] for path in job.inputs.values() if path in maker} for job in jobs}


def priorities(dag: Dag) -> dict[str, int]:
    """The priority of each job, by the path of its recipe: of those that could start, the highest does.

    What leads to the numbers of the runs that `first` of experiments.yaml names comes before the rest, what leads to an earlier one of them
    before what leads to a later one. Among jobs of the same rank the one with the longest way from its start to the end of all comes first:
    others wait for it, and no long job is left to run alone at the end.
    """
    project, jobs = dag.project, {(job.rule, job.name): job for job in dag.jobs}
    needs = needs_of(dag.jobs)
    followers: dict[Key, set[Key]] = defaultdict(set)
    for key, needed in needs.items():
        for before in needed:
            followers[before].add(key)

    @cache
    def way(key: Key) -> int:
        return MINUTES.get(key[0], SHORT) + max(map(way, followers[key]), default=0)

    rank = dict.fromkeys(jobs, 0)
    for place, run in enumerate(reversed(project.experiments.first), 1):
        waiting = [("evaluate", f"{run}.seed{seed}") for seed in project.seeds_of(run)]
        waiting = [key for key in waiting if key in jobs]  # a run that is quoted has no jobs
        while waiting:
            key = waiting.pop()
            if rank[key] != place:
                rank[key] = place
                waiting += needs[key]
    longest = 1 + max(map(way, jobs))
    return {dag.recipe_path(jobs[key]): rank[key] * longest + way(key) for key in jobs}
