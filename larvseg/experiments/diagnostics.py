"""The jobs of the diagnostics: classes, their frequency, training and confusions of runs of one benchmark."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg import config as c
from larvseg.errors import LarvSegError
from larvseg.experiments.job import Job
from larvseg.experiments.tables import Tables
from larvseg.vocabulary.names import SHARED

# rule → the name of its file
DIAGNOSTIC_FIGURES = {"class_map": "classes", "tail": "tail", "gains": "gains", "curves": "training", "confusion": "confusion"}


class Diagnostics(Tables):
    """Why the numbers of Table 3 are what they are. `name` is everywhere that of a benchmark in small letters."""

    def diagnostic_jobs(self) -> Iterator[Job]:
        """All of them."""
        for name in self.diagnosed:
            yield self.classes(name)
            yield self.shares(name)
            yield from (getattr(self, rule)(name) for rule in self.diagnostic_figures(name))

    @property
    def diagnosed(self) -> tuple[str, ...]:
        """The benchmarks that `experiments.yaml` has diagnostics of and this profile has runs on."""
        return tuple(benchmark.lower() for benchmark in self.experiments.diagnostics if self._table3(benchmark.lower()))

    def diagnostic_figures(self, name: str) -> tuple[str, ...]:
        """The rules that draw something of benchmark `name` in this profile."""
        shown = {"tail": self._columns(name, "tail"), "gains": self._pairs(name), "curves": self._columns(name, "curves")}
        shown["confusion"] = not self.quoted(self._diagnosed(name).confused.run)
        return tuple(rule for rule in DIAGNOSTIC_FIGURES if shown.get(rule, True))

    def diagnostic_figure(self, rule: str, name: str) -> str:
        """Where a figure lies."""
        return f"reports/figures/{DIAGNOSTIC_FIGURES[rule]}_{name}.png"

    def class_table(self, name: str) -> str:
        """Where the table of the classes of a benchmark lies."""
        return f"results/classes_{name}.csv"

    def share_table(self, name: str) -> str:
        """Where the table lies that says where pixels go."""
        return f"results/confusion_{name}.csv"

    def classes(self, name: str) -> Job:
        """Write the table of classes."""
        benchmark, runs = name.upper(), self._class_runs(name)
        datasets = ("C171", *(dataset for dataset, shared in SHARED.items() if shared == benchmark))
        settings = c.ClassesConfig(profile=self.name, benchmark=benchmark, datasets=datasets, runs=runs)
        manifests = {dataset: self.manifest(dataset) for dataset in (*datasets, benchmark)}
        return Job("classes", name, settings, self._evaluated(runs) | manifests)

    def _class_runs(self, name: str) -> tuple[c.Measured, ...]:
        """Those of Table 3, and what the figures that are drawn of the table of classes show beside them."""
        runs = [*self._table3(name), *self._columns(name, "tail"), *(run for pair in self._pairs(name) for run in (pair.run, pair.without))]
        return tuple({run.run: run for run in reversed(runs)}[run] for run in dict.fromkeys(run.run for run in runs))

    def class_map(self, name: str) -> Job:
        """Draw the IoU of each class and run."""
        return Job("class_map", name, self._runs_figure("class_map", name, self._table3(name)), {"classes": self.class_table(name)})

    def tail(self, name: str) -> Job:
        """Draw the IoU of each class over its frequency."""
        return Job("tail", name, self._runs_figure("tail", name, self._columns(name, "tail")), {"classes": self.class_table(name)})

    def gains(self, name: str) -> Job:
        """Draw what each class gains from attention."""
        pairs = self._pairs(name)
        settings = c.GainsConfig(figure=self._stem("gains", name), profile=self.name, benchmark=name.upper(), pairs=pairs)
        inputs = {"classes": self.class_table(name)}
        for run in (pair.run for pair in pairs):
            for seed in run.seeds:
                inputs |= {f"{run.run}.seed{seed}.{role}": path for role, path in self._own_files(run.run, seed).items()}
        return Job("gains", name, settings, inputs)

    def curves(self, name: str) -> Job:
        """Draw what happens in training."""
        runs = self._columns(name, "curves")
        model_of = {run.run: self.experiments.runs[run.run].model_of or run.run for run in runs}
        inputs = {f"{run.run}.seed{seed}": self.run_file(model_of[run.run], seed, "curves.csv") for run in runs for seed in run.seeds}
        return Job("curves", name, self._runs_figure("curves", name, runs), inputs)

    def shares(self, name: str) -> Job:
        """Write the table of where pixels go."""
        runs = self._table3(name)
        settings = c.SharesConfig(profile=self.name, benchmark=name.upper(), runs=runs)
        return Job("shares", name, settings, self._evaluated(runs, counts=True))

    def confusion(self, name: str) -> Job:
        """Draw what categories are taken for."""
        runs, run = self._table3(name), self._diagnosed(name).confused
        confused = self._shown(name, run.run, run.title)
        settings = c.ConfusionConfig(**dict(self._runs_figure("confusion", name, runs)), confused=confused)
        inputs = {"shares": self.share_table(name)} | self._evaluated((confused,), counts=True)
        return Job("confusion", name, settings, inputs)

    def _diagnosed(self, name: str) -> c.Diagnosed:
        return self.experiments.diagnostics[name.upper()]

    def _table3(self, name: str) -> tuple[c.Measured, ...]:
        """The rows of Table 3 on a benchmark that are measured in this profile."""
        rows = self.rows_of("table3") if "table3" in self.experiments.tables else ()
        there = [row for row in rows if row.texts["benchmark"] == name.upper() and not self.quoted(row.run)]
        return tuple(self._shown(name, row.run, row.texts["model"]) for row in there)

    def _columns(self, name: str, key: str) -> tuple[c.Measured, ...]:
        """The runs that `experiments.yaml` wants a figure of, without those that are quoted in this profile."""
        columns = getattr(self._diagnosed(name), key)
        return tuple(self._shown(name, column.run, column.title) for column in columns if not self.quoted(column.run))

    def _pairs(self, name: str) -> tuple[c.Compared, ...]:
        """The pairs of runs whose difference is shown, without those of which one is quoted in this profile."""
        shown = [pair for pair in self._diagnosed(name).gains if not self.quoted(pair.run) and not self.quoted(pair.without)]
        runs = {run: self._shown(name, run, run) for pair in shown for run in (pair.run, pair.without)}
        return tuple(c.Compared(title=pair.title, run=runs[pair.run], without=runs[pair.without]) for pair in shown)

    def _shown(self, name: str, run: str, title: str) -> c.Measured:
        settings = self.experiments.runs[run]
        if settings.benchmark != name.upper():
            raise LarvSegError(f"{self.where}: diagnostics {name.upper()}: {run!r} is a run of {settings.benchmark}")
        seeds = self.seeds_of(run)
        if (run, seeds[0]) not in self.trained:
            raise LarvSegError(f"{self.where}: diagnostics {name.upper()}: no table has a row of run {run!r}; add one, or show another run")
        return c.Measured(run=run, title=title, training_data=", ".join(settings.training_data), seeds=seeds)

    def _evaluated(self, runs: tuple[c.Measured, ...], counts: bool = False) -> dict[str, str]:
        """The metrics of each run and seed by `<run>.seed<k>`; with `counts` the confusions, too, by `<run>.seed<k>.confusion`."""
        files = {"": "metrics.json"} | ({".confusion": "confusion.arrow"} if counts else {})
        each = [(run.run, seed) for run in runs for seed in run.seeds]
        return {f"{run}.seed{seed}{role}": self.evaluation_file(run, seed, file) for role, file in files.items() for run, seed in each}

    def _runs_figure(self, rule: str, name: str, runs: tuple[c.Measured, ...]) -> c.RunsFigureConfig:
        return c.RunsFigureConfig(figure=self._stem(rule, name), profile=self.name, benchmark=name.upper(), runs=runs)

    def _stem(self, rule: str, name: str) -> str:
        return f"{DIAGNOSTIC_FIGURES[rule]}_{name}"
