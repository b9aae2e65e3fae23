"""The diagnostics of runs of one benchmark: classes, frequencies, training, confusions. Jobs name it in small letters: a150, a847."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from larvseg import config as c
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.methods import own_files
from larvseg.pipeline.jobs.tables import rows_of
from larvseg.pipeline.project import Project


def jobs(project: Project) -> Iterator[Job]:
    """All of them: of the benchmarks that `experiments.yaml` has diagnostics of and this profile has runs on."""
    for benchmark in project.experiments.diagnostics:
        if rows := _table3(project, name := benchmark.lower()):
            yield classes(project, name)
            yield shares(project, name)
            yield class_map(project, name)
            if _columns(project, name, "tail"):
                yield tail(project, name)
            if _pairs(project, name):
                yield gains(project, name)
            if _columns(project, name, "curves"):
                yield curves(project, name)
            if not project.quoted(_diagnosed(project, name).confused.run):
                yield confusion(project, name, rows)


def classes(project: Project, name: str) -> Job:
    """Write the table of classes."""
    benchmark, runs = name.upper(), _class_runs(project, name)
    datasets = (project.base_of(benchmark), *_weak(project, name))
    settings = c.ClassesConfig(profile=project.name, benchmark=benchmark, datasets=datasets, runs=runs)
    manifests = {dataset: project.manifest(dataset) for dataset in (*datasets, benchmark)}
    return project.job("classes", settings, _evaluated(project, runs) | manifests, benchmark=name)


def _class_runs(project: Project, name: str) -> tuple[c.Measured, ...]:
    """Those of Table 3, and what the figures that are drawn of the table of classes show beside them."""
    compared = (run for pair in _pairs(project, name) for run in (pair.run, pair.without))
    runs = [*_table3(project, name), *_columns(project, name, "tail"), *compared]
    return tuple({run.run: run for run in reversed(runs)}[run] for run in dict.fromkeys(run.run for run in runs))


def class_map(project: Project, name: str) -> Job:
    """Draw the IoU of each class and run."""
    return _runs_figure(project, "class_map", name, _table3(project, name), _class_table(project, name))


def tail(project: Project, name: str) -> Job:
    """Draw the IoU of each class over its frequency."""
    return _runs_figure(project, "tail", name, _columns(project, name, "tail"), _class_table(project, name))


def gains(project: Project, name: str) -> Job:
    """Draw what each class gains from attention."""
    pairs = _pairs(project, name)
    settings = c.GainsConfig(figure=_stem(project, "gains", name), profile=project.name, benchmark=name.upper(), pairs=pairs)
    inputs = _class_table(project, name)
    for run in (pair.run for pair in pairs):
        for seed in run.seeds:
            inputs |= {f"{run.run}.seed{seed}.{role}": path for role, path in own_files(project, run.run, seed).items()}
    return project.job("gains", settings, inputs, benchmark=name)


def curves(project: Project, name: str) -> Job:
    """Draw what happens in training."""
    runs = _columns(project, name, "curves")
    model_of = {run.run: project.experiments.runs[run.run].model_of or run.run for run in runs}
    inputs = {
        f"{run.run}.seed{seed}": project.path("train", "curves", run=model_of[run.run], seed=seed) for run in runs for seed in run.seeds
    }
    return _runs_figure(project, "curves", name, runs, inputs)


def shares(project: Project, name: str) -> Job:
    """Write the table of where pixels go."""
    runs = _table3(project, name)
    settings = c.SharesConfig(profile=project.name, benchmark=name.upper(), runs=runs)
    return project.job("shares", settings, _evaluated(project, runs, counts=True), benchmark=name)


def confusion(project: Project, name: str, runs: tuple[c.Measured, ...]) -> Job:
    """Draw what categories are taken for."""
    run = _diagnosed(project, name).confused
    confused = _shown(project, name, run.run, run.title)
    settings = c.ConfusionConfig(
        figure=_stem(project, "confusion", name),
        profile=project.name,
        benchmark=name.upper(),
        weak=_weak(project, name),
        runs=runs,
        confused=confused,
    )
    inputs = {"shares": project.path("shares", "table", benchmark=name)} | _evaluated(project, (confused,), counts=True)
    return project.job("confusion", settings, inputs, benchmark=name)


def _diagnosed(project: Project, name: str) -> c.Diagnosed:
    return project.experiments.diagnostics[name.upper()]


def _table3(project: Project, name: str) -> tuple[c.Measured, ...]:
    """The rows of Table 3 on a benchmark that are measured in this profile."""
    rows = rows_of(project, "table3") if "table3" in project.experiments.tables else ()
    there = [row for row in rows if row.texts["benchmark"] == name.upper() and not project.quoted(row.run)]
    return tuple(_shown(project, name, row.run, _title(row, there)) for row in there)


def _title(row: c.TableRow, rows: Iterable[c.TableRow]) -> str:
    """The model of `row` and, if others of `rows` have it on the same data, too, what tells them apart."""
    named = ("model", "training_data")
    alike = [other.texts for other in rows if all(other.texts[column] == row.texts[column] for column in named)]
    apart = [column for column in row.texts if len({texts[column] for texts in alike}) > 1]
    return ", ".join([row.texts["model"], *(row.texts[column] for column in apart if row.texts[column])])


def _columns(project: Project, name: str, key: str) -> tuple[c.Measured, ...]:
    """The runs that `experiments.yaml` wants a figure of, without those that are quoted in this profile."""
    columns: Iterable[c.Column] = getattr(_diagnosed(project, name), key)
    return tuple(_shown(project, name, column.run, column.title) for column in columns if not project.quoted(column.run))


def _pairs(project: Project, name: str) -> tuple[c.Compared, ...]:
    """The pairs of runs whose difference is shown, without those of which one is quoted in this profile."""
    shown = [pair for pair in _diagnosed(project, name).gains if not project.quoted(pair.run) and not project.quoted(pair.without)]
    runs = {run: _shown(project, name, run, run) for pair in shown for run in (pair.run, pair.without)}
    return tuple(c.Compared(title=pair.title, run=runs[pair.run], without=runs[pair.without]) for pair in shown)


def _shown(project: Project, name: str, run: str, title: str) -> c.Measured:
    settings, where = project.experiments.runs[run], f"{project.where}: diagnostics {name.upper()}"
    if settings.benchmark != name.upper():
        raise LarvSegError(f"{where}: {run!r} is a run of {settings.benchmark}")
    seeds = project.seeds_of(run)
    if (run, seeds[0]) not in project.trained:
        raise LarvSegError(f"{where}: no table has a row of run {run!r}; add one, or show another run")
    return c.Measured(run=run, title=title, training_data=", ".join(settings.training_data), seeds=seeds)


def _evaluated(project: Project, runs: tuple[c.Measured, ...], counts: bool = False) -> dict[str, str]:
    """The metrics of each run and seed by `<run>.seed<k>`; with `counts` the confusions, too, by `<run>.seed<k>.confusion`."""
    roles = {"": "metrics"} | ({".confusion": "confusion"} if counts else {})
    each = [(run.run, seed) for run in runs for seed in run.seeds]
    return {
        f"{run}.seed{seed}{end}": project.path("evaluate", role, run=run, seed=seed) for end, role in roles.items() for run, seed in each
    }


def _runs_figure(project: Project, rule: str, name: str, runs: tuple[c.Measured, ...], inputs: dict[str, str]) -> Job:
    settings = c.RunsFigureConfig(
        figure=_stem(project, rule, name), profile=project.name, benchmark=name.upper(), weak=_weak(project, name), runs=runs
    )
    return project.job(rule, settings, inputs, benchmark=name)


def _weak(project: Project, name: str) -> tuple[str, ...]:
    """The data sets with image labels of the benchmark's classes; that with all of them comes first."""
    benchmark, data = name.upper(), project.data
    return tuple(each for each in project.datasets if each != benchmark and data.benchmark_of(each) == benchmark)


def _class_table(project: Project, name: str) -> dict[str, str]:
    return {"classes": project.path("classes", "table", benchmark=name)}


def _stem(project: Project, rule: str, name: str) -> str:
    return Path(project.path(rule, "figure", benchmark=name)).stem
