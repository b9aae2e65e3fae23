"""What models do with images: on a benchmark, with one known pixel of each class, and on the few images of a figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from larvseg import config as c
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.methods import clip_of, frozen_network, own_files, predictor_inputs, text_of
from larvseg.pipeline.project import Project
from larvseg.vocabulary import Vocabulary


def jobs(project: Project) -> Iterator[Job]:
    """All of them, each once."""
    yield from (evaluate(project, run, seed) for run, seed in project.trained)
    yield from explorations(project)
    yield from (respond(project, model) for model in figure2_models(project))
    yield from (predict(project, column.run) for column in figure4_methods(project))
    yield from (compare(project, column.run) for column in overlaid(project))
    yield from (recognise(project, model.run) for model in figure5_models(project))
    if figure := project.experiments.figure1:
        yield showcase(project, figure.run)
    if figure := project.experiments.figure3:
        yield attend(project, figure.run)


def evaluate(project: Project, run: str, seed: int) -> Job:
    """Evaluate `run` with `seed` on its benchmark."""
    settings = _evaluate_config(project, run, seed)
    inputs = predictor_inputs(project, run, seed, features=True) | {"manifest": project.manifest(settings.benchmark)}
    reads, modules = project.archives_of(settings.benchmark), (project.method(run).module,)
    return project.job("evaluate", settings, inputs, reads, modules=modules, run=run, seed=seed)


def _evaluate_config(project: Project, name: str, seed: int) -> c.EvaluateConfig:
    run = project.experiments.runs[name]
    return c.EvaluateConfig(
        run=name,
        method=run.method,
        profile=project.name,
        seed=seed,
        benchmark=run.benchmark,
        evaluation=project.evaluation_of(name),
        runtime=project.runtime,
    )


# Table 1 and Figure 2: pixel embeddings


def explored(row: c.Explored, benchmark: str) -> str:
    """What embeddings and the benchmark that they are looked at on are called together."""
    return f"{row.run or row.source}.{benchmark}"


def explored_with(project: Project, row: c.Explored) -> tuple[int, ...]:
    """The seeds of a row of Table 1: the first alone where no segmenter is trained."""
    return project.seeds_of(row.run) if row.run else project.seeds[:1]


def table1_rows(project: Project) -> tuple[c.Table1.Row, ...]:
    """The rows of Table 1 that this profile has: DenseCLIP's are left out where there is no CLIP."""
    return tuple(row for row in project.experiments.table1.rows if row.source != "denseclip" or project.profile.comparators is not None)


def figure2_models(project: Project) -> tuple[c.Figure2.Shown, ...]:
    """The models of Figure 2."""
    return project.experiments.figure2.models if project.experiments.figure2 else ()


def explorations(project: Project) -> Iterator[Job]:
    """The jobs behind Table 1."""
    rows = {explored(row, row.benchmark): row for row in table1_rows(project)}
    yield from (explore(project, row, seed) for row in rows.values() for seed in explored_with(project, row))


def explore(project: Project, row: c.Table1.Row, seed: int) -> Job:
    """Group pixels by the embeddings of a row of Table 1."""
    name = explored(row, row.benchmark)
    embedding, inputs = _embedding(project, row, row.benchmark, seed)
    settings = c.GroupingConfig(
        run=name,
        profile=project.name,
        seed=seed,
        benchmark=row.benchmark,
        embedding=embedding,
        rule=project.experiments.table1.rules.get(row.benchmark, "S"),
        evaluation=project.profile.evaluation,
        runtime=project.runtime,
    )
    reads = project.archives_of(row.benchmark)
    return project.job("explore", settings, inputs, reads, explored=name, seed=seed)


def respond(project: Project, model: c.Figure2.Shown) -> Job:
    """Make the response maps of a model of Figure 2."""
    figure, seed = project.experiments.figure2, project.seeds[0]
    name = explored(model, figure.benchmark)
    embedding, inputs = _embedding(project, model, figure.benchmark, seed)
    settings = c.ResponsesConfig(
        run=name,
        profile=project.name,
        seed=seed,
        benchmark=figure.benchmark,
        embedding=embedding,
        classes=figure.classes,
        images=figure.images,
        base=figure.base,
        novel=figure.novel,
        evaluation=project.profile.evaluation,
        runtime=project.runtime,
    )
    return project.job("respond", settings, inputs, project.archives_of(figure.benchmark), explored=name)


def _embedding(project: Project, row: c.Explored, benchmark: str, seed: int) -> tuple[c.Embedding, dict[str, str]]:
    inputs = {"manifest": project.manifest(benchmark)}
    if row.source == "denseclip":
        files = {"clip": clip_of(project, "dense"), "text": text_of(project, "dense", benchmark)}
        return c.Embedding(source="denseclip"), inputs | files
    if row.source == "backbone":
        normalisation = project.switches({}).normalisation
        embedding = c.Embedding(source="backbone", backbone=project.backbone_config, normalisation=normalisation)
        return embedding, inputs | (frozen_network(project) or {"model": project.backbone})
    return c.Embedding(source="segmenter"), inputs | own_files(project, row.run, seed) | frozen_network(project)


# Figures 1, 3, 4: predictions and attention on a few images, all with the first seed


def of_kind(project: Project, run: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The training data of `run` of each of `kinds`; LarvSegError if it has none of one."""
    found = {project.kind_of(dataset): dataset for dataset in project.experiments.runs[run].training_data}
    if missing := [kind for kind in kinds if kind not in found]:
        raise LarvSegError(f"{project.where}: figure1 and figure3 show a {missing[0]} data set, which {run!r} is not trained on")
    return tuple(found[kind] for kind in kinds)


def showcase(project: Project, run: str) -> Job:
    """Segment the image of Figure 1."""
    seed = project.seeds[0]
    if (run, seed) not in project.trained:
        raise LarvSegError(f"{project.where}: figure1: {run!r} is in no table, so that nothing evaluates it")
    settings = _evaluate_config(project, run, seed)
    (objects,) = of_kind(project, run, ("single_label",))
    inputs = predictor_inputs(project, run, seed) | {"manifest": project.manifest(settings.benchmark), "objects": project.manifest(objects)}
    inputs["confusion"] = project.path("evaluate", "confusion", run=run, seed=seed)
    reads, modules = project.archives_of(settings.benchmark), (project.method(run).module,)
    return project.job("showcase", settings, inputs, reads, modules=modules, run=run)


def attend(project: Project, run: str) -> Job:
    """Make the maps of Figure 3."""
    if project.frozen:
        raise LarvSegError(f"{project.where}: figure3: shows the attention of a backbone that is trained; this profile has a frozen one")
    figure, datasets = project.experiments.figure3, project.experiments.runs[run].training_data
    settings = c.AttentionsConfig(
        run=run,
        profile=project.name,
        seed=project.seeds[0],
        candidates=figure.candidates,
        novel=figure.novel,
        base=figure.base,
        evaluation=project.profile.evaluation,
        runtime=project.runtime,
    )
    of_kind(project, run, ("pixel", "multi_label"))
    inputs = own_files(project, run, settings.seed) | {dataset: project.manifest(dataset) for dataset in datasets}
    reads = (archive for dataset in datasets for archive in project.archives_of(dataset))
    return project.job("attend", settings, inputs, reads, run=run)


def figure4_methods(project: Project) -> tuple[c.Column, ...]:
    """The methods of Figure 4 that are run in this profile."""
    figure = project.experiments.figure4
    return tuple(column for column in figure.methods if not project.quoted(column.run)) if figure else ()


def predict(project: Project, name: str) -> Job:
    """Make the label maps of a method of Figure 4."""
    figure = project.experiments.figure4
    chosen = {key: getattr(figure, key) for key in ("benchmark", "classes", "images", "base", "novel")}
    return _on_a_few_images(project, "predict", name, c.PredictConfig, chosen, {})


def overlaid(project: Project) -> tuple[c.Column, ...]:
    """The methods of the figure of gains that are run in this profile."""
    figure = project.experiments.overlays
    return tuple(column for column in figure.methods if not project.quoted(column.run)) if figure else ()


def compare(project: Project, name: str) -> Job:
    """Make the label maps of a method on the images that another one changes."""
    figure = project.experiments.overlays
    chosen = {"benchmark": figure.benchmark, "gaining": figure.run, "than": figure.than, "each": figure.each}
    counts = {run: project.path("evaluate", "confusion", run=run, seed=project.seeds[0]) for run in (figure.run, figure.than)}
    return _on_a_few_images(project, "compare", name, c.CompareConfig, chosen, counts)


def _on_a_few_images(
    project: Project, rule: str, name: str, config: type[c.EvaluateConfig], chosen: dict[str, object], inputs: dict[str, str]
) -> Job:
    """The label maps of the run `name` with the first seed on images of a benchmark, which are `chosen` with the help of `inputs`."""
    seed = project.seeds[0]
    settings = config(**{**dict(_evaluate_config(project, name, seed)), **chosen})
    inputs = predictor_inputs(project, name, seed) | {"manifest": project.manifest(settings.benchmark)} | inputs
    reads, modules = project.archives_of(settings.benchmark), (project.method(name).module,)
    return project.job(rule, settings, inputs, reads, modules=modules, run=name)


# Figure 5: models over all of ImageNet-21K


def figure5_models(project: Project) -> tuple[c.Row, ...]:
    """The models of Figure 5: none in a profile without all of ImageNet-21K."""
    figure = project.experiments.figure5
    return tuple(model for model in figure.models if model.run in project.object_runs) if figure else ()


def recognise(project: Project, name: str) -> Job:
    """Make the label maps of a model of Figure 5."""
    figure, seed = project.experiments.figure5, project.seeds[0]
    runs = [project.experiments.runs[model.run] for model in figure5_models(project)]
    training = tuple(dict.fromkeys(data for run in runs for data in run.training_data if project.kind_of(data) == "single_label"))
    settings = c.RecogniseConfig(
        run=name,
        profile=project.name,
        seed=seed,
        dataset=project.experiments.runs[name].benchmark,
        objects=figure.objects,
        scenes=_classes_of_scenes(project),
        benchmark=figure.benchmark,
        images=figure.images,
        sources=tuple(dataset for dataset in figure.sources if dataset in project.datasets),
        training=training,
        evaluation=project.evaluation_of(name),
        runtime=project.runtime,
    )
    datasets = tuple(dict.fromkeys((figure.benchmark, *settings.sources, *training)))
    inputs = own_files(project, name, seed) | {dataset: project.manifest(dataset) for dataset in datasets}
    reads = (path for dataset in datasets for path in project.archives_of(dataset))
    return project.job("recognise", settings, inputs, reads, run=name)


def _classes_of_scenes(project: Project) -> dict[str, str]:
    """The class of Figure 5's benchmark that each of its scene synsets is; LarvSegError for one that is none."""
    figure = project.experiments.figure5
    objects = project.data.weak_of(figure.benchmark, "single_label")
    classes = classes_of(figure.scenes, project.vocabulary(objects)) if objects else {}
    if unknown := [wnid for wnid in figure.scenes if wnid not in classes]:
        raise LarvSegError(f"{project.where}: figure5: {unknown[0]} is no class of {figure.benchmark}")
    return classes


def classes_of(synsets: Iterable[str], vocabulary: Vocabulary) -> dict[str, str]:
    """The class that each of `synsets` is in `vocabulary` (of I124 or I585), where it is one."""
    listed = {wnid: name for name, wnids in vocabulary.synsets.items() for wnid in wnids}
    return {wnid: listed[wnid] for wnid in synsets if wnid in listed}
