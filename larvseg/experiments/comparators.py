"""The jobs behind the comparators of Table 3: CLIP, text tables, mask proposals, ReCo."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg import config as c
from larvseg.comparators.registry import JOINT
from larvseg.config import nearest, parse
from larvseg.errors import LarvSegError
from larvseg.experiments.job import Job
from larvseg.experiments.runs import Runs
from larvseg.experiments.setup import LIST_OF, REFERENCE, WORDNET
from larvseg.vocabulary.names import SHARED

TEXT_DATASETS = ("C171", "A150", "A847")
# DenseCLIP is CLIP and a text table, nothing else
MAKERS = dict.fromkeys((*JOINT, "lseg"), "train") | {"zsbaseline": "propose", "openseg": "propose", "reco": "retrieve", "denseclip": None}


class Comparators(Runs):
    """What language-guided methods are made of."""

    @property
    def comparators(self) -> c.Comparators:
        """The settings of the comparators; LarvSegError in a profile without them."""
        if self.profile.comparators is None:
            raise LarvSegError(f"{self.profile_path}: has no comparators; the rows of language-guided methods are quoted there")
        return self.profile.comparators

    def maker(self, run: str) -> str | None:
        """The rule that makes the model of `run`; None where it has none of its own."""
        settings = self.experiments.runs[run]
        return None if settings.model_of else MAKERS[settings.method]

    def parts(self, run: str, seed: int) -> Iterator[tuple[str, Job]]:
        """(config.json, job) of every model that `run` is made of, but for the backbone."""
        settings = self.experiments.runs[run]
        source = settings.model_of or run
        if maker := MAKERS[settings.method]:
            yield self.run_file(source, seed, "config.json"), getattr(self, maker)(f"{source}.seed{seed}")
        yield from ((self.clip_file(name, "config.json"), self.clip(name)) for name in self._clips_of(run))

    def backbone_title(self, run: str) -> str:
        """What tables call the network that `run` sees pictures with."""
        if self.experiments.runs[run].method in ("denseclip", "reco") and not self.quoted(run):
            return self.comparators.clip[self.comparators.roles.dense].title
        return self.profile.backbone.title

    @property
    def made(self) -> tuple[tuple[str, int], ...]:
        """Every (run, seed) whose model is made: for a table, or because it is looked at."""
        two, three, first = self.experiments.figure2, self.experiments.figure3, self.seeds[0]
        grouped = ((row.run, seed) for row in self.experiments.table1.rows if row.run for seed in self.seeds_of(row.run))
        shown = ((each.run, first) for each in (*(two.models if two else ()), *((three,) if three else ())) if each.run)
        pairs = (*self.trained, *grouped, *shown, *((run, first) for run in self.object_runs))
        return tuple(pair for pair in dict.fromkeys(pairs) if self.maker(pair[0]))

    @property
    def clips(self) -> tuple[str, ...]:
        """The CLIP models that some run needs."""
        return tuple(dict.fromkeys(name for run, _ in self.trained for name in self._clips_of(run)))

    def _clips_of(self, run: str) -> tuple[str, ...]:
        roles = {"denseclip": ("dense",), "reco": ("dense", "retrieval"), "zsbaseline": ("crops",), "lseg": ("text",), "openseg": ("text",)}
        wanted = roles.get(self.experiments.runs[run].method, ())
        return tuple(dict.fromkeys(getattr(self.comparators.roles, role) for role in wanted))

    def clip(self, name: str) -> Job:
        """Train or load the CLIP model `name`."""
        comparators = self.comparators
        if name not in comparators.clip:
            raise LarvSegError(f"{self.profile_path}: no CLIP model {name!r}{nearest(name, list(comparators.clip))}")
        model = comparators.clip[name]
        trains = model.weights == "train"
        settings = c.ClipConfig(
            profile=self.name, name=name, model=model, training=comparators.clip_training if trains else None, runtime=self.profile.runtime
        )
        if trains:
            return Job("clip", name, settings, {"ITPair": self.manifest("ITPair")}, self.archives_of("ITPair"))
        return Job("clip", name, settings, {"weights": self.archive(model.weights)})

    def embed(self, name: str) -> Job:
        """Embed the class names of the vocabularies by the CLIP model `name`."""
        prompts = self.comparators.prompts
        settings = c.TextConfig(clip=name, prompts=prompts, datasets=TEXT_DATASETS, drawn=self.profile.drawn, runtime=self.profile.runtime)
        lists = tuple(f"{REFERENCE}/vocabularies/{LIST_OF[dataset]}.csv" for dataset in TEXT_DATASETS)
        reference = (*lists, *self.drawn_list, *self._prompt_files)
        return Job("embed", name, settings, {"clip": self.clip_file(name, "model.safetensors")}, reference=reference)

    def zeroshot(self, name: str) -> Job:
        """Measure the CLIP model `name` on object pictures."""
        settings = c.ZeroShotConfig(clip=name, runtime=self.profile.runtime)
        text = self.text_file(name, SHARED[settings.dataset])
        inputs = {"clip": self.clip_file(name, "model.safetensors"), "text": text, "manifest": self.manifest(settings.dataset)}
        return Job("zeroshot", name, settings, inputs, self.archives_of(settings.dataset))

    def index(self, name: str) -> Job:
        """Embed the pictures that ReCo retrieves from."""
        settings = c.IndexConfig(dataset=name, batch_size=self.comparators.reco.batch_size, runtime=self.profile.runtime)
        inputs = {"index": self.manifest(name), "retrieval": self._clip("retrieval")}
        return Job("index", name, settings, inputs, self.archives_of(name))

    @property
    def features(self) -> str:
        """Where the network lies that ReCo sees pictures with."""
        return self.feature_network if self.features_config else self.backbone

    def retrieve(self, name: str) -> Job:
        """Make ReCo's references: `name` is <run>.seed<seed>."""
        run, _ = self.split(name)
        benchmark, settings = self.experiments.runs[run].benchmark, self.comparators.reco
        config = c.RecoConfig(
            run=run,
            profile=self.name,
            benchmark=benchmark,
            retrieved=settings.retrieved,
            image_size=settings.image_size,
            features=self.features_config or self.backbone_config,
            normalisation=self.switches({}).normalisation,
            runtime=self.profile.runtime,
        )
        inputs = {
            "index": self.manifest(config.dataset),
            "embeddings": self.index_file(config.dataset),
            "retrieval": self._clip("retrieval"),
            "retrieval_text": self._text("retrieval", benchmark),
            "clip": self._clip("dense"),
            "text": self._text("dense", benchmark),
            "features": self.features,
        }
        return Job("retrieve", name, config, inputs, self.archives_of(config.dataset), self._prompt_files)

    def propose(self, name: str) -> Job:
        """Train the mask proposals of ZSBaseline or OpenSeg: `name` is <run>.seed<seed>."""
        run, seed = self.split(name)
        method = self.experiments.runs[run].method
        settings: c.Proposing = getattr(self.comparators, method)
        datasets = [dataset for dataset in self.experiments.runs[run].training_data if dataset != "ITPair"]  # CLIP has seen the pairs
        augmentation = settings.augmentation or self.profile.scene_augmentation
        roles, prompts = self.comparators.roles, self.comparators.prompts
        config = c.ProposeConfig(
            run=run,
            profile=self.name,
            method=method,
            training_sets=tuple(
                c.TrainingSet(
                    name=dataset,
                    kind=c.kind_of(dataset),
                    augmentation=(settings.caption_augmentation or augmentation) if dataset == "LN" else augmentation,
                    ranks=1,
                )
                for dataset in datasets
            ),
            backbone=self.backbone_config,
            head=settings.head,
            classification=settings.classification,
            grounding=parse(
                c.Grounding, {"clip": roles.text, "prompts": prompts, **settings.grounding}, f"{self.profile_path}: openseg.grounding"
            )
            if method == "openseg"
            else None,
            switches=self.switches({}),
            optimiser=settings.optimiser,
            clip_norm=settings.clip_norm,
            steps=settings.steps,
            ranks=len(datasets),
            images_per_rank=settings.images // len(datasets),
            seed=seed,
            runtime=self.profile.runtime,
        )
        inputs = {"backbone": self.backbone, **{dataset: self.manifest(dataset) for dataset in datasets}}
        if method == "openseg":
            inputs |= {"clip": self._clip("text"), "wordnet": self.archive(WORDNET[0])}
        else:
            inputs["text"] = self._text("crops", "C171")
        reads = dict.fromkeys(path for dataset in datasets for path in self.archives_of(dataset))
        return Job("propose", name, config, inputs, tuple(reads), self._prompt_files if method == "openseg" else ())

    @property
    def _prompt_files(self) -> tuple[str, ...]:
        return (f"{REFERENCE}/prompts/{self.comparators.prompts}.txt",)

    def _clip(self, role: str) -> str:
        return self.clip_file(getattr(self.comparators.roles, role), "model.safetensors")

    def _text(self, role: str, dataset: str) -> str:
        return self.text_file(getattr(self.comparators.roles, role), dataset)

    def predictor_inputs(self, run: str, seed: int) -> dict[str, str]:
        """What `run` is made of when it segments: role → path."""
        method, benchmark = self.experiments.runs[run].method, self.experiments.runs[run].benchmark
        own = {} if method == "denseclip" else self._own_files(run, seed)
        match method:
            case "denseclip":
                return {"clip": self._clip("dense"), "text": self._text("dense", benchmark)}
            case "reco":
                return own | {"clip": self._clip("dense"), "text": self._text("dense", benchmark), "features": self.features}
            case "lseg" | "openseg":
                return own | {"text": self._text("text", benchmark)}
            case "zsbaseline":
                return own | {"clip": self._clip("crops"), "text": self._text("crops", benchmark)}
        return own

    def _own_files(self, run: str, seed: int) -> dict[str, str]:
        source = self.experiments.runs[run].model_of or run
        return {role: self.run_file(source, seed, file) for role, file in (("model", "model.safetensors"), ("config", "config.json"))}
