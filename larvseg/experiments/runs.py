"""From a run of `experiments.yaml` to everything that decides its weights."""

from __future__ import annotations

from larvseg import config as c
from larvseg.config import nearest, parse
from larvseg.errors import LarvSegError
from larvseg.experiments.setup import CONFIG, Setup

LABELLED = ("multi_label", "pixel", "single_label")


class Runs(Setup):
    """The runs at the scale of a profile."""

    def train_config(self, name: str, run: c.Run, seed: int) -> c.TrainConfig:
        """The resolved configuration of a run: everything that decides its weights."""
        profile, switches = self.profile, self.switches(run.switches)
        for dataset in run.training_data:
            if c.kind_of(dataset) not in LABELLED:
                raise LarvSegError(f"{self.where}: run {name!r}: {run.method} learns from labels, {dataset} has captions or pictures alone")
        # weak data sets first, as the ranks of the official configurations: [WA150, C171, I124]
        ordered = sorted(run.training_data, key=lambda dataset: LABELLED.index(c.kind_of(dataset)))
        return c.TrainConfig(
            run=name,
            profile=self.name,
            method=run.method,
            benchmark=run.benchmark,
            training_sets=tuple(self._training_set(run, dataset, position, ordered, switches) for position, dataset in enumerate(ordered)),
            backbone=self.backbone_config,
            attention=self._attention(name, run),
            switches=switches,
            optimiser=profile.optimiser,
            steps=profile.steps,
            ranks=profile.ranks,
            images_per_rank=profile.images_per_rank,
            sample_classes=run.sample_classes,
            seed=seed,
            runtime=profile.runtime,
        )

    def evaluation_of(self, run: str) -> c.Evaluation:
        """The test-time protocol of a run."""
        return self.profile.evaluation.model_copy(update={"size": self.switches(self.experiments.runs[run].switches).evaluation_size})

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
            lambda_cls=(run.lambda_cls if run.lambda_cls is not None else 0.2 if released else 0.1) if weak else 0.0,
            lambda_aux=0.1 if attends else 0.0,
            ranks=len(range(position, self.profile.ranks, len(ordered))),
        )

    def published_top_k(self, run: c.Run) -> int:
        """The K of the paper that `run` asks for, before the profile maps it to its patch grid."""
        released = self.switches(run.switches).top_k == "released" and "I124" in run.training_data
        return run.attention.get("top_k", 40 if released else 20)

    def _attention(self, name: str, run: c.Run) -> c.Attention:
        settings = dict(run.attention)
        settings.setdefault("variant", "cross_image" if run.method == "larvseg" else "none")
        published = str(self.published_top_k(run))
        if published not in self.profile.top_k:
            raise LarvSegError(f"{CONFIG}/{self.name}.yaml: top_k maps no {published}, which run {name!r} of {self.where} asks for")
        return parse(c.Attention, {**settings, "top_k": self.profile.top_k[published]}, f"{self.where}: run {name!r}: attention")

    def split(self, name: str) -> tuple[str, int]:
        """(run, seed) of <run>.seed<seed>; LarvSegError for an unknown run."""
        run, _, seed = name.rpartition(".seed")
        if run not in self.experiments.runs:
            raise LarvSegError(f"{self.where}: no run {run!r}{nearest(run, list(self.experiments.runs))}")
        return run, int(seed)
