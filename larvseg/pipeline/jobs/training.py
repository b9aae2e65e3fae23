"""The backbone, and the runs that are trained from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from larvseg import config as c
from larvseg.config import VIEWS, parse
from larvseg.errors import LarvSegError
from larvseg.methods.method import method_of
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import Project
from larvseg.pipeline.stages import STAGES
from larvseg.sources.packages import PACKAGE

LABELLED = ("multi_label", "pixel", "single_label")


def networks(project: Project) -> Iterator[Job]:
    """The networks that runs start from, or the features of a frozen one."""
    if project.frozen:
        yield freeze(project)
        families = dict.fromkeys(project.data[dataset].family for dataset in project.datasets)
        yield from (extract(project, family, view) for family in families for view in VIEWS)
    else:
        yield pretrain(project, "backbone")
    if project.features_config:
        yield pretrain(project, "features")


def freeze(project: Project) -> Job:
    """Take the weights of the frozen network."""
    backbone, archive = project.backbone_config, project.fetched(project.profile.backbone)
    inputs = {"weights": project.archive(archive)} if archive else {}
    reference = () if archive or backbone.weights.startswith(PACKAGE) else (backbone.weights,)  # a file of the user's
    return project.job("freeze", c.FreezeConfig(profile=project.name, backbone=backbone), inputs, reference=reference)


def extract(project: Project, family: str, view: str) -> Job:
    """Compute one view of the features of the images of a family of archives."""
    datasets = tuple(dataset for dataset in project.datasets if project.data[dataset].family == family)
    sizes = project.profile.evaluation
    settings = c.ExtractConfig(
        datasets=datasets,
        view=view,
        profile=project.name,
        backbone=project.backbone_config,
        normalisation=project.switches({}).normalisation,
        short_side=sizes.short_side,
        long_side=sizes.long_side,
        runtime=project.runtime,
    )
    inputs = {"frozen": project.path("freeze", "model")} | {dataset: project.manifest(dataset) for dataset in datasets}
    roles = (view, "index") if view == "plain" else (view,)
    outputs = {role: features_of(project, datasets[0], role)[f"{datasets[0]}.{role}"] for role in roles}
    if view == "plain":
        outputs |= {role: path for dataset in datasets for role, path in features_of(project, dataset, "statistics").items()}
    reads = (path for dataset in datasets for path in project.archives_of(dataset))
    return project.job("extract", settings, inputs, reads, outputs=outputs, family=family, view=view)


def features_of(project: Project, dataset: str, *roles: str) -> dict[str, str]:
    """<data set>.<role> → path of the features of the images of `dataset`, for each of `roles`: the views, `index` and `statistics`."""
    folder, family = f"results/{project.name}/features", project.data[dataset].family
    files = {view: f"{family}.{view}.npy" for view in VIEWS} | {"index": f"{family}.arrow", "statistics": f"{dataset}.json"}
    return {f"{dataset}.{role}": f"{folder}/{files[role]}" for role in roles}


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
        runtime=project.runtime.model_copy(update={"threads": project.threads(stage.needs)}),
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
    inputs = {dataset: project.manifest(dataset) for dataset in described.training_data}
    if project.frozen:
        roles = ("plain", "flipped", "index", "statistics")
        inputs |= {role: path for dataset in described.training_data for role, path in features_of(project, dataset, *roles).items()}
    else:
        inputs["backbone"] = project.backbone
    if role := project.method(run).text:
        inputs["text"] = project.path("embed", "text", clip=project.text_model(role), dataset=project.masked(run))
    reads = (path for dataset in described.training_data for path in project.archives_of(dataset))
    return project.job("train", settings, inputs, reads, run=run, seed=seed)


def train_config(project: Project, name: str, seed: int) -> c.TrainConfig:
    """The resolved configuration of the run `name`: everything that decides its weights."""
    profile, run = project.profile, project.experiments.runs[name]
    switches = project.switches(run.switches)
    for dataset in run.training_data:
        if project.kind_of(dataset) not in LABELLED:
            raise LarvSegError(f"{project.where}: run {name!r}: {run.method} learns from labels, {dataset} has captions or images alone")
    # weak data sets first, as the ranks of the official configurations: [WA150, C171, I124]
    ordered = sorted(run.training_data, key=lambda dataset: LABELLED.index(project.kind_of(dataset)))
    return c.TrainConfig(
        run=name,
        profile=project.name,
        drawn=project.profile.drawn,
        method=run.method,
        benchmark=run.benchmark,
        table="text" if project.method(name).text else "learned",
        training_sets=tuple(_training_set(project, run, dataset, place, ordered, switches) for place, dataset in enumerate(ordered)),
        backbone=project.backbone_config,
        attention=_attention(project, name, run),
        switches=switches,
        optimiser=profile.optimiser,
        steps=profile.steps,
        ranks=profile.ranks,
        images_per_rank=profile.images_per_rank,
        loss_downsample=profile.loss_downsample,
        losses=run.losses,
        sample_classes=run.sample_classes,
        seed=seed,
        runtime=project.runtime,
    )


def _training_set(project: Project, run: c.Run, dataset: str, place: int, ordered: list[str], switches: c.Switches) -> c.TrainingSet:
    kind, profile = project.kind_of(dataset), project.profile
    weak = kind != "pixel"
    method = method_of(run.method)
    attends = weak and method.attends and (run.attend is None or dataset in run.attend)
    return c.TrainingSet(
        name=dataset,
        kind=kind,
        augmentation=profile.object_augmentation if kind == "single_label" else profile.scene_augmentation,
        lambda_cls=_weight(project, run, "lambda_cls", switches.lambda_cls) if weak else 0.0,
        lambda_aux=_weight(project, run, "lambda_aux") if attends else 0.0,
        ranks=len(range(place, profile.ranks, len(ordered))),
        windows=profile.windows.get(dataset),
    )


def _weight(project: Project, run: c.Run, name: str, chosen: str = "printed") -> float:
    """A loss weight of `run`: what the run says; else the released configuration, where that is chosen and differs; else the default."""
    released = run.released.lambda_cls if chosen == "released" else None
    said = (getattr(run, name), released, getattr(project.experiments.defaults, name))
    return next(weight for weight in said if weight is not None)


def published_top_k(project: Project, run: c.Run) -> int:
    """The K of the paper that `run` asks for, before the profile scales it to its patch grid."""
    released = run.released.top_k if project.switches(run.switches).top_k == "released" else None
    return run.attention.get("top_k", released or project.experiments.defaults.attention.get("top_k"))


def _attention(project: Project, name: str, run: c.Run) -> c.Attention:
    variant = "cross_image" if project.method(name).attends else "none"
    settings = {"variant": variant, **project.experiments.defaults.attention, **run.attention, "top_k": published_top_k(project, run)}
    published = parse(c.Attention, settings, f"{project.where}: run {name!r}: attention")
    return published.model_copy(update={"top_k": max(1, round(published.top_k * project.profile.top_k_scale))})
