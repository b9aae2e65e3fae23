"""All jobs of a project, and their recipes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from larvseg.config import building
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of, write_text
from larvseg.lineage.fingerprint import fingerprint, remember
from larvseg.lineage.recipes import SPEED, Recipe
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs import claims, data, diagnostics, evaluation, figures, methods, tables, training
from larvseg.pipeline.jobs.page import page
from larvseg.pipeline.project import Project
from larvseg.pipeline.stages import STAGES

COMMITTED = ("data/reference/", "larvseg/", "workflow/")  # folders of files that are read by jobs; others are the user's own


def jobs_below(project: Project) -> Iterator[Job]:
    """All jobs but the report, which shows what they make; what is made first comes first."""
    with building(project.where):
        yield from data.jobs(project)
        yield from training.networks(project)
        yield from methods.jobs(project)
        yield from evaluation.jobs(project)
        if evaluation.table1_rows(project):
            yield tables.table1(project)
        yield from figures.of_the_paper(project)
        yield from (tables.table(project, name) for name in project.experiments.tables)
        yield from diagnostics.jobs(project)
        if project.of_the_paper:
            yield tables.table2(project)
        yield tables.metrics(project)
        if project.experiments.claims:
            yield claims.claims(project)
        yield from (tables.render(project, name) for name in tables.rendered(project))
        yield from figures.of_the_world(project)


class Dag:
    """The jobs of `project`, and the recipe of each from the configuration, the code and the reference files as they are now."""

    def __init__(self, project: Project) -> None:
        below = tuple(jobs_below(project))
        recipes = tuple(map(_recipe, below))
        report = page(project, recipes)
        self.project = project
        self.jobs = (*below, report)
        self.recipes = (*recipes, _recipe(report))

    def recipe_path(self, job: Job | Recipe) -> str:
        """Where the recipe of `job` lies."""
        return f"work/recipes/{self.project.name}/{job.rule}/{job.name}.json"

    @property
    def files(self) -> Iterator[str]:
        """The recipe and the outputs of every job."""
        for recipe in self.recipes:
            yield from (self.recipe_path(recipe), *recipe.outputs.values())

    def write_recipes(self, alone: bool = True) -> None:
        """Write the recipe of every job whose content changed; who is `alone` removes those that no job has any more.

        Raises LarvSegError, and writes none, where that would change a recipe under a Snakemake that is at work here (not `alone`): its
        jobs would make something else than it planned.
        """
        recipes = {Path(self.recipe_path(recipe)): recipe for recipe in self.recipes}
        if not alone and (changed := [path for path, recipe in recipes.items() if path.is_file() and not recipe.stands_in(path)]):
            raise LarvSegError(
                f"{changed[0]}: would change under a Snakemake that is at work here with other settings, seeds or code; wait until it has "
                "ended, or say the same --config"
            )
        for path, recipe in recipes.items():
            recipe.write(path)
        if alone:
            for path in set(Path("work/recipes", self.project.name).glob("*/*.json")) - recipes.keys():
                path.unlink(missing_ok=True)
        write_text(SPEED / f"{self.project.name}.json", json_text(self.project.profile.runtime.speed))
        remember()


def _recipe(job: Job) -> Recipe:
    return Recipe(
        job.rule,
        job.name,
        job.config.model_dump(mode="json", exclude_none=True),  # so that a new optional key changes no recipe
        _code(job.rule, *job.modules),
        dict(job.inputs),
        dict(job.outputs),
        job.reads,
        {path: _hash_of(path) for path in job.reference},
    )


@cache
def _code(rule: str, *modules: str) -> dict[str, dict[str, str]]:
    return fingerprint(STAGES[rule].module, *modules)


@cache
def _hash_of(path: str) -> str:
    try:
        return sha256_of(Path(path))
    except OSError as error:
        remedy = "restore it from version control" if path.startswith(COMMITTED) else "put it there, or say in the profile where it lies"
        raise LarvSegError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
