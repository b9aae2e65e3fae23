"""What the methods of Table 3 are made of beside the backbone: runs, CLIP, text tables, mask proposals, ReCo's references."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg import config as c
from larvseg.config import nearest, parse
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.data import class_list_files
from larvseg.pipeline.jobs.training import features_of, train
from larvseg.pipeline.project import REFERENCE, SENTENCES, WORDNET, Project


def jobs(project: Project) -> Iterator[Job]:
    """All of them."""
    if project.profile.sentences and any(project.method(run).text for run, _ in project.trained):
        yield from (embed(project, SENTENCES, dataset) for dataset in embedded(project))
    for name in clips(project):
        yield clip(project, name)
        yield from (embed(project, name, dataset) for dataset in embedded(project))
        yield zeroshot(project, name)
    if any(project.method(run).maker == "retrieve" for run, _ in project.trained):
        yield index(project, project.comparators.reco.dataset)
    yield from (make(project, run, seed) for run, seed in made(project))


def maker(project: Project, run: str) -> str | None:
    """The stage that makes the model of `run`; None where it has none of its own."""
    return None if project.experiments.runs[run].model_of else project.method(run).maker


def make(project: Project, run: str, seed: int) -> Job:
    """Make the model of `run` with `seed`."""
    return {"train": train, "propose": propose, "retrieve": retrieve}[project.method(run).maker](project, run, seed)


def made(project: Project) -> tuple[tuple[str, int], ...]:
    """Every (run, seed) whose model is made: for a table, or because it is looked at."""
    two, three, first = project.experiments.figure2, project.experiments.figure3, project.seeds[0]
    grouped = ((row.run, seed) for row in project.experiments.table1.rows if row.run for seed in project.seeds_of(row.run))
    shown = ((each.run, first) for each in (*(two.models if two else ()), *((three,) if three else ())) if each.run)
    pairs = (*project.trained, *grouped, *shown, *((run, first) for run in project.object_runs))
    return tuple(pair for pair in dict.fromkeys(pairs) if maker(project, pair[0]))


def parts(project: Project, run: str, seed: int) -> Iterator[tuple[str, Job]]:
    """(config.json, job) of every model that `run` is made of, but for the backbone."""
    source = project.experiments.runs[run].model_of or run
    models = [make(project, source, seed)] if project.method(run).maker else []
    yield from ((job.outputs["config"], job) for job in (*models, *(clip(project, name) for name in _clips_of(project, run))))


def backbone_title(project: Project, run: str) -> str:
    """What tables call the network that `run` sees images with."""
    if project.method(run).clip == "dense" and not project.quoted(run):
        return project.comparators.clip[project.comparators.roles.dense].title
    return project.profile.backbone.title


def embedded(project: Project) -> tuple[str, ...]:
    """The data sets whose class names are embedded: benchmarks, and what methods that know classes by their names are trained on."""
    return tuple(name for name in project.datasets if project.kind_of(name) == "pixel")


def clips(project: Project) -> tuple[str, ...]:
    """The CLIP models that some run needs."""
    return tuple(dict.fromkeys(name for run, _ in project.trained for name in _clips_of(project, run)))


def _clips_of(project: Project, run: str) -> tuple[str, ...]:
    if project.profile.comparators is None:
        return ()
    return tuple(dict.fromkeys(getattr(project.comparators.roles, role) for role in project.method(run).clips))


def clip(project: Project, name: str) -> Job:
    """Train or load the CLIP model `name`."""
    comparators = project.comparators
    if name not in comparators.clip:
        raise LarvSegError(f"{project.profile_path}: no CLIP model {name!r}{nearest(name, list(comparators.clip))}")
    model = comparators.clip[name]
    trains = model.weights == "train"
    settings = c.ClipConfig(
        profile=project.name,
        drawn=project.profile.drawn,
        name=name,
        model=model,
        dataset=comparators.pairs,
        training=comparators.clip_training if trains else None,
        runtime=project.runtime,
    )
    if trains:
        pairs = comparators.pairs
        return project.job("clip", settings, {pairs: project.manifest(pairs)}, project.archives_of(pairs), clip=name)
    return project.job("clip", settings, {"weights": project.archive(model.weights)}, clip=name)


def embed(project: Project, name: str, dataset: str) -> Job:
    """Embed the class names of `dataset` by the CLIP model `name`, or by the profile's model of sentences."""
    profile, classes = project.profile, project.data.classes(dataset)
    sentences = profile.sentences if name == SENTENCES else None
    settings = c.TextConfig(
        clip=name,
        sentences=sentences,
        prompts=sentences.prompts if sentences else project.comparators.prompts,
        dataset=dataset,
        classes=classes,
        drawn=profile.drawn,
        runtime=project.runtime,
    )
    prompts = f"{REFERENCE}/prompts/{settings.prompts}.txt"
    reference = dict.fromkeys((*class_list_files(classes), *project.drawn_list, prompts))
    inputs = {} if sentences else {"clip": project.path("clip", "model", clip=name)}
    return project.job("embed", settings, inputs, reference=reference, clip=name, dataset=dataset)


def zeroshot(project: Project, name: str) -> Job:
    """Measure the CLIP model `name` on object images."""
    settings = c.ZeroShotConfig(clip=name, dataset=project.comparators.zeroshot, runtime=project.runtime)
    text = project.path("embed", "text", clip=name, dataset=project.data.benchmark_of(settings.dataset))
    inputs = {"clip": project.path("clip", "model", clip=name), "text": text, "manifest": project.manifest(settings.dataset)}
    return project.job("zeroshot", settings, inputs, project.archives_of(settings.dataset), clip=name)


def index(project: Project, dataset: str) -> Job:
    """Embed the images that ReCo retrieves from."""
    settings = c.IndexConfig(dataset=dataset, batch_size=project.comparators.reco.batch_size, runtime=project.runtime)
    inputs = {"index": project.manifest(dataset), "retrieval": clip_of(project, "retrieval")}
    return project.job("index", settings, inputs, project.archives_of(dataset), dataset=dataset)


def retrieve(project: Project, run: str, seed: int) -> Job:
    """Make ReCo's references."""
    benchmark, settings = project.experiments.runs[run].benchmark, project.comparators.reco
    config = c.RecoConfig(
        run=run,
        profile=project.name,
        drawn=project.profile.drawn,
        benchmark=benchmark,
        dataset=settings.dataset,
        retrieved=settings.retrieved,
        image_size=settings.image_size,
        features=project.features_config or project.backbone_config,
        normalisation=project.switches({}).normalisation,
        runtime=project.runtime,
    )
    inputs = {
        "index": project.manifest(config.dataset),
        "embeddings": project.path("index", "embeddings", dataset=config.dataset),
        "retrieval": clip_of(project, "retrieval"),
        "retrieval_text": text_of(project, "retrieval", benchmark),
        "clip": clip_of(project, "dense"),
        "text": text_of(project, "dense", benchmark),
        "features": project.feature_network,
    }
    return project.job("retrieve", config, inputs, project.archives_of(config.dataset), _prompt_files(project), run=run, seed=seed)


def propose(project: Project, run: str, seed: int) -> Job:
    """Train the mask proposals of ZSBaseline or OpenSeg."""
    method, comparators = project.experiments.runs[run].method, project.comparators
    settings: c.Proposing | None = getattr(comparators, method)
    if settings is None:
        raise LarvSegError(f"{project.profile_path}: comparators: say how {method} is trained, or name it among `quoted`")
    datasets = [dataset for dataset in project.experiments.runs[run].training_data if dataset != comparators.pairs]  # CLIP has seen those
    if not datasets:
        raise LarvSegError(f"{project.where}: run {run!r}: training_data: name the data sets that regions are proposed from, too")
    config = c.ProposeConfig(
        run=run,
        profile=project.name,
        drawn=project.profile.drawn,
        method=method,
        training_sets=tuple(_proposing_set(project, settings, dataset) for dataset in datasets),
        backbone=project.backbone_config,
        head=settings.head,
        classification=settings.classification,
        grounding=None if settings.classification else _grounding(project, settings),
        switches=project.switches({}),
        optimiser=settings.optimiser,
        clip_norm=settings.clip_norm,
        steps=settings.steps,
        ranks=len(datasets),
        images_per_rank=settings.images // len(datasets),
        seed=seed,
        runtime=project.runtime,
    )
    inputs = {"backbone": project.backbone, **{dataset: project.manifest(dataset) for dataset in datasets}}
    if config.grounding:
        inputs |= {"clip": clip_of(project, "text"), "wordnet": project.archive(WORDNET)}
    else:
        inputs["text"] = text_of(project, project.method(run).text, project.masked(run))
    reads = (path for dataset in datasets for path in project.archives_of(dataset))
    reference = _prompt_files(project) if config.grounding else ()
    return project.job("propose", config, inputs, reads, reference, run=run, seed=seed)


def _proposing_set(project: Project, settings: c.Proposing, dataset: str) -> c.TrainingSet:
    scenes = settings.augmentation or project.profile.scene_augmentation
    augmentation = (settings.caption_augmentation or scenes) if project.kind_of(dataset) == "caption" else scenes
    return c.TrainingSet(name=dataset, kind=project.kind_of(dataset), augmentation=augmentation, ranks=1)


def _grounding(project: Project, settings: c.Proposing) -> c.Grounding:
    said = {"clip": project.comparators.roles.text, "prompts": project.comparators.prompts, **settings.grounding}
    return parse(c.Grounding, said, f"{project.profile_path}: openseg.grounding")


def _prompt_files(project: Project) -> tuple[str, ...]:
    return (f"{REFERENCE}/prompts/{project.comparators.prompts}.txt",)


def clip_of(project: Project, role: str) -> str:
    """Where the CLIP model lies that has the role `role`."""
    return project.path("clip", "model", clip=getattr(project.comparators.roles, role))


def text_of(project: Project, role: str, dataset: str) -> str:
    """Where the embeddings of the classes of `dataset` lie that this model gives."""
    return project.path("embed", "text", clip=project.text_model(role), dataset=dataset)


def predictor_inputs(project: Project, run: str, seed: int, features: bool = False) -> dict[str, str]:
    """What `run` is made of when it segments: role → path. `features`: where a network is frozen, it gets its features, not images."""
    method, inputs = project.method(run), {}
    if method.maker:
        inputs |= own_files(project, run, seed)
    if method.clip:
        inputs["clip"] = clip_of(project, method.clip)
    if method.text:
        inputs["text"] = text_of(project, method.text, project.experiments.runs[run].benchmark)
    if method.features:
        inputs["features"] = project.feature_network
    if project.frozen and features:
        inputs |= features_of(project, project.experiments.runs[run].benchmark, "validation", "index")
    elif project.frozen:
        inputs |= frozen_network(project)
    return inputs


def frozen_network(project: Project) -> dict[str, str]:
    """The network in front of a neck, by its role; nothing where the backbone is trained."""
    return {"frozen": project.path("freeze", "model")} if project.frozen else {}


def own_files(project: Project, run: str, seed: int) -> dict[str, str]:
    """The model of `run` and its configuration."""
    source = project.experiments.runs[run].model_of or run
    return {role: project.path("train", role, run=source, seed=seed) for role in ("model", "config")}
