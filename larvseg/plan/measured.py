"""How long the jobs of a profile took where they ran already."""

from __future__ import annotations

from pathlib import Path

from larvseg.lineage.records import read_run
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below


def tables(project: Project) -> dict[str, tuple[tuple[str, int], ...]]:
    """The trained runs (run, seed) behind each table, each once."""
    runs = {name: {row.run for row in table.rows} for name, table in project.experiments.tables.items()}
    return {name: tuple(pair for pair in project.trained if pair[0] in wanted) for name, wanted in runs.items()}


def measured(project: Project, folder: Path = Path(".")) -> dict[str, float]:
    """Minutes that each job took here, by "<rule>/<name>" ("train/larvseg-a150.seed0"), as was noted beside its first output.

    What was taken from work/kept took what it took when it was computed. Raises LarvSegError for a note without seconds.
    """
    found = {}
    for job in jobs_below(project):
        if run := read_run(folder / next(iter(job.outputs.values()))):
            found[f"{job.rule}/{job.name}"] = run.seconds / 60
    return found
