"""The jobs behind Table 1 and Figures 1 to 5."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg import config as c
from larvseg.comparators.registry import module_of
from larvseg.errors import LarvSegError
from larvseg.experiments.job import Job
from larvseg.experiments.recognition import Recognition
from larvseg.experiments.setup import CLASS_LISTS, REFERENCE


class Explorations(Recognition):
    """What pixel embeddings group, and what methods predict on a few pictures. Figures are those of the first seed."""

    def explored(self, explored: c.Explored, benchmark: str) -> str:
        """What embeddings and the benchmark that they are looked at on are called together."""
        return f"{explored.run or explored.source}.{benchmark}"

    def explored_with(self, row: c.Table1.Row) -> tuple[int, ...]:
        """The seeds of a row of Table 1: the first alone where no segmenter is trained."""
        return self.seeds_of(row.run) if row.run else self.seeds[:1]

    @property
    def table1_rows(self) -> tuple[c.Table1.Row, ...]:
        """The rows of Table 1 that this profile has: DenseCLIP's are left out where there is no CLIP."""
        return tuple(row for row in self.experiments.table1.rows if self._there(row))

    def _there(self, explored: c.Explored) -> bool:
        return explored.source != "denseclip" or self.profile.comparators is not None

    @property
    def figure4_methods(self) -> tuple[c.Column, ...]:
        """The methods of Figure 4 that are run in this profile."""
        figure = self.experiments.figure4
        return tuple(column for column in figure.methods if not self.quoted(column.run)) if figure else ()

    @property
    def figure2_models(self) -> tuple[c.Figure2.Shown, ...]:
        """The models of Figure 2."""
        return self.experiments.figure2.models if self.experiments.figure2 else ()

    def exploration_jobs(self) -> Iterator[Job]:
        """All of them, each once."""
        yield from self.embedding_jobs()
        if self.table1_rows:
            yield self.table1("table1")
        yield from (getattr(self, name)(name) for name in self.figures)

    @property
    def figures(self) -> tuple[str, ...]:
        """Those of Figures 1 to 5 that `experiments.yaml` describes; Figure 5 where all of ImageNet-21K is there."""
        there = {"figure5": bool(self.figure5_models)}
        names = (f"figure{number}" for number in range(1, 6))
        return tuple(name for name in names if there.get(name, getattr(self.experiments, name)))

    def embedding_jobs(self) -> Iterator[Job]:
        """Those that read pictures; tables and figures are made of what they write."""
        explored = {self.explored(row, row.benchmark): self.explored_with(row) for row in self.table1_rows}
        yield from (self.explore(f"{name}.seed{seed}") for name, seeds in explored.items() for seed in seeds)
        yield from (self.respond(self.explored(model, self.experiments.figure2.benchmark)) for model in self.figure2_models)
        yield from (self.predict(column.run) for column in self.figure4_methods)
        yield from (self.recognise(model.run) for model in self.figure5_models)
        if figure := self.experiments.figure1:
            yield self.showcase(figure.run)
        if figure := self.experiments.figure3:
            yield self.attend(figure.run)

    def _embedding(self, explored: c.Explored, benchmark: str, seed: int) -> tuple[c.Embedding, dict[str, str]]:
        inputs = {"manifest": self.manifest(benchmark)}
        if explored.source == "denseclip":
            return c.Embedding(source="denseclip"), inputs | {"clip": self._clip("dense"), "text": self._text("dense", benchmark)}
        if explored.source == "backbone":
            embedding = c.Embedding(source="backbone", backbone=self.backbone_config, normalisation=self.switches({}).normalisation)
            return embedding, inputs | {"model": self.backbone}
        return c.Embedding(source="segmenter"), inputs | self._own_files(explored.run, seed)

    def explore(self, name: str) -> Job:
        """Group pixels by the embeddings of a row of Table 1: `name` is <run>.<benchmark>.seed<seed>."""
        explored, _, seed = name.rpartition(".seed")
        row = next(row for row in self.table1_rows if self.explored(row, row.benchmark) == explored)
        embedding, inputs = self._embedding(row, row.benchmark, int(seed))
        settings = c.GroupingConfig(
            run=explored,
            profile=self.name,
            seed=int(seed),
            benchmark=row.benchmark,
            embedding=embedding,
            evaluation=self.profile.evaluation,
            runtime=self.profile.runtime,
        )
        return Job("explore", name, settings, inputs, self.archives_of(row.benchmark), (CLASS_LISTS[0],))

    def table1(self, name: str) -> Job:
        """Write Table 1."""
        rows = tuple(
            c.Table1Row(
                model=row.model,
                benchmark=row.benchmark,
                training_data=row.training_data,
                run=self.explored(row, row.benchmark),
                published=row.published,
            )
            for row in self.table1_rows
        )
        settings = c.Table1Config(table=name, profile=self.name, seeds=self.seeds, rows=rows)
        seeds = {row.run: self.explored_with(each) for row, each in zip(rows, self.table1_rows, strict=True)}
        inputs = {f"{run}.seed{seed}": self.grouping_file(run, seed) for run, found in seeds.items() for seed in found}
        return Job("table1", name, settings, inputs, reference=(f"{REFERENCE}/published/{name}.csv",))

    def showcase(self, name: str) -> Job:
        """Segment the picture of Figure 1."""
        run, seed = self.experiments.runs[name], self.seeds[0]
        if (name, seed) not in self.trained:
            raise LarvSegError(f"{self.where}: figure1: {name!r} is in no table, so that nothing evaluates it")
        settings = c.EvaluateConfig(
            run=name,
            method=run.method,
            profile=self.name,
            seed=seed,
            benchmark=run.benchmark,
            evaluation=self.evaluation_of(name),
            runtime=self.profile.runtime,
        )
        (objects,) = self._of_kind(name, ("single_label",))
        inputs = self.predictor_inputs(name, seed) | {"manifest": self.manifest(run.benchmark), "objects": self.manifest(objects)}
        inputs["confusion"] = self.evaluation_file(name, seed, "confusion.arrow")
        return Job("showcase", name, settings, inputs, self.archives_of(run.benchmark), (CLASS_LISTS[0],), (module_of(run.method),))

    def _of_kind(self, run: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
        """The training data of `run` of each of `kinds`; LarvSegError if it has none of one."""
        found = {c.kind_of(dataset): dataset for dataset in self.experiments.runs[run].training_data}
        if missing := [kind for kind in kinds if kind not in found]:
            raise LarvSegError(f"{self.where}: figure1 and figure3 show a {missing[0]} data set, which {run!r} is not trained on")
        return tuple(found[kind] for kind in kinds)

    def figure1(self, name: str) -> Job:
        """Draw Figure 1."""
        run_name = self.experiments.figure1.run
        datasets = self._of_kind(run_name, ("pixel", "multi_label", "single_label"))
        benchmark = self.experiments.runs[run_name].benchmark
        settings = c.Figure1Config(figure=name, profile=self.name, benchmark=benchmark, run=run_name, training_data=datasets)
        inputs = {dataset: self.manifest(dataset) for dataset in (benchmark, *datasets)}
        inputs["showcase"] = self.showcase_file(run_name)
        inputs["metrics"] = self.evaluation_file(run_name, self.seeds[0], "metrics.json")
        reads = tuple(dict.fromkeys(archive for dataset in (benchmark, *datasets) for archive in self.archives_of(dataset)))
        return Job("figure1", name, settings, inputs, reads, (CLASS_LISTS[0],))

    def attend(self, name: str) -> Job:
        """Make the maps of Figure 3."""
        figure, run = self.experiments.figure3, self.experiments.runs[name]
        settings = c.AttentionsConfig(
            run=name,
            profile=self.name,
            seed=self.seeds[0],
            candidates=figure.candidates,
            novel=figure.novel,
            base=figure.base,
            evaluation=self.profile.evaluation,
            runtime=self.profile.runtime,
        )
        self._of_kind(name, ("pixel", "multi_label"))
        inputs = self._own_files(name, settings.seed) | {dataset: self.manifest(dataset) for dataset in run.training_data}
        reads = tuple(dict.fromkeys(archive for dataset in run.training_data for archive in self.archives_of(dataset)))
        return Job("attend", name, settings, inputs, reads, (CLASS_LISTS[0],))

    def figure3(self, name: str) -> Job:
        """Draw Figure 3."""
        run = self.experiments.figure3.run
        settings = c.Figure3Config(figure=name, profile=self.name, run=run)
        return Job("figure3", name, settings, {"attentions": self.attention_file(run)})

    def respond(self, name: str) -> Job:
        """Make the response maps of a model of Figure 2."""
        figure = self.experiments.figure2
        model = next(model for model in figure.models if self.explored(model, figure.benchmark) == name)
        seed = self.seeds[0]
        embedding, inputs = self._embedding(model, figure.benchmark, seed)
        settings = c.ResponsesConfig(
            run=name,
            profile=self.name,
            seed=seed,
            benchmark=figure.benchmark,
            embedding=embedding,
            classes=figure.classes,
            pictures=figure.pictures,
            base=figure.base,
            novel=figure.novel,
            evaluation=self.profile.evaluation,
            runtime=self.profile.runtime,
        )
        return Job("respond", name, settings, inputs, self.archives_of(figure.benchmark), (CLASS_LISTS[0],))

    def figure2(self, name: str) -> Job:
        """Draw Figure 2."""
        figure = self.experiments.figure2
        columns = tuple(c.Column(title=model.title, run=self.explored(model, figure.benchmark)) for model in figure.models)
        settings = c.Figure2Config(figure=name, profile=self.name, benchmark=figure.benchmark, models=columns)
        return Job("figure2", name, settings, {column.run: self.response_file(column.run) for column in columns})

    def predict(self, name: str) -> Job:
        """Make the label maps of a method of Figure 4."""
        figure, run = self.experiments.figure4, self.experiments.runs[name]
        seed = self.seeds[0]
        settings = c.PredictConfig(
            run=name,
            method=run.method,
            profile=self.name,
            seed=seed,
            benchmark=figure.benchmark,
            classes=figure.classes,
            pictures=figure.pictures,
            evaluation=self.evaluation_of(name),
            runtime=self.profile.runtime,
        )
        inputs = self.predictor_inputs(name, seed) | {"manifest": self.manifest(figure.benchmark)}
        return Job("predict", name, settings, inputs, self.archives_of(figure.benchmark), (CLASS_LISTS[0],), (module_of(run.method),))

    def figure4(self, name: str) -> Job:
        """Draw Figure 4."""
        figure = self.experiments.figure4
        settings = c.Figure4Config(figure=name, profile=self.name, benchmark=figure.benchmark, methods=self.figure4_methods)
        inputs = {column.run: self.prediction_file(column.run) for column in self.figure4_methods}
        inputs["manifest"] = self.manifest(figure.benchmark)
        return Job("figure4", name, settings, inputs, self.archives_of(figure.benchmark), (CLASS_LISTS[0],))
