"""The backbone, and the runs that are trained from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from larvseg import config as c
from larvseg.config import parse
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import CONFIG, Project
from larvseg.pipeline.stages import STAGES

LABELLED = ("multi_label", "pixel", "single_label")


def networks(project: Project) -> Iterator[Job]:
    """The networks that runs start from."""
    yield pretrain(project, "backbone")
    if project.features_config:
        yield pretrain(project, "features")


def pretrain(project: Project, network: str) -> Job:
    """Make the `backbone` that every run starts from, or the network of ReCo's `features`."""
    profile, stage, features = project.profile, STAGES["pretrain"], network == "features"
    backbone = project.features_config if features else profile.backbone
    pretrains, archive = backbone.weights == "pretrain", project.fetched(backbone)
    settings = c.PretrainConfig(
        profile=project.name,
        backbone=backbone if features else project.backbone_config,
        pretraining=profile.pretraining,
        normalisation=project.switches({}).normalisation,
        runtime=profile.runtime.model_copy(update={"threads": project.threads(stage.needs)}),
    )
    objects = profile.pretraining.dataset if pretrains else None
    inputs = {"manifest": project.manifest(objects)} if objects else {}
    if archive:
        inputs["weights"] = project.archive(archive)
    return project.job(
        "pretrain",
        settings,
        inputs,
        project.archives_of(objects) if objects else (),
        () if inputs else (backbone.weights,),  # a file of the user's
        outputs={"model": project.feature_network if features else project.backbone},
        needs=replace(stage.needs, foundation=not features),
        network=network,
    )


def train(project: Project, run: str, seed: int) -> Job:
    """Train `run` with `seed`."""
    described = project.experiments.runs[run]
    settings = train_config(project, run, seed)
    inputs = {"backbone": project.backbone, **{dataset: project.manifest(dataset) for dataset in described.training_data}}
    if described.method == "lseg":
        inputs["text"] = project.path("embed", "text", clip=project.comparators.roles.text, dataset=project.masked(run))
    reads = (path for dataset in described.training_data for path in project.archives_of(dataset))
    return project.job("train", settings, inputs, reads, run=run, seed=seed)


def train_config(project: Project, name: str, seed: int) -> c.TrainConfig:
    """The resolved configuration of the run `name`: everything that decides its weights."""
    profile, run = project.profile, project.experiments.runs[name]
    switches = project.switches(run.switches)
    for dataset in run.training_data:
        if project.kind_of(dataset) not in LABELLED:
            raise LarvSegError(f"{project.where}: run {name!r}: {run.method} learns from labels, {dataset} has captions or pictures alone")
    # weak data sets first, as the ranks of the official configurations: [WA150, C171, I124]
    ordered = sorted(run.training_data, key=lambda dataset: LABELLED.index(project.kind_of(dataset)))
    return c.TrainConfig(
        run=name,
        profile=project.name,
        method=run.method,
        benchmark=run.benchmark,
        training_sets=tuple(_training_set(project, run, dataset, place, ordered, switches) for place, dataset in enumerate(ordered)),
        backbone=project.backbone_config,
        attention=_attention(project, name, run),
        switches=switches,
        optimiser=profile.optimiser,
        steps=profile.steps,
        ranks=profile.ranks,
        images_per_rank=profile.images_per_rank,
        sample_classes=run.sample_classes,
        seed=seed,
        runtime=profile.runtime,
    )


def _training_set(project: Project, run: c.Run, dataset: str, place: int, ordered: list[str], switches: c.Switches) -> c.TrainingSet:
    kind, profile = project.kind_of(dataset), project.profile
    weak = kind != "pixel"
    attends = weak and run.method == "larvseg" and (run.attend is None or dataset in run.attend)
    # the released configurations raise λ_cls to 0.2 for all but the plain WA150 runs
    released = switches.lambda_cls == "released" and run.method == "larvseg" and set(run.training_data) != {"C171", "WA150"}
    return c.TrainingSet(
        name=dataset,
        kind=kind,
        augmentation=profile.object_augmentation if kind == "single_label" else profile.scene_augmentation,
        lambda_cls=(run.lambda_cls if run.lambda_cls is not None else 0.2 if released else 0.1) if weak else 0.0,
        lambda_aux=0.1 if attends else 0.0,
        ranks=len(range(place, profile.ranks, len(ordered))),
    )


def published_top_k(project: Project, run: c.Run) -> int:
    """The K of the paper that `run` asks for, before the profile maps it to its patch grid."""
    released = project.switches(run.switches).top_k == "released" and "I124" in run.training_data
    return run.attention.get("top_k", 40 if released else 20)


def _attention(project: Project, name: str, run: c.Run) -> c.Attention:
    settings = dict(run.attention)
    settings.setdefault("variant", "cross_image" if run.method == "larvseg" else "none")
    published, mapped = str(published_top_k(project, run)), project.profile.top_k
    if published not in mapped:
        raise LarvSegError(f"{CONFIG}/{project.name}.yaml: top_k maps no {published}, which run {name!r} of {project.where} asks for")
    return parse(c.Attention, {**settings, "top_k": mapped[published]}, f"{project.where}: run {name!r}: attention")
