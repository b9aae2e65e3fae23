"""The jobs of the DAG: what each rule runs, with which configuration, on which files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from larvseg import config as c
from larvseg.comparators.registry import module_of
from larvseg.config import load_yaml, nearest
from larvseg.errors import LarvSegError
from larvseg.experiments.claims import Claims
from larvseg.experiments.diagnostics import Diagnostics
from larvseg.experiments.job import Job
from larvseg.experiments.page import Planned, page_job
from larvseg.experiments.products import products, wanted
from larvseg.experiments.setup import (
    ADE_CHALLENGE,
    ADE_FULL,
    CLASS_LISTS,
    COCO,
    CONFIG,
    FAMILY_OF,
    LIST_OF,
    OBJECT_INFO,
    REFERENCE,
    WORDNET,
)
from larvseg.files import sha256_of
from larvseg.lineage.fingerprint import fingerprint
from larvseg.lineage.recipes import Recipe
from larvseg.sources.registry import EACH_SYNSET, is_synset_tar
from larvseg.stages import STAGES


class Project(Claims, Diagnostics):
    """The experiments of `experiments.yaml` at the scale of one profile."""

    def jobs(self) -> Iterator[Job]:
        """All jobs of the DAG."""
        yield from self.jobs_below()
        yield self.page("index")

    def jobs_below(self) -> Iterator[Job]:
        """All jobs but the report, which shows what they make."""
        yield from (self.fetch(family) for family in self.families)
        yield self.prepare("ade20k_full")
        yield self.vocabulary_report("synsets")
        yield from (self.derive(dataset) for dataset in self.datasets)
        yield self.pretrain("backbone")
        if self.features_config:
            yield self.pretrain("features")
        for clip in self.clips:
            yield self.clip(clip)
            yield self.embed(clip)
            yield self.zeroshot(clip)
        if "I1K" in self.datasets:
            yield self.index("I1K")
        yield from (getattr(self, self.maker(run))(f"{run}.seed{seed}") for run, seed in self.made)
        yield from (self.evaluate(f"{run}.seed{seed}") for run, seed in self.trained)
        yield from self.exploration_jobs()
        yield from (self.table(name) for name in self.experiments.tables)
        yield from self.diagnostic_jobs()
        yield self.table2("table2")
        yield self.metrics("metrics")
        if self.experiments.claims:
            yield self.claims("claims")
        yield from (self.render(name) for name in self.set_in_type)
        if self.profile.drawn:
            yield self.figure("miniature")
            yield self.world("world")

    def recipe_path(self, rule: str, name: str) -> str:
        """Where the recipe of the job `name` of `rule` lies."""
        return f"work/recipes/{self.name}/{rule}/{name}.json"

    def recipes(self) -> Iterator[Recipe]:
        """The recipe of every job, from the configuration, the code and the reference files as they are now."""
        yield from map(_recipe, self.jobs())

    def write_recipes(self, alone: bool = True) -> None:
        """Write the recipe of every job whose content changed.

        Raises LarvSegError, and writes none, where that would change a recipe under a Snakemake that is at work here (not `alone`): its
        jobs would make something else than it planned.
        """
        recipes = {Path(self.recipe_path(recipe.rule, recipe.name)): recipe for recipe in self.recipes()}
        if not alone and (changed := [path for path, recipe in recipes.items() if path.is_file() and not recipe.stands_in(path)]):
            raise LarvSegError(
                f"{changed[0]}: would change under a Snakemake that is at work here with other settings, seeds or code; wait until it has "
                "ended, or say the same --config"
            )
        for path, recipe in recipes.items():
            recipe.write(path)

    def fetch(self, name: str) -> Job:
        """Fetch (or draw) the archives of the family `name`."""
        threads = self.profile.drawing_threads
        if self.registry is None:
            lists = (f"{REFERENCE}/LICENSE-wordnet.txt",) if name == "wordnet" else (*CLASS_LISTS, *self.drawn_list)
            if name in ("wordnet", "ade_full"):
                lists += (f"{REFERENCE}/imagenet21k.tsv.gz",)
            if name in ("narratives", "itpair"):
                lists += (f"{REFERENCE}/miniature/words.csv",)
            if name == "ilsvrc":
                lists += (f"{REFERENCE}/ilsvrc2012_synsets.txt",)
            return Job("fetch", name, c.FetchConfig(family=name, world=self.profile.world, threads=threads), {}, reference=lists)
        sources = {key: self._source(key) for key in dict.fromkeys(map(_registered, self.families[name]))}
        licensed: dict[str, tuple[str, ...]] = {}
        for file in (file for files in self.families.values() for file in files):
            if self._source(key := _registered(file)).access != "open":
                licensed[key] = (*licensed.get(key, ()), file)
        settings = c.FetchConfig(
            family=name, world=None, registry=self.profile.registry, sources=sources, licensed=licensed, threads=threads
        )
        return Job("fetch", name, settings, {})

    def _source(self, key: str) -> c.Source:
        if key not in self.registry.archives:
            raise LarvSegError(f"{self.profile.registry}: no archive {key!r}{nearest(key, list(self.registry.archives))}")
        return self.registry.archives[key].model_copy(update={"mirrors": ()})

    def prepare(self, name: str) -> Job:
        """Make the archive of A847 as published: smaller pictures, compressed again."""
        settings = c.PrepareConfig(threads=self.profile.deriving_threads)
        return Job("prepare", name, settings, {ADE_FULL[0]: self.archive(ADE_FULL[0])}, reference=(CLASS_LISTS[2],))

    def vocabulary_report(self, name: str) -> Job:
        """Resolve the synsets of I124 and I585 again and report each choice."""
        inputs = {file: self.archive(file) for file in (*WORDNET, *ADE_FULL)}
        lists = tuple(sorted(path.as_posix() for path in Path(REFERENCE, "vocabularies").glob("*.csv")))
        return Job("vocabulary", name, c.VocabularyConfig(), inputs, reference=(*lists, f"{REFERENCE}/imagenet21k.tsv.gz"))

    def derive(self, name: str) -> Job:
        """Derive the manifest of the data set `name`."""
        archives, switches = self.archives_of(name), self.switches({})
        settings = c.DeriveConfig(
            dataset=name,
            drawn=self.profile.drawn,
            weak_labels=switches.weak_labels,
            synsets=switches.synsets,
            larger_than=self.profile.in11k_images if name == "IN11K" else 0,
            prepared=self.prepared and FAMILY_OF.get(name) == "ade_full",
            max_rejects=self.profile.max_rejects,
            threads=self.profile.deriving_threads,
        )
        reference = [f"{REFERENCE}/vocabularies/{LIST_OF[name]}.csv"] if name in LIST_OF else []
        if name in ("I124", "I585"):
            reference.append(f"{REFERENCE}/vocabularies/{name.lower()}_{switches.synsets}.csv")
        if name == "C171":
            reference.append(f"{REFERENCE}/vocabularies/c171_synsets.csv")
        reference += [*self.drawn_list, f"{REFERENCE}/imagenet_known_bad.txt"]
        return Job("derive", name, settings, {Path(path).name: path for path in archives}, reference=tuple(reference))

    def pretrain(self, name: str) -> Job:
        """Make the `backbone` that every run starts from, or the network of ReCo's `features`."""
        profile, backbone = self.profile, self.features_config if name == "features" else self.profile.backbone
        pretrains, archive = backbone.weights == "pretrain", self.fetched(backbone)
        settings = c.PretrainConfig(
            profile=self.name,
            backbone=backbone if name == "features" else self.backbone_config,
            pretraining=profile.pretraining,
            normalisation=self.switches({}).normalisation,
            runtime=profile.runtime.model_copy(update={"threads": self.pretraining_threads}),
        )
        inputs = {"manifest": self.manifest("I21K")} if pretrains else {}
        if archive:
            inputs["weights"] = self.archive(archive)
        own = () if inputs else (backbone.weights,)  # a file of the user's
        return Job("pretrain", name, settings, inputs, self.archives_of("I21K") if pretrains else (), own)

    def train(self, name: str) -> Job:
        """Train a run: `name` is <run>.seed<seed>."""
        run_name, seed = self.split(name)
        run = self.experiments.runs[run_name]
        settings = self.train_config(run_name, run, seed)
        inputs = {"backbone": self.backbone, **{dataset: self.manifest(dataset) for dataset in run.training_data}}
        if run.method == "lseg":
            inputs["text"] = self.text_file(self.comparators.roles.text, "C171")
        reads = dict.fromkeys(path for dataset in run.training_data for path in self.archives_of(dataset))
        return Job("train", name, settings, inputs, tuple(reads))

    def evaluate(self, name: str) -> Job:
        """Evaluate a run: `name` is <run>.seed<seed>."""
        run, seed = self.split(name)
        benchmark = self.experiments.runs[run].benchmark
        settings = c.EvaluateConfig(
            run=run,
            method=self.experiments.runs[run].method,
            profile=self.name,
            seed=seed,
            benchmark=benchmark,
            evaluation=self.evaluation_of(run),
            runtime=self.profile.runtime,
        )
        inputs = self.predictor_inputs(run, seed) | {"manifest": self.manifest(benchmark)}
        modules = (module_of(settings.method),)
        return Job("evaluate", name, settings, inputs, self.archives_of(benchmark), (CLASS_LISTS[0],), modules)

    def table(self, name: str) -> Job:
        """Write a table of the paper."""
        table, rows = self.experiments.tables[name], self.rows_of(name)
        settings = c.TableConfig(
            table=name,
            published=(table.published or name) if any(row.published for row in rows) else None,
            profile=self.name,
            seeds=self.seeds,
            columns=table.columns,
            rows=rows,
            quoted=tuple(row.run for row in rows if self.quoted(row.run)),
        )
        metrics = self._metrics_of(row.run for row in rows if row.run not in settings.quoted)
        reference = (f"{REFERENCE}/published/{settings.published}.csv",) if settings.published else ()
        return Job("table", name, settings, metrics, reference=reference)

    def table2(self, name: str) -> Job:
        """Count the data sets."""
        inputs = {dataset: self.manifest(dataset) for dataset in self.datasets}
        settings = c.Table2Config(profile=self.name, datasets=self.datasets)
        synsets = tuple(f"{REFERENCE}/vocabularies/{name}_published.csv" for name in ("i124", "i585"))
        published = tuple(f"{REFERENCE}/published/{name}.csv" for name in ("table2", "table3"))
        return Job("table2", name, settings, inputs, reference=(*published, *CLASS_LISTS, *synsets))

    def metrics(self, name: str) -> Job:
        """Gather the metrics of the runs and of the CLIP models."""
        runs = {run: self.seeds_of(run) for run, _ in self.trained}
        inputs = self._metrics_of(runs) | {f"clip.{clip}": self.zeroshot_file(clip) for clip in self.clips}
        return Job("metrics", name, c.MetricsConfig(profile=self.name, runs=runs, clips=self.clips), inputs)

    def _metrics_of(self, runs: Iterable[str]) -> dict[str, str]:
        """<run>.seed<seed> → its metrics."""
        return {f"{run}.seed{seed}": self.evaluation_file(run, seed, "metrics.json") for run in runs for seed in self.seeds_of(run)}

    def figure(self, name: str) -> Job:
        """Draw a figure of the report."""
        files = [*COCO, *ADE_CHALLENGE, *ADE_FULL, *self.families["imagenet"]]
        inputs = {file: self.archive(file) for file in files}
        return Job("figure", name, c.FigureConfig(figure=name, profile=self.name), inputs, reference=(*CLASS_LISTS, *self.drawn_list))

    def world(self, name: str) -> Job:
        """Draw what the training masks of the drawn ADE20K show beside what is published of the real one."""
        settings = c.FigureConfig(figure=name, profile=self.name)
        return Job("world", name, settings, {"A150": self.manifest("A150")}, reference=(*CLASS_LISTS[:2], OBJECT_INFO))

    def page(self, name: str) -> Job:
        """Write the report."""
        jobs = []
        for job in self.jobs_below():
            names = self, job.rule, job.name
            jobs.append(Planned(_recipe(job), products(*names), wanted(*names)))
        about = {"profile": self.name, "about": self.profile.about, "drawn": self.profile.drawn, "seeds": self.seeds}
        return page_job(name, jobs, about)


def selected(profile: str | None = None, seeds: int | None = None) -> Project:
    """The project of `profile` with so many `seeds`; by default those that workflow/config/config.yaml selects.

    Raises LarvSegError outside the folder of the project.
    """
    path = CONFIG / "config.yaml"
    if not path.is_file():
        raise LarvSegError(f"{path}: no such file; run larvseg in the folder of the project")
    chosen = load_yaml(path)
    return Project(profile or chosen["profile"], seeds=chosen.get("seeds", 1) if seeds is None else seeds)


def _registered(file: str) -> str:
    """The name in the registry that stands for the archive `file`."""
    return EACH_SYNSET if is_synset_tar(file) else file


def _recipe(job: Job) -> Recipe:
    settings = job.config.model_dump(mode="json")
    reference = {path: _hash_of(path) for path in job.reference}
    return Recipe(job.rule, job.name, settings, _code(job.rule, *job.modules), job.inputs, job.reads, reference)


@cache
def _code(rule: str, *modules: str) -> dict[str, dict[str, str]]:
    return fingerprint(STAGES[rule].module, *modules)


@cache
def _hash_of(path: str) -> str:
    try:
        return sha256_of(Path(path))
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file; restore it from version control") from None
