"""The tables: what their rows say, their jobs, and the jobs that set them in type."""

from __future__ import annotations

from collections.abc import Iterable

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.evaluation import explored, explored_with, table1_rows
from larvseg.pipeline.jobs.methods import backbone_title, clips
from larvseg.pipeline.jobs.training import published_top_k, train_config
from larvseg.pipeline.project import CLASS_LISTS, REFERENCE, Project


def tables(project: Project) -> tuple[str, ...]:
    """The tables that `snakemake all` asks for."""
    first = ("table1",) if table1_rows(project) else ()
    second = ("table2",) if project.of_the_paper else ()
    return (*first, *second, *project.experiments.tables)


def rendered(project: Project) -> tuple[str, ...]:
    """What is laid out for people: the tables and, as one more, the claims."""
    return (*tables(project), *(("claims",) if project.experiments.claims else ()))


def rows_of(project: Project, table: str) -> tuple[c.TableRow, ...]:
    """The rows of `table` with a text in each column: what the row says, or what follows from its run.

    Raises LarvSegError for a column that is unknown, that neither says, or of which the two say different things.
    """
    columns = project.experiments.tables[table].columns
    return tuple(_row(project, table, columns, row) for row in project.experiments.tables[table].rows)


def _row(project: Project, table: str, columns: tuple[str, ...], row: c.Table.Row) -> c.TableRow:
    where = f"{project.where}: table {table!r}: the row of {row.run!r}"
    said, facts = row.texts, facts_of(project, row.run)
    ablation = said.get("ablation", "")
    if value := facts.get(f"published_{ablation}", facts.get(ablation)):
        facts["value"] = value
    for column, text in said.items():
        if column not in columns:
            raise LarvSegError(f"{where}: unknown key {column!r}{nearest(column, [*columns, 'run', 'published'])}")
        if facts.get(column, text) != text:
            raise LarvSegError(f"{where}: {column} is {text!r}, that of the run {facts[column]!r}; it need not be said")
    for column in columns:
        if column not in said | facts:
            raise LarvSegError(f"{where}: says nothing of {column!r}, and it does not follow from the run")
    return c.TableRow(texts={column: (facts | said)[column] for column in columns}, run=row.run, published=row.published)


def facts_of(project: Project, name: str) -> dict[str, str]:
    """What follows from the run `name`, by column: data, backbone, where the classifier attends, and each setting of its attention.

    `top_k` is K on the patch grid of the profile, `published_top_k` that of the paper which it stands for.
    """
    run = project.experiments.runs[name]
    facts = {"backbone": backbone_title(project, name), "benchmark": run.benchmark, "training_data": ", ".join(run.training_data)}
    if project.method(name).maker != "train":
        return facts
    trained = train_config(project, name, seed=0)
    facts |= {f"cac_{each.name.lower()}": str(int(each.lambda_aux > 0)) for each in trained.training_sets if each.kind != "pixel"}
    if trained.attention.variant != "none":
        facts |= {setting: str(value) for setting, value in trained.attention.model_dump().items()}
        facts["published_top_k"] = str(published_top_k(project, run))
        facts["ca_classifier"] = "-".join(word.capitalize() for word in trained.attention.variant.split("_"))
    return facts


def published_table(project: Project, name: str) -> str | None:
    """The published table that the rows of `name` stand beside; None where the paper has none of them."""
    described = project.experiments.tables[name]
    return (described.published or name) if any(row.published for row in described.rows) else None


def table(project: Project, name: str) -> Job:
    """Write a table of the paper."""
    described, rows = project.experiments.tables[name], rows_of(project, name)
    settings = c.TableConfig(
        table=name,
        published=published_table(project, name),
        profile=project.name,
        seeds=project.seeds,
        columns=described.columns,
        rows=rows,
        quoted=tuple(row.run for row in rows if project.quoted(row.run)),
    )
    inputs = metrics_of(project, (row.run for row in rows if row.run not in settings.quoted))
    reference = (f"{REFERENCE}/published/{settings.published}.csv",) if settings.published else ()
    return project.job("table", settings, inputs, reference=reference, table=name)


def table1(project: Project) -> Job:
    """Write Table 1."""
    described = {explored(row, row.benchmark): row for row in table1_rows(project)}
    rows = tuple(
        c.Table1Row(model=row.model, benchmark=row.benchmark, training_data=row.training_data, run=run, published=row.published)
        for run, row in described.items()
    )
    settings = c.Table1Config(table="table1", profile=project.name, seeds=project.seeds, rows=rows)
    inputs = {
        f"{run}.seed{seed}": project.path("explore", "grouping", explored=run, seed=seed)
        for run, row in described.items()
        for seed in explored_with(project, row)
    }
    return project.job("table1", settings, inputs, reference=(f"{REFERENCE}/published/table1.csv",))


def table2(project: Project) -> Job:
    """Count the data sets."""
    inputs = {dataset: project.manifest(dataset) for dataset in project.datasets}
    synsets = (f"{REFERENCE}/vocabularies/{name}_published.csv" for name in ("i124", "i585"))
    published = (f"{REFERENCE}/published/{name}.csv" for name in ("table2", "table3"))
    data = project.data
    settings = c.Table2Config(
        profile=project.name,
        datasets=project.datasets,
        drawn=project.profile.drawn,
        released={name: data[name].released for name in project.datasets if data[name].released},
        listed={name: len(data.vocabulary(name)) for name in project.datasets if data.has_names(name)},
    )
    return project.job("table2", settings, inputs, reference=(*published, *CLASS_LISTS, *synsets, "workflow/config/datasets.yaml"))


def metrics(project: Project) -> Job:
    """Gather the metrics of the runs and of the CLIP models."""
    runs, models = {run: project.seeds_of(run) for run, _ in project.trained}, clips(project)
    inputs = metrics_of(project, runs) | {f"clip.{clip}": project.path("zeroshot", "accuracy", clip=clip) for clip in models}
    return project.job("metrics", c.MetricsConfig(profile=project.name, runs=runs, clips=models), inputs)


def metrics_of(project: Project, runs: Iterable[str]) -> dict[str, str]:
    """<run>.seed<seed> → its metrics."""
    return {f"{run}.seed{seed}": project.path("evaluate", "metrics", run=run, seed=seed) for run in runs for seed in project.seeds_of(run)}


def table_path(project: Project, name: str) -> str:
    """Where the table `name` lies, or the claims."""
    return f"{project.places['tables']}/{name}.csv"


def render(project: Project, name: str) -> Job:
    """Set a table, or the claims, in Markdown and LaTeX."""
    return project.job("render", c.RenderConfig(table=name, profile=project.name), {"table": table_path(project, name)}, table=name)
