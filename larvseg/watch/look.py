"""What is there at one moment: the jobs that run, how many are done and left, and the curves of trainings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from larvseg.audit.standing import Standing
from larvseg.files import host
from larvseg.lineage.recipes import Recipe
from larvseg.pipeline import Dag, Project
from larvseg.pipeline.jobs.page import below
from larvseg.pipeline.stages import WANTED
from larvseg.training.curves import SO_FAR
from larvseg.watch.running import Running, running
from larvseg.watch.steps import Step, last_line, step_of, steps_of


class Shown(NamedTuple):
    """A job that runs: `seconds` since it began, None where that is not known; `step` of a training; the last line it `said`."""

    title: str
    seconds: float | None
    step: Step | None
    said: str
    host: str  # empty for this one


class Look(NamedTuple):
    """A profile at one moment. `jobs`: all that lead to what people ask for."""

    profile: str
    jobs: int
    done: int
    left: int
    running: tuple[Shown, ...]
    curves: Mapping[str, Path]  # of each training, as far as it is: run and seed → CSV

    @property
    def is_over(self) -> bool:
        """Nothing runs, and nothing is left to do."""
        return not self.left and not self.running


class Watch:
    """Looks at the jobs of `project` again and again."""

    def __init__(self, project: Project):
        self.profile = project.name
        self._recipes = tuple(below(Dag(project).recipes, WANTED))
        self._standing = Standing(self._recipes, (path for recipe in self._recipes for path in recipe.outputs.values()))
        self._curves = {name_of(recipe): curves_of(recipe) for recipe in self._recipes if "curves" in recipe.outputs}

    def look(self) -> Look:
        """What is there now."""
        found, now = running(self.profile), time.time()
        standing, at_work = self._standing.look(), {job.recipe.title for job in found}
        waiting = [recipe for recipe in self._recipes if not standing.issuperset(recipe.outputs.values())]
        left = [recipe for recipe in waiting if recipe.title not in at_work]
        curves = self._curves | {name_of(job.recipe): (job.work / SO_FAR,) for job in found if steps_of(job.recipe)}
        return Look(
            self.profile,
            len(self._recipes),
            len(self._recipes) - len(waiting),
            len(left),
            tuple(_shown(job, now) for job in found),
            {name: file for name, files in curves.items() if (file := next((each for each in files if each.is_file()), None))},
        )


def name_of(training: Recipe) -> str:
    """A run and its seed; of other trainings, of what kind they are, too."""
    return training.name if ".seed" in training.name else f"{training.rule}-{training.name}"


def curves_of(training: Recipe) -> tuple[Path, Path]:
    """Where its curves are: while it is not finished, and afterwards."""
    return Path("work", training.hash, SO_FAR), Path(training.outputs["curves"])


def _shown(job: Running, now: float) -> Shown:
    said = last_line(job.log) if job.since is not None else ""  # another one wrote the log that is there
    steps = steps_of(job.recipe)
    step = step_of(steps, job.work / SO_FAR, said) if steps else None
    seconds = None if job.since is None else max(0.0, now - job.since)
    return Shown(job.recipe.title, seconds, step, said, "" if job.host == host() else job.host)
