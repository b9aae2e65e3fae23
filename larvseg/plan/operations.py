"""What a job of the DAG computes on a GPU, in floating-point operations, by its stage and its configuration."""

from __future__ import annotations

from collections.abc import Callable

from larvseg import config as c
from larvseg.methods.method import method_of
from larvseg.pipeline import Project
from larvseg.pipeline.job import Job
from larvseg.plan import counted
from larvseg.plan.shapes import shape_of
from larvseg.plan.storage import LANDSCAPE, classes_of, images, splits

BACKWARD = 2  # times the forward pass
ASPECT = 4 / 3  # of a validation image: how many sliding windows it takes


def operations(project: Project, job: Job) -> float:
    """Those of `job`: 0 for one that needs no GPU, and for those that see a few images or texts alone.

    Raises LarvSegError for a network that cannot be built.
    """
    return _STAGES[job.rule](project, job.config) if job.rule in _STAGES else 0.0


def step(project: Project, config: c.TrainConfig) -> float:
    """Those of one step of a training: backbone and classifier, forward and backward."""
    total = 0.0
    for training_set in config.training_sets:
        crop = training_set.augmentation.crop
        classes = min(classes_of(project, training_set.name), config.sample_classes or 10**9)
        one = counted.trained(config.backbone, crop, crop) + classifier(config.backbone, crop, crop, classes)
        total += training_set.ranks * config.images_per_rank * one
    return (1 + BACKWARD) * total


def classifier(backbone: c.Backbone, height: int, width: int, classes: int) -> float:
    """Those of the classifier on an image of `height`·`width` pixels: each patch is projected and compared with `classes`."""
    patches = -(-height // backbone.patch_size) * -(-width // backbone.patch_size)
    dim = backbone.neck.dim if backbone.neck else shape_of(backbone).width
    return 2.0 * patches * dim * (dim + classes)


def _train(project: Project, config: c.TrainConfig) -> float:
    return config.steps * step(project, config)


def _propose(project: Project, config: c.ProposeConfig) -> float:
    crops = [training_set.augmentation.crop for training_set in config.training_sets for _ in range(training_set.ranks)]
    one = sum(counted.proposals(config.backbone, config.head, crop, crop) for crop in crops)
    return (1 + BACKWARD) * config.steps * config.images_per_rank * one


def _pretrain(project: Project, config: c.PretrainConfig) -> float:
    """None where the weights are fetched."""
    settings = config.pretraining
    if settings is None or config.backbone.weights != "pretrain":
        return 0.0
    crop = settings.augmentation.crop
    return (1 + BACKWARD) * settings.steps * settings.batch_size * counted.trained(config.backbone, crop, crop)


def _clip(project: Project, config: c.ClipConfig) -> float:
    """None where the weights are fetched."""
    settings = config.training
    return (1 + BACKWARD) * settings.steps * settings.batch_size * counted.pair(config.model) if settings else 0.0


def _extract(project: Project, config: c.ExtractConfig) -> float:
    of = c.VIEWS[config.view] == "validation"
    count = max(splits(project, dataset)[of] for dataset in config.datasets)
    return count * counted.frozen(config.backbone, config.short_side, round(config.short_side * LANDSCAPE))


def _index(project: Project, config: c.IndexConfig) -> float:
    return images(project, config.dataset) * counted.image(_model(project, "retrieval"))


def _zeroshot(project: Project, config: c.ZeroShotConfig) -> float:
    return images(project, config.dataset) * counted.image(project.comparators.clip[config.clip])


def _retrieve(project: Project, config: c.RecoConfig) -> float:
    size = config.image_size
    one = counted.trained(config.features, size, size) + counted.dense(_model(project, "dense"), size, size)
    return classes_of(project, config.benchmark) * config.retrieved * one


def _evaluate(project: Project, config: c.EvaluateConfig) -> float:
    protocol = config.evaluation
    long_side = round(min(protocol.short_side * ASPECT, protocol.long_side))
    if protocol.cell:
        windows, size = 1, (protocol.short_side, long_side)
    else:
        windows, size = max(-(-(long_side - protocol.window) // protocol.stride), 0) + 1, (protocol.window, protocol.window)
    return splits(project, config.benchmark)[1] * windows * _segmented(project, config, *size)


def _segmented(project: Project, config: c.EvaluateConfig, height: int, width: int) -> float:
    """Of one window, by what the method is made of; features of a frozen network are there already."""
    method, backbone, total = method_of(config.method), project.backbone_config, 0.0
    if method.maker == "train":
        total += counted.trained(backbone, height, width) + classifier(backbone, height, width, classes_of(project, config.benchmark))
    if method.maker == "propose":
        head = getattr(project.comparators, config.method).head
        total += counted.proposals(backbone, head, height, width)
        if method.clip == "crops":
            total += head.queries * counted.image(_model(project, "crops"))
    if method.features:
        total += counted.trained(project.features_config or backbone, height, width)
    if method.clip == "dense":
        total += counted.dense(_model(project, "dense"), height, width)
    return total


def _explore(project: Project, config: c.GroupingConfig) -> float:
    size = config.evaluation.short_side, round(min(config.evaluation.short_side * ASPECT, config.evaluation.long_side))
    if config.embedding.source == "denseclip":
        one = counted.dense(_model(project, "dense"), *size)
    else:
        one = counted.trained(project.backbone_config, *size)
        if project.frozen:
            one += counted.frozen(project.backbone_config, *size)
    return splits(project, config.benchmark)[1] * one


def _model(project: Project, role: str) -> c.ClipModel:
    return project.comparators.clip[getattr(project.comparators.roles, role)]


_STAGES: dict[str, Callable[[Project, c.Model], float]] = {
    "pretrain": _pretrain,
    "extract": _extract,
    "train": _train,
    "propose": _propose,
    "clip": _clip,
    "index": _index,
    "zeroshot": _zeroshot,
    "retrieve": _retrieve,
    "evaluate": _evaluate,
    "explore": _explore,
}
