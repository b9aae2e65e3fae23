"""From the configuration files to jobs: what each rule of the DAG runs, with which configuration, on which files.

The Snakefile asks a `Project` for the inputs of its rules and has it write their recipes. Paths are relative to the repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from larvseg import config as c
from larvseg.config import load_yaml, nearest, parse
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.lineage.fingerprint import fingerprint
from larvseg.lineage.recipes import Recipe
from larvseg.sources.registry import EACH_SYNSET, load_registry
from larvseg.stages import STAGES
from larvseg.vocabulary import Vocabulary, load_vocabulary
from larvseg.vocabulary.synsets import drawn_synsets

CONFIG = Path("workflow/config")
COCO = ("train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip")
ADE_CHALLENGE = ("ADEChallengeData2016.zip",)
ADE_FULL = ("ADE20K_2021_17_01.zip",)
PREPARED = "ade20k_full_prepared.zip"  # ADE_FULL after the published preparation
WORDNET = ("wordnet.zip",)
TIMM_TAGS = {"in21k_ft_in1k": "vit_base_patch16_384.augreg_in21k_ft_in1k", "in21k": "vit_base_patch16_224.augreg_in21k"}
# shared by all runs of a profile: manifests and the backbone are made once
SHARED_SWITCHES = ("weak_labels", "normalisation", "backbone_weights", "synsets", "a847_preparation")
REFERENCE = "data/reference"
CLASS_LISTS = tuple(f"{REFERENCE}/vocabularies/{name}.csv" for name in ("c171", "a150", "a847"))
LIST_OF = {"C171": "c171", "A150": "a150", "WA150": "a150", "I124": "a150", "A847": "a847", "WA847": "a847", "I585": "a847"}
FAMILY_OF = {"C171": "coco", "A150": "ade_challenge", "WA150": "ade_challenge", "A847": "ade_full", "WA847": "ade_full"}


@dataclass(frozen=True)
class Job:
    """One job of the DAG before its recipe is written.

    `inputs` go to the stage; `reads` are archives behind its manifests; `reference` are files of data/reference that the stage reads.
    """

    rule: str
    name: str
    config: c.Model
    inputs: dict[str, str]
    reads: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


class Project:
    """The experiments of `experiments.yaml` at the scale of one profile."""

    def __init__(self, profile: str, folder: Path = CONFIG):
        known = sorted(path.stem for path in folder.glob("*.yaml") if path.stem not in ("config", "experiments", "presets", "sources"))
        if profile not in known:
            raise LarvSegError(f"{folder}: no profile {profile!r}{nearest(profile, known)}")
        self.name = profile
        self.profile: c.Profile = parse(c.Profile, _settings(folder, profile), folder / f"{profile}.yaml")
        self.registry = load_registry(Path(self.profile.registry)) if self.profile.registry else None
        self.where = folder / "experiments.yaml"
        self.experiments: c.Experiments = parse(c.Experiments, load_yaml(self.where), self.where)
        presets = load_yaml(folder / "presets.yaml")
        if self.profile.preset not in presets:
            raise LarvSegError(f"{folder}/{profile}.yaml: no preset {self.profile.preset!r}{nearest(self.profile.preset, list(presets))}")
        self.preset = presets[self.profile.preset]
        self._check()

    def _check(self) -> None:
        for name, run in self.experiments.runs.items():
            for dataset in run.training_data:
                if dataset not in c.DATASETS:
                    raise LarvSegError(f"{self.where}: run {name!r}: no data set {dataset!r}; known: {', '.join(c.DATASETS)}")
            for switch in set(run.switches) & set(SHARED_SWITCHES):
                raise LarvSegError(f"{self.where}: run {name!r}: {switch} holds for a whole profile; choose it in a preset")
        named = [(f"table {name!r}", row.get("run", "")) for name, table in self.experiments.tables.items() for row in table.rows]
        named += [("comparisons", run) for pair in self.experiments.comparisons.pairs for run in (pair.higher, pair.lower)]
        for place, run in named:
            if run not in self.experiments.runs:
                raise LarvSegError(f"{self.where}: {place}: no run {run!r}{nearest(run, list(self.experiments.runs))}")

    # --- files -----------------------------------------------------------------------------------------------------------

    def archive(self, file: str) -> str:
        """Where the archive `file` lies."""
        folder = "winter21_whole/" if file.endswith(".tar") else ""
        return f"data/{self.name}/archives/{folder}{file}"

    def manifest(self, dataset: str) -> str:
        """Where the manifest of `dataset` lies."""
        return f"data/{self.name}/manifests/{dataset}.arrow"

    def rejects(self, dataset: str) -> str:
        """Where the table of the pictures lies that `dataset` lacks because they cannot be read."""
        return f"data/{self.name}/manifests/{dataset}.rejects.csv"

    @property
    def backbone(self) -> str:
        """Where the backbone lies that every run starts from."""
        return f"results/{self.name}/backbone/model.safetensors"

    def run_file(self, run: str, seed: int, file: str) -> str:
        """A file that training `run` with `seed` writes."""
        return f"results/{self.name}/runs/{run}/seed{seed}/{file}"

    def evaluation_file(self, run: str, seed: int, file: str) -> str:
        """A file that evaluating `run` with `seed` writes."""
        return f"results/{self.name}/evaluations/{run}/seed{seed}/{file}"

    # --- names -----------------------------------------------------------------------------------------------------------

    @cached_property
    def backbone_config(self) -> c.Backbone:
        """The profile's backbone; `timm` weights by the tag that the switch backbone_weights chooses."""
        backbone = self.profile.backbone
        if backbone.weights != "timm":
            return backbone
        return backbone.model_copy(update={"weights": f"timm:{self.timm_tag}"})

    @property
    def timm_tag(self) -> str:
        """timm's name of the published weights that the switch backbone_weights chooses."""
        return TIMM_TAGS[self.switches({}).backbone_weights]

    @property
    def pretraining_threads(self) -> int:
        """How many threads make the backbone."""
        return self.profile.pretraining.threads if self.profile.pretraining else self.profile.runtime.threads

    @cached_property
    def synsets(self) -> tuple[str, ...]:
        """The ImageNet synsets whose pictures are used."""
        if self.profile.drawn:
            return drawn_synsets()
        wanted = {wnid for dataset in ("I124", "I585") for wnids in self.vocabulary(dataset).synsets.values() for wnid in wnids}
        released = self.registry.archives.get(EACH_SYNSET) if self.registry else None
        return tuple(sorted(wanted - set(released.absent if released else ())))

    def vocabulary(self, dataset: str) -> Vocabulary:
        """The vocabulary of `dataset` with the synsets that the switch of this name chooses."""
        return load_vocabulary(dataset, drawn=self.profile.drawn, synsets=self.switches({}).synsets)

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """The archive files of each family."""
        families = {
            "coco": COCO,
            "ade_challenge": ADE_CHALLENGE,
            "ade_full": ADE_FULL,
            "imagenet": tuple(f"{wnid}.tar" for wnid in self.synsets),
            "wordnet": WORDNET,
        }
        if self.profile.backbone.weights == "timm":
            families["weights"] = (f"{self.timm_tag}.safetensors",)
        return families

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that have a manifest in this profile."""
        return tuple(name for name in c.DATASETS if name != "I21K" or self.profile.drawn)

    def archives_of(self, dataset: str) -> tuple[str, ...]:
        """The paths of the archives behind the manifest of `dataset`."""
        if dataset not in c.DATASETS:
            raise LarvSegError(f"no data set {dataset!r}; known: {', '.join(c.DATASETS)}")
        files = self.families[FAMILY_OF.get(dataset, "imagenet")]
        if dataset in ("I124", "I585"):
            candidates = {wnid for wnids in self.vocabulary(dataset).synsets.values() for wnid in wnids}
            files = tuple(f"{wnid}.tar" for wnid in self.synsets if wnid in candidates)
        elif files == ADE_FULL and self.prepared:
            files = (PREPARED,)
        return tuple(self.archive(file) for file in files)

    @property
    def prepared(self) -> bool:
        """A847 is read after the published preparation."""
        return self.switches({}).a847_preparation == "published"

    def seeds_of(self, table: str) -> tuple[int, ...]:
        """The seeds that the rows of `table` average over."""
        return self.experiments.tables[table].seeds or self.profile.seeds

    @cached_property
    def trained(self) -> tuple[tuple[str, int], ...]:
        """Every (run, seed) that some table or comparison asks for, once."""
        pairs = [
            (row["run"], seed) for name, table in self.experiments.tables.items() for row in table.rows for seed in self.seeds_of(name)
        ]
        comparisons = self.experiments.comparisons
        pairs += [(run, seed) for pair in comparisons.pairs for run in (pair.higher, pair.lower) for seed in comparisons.seeds]
        return tuple(dict.fromkeys(pairs))

    # --- jobs ------------------------------------------------------------------------------------------------------------

    def jobs(self) -> Iterator[Job]:
        """All jobs of the DAG."""
        yield from (self.fetch(family) for family in self.families)
        yield self.prepare("ade20k_full")
        yield self.vocabulary_report("synsets")
        yield from (self.derive(dataset) for dataset in self.datasets)
        yield self.pretrain("backbone")
        for run, seed in self.trained:
            yield self.train(f"{run}.seed{seed}")
            yield self.evaluate(f"{run}.seed{seed}")
        yield from (self.table(name) for name in self.experiments.tables)
        yield self.table2("table2")
        yield self.metrics("metrics")
        yield self.compare("comparisons")
        if self.profile.drawn:
            yield self.figure("miniature")

    def recipe_path(self, rule: str, name: str) -> str:
        """Where the recipe of the job `name` of `rule` lies."""
        return f"work/recipes/{self.name}/{rule}/{name}.json"

    def recipes(self) -> Iterator[Recipe]:
        """The recipe of every job, from the configuration, the code and the reference files as they are now."""
        codes = {rule: fingerprint(stage.module) for rule, stage in STAGES.items()}
        for job in self.jobs():
            settings = job.config.model_dump(mode="json")
            reference = {path: _hash_of(path) for path in job.reference}
            yield Recipe(job.rule, job.name, settings, codes[job.rule], job.inputs, job.reads, reference)

    def write_recipes(self) -> None:
        """Write the recipe of every job whose content changed."""
        for recipe in self.recipes():
            recipe.write(Path(self.recipe_path(recipe.rule, recipe.name)))

    def fetch(self, name: str) -> Job:
        """Fetch (or draw) the archives of the family `name`."""
        threads = self.profile.drawing_threads
        if self.registry is None:
            lists = (f"{REFERENCE}/LICENSE-wordnet.txt",) if name == "wordnet" else (*CLASS_LISTS, *self._drawn_list)
            if name in ("wordnet", "ade_full"):
                lists += (f"{REFERENCE}/imagenet21k.tsv.gz",)
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

    @property
    def _drawn_list(self) -> tuple[str, ...]:
        return (f"{REFERENCE}/miniature/classes.csv",) if self.profile.drawn else ()

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
            prepared=self.prepared and FAMILY_OF.get(name) == "ade_full",
            max_rejects=self.profile.max_rejects,
            threads=self.profile.deriving_threads,
        )
        reference = [f"{REFERENCE}/vocabularies/{LIST_OF[name]}.csv"] if name in LIST_OF else []
        if name in ("I124", "I585"):
            reference.append(f"{REFERENCE}/vocabularies/{name.lower()}_{switches.synsets}.csv")
        reference += [*self._drawn_list, f"{REFERENCE}/imagenet_known_bad.txt"]
        return Job("derive", name, settings, {Path(path).name: path for path in archives}, reference=tuple(reference))

    def pretrain(self, name: str) -> Job:
        """Make the backbone that every run starts from."""
        profile = self.profile
        pretrains = profile.backbone.weights == "pretrain"
        settings = c.PretrainConfig(
            profile=self.name,
            backbone=self.backbone_config,
            pretraining=profile.pretraining,
            normalisation=self.switches({}).normalisation,
            runtime=profile.runtime.model_copy(update={"threads": self.pretraining_threads}),
        )
        inputs = {"manifest": self.manifest("I21K")} if pretrains else {}
        if "weights" in self.families:
            inputs["weights"] = self.archive(self.families["weights"][0])
        own = () if inputs else (profile.backbone.weights,)  # a file of the user's
        return Job("pretrain", name, settings, inputs, self.archives_of("I21K") if pretrains else (), own)

    def train(self, name: str) -> Job:
        """Train a run: `name` is <run>.seed<seed>."""
        run_name, seed = self._split(name)
        run = self.experiments.runs[run_name]
        settings = self.train_config(run_name, run, seed)
        inputs = {"backbone": self.backbone, **{dataset: self.manifest(dataset) for dataset in run.training_data}}
        reads = dict.fromkeys(path for dataset in run.training_data for path in self.archives_of(dataset))
        return Job("train", name, settings, inputs, tuple(reads))

    def evaluate(self, name: str) -> Job:
        """Evaluate a trained run: `name` is <run>.seed<seed>."""
        run, seed = self._split(name)
        benchmark = self.experiments.runs[run].benchmark
        size = self.switches(self.experiments.runs[run].switches).evaluation_size
        settings = c.EvaluateConfig(
            run=run,
            profile=self.name,
            seed=seed,
            benchmark=benchmark,
            evaluation=self.profile.evaluation.model_copy(update={"size": size}),
            runtime=self.profile.runtime,
        )
        inputs = {
            "model": self.run_file(run, seed, "model.safetensors"),
            "config": self.run_file(run, seed, "config.json"),
            "manifest": self.manifest(benchmark),
        }
        return Job("evaluate", name, settings, inputs, self.archives_of(benchmark), (CLASS_LISTS[0],))

    def table(self, name: str) -> Job:
        """Write a table of the paper."""
        seeds = self.seeds_of(name)
        rows = tuple(
            parse(c.TableRow, {"backbone": self.profile.backbone.title, **row}, f"{self.where}: table {name!r}")
            for row in self.experiments.tables[name].rows
        )
        runs = dict.fromkeys(row.run for row in rows)
        inputs = {f"{run}.seed{seed}": self.evaluation_file(run, seed, "metrics.json") for run in runs for seed in seeds}
        published = self.experiments.tables[name].published or name
        settings = c.TableConfig(table=name, published=published, profile=self.name, seeds=seeds, rows=rows)
        return Job("table", name, settings, inputs, reference=(f"{REFERENCE}/published/{published}.csv",))

    def table2(self, name: str) -> Job:
        """Count the data sets."""
        inputs = {dataset: self.manifest(dataset) for dataset in self.datasets}
        settings = c.Table2Config(profile=self.name, datasets=self.datasets)
        synsets = tuple(f"{REFERENCE}/vocabularies/{name}_published.csv" for name in ("i124", "i585"))
        published = tuple(f"{REFERENCE}/published/{name}.csv" for name in ("table2", "table3"))
        return Job("table2", name, settings, inputs, reference=(*published, *CLASS_LISTS, *synsets))

    def metrics(self, name: str) -> Job:
        """Gather the metrics of the runs with the profile's seeds."""
        runs = tuple(dict.fromkeys(run for run, seed in self.trained if seed in self.profile.seeds))
        seeds = self.profile.seeds
        inputs = {f"{run}.seed{seed}": self.evaluation_file(run, seed, "metrics.json") for run in runs for seed in seeds}
        return Job("metrics", name, c.MetricsConfig(profile=self.name, seeds=seeds, runs=runs), inputs)

    def compare(self, name: str) -> Job:
        """Test the comparisons of `experiments.yaml` over their seeds."""
        comparisons = self.experiments.comparisons
        runs = dict.fromkeys(run for pair in comparisons.pairs for run in (pair.higher, pair.lower))
        inputs = {f"{run}.seed{seed}": self.evaluation_file(run, seed, "metrics.json") for run in runs for seed in comparisons.seeds}
        return Job("compare", name, c.CompareConfig(profile=self.name, comparisons=comparisons), inputs)

    def figure(self, name: str) -> Job:
        """Draw a figure of the report."""
        files = [*COCO, *ADE_CHALLENGE, *ADE_FULL, *self.families["imagenet"]]
        inputs = {file: self.archive(file) for file in files}
        return Job("figure", name, c.FigureConfig(figure=name, profile=self.name), inputs, reference=(*CLASS_LISTS, *self._drawn_list))

    # --- resolution ------------------------------------------------------------------------------------------------------

    def switches(self, overrides: dict[str, Any]) -> c.Switches:
        """The switches of the profile's preset with `overrides`."""
        return parse(c.Switches, {**self.preset, **overrides}, f"{self.where}: switches")

    def train_config(self, name: str, run: c.Run, seed: int) -> c.TrainConfig:
        """The resolved configuration of a run: everything that decides its weights."""
        profile, switches = self.profile, self.switches(run.switches)
        # weak data sets first, as the ranks of the official configurations: [WA150, C171, I124]
        ordered = sorted(run.training_data, key=lambda dataset: ("multi_label", "pixel", "single_label").index(c.kind_of(dataset)))
        return c.TrainConfig(
            run=name,
            profile=self.name,
            method=run.method,
            benchmark=run.benchmark,
            training_sets=tuple(self._training_set(run, dataset, position, ordered, switches) for position, dataset in enumerate(ordered)),
            backbone=self.backbone_config,
            attention=self._attention(name, run, switches),
            switches=switches,
            optimiser=profile.optimiser,
            steps=profile.steps,
            ranks=profile.ranks,
            images_per_rank=profile.images_per_rank,
            sample_classes=run.sample_classes,
            seed=seed,
            runtime=profile.runtime,
        )

    def _training_set(self, run: c.Run, dataset: str, position: int, ordered: list[str], switches: c.Switches) -> c.TrainingSet:
        kind = c.kind_of(dataset)
        weak = kind != "pixel"
        attends = weak and run.method == "larvseg" and (run.attend is None or dataset in run.attend)
        # the released configurations raise λ_cls to 0.2 for all but the plain WA150 runs
        released = switches.lambda_cls == "released" and run.method == "larvseg" and set(run.training_data) != {"C171", "WA150"}
        return c.TrainingSet(
            name=dataset,
            kind=kind,
            augmentation=self.profile.object_augmentation if kind == "single_label" else self.profile.scene_augmentation,
            lambda_cls=(0.2 if released else 0.1) if weak else 0.0,
            lambda_aux=0.1 if attends else 0.0,
            ranks=len(range(position, self.profile.ranks, len(ordered))),
        )

    def _attention(self, name: str, run: c.Run, switches: c.Switches) -> c.Attention:
        settings = dict(run.attention)
        settings.setdefault("variant", "cross_image" if run.method == "larvseg" else "none")
        released = switches.top_k == "released" and "I124" in run.training_data
        published = str(settings.get("top_k", 40 if released else 20))
        if published not in self.profile.top_k:
            raise LarvSegError(f"{CONFIG}/{self.name}.yaml: top_k maps no {published}, which run {name!r} of {self.where} asks for")
        return parse(c.Attention, {**settings, "top_k": self.profile.top_k[published]}, f"{self.where}: run {name!r}: attention")

    def _split(self, name: str) -> tuple[str, int]:
        run, _, seed = name.rpartition(".seed")
        if run not in self.experiments.runs:
            raise LarvSegError(f"{self.where}: no run {run!r}{nearest(run, list(self.experiments.runs))}")
        return run, int(seed)


def selected(profile: str | None = None) -> Project:
    """The project of `profile`; by default of the profile that workflow/config/config.yaml selects.

    Raises LarvSegError outside the folder of the project.
    """
    path = CONFIG / "config.yaml"
    if not path.is_file():
        raise LarvSegError(f"{path}: no such file; run larvseg in the folder of the project")
    return Project(profile or load_yaml(path)["profile"])


def _settings(folder: Path, profile: str, heirs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keys of a profile; `extends: <profile>` takes another's and changes what stands beside it."""
    path = folder / f"{profile}.yaml"
    if profile in heirs:
        raise LarvSegError(f"{path}: extends itself ({' → '.join((*heirs, profile))})")
    settings = load_yaml(path)
    base = settings.pop("extends", None)
    return settings if base is None else _merged(_settings(folder, str(base), (*heirs, profile)), settings)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, section by section."""
    both = {key: _merged(base[key], value) for key, value in changes.items() if isinstance(value, dict) and isinstance(base.get(key), dict)}
    return base | changes | both


def _registered(file: str) -> str:
    """The name in the registry that stands for the archive `file`."""
    return EACH_SYNSET if file.endswith(".tar") else file


@cache
def _hash_of(path: str) -> str:
    try:
        return sha256_of(Path(path))
    except FileNotFoundError:
        raise LarvSegError(f"{path}: no such file; restore it from version control") from None
