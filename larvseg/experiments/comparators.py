"""The jobs behind the comparators of Table 3: CLIP, text tables, mask proposals, ReCo."""

from __future__ import annotations

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.experiments.job import Job
from larvseg.experiments.runs import Runs
from larvseg.experiments.setup import LIST_OF, REFERENCE

TEXT_DATASETS = ("C171", "A150", "A847")


class Comparators(Runs):
    """What language-guided methods are made of."""

    @property
    def comparators(self) -> c.Comparators:
        """The settings of the comparators; LarvSegError in a profile without them."""
        if self.profile.comparators is None:
            raise LarvSegError(f"{self.profile_path}: has no comparators; the rows of language-guided methods are quoted there")
        return self.profile.comparators

    @property
    def clips(self) -> tuple[str, ...]:
        """The CLIP models that some run needs."""
        return tuple(dict.fromkeys(name for run, _ in self.trained for name in self._clips_of(run)))

    def _clips_of(self, run: str) -> tuple[str, ...]:
        roles = {"denseclip": ("dense",), "reco": ("dense", "retrieval"), "zsbaseline": ("crops",), "lseg": ("text",), "openseg": ("text",)}
        return tuple(getattr(self.comparators.roles, role) for role in roles.get(self.experiments.runs[run].method, ()))

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
        reference = (*lists, *self.drawn_list, f"{REFERENCE}/prompts/{prompts}.txt")
        return Job("embed", name, settings, {"clip": self.clip_file(name, "model.safetensors")}, reference=reference)

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
                return own | {"clip": self._clip("dense"), "text": self._text("dense", benchmark), "features": self.backbone}
            case "lseg" | "openseg":
                return own | {"text": self._text("text", benchmark)}
            case "zsbaseline":
                return own | {"clip": self._clip("crops"), "text": self._text("crops", benchmark)}
        return own

    def _own_files(self, run: str, seed: int) -> dict[str, str]:
        source = self.experiments.runs[run].model_of or run
        return {role: self.run_file(source, seed, file) for role, file in (("model", "model.safetensors"), ("config", "config.json"))}
