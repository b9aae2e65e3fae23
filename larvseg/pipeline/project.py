"""What the configuration files say, at the scale of one profile: experiments, switches, vocabularies, archives, data sets, paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from larvseg import config as c
from larvseg.config import load_yaml, nearest, parse
from larvseg.errors import LarvSegError
from larvseg.methods.method import Method, method_of
from larvseg.pipeline.job import Job
from larvseg.pipeline.stage import Needs
from larvseg.pipeline.stages import ARCHIVE, STAGES
from larvseg.sources.registry import EACH_SYNSET, is_synset_tar, load_registry
from larvseg.vocabulary import Vocabulary
from larvseg.vocabulary.datasets import OWN, load_datasets
from larvseg.vocabulary.synsets import drawn_synsets

CONFIG = Path("workflow/config")
EXPERIMENTS = "experiments.yaml"  # the paper's
SENTENCES = "sentences"  # what stands where a CLIP model is named, of a model of sentences
NO_PROFILES = ("config", "datasets", "experiments", "presets", "sources")  # of the files there
WORDNET = "wordnet.zip"
WHOLE = "winter21_whole.tar"  # every synset of ImageNet-21K
TIMM_TAGS = {"in21k_ft_in1k": "vit_base_patch16_384.augreg_in21k_ft_in1k", "in21k": "vit_base_patch16_224.augreg_in21k"}
# shared by all runs of a profile: manifests and the backbone are made once
SHARED_SWITCHES = ("weak_labels", "normalisation", "backbone_weights", "synsets", "a847_preparation", "precision")
REFERENCE = "data/reference"
CLASS_LISTS = tuple(f"{REFERENCE}/vocabularies/{name}.csv" for name in ("c171", "a150", "a847"))
OBJECT_INFO = f"{REFERENCE}/ade20k/objectInfo150.csv"  # how often the authors of ADE20K count the classes of A150


class Project:
    """The experiments of one profile, with the seeds 0 … `seeds` − 1 (None: as many as the profile says)."""

    def __init__(self, profile: str, folder: Path = CONFIG, seeds: int | None = None):
        parse(c.Selection, {"profile": profile, "seeds": seeds}, "what is selected")
        known = sorted(path.stem for path in folder.glob("*.yaml") if path.stem not in NO_PROFILES)
        if not known:
            raise LarvSegError(f"{folder}: no profiles there; run snakemake and larvseg in the folder of the project")
        if profile not in known:
            raise LarvSegError(f"{folder}: no profile {profile!r}{nearest(profile, known)}")
        self.name, self.profile_path = profile, folder / f"{profile}.yaml"
        self.profile = load_profile(profile, folder)
        self.seeds = tuple(range(seeds or self.profile.seeds))
        self.registry = load_registry(Path(self.profile.registry)) if self.profile.registry else None
        self._datasets = folder / "datasets.yaml"
        self.data = load_datasets(self._datasets)
        self.where = folder / self.profile.experiments
        self.experiments: c.Experiments = parse(c.Experiments, load_yaml(self.where), self.where)
        presets = load_yaml(folder / "presets.yaml")
        if self.profile.preset not in presets:
            raise LarvSegError(f"{folder}/{profile}.yaml: no preset {self.profile.preset!r}{nearest(self.profile.preset, list(presets))}")
        for name, switches in presets.items():
            parse(c.Switches, switches, f"{folder}/presets.yaml: {name}")
        self.preset = presets[self.profile.preset]
        self._check()

    def _check(self) -> None:
        for method in self.profile.quoted:
            method_of(method, f"{self.profile_path}: quoted")
        for dataset in self.profile.windows:
            if dataset not in self.data.entries:
                raise LarvSegError(f"{self.profile_path}: windows: no data set {dataset!r}{nearest(dataset, list(self.data))}")
        for stage in self.profile.minutes_of:
            if stage not in STAGES:
                raise LarvSegError(f"{self.profile_path}: minutes_of: no stage {stage!r}{nearest(stage, list(STAGES))}")
        for name, run in self.experiments.runs.items():
            method_of(run.method, f"{self.where}: run {name!r}")
            for dataset in run.training_data:
                if dataset not in self.data.entries:
                    raise LarvSegError(f"{self.where}: run {name!r}: no data set {dataset!r}{nearest(dataset, list(self.data))}")
            if run.benchmark not in self.data.entries:
                raise LarvSegError(f"{self.where}: run {name!r}: no benchmark {run.benchmark!r}{nearest(run.benchmark, list(self.data))}")
            for switch in set(run.switches) & set(SHARED_SWITCHES):
                raise LarvSegError(f"{self.where}: run {name!r}: {switch} holds for a whole profile; choose it in a preset")
            if run.model_of and run.model_of not in self.experiments.runs:
                raise LarvSegError(
                    f"{self.where}: run {name!r}: model_of: no run {run.model_of!r}{nearest(run.model_of, list(self.experiments.runs))}"
                )
        named = [(f"table {name!r}", row.run) for name, table in self.experiments.tables.items() for row in table.rows]
        named += [(f"diagnostics {name}", run) for name, diagnosed in self.experiments.diagnostics.items() for run in diagnosed.runs]
        named += [("first", run) for run in self.experiments.first]
        named += [("figure5", model.run) for model in (self.experiments.figure5.models if self.experiments.figure5 else ())]
        figures = {name: getattr(self.experiments, name) for name in ("figure1", "figure2", "figure3", "figure4")}
        named += [(name, figure.run) for name in ("figure1", "figure3") if (figure := figures[name])]
        named += [("figure2", model.run) for model in (figures["figure2"].models if figures["figure2"] else ()) if model.run]
        named += [("table1", row.run) for row in self.experiments.table1.rows if row.run]
        shown = [("figure4", method.run) for method in (figures["figure4"].methods if figures["figure4"] else ())]
        for place, run in (*named, *shown):
            if run not in self.experiments.runs:
                raise LarvSegError(f"{self.where}: {place}: no run {run!r}{nearest(run, list(self.experiments.runs))}")
        if figure := self.experiments.overlays:
            shown += [("overlays", run) for run in (figure.run, figure.than, *(method.run for method in figure.methods))]
            for run in (figure.run, figure.than):
                if run not in [method.run for method in figure.methods]:
                    raise LarvSegError(f"{self.where}: overlays: {run!r} is compared but is none of the methods that are shown")
        taken = [(f"run {name!r}: model_of", run.model_of) for name, run in self.experiments.runs.items() if run.model_of]
        in_tables = {row.run for table in self.experiments.tables.values() for row in table.rows}
        for place, run in (*shown, *taken):
            if run not in in_tables:
                raise LarvSegError(f"{self.where}: {place}: {run!r} is in no table, so that nothing makes it")

    @cached_property
    def runtime(self) -> c.Runtime:
        """The profile's runtime, in the precision that the switch of this name chooses."""
        runtime = self.profile.runtime
        if self.switches({}).precision == "float32":
            return runtime.model_copy(update={"precision": "float32", "tf32": False})
        return runtime

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

    def fetched(self, backbone: c.Backbone) -> str | None:
        """The archive with the weights of `backbone`; None where the DAG trains them, or they are a file of the user's."""
        if backbone.weights == "timm":
            return f"{self.timm_tag}.safetensors"
        return backbone.weights if self.registry and backbone.weights in self.registry.archives else None

    @property
    def comparators(self) -> c.Comparators:
        """The settings of the comparators; LarvSegError in a profile without them."""
        if self.profile.comparators is None:
            raise LarvSegError(f"{self.profile_path}: has no comparators; the rows of language-guided methods are quoted there")
        return self.profile.comparators

    @property
    def features_config(self) -> c.Backbone | None:
        """ReCo's feature network; None where it is the profile's backbone, or there is no ReCo."""
        return self.profile.comparators.reco.features if self.profile.comparators else None

    @cached_property
    def synsets(self) -> tuple[str, ...]:
        """The ImageNet synsets whose images are used."""
        if self.profile.drawn:
            return drawn_synsets()
        listed = [self.vocabulary(dataset).synsets for dataset in self.data if self.data[dataset].synsets]
        wanted = {wnid for synsets in listed for wnids in synsets.values() for wnid in wnids}
        released = self.registry.archives.get(EACH_SYNSET) if self.registry else None
        return tuple(sorted(wanted - set(released.absent if released else ())))

    def vocabulary(self, dataset: str) -> Vocabulary:
        """The vocabulary of `dataset` with the synsets that the switch of this name chooses."""
        return self.data.vocabulary(dataset, drawn=self.profile.drawn, synsets=self.switches({}).synsets)

    @property
    def whole(self) -> bool:
        """All of ImageNet-21K is read from one archive."""
        return self.profile.whole_imagenet and not self.profile.drawn

    @cached_property
    def families(self) -> dict[str, tuple[str, ...]]:
        """The archive files of each family."""
        families: dict[str, tuple[str, ...]] = {}
        for dataset in self.datasets:
            entry = self.data[dataset]
            files = entry.archives if entry.archives else tuple(f"{wnid}.tar" for wnid in self.synsets)
            families[entry.family] = tuple(dict.fromkeys((*families.get(entry.family, ()), *files)))
        if self.of_the_paper:
            families["wordnet"] = (WORDNET,)
        networks = (self.profile.backbone, *((self.features_config,) if self.features_config else ()))
        clip = self.profile.comparators.clip.values() if self.profile.comparators else ()
        weights = [*map(self.fetched, networks), *(model.weights for model in clip if model.weights != "train")]
        if files := tuple(dict.fromkeys(file for file in weights if file)):
            families["weights"] = files
        if self.whole:
            families["imagenet_whole"] = (WHOLE,)
        return families

    @property
    def official(self) -> tuple[str, ...]:
        """The archive files that are fetched or drawn: all but those of a user's own data sets."""
        return tuple(file for family, files in self.families.items() if not family.startswith(OWN) for file in files)

    @property
    def drawn_list(self) -> tuple[str, ...]:
        """The list of what the miniature draws, where the profile draws."""
        return (f"{REFERENCE}/miniature/classes.csv",) if self.profile.drawn else ()

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that have a manifest in this profile: those that some run or network sees, and those that are counted anyway."""
        seen = [self.experiments.runs[run] for run in dict.fromkeys((*(run for run, _ in self.trained), *self.object_runs))]
        used = {dataset for run in seen for dataset in (*run.training_data, run.benchmark)}
        if self.profile.backbone.weights == "pretrain":
            used.add(self.profile.pretraining.dataset)
        if comparators := self.profile.comparators:
            used.add(comparators.zeroshot)
            if not any(model.weights == "train" for model in comparators.clip.values()):
                used.discard(comparators.pairs)  # nobody has the images that published CLIP models were trained on
        return tuple(name for name in self.data if name in used or (self.of_the_paper and self.data[name].counted))

    def archives_of(self, dataset: str) -> tuple[str, ...]:
        """The paths of the archives behind the manifest of `dataset`."""
        entry = self.data.read(dataset, self.prepared, self.whole)
        if entry.archives:
            images = (entry.training.images.partition("/")[0],) if entry.training.narratives else ()  # which are another data set's
            files = (*images, *entry.archives)
        elif entry.synsets:
            candidates = {wnid for wnids in self.vocabulary(dataset).synsets.values() for wnid in wnids}
            files = tuple(f"{wnid}.tar" for wnid in self.synsets if wnid in candidates)
        else:
            files = tuple(f"{wnid}.tar" for wnid in self.synsets)
        return tuple(map(self.archive, files))

    def archive(self, file: str) -> str:
        """Where the archive `file` lies."""
        folder = "winter21_whole/" if is_synset_tar(file) else ""
        return f"{ARCHIVE.format(profile=self.name)}{folder}{file}"

    def manifest(self, dataset: str) -> str:
        """Where the manifest of `dataset` lies."""
        return self.path("derive", "manifest", dataset=dataset)

    def base_of(self, benchmark: str) -> str:
        """The data set whose categories are base in `benchmark`; LarvSegError where none is named."""
        if (base := self.data[benchmark].base) is None:
            raise LarvSegError(
                f"{self._datasets}: {benchmark}: base: name the data set of the base categories, which tables and figures show"
            )
        return base

    @property
    def frozen(self) -> bool:
        """The backbone stays as it is: its features are computed once, and runs train a neck on them."""
        return self.profile.backbone.neck is not None

    def text_model(self, role: str) -> str:
        """The model that embeds class names for methods that ask for the one with this role."""
        return SENTENCES if self.profile.sentences else getattr(self.comparators.roles, role)

    @property
    def backbone(self) -> str:
        """Where the backbone lies that every run starts from."""
        return f"results/{self.name}/backbone/model.safetensors"

    @property
    def feature_network(self) -> str:
        """Where the network lies that ReCo sees images with."""
        return f"results/{self.name}/backbone/features.safetensors" if self.features_config else self.backbone

    @property
    def of_the_paper(self) -> bool:
        """The experiments are the paper's, so that its data sets are counted (Table 2) and its synsets resolved again."""
        return self.profile.experiments == EXPERIMENTS

    @cached_property
    def places(self) -> dict[str, str]:
        """What the fields of a stage's outputs stand for that are no wildcards: the profile, and the folders of its tables and its report.

        The profiles of the paper's experiments write the same tables, those that `snakemake results/table3.csv` means; a profile with
        experiments of its own has folders for them.
        """
        below = "" if self.of_the_paper else f"/{self.name}"
        return {"profile": self.name, "tables": f"results{below}", "reports": f"reports{below}"}

    def path(self, rule: str, role: str, **wildcards: object) -> str:
        """Where a job of the stage `rule` writes its output `role`."""
        return STAGES[rule].outputs[role].format(**self.places, **wildcards)

    def pattern(self, path: str) -> str:
        """The output `path` of a stage with its wildcards left in it."""
        for field, place in self.places.items():
            path = path.replace(f"{{{field}}}", place)
        return path

    def job(
        self,
        rule: str,
        settings: c.Model,
        inputs: dict[str, str],
        reads: Iterable[str] = (),
        reference: Iterable[str] = (),
        *,
        modules: tuple[str, ...] = (),
        outputs: dict[str, str] | None = None,
        needs: Needs | None = None,
        **wildcards: object,
    ) -> Job:
        """The job of the stage `rule` that `wildcards` name. `outputs`, `needs`: where they are not those of the stage."""
        stage, texts = STAGES[rule], {key: str(value) for key, value in wildcards.items()}
        return Job(
            rule,
            stage.job.format(**texts),
            texts,
            settings,
            inputs,
            {role: self.path(rule, role, **texts) for role in stage.outputs} if outputs is None else outputs,
            needs or stage.needs,
            tuple(dict.fromkeys(reads)),
            (*reference, *stage.reference),
            modules,
        )

    def threads(self, needs: Needs) -> int:
        """How many threads a job takes."""
        profile = self.profile
        pretraining = profile.pretraining.threads if profile.pretraining else profile.runtime.threads
        settings = {"drawing": profile.drawing_threads, "deriving": profile.deriving_threads, "pretraining": pretraining}
        return {"one": 1, "running": profile.runtime.threads, **settings}[needs.threads]

    def memory_mb(self, needs: Needs) -> int:
        """How much memory a job takes."""
        fixed = self.profile.memory_mb if needs.memory_mb is None else needs.memory_mb
        return fixed + needs.memory_mb_of_a_thread * self.threads(needs)

    def minutes(self, job: Job) -> int:
        """How long a job may take, as the profile says of its stage, or the stage itself, or the profile of all others."""
        default = self.profile.minutes if job.needs.minutes is None else job.needs.minutes
        return self.profile.minutes_of.get(job.rule, default)

    @property
    def prepared(self) -> bool:
        """A847 is read after the published preparation."""
        return self.switches({}).a847_preparation == "published"

    @property
    def choice(self) -> tuple[str, ...]:
        """Profile and seeds as `snakemake --config` says them."""
        return f"profile={self.name}", f"seeds={len(self.seeds)}"

    def evaluation_of(self, run: str) -> c.Evaluation:
        """The test-time protocol of a run."""
        return self.profile.evaluation.model_copy(update={"size": self.switches(self.experiments.runs[run].switches).evaluation_size})

    def kind_of(self, dataset: str) -> c.Kind:
        """How the images of `dataset` are labelled."""
        return self.data[dataset].kind

    def masked(self, run: str) -> str:
        """The data set with masks that `run` is trained on; LarvSegError if it has none."""
        for dataset in self.experiments.runs[run].training_data:
            if self.kind_of(dataset) == "pixel":
                return dataset
        raise LarvSegError(f"{self.where}: run {run!r}: none of its training data has masks")

    def method(self, run: str) -> Method:
        """What the method of `run` is made of."""
        return method_of(self.experiments.runs[run].method)

    def seeds_of(self, run: str) -> tuple[int, ...]:
        """The seeds that `run` is made with: the first alone where nothing is trained."""
        return self.seeds if self.method(run).depends_on_seed else self.seeds[:1]

    def quoted(self, run: str) -> bool:
        """`run` is not run in this profile: its row of a table has the published numbers alone."""
        roles = set(self.method(run).clips) - ({"text"} if self.profile.sentences else set())
        without_clip = self.profile.comparators is None and bool(roles)
        return self.experiments.runs[run].method in self.profile.quoted or without_clip

    @cached_property
    def trained(self) -> tuple[tuple[str, int], ...]:
        """Every (run, seed) that some table asks for and that is not quoted, once."""
        runs = dict.fromkeys(row.run for table in self.experiments.tables.values() for row in table.rows)
        return tuple((run, seed) for run in runs if not self.quoted(run) for seed in self.seeds_of(run))

    @property
    def object_runs(self) -> tuple[str, ...]:
        """The runs over all synsets of ImageNet-21K, in profiles that have them all; no benchmark measures them."""
        return self.runs_over_synsets if self.profile.drawn or self.profile.whole_imagenet else ()

    @property
    def runs_over_synsets(self) -> tuple[str, ...]:
        """The same, whether or not this profile has the images."""
        return tuple(name for name, run in self.experiments.runs.items() if not self.data.has_names(run.benchmark))

    def split(self, name: str) -> tuple[str, int]:
        """(run, seed) of <run>.seed<seed>; LarvSegError for an unknown run."""
        run, _, seed = name.rpartition(".seed")
        if run not in self.experiments.runs:
            raise LarvSegError(f"{self.where}: no run {run!r}{nearest(run, list(self.experiments.runs))}")
        return run, int(seed)

    def switches(self, overrides: dict[str, Any]) -> c.Switches:
        """The switches of the profile's preset with `overrides`."""
        return parse(c.Switches, {**self.preset, **overrides}, f"{self.where}: switches")


def load_profile(name: str, folder: Path = CONFIG) -> c.Profile:
    """The profile `name` as its file says, alone: what it refers to need not be there."""
    return parse(c.Profile, _settings(folder, name), folder / f"{name}.yaml")


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


def selected(profile: str | None = None, seeds: int | None = None) -> Project:
    """The project of `profile` with so many `seeds`; by default those that workflow/config/config.yaml selects.

    Raises LarvSegError outside the folder of the project.
    """
    chosen = selection()
    return Project(profile or chosen.profile, seeds=chosen.seeds if seeds is None else seeds)


def selection(changes: Mapping[str, Any] = MappingProxyType({})) -> c.Selection:
    """What workflow/config/config.yaml selects, with `changes` in its place, those of `snakemake --config`.

    Raises LarvSegError outside the folder of the project, and for anything else than a profile and a number of seeds.
    """
    path = CONFIG / "config.yaml"
    if not path.is_file():
        raise LarvSegError(f"{path}: no such file; run this in the folder of the project")
    written = load_yaml(path)
    if unknown := sorted(set(changes) - set(c.Selection.model_fields)):
        edited = CONFIG / f"{changes.get('profile', written.get('profile'))}.yaml"
        raise LarvSegError(f"--config {unknown[0]}: only profile and seeds can be chosen there; edit {edited}")
    return parse(c.Selection, written | changes, f"--config, {path}" if changes else path)
