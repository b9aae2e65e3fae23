"""The job that tests the claims of `experiments.yaml`."""

from __future__ import annotations

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.evaluation import explored, explored_with, table1_rows
from larvseg.pipeline.jobs.tables import published_table, rows_of
from larvseg.pipeline.project import REFERENCE, Project


def claims(project: Project) -> Job:
    """Test every claim that the paper makes.

    Raises LarvSegError for a claim about a run that has no row, or several, in its table, or about runs of two benchmarks.
    """
    resolved = tuple(_resolved(project, claim) for claim in project.experiments.claims)
    inputs: dict[str, str] = {}
    for claim in [each for each in resolved if not each.quoted]:
        for side in claim.sides:
            for seed in side.seeds:
                inputs |= _measured(project, claim.measure, side.run, seed)
    settings = c.ClaimsConfig(profile=project.name, seeds=project.seeds, claims=resolved)
    published = dict.fromkeys(f"{REFERENCE}/published/{claim.published}.csv" for claim in resolved if claim.published)
    return project.job("claims", settings, inputs, reference=published)


def _measured(project: Project, measure: str, run: str, seed: int) -> dict[str, str]:
    key = f"{run}.seed{seed}"
    if measure == "grouping":
        return {key: project.path("explore", "grouping", explored=run, seed=seed)}
    roles = {key: "metrics", f"{key}.confusion": "confusion"}
    return {name: project.path("evaluate", role, run=run, seed=seed) for name, role in roles.items()}


def _resolved(project: Project, claim: c.Claim) -> c.ResolvedClaim:
    where = f"{project.where}: claim {claim.statement!r}"
    runs, grouping = (claim.run, *claim.than), claim.measure == "grouping"
    sides = tuple((_grouping if grouping else _side)(project, claim, run, where) for run in runs)
    benchmarks = dict.fromkeys(run.rpartition(".")[2] if grouping else project.experiments.runs[run].benchmark for run in runs)
    if len(benchmarks) > 1:
        raise LarvSegError(f"{where}: compares runs of {' and '.join(benchmarks)}")
    benchmark = next(iter(benchmarks))
    return c.ResolvedClaim(
        **claim.model_dump(),
        benchmark=benchmark,
        published=claim.table if grouping else published_table(project, claim.table),
        column=f"{benchmark.lower()}_minus_c171_miou" if grouping else claim.measure,
        sides=sides,
        quoted=tuple(side.run for side in sides if not side.seeds),
    )


def _side(project: Project, claim: c.Claim, run: str, where: str) -> c.Side:
    """A run of another table than Table 1."""
    if claim.table not in project.experiments.tables:
        raise LarvSegError(f"{where}: no table {claim.table!r}{nearest(claim.table, list(project.experiments.tables))}")
    rows = rows_of(project, claim.table)
    found = [row for row in rows if row.run == run and claim.where.items() <= row.texts.items()]
    if len(found) != 1:
        known = nearest(run, list(dict.fromkeys(row.run for row in rows)))
        count = f"{len(found)} rows of {run!r}; `where` chooses one" if found else f"no row of {run!r}{known}"
        raise LarvSegError(f"{where}: {claim.table} has {count}")
    trained = project.method(run).depends_on_seed
    texts = {column: text for column, text in found[0].texts.items() if column != "backbone"}
    return c.Side(run=run, seeds=() if project.quoted(run) else project.seeds_of(run), trained=trained, published=texts)


def _grouping(project: Project, claim: c.Claim, run: str, where: str) -> c.Side:
    """A row of Table 1."""
    rows = {explored(row, row.benchmark): row for row in project.experiments.table1.rows}
    if run not in rows:
        raise LarvSegError(f"{where}: table1 has no row of {run!r}{nearest(run, list(rows))}")
    row = rows[run]
    texts = {"model": row.model, f"training_data_{row.benchmark.lower()}": row.training_data}
    seeds = explored_with(project, row) if row in table1_rows(project) else ()
    return c.Side(run=run, seeds=seeds, trained=row.source == "segmenter", published=texts)
