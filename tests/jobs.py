"""Single jobs of a project, by the names that their recipes have."""

from larvseg.pipeline import Job, Project
from larvseg.pipeline.dag import jobs_below


def job(project: Project, rule: str, name: str) -> Job:
    """The job `name` of the stage `rule`."""
    return next(each for each in jobs_below(project) if (each.rule, each.name) == (rule, name))
