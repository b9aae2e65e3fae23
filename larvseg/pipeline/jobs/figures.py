"""The figures of the paper, and those of the drawn world."""

from __future__ import annotations

from collections.abc import Iterator

from larvseg import config as c
from larvseg.pipeline.job import Job
from larvseg.pipeline.jobs.data import class_list_files
from larvseg.pipeline.jobs.evaluation import explored, figure2_models, figure4_methods, figure5_models, of_kind, overlaid
from larvseg.pipeline.project import CLASS_LISTS, OBJECT_INFO, REFERENCE, Project


def of_the_paper(project: Project) -> Iterator[Job]:
    """Those of Figures 1 to 5 that `experiments.yaml` describes; Figure 5 where all of ImageNet-21K is there."""
    described = project.experiments
    if described.figure1:
        yield figure1(project)
    if described.figure2:
        yield figure2(project)
    if described.figure3:
        yield figure3(project)
    if described.figure4:
        yield figure4(project)
    if figure5_models(project):
        yield figure5(project)
    if described.overlays:
        yield overlays(project)


def of_the_world(project: Project) -> Iterator[Job]:
    """Those of the drawn world, where the profile draws."""
    if project.profile.drawn:
        yield miniature(project)
        yield world(project)


def figure1(project: Project) -> Job:
    """Draw Figure 1."""
    run = project.experiments.figure1.run
    benchmark, seed = project.experiments.runs[run].benchmark, project.seeds[0]
    training = of_kind(project, run, ("pixel", "multi_label", "single_label"))
    datasets = (benchmark, *training)
    settings = c.Figure1Config(figure="figure1", profile=project.name, benchmark=benchmark, run=run, training_data=training)
    inputs = {dataset: project.manifest(dataset) for dataset in datasets}
    inputs["showcase"] = project.path("showcase", "showcase", run=run)
    inputs["metrics"] = project.path("evaluate", "metrics", run=run, seed=seed)
    reads = (archive for dataset in datasets for archive in project.archives_of(dataset))
    return project.job("figure1", settings, inputs, reads)


def figure2(project: Project) -> Job:
    """Draw Figure 2."""
    benchmark = project.experiments.figure2.benchmark
    columns = tuple(c.Column(title=model.title, run=explored(model, benchmark)) for model in figure2_models(project))
    settings = c.Figure2Config(figure="figure2", profile=project.name, benchmark=benchmark, base=project.base_of(benchmark), models=columns)
    return project.job("figure2", settings, {each.run: project.path("respond", "responses", explored=each.run) for each in columns})


def figure3(project: Project) -> Job:
    """Draw Figure 3."""
    run = project.experiments.figure3.run
    settings = c.Figure3Config(figure="figure3", profile=project.name, run=run)
    return project.job("figure3", settings, {"attentions": project.path("attend", "attentions", run=run)})


def figure4(project: Project) -> Job:
    """Draw Figure 4."""
    benchmark, methods = project.experiments.figure4.benchmark, figure4_methods(project)
    base = project.base_of(benchmark)
    settings = c.Figure4Config(figure="figure4", profile=project.name, benchmark=benchmark, base=base, methods=methods)
    inputs = {column.run: project.path("predict", "predictions", run=column.run) for column in methods}
    inputs["manifest"] = project.manifest(benchmark)
    return project.job("figure4", settings, inputs, project.archives_of(benchmark))


def overlays(project: Project) -> Job:
    """Draw the images that a method gains and loses most on."""
    figure, methods = project.experiments.overlays, overlaid(project)
    titles = {column.run: column.title for column in methods}
    settings = c.OverlaysConfig(
        figure="overlays",
        profile=project.name,
        benchmark=figure.benchmark,
        base=project.base_of(figure.benchmark),
        gaining=titles[figure.run],
        than=titles[figure.than],
        methods=methods,
    )
    inputs = {column.run: project.path("compare", "predictions", run=column.run) for column in methods}
    inputs["manifest"] = project.manifest(figure.benchmark)
    return project.job("overlays", settings, inputs, project.archives_of(figure.benchmark))


def figure5(project: Project) -> Job:
    """Draw Figure 5."""
    models = figure5_models(project)
    settings = c.Figure5Config(figure="figure5", profile=project.name, models=models)
    inputs = {model.run: project.path("recognise", "recognitions", run=model.run) for model in models}
    return project.job("figure5", settings, inputs, reference=(f"{REFERENCE}/imagenet21k.tsv.gz",))


def miniature(project: Project) -> Job:
    """Draw images of the miniature world."""
    files = [file for family in ("coco", "ade_challenge", "ade_full", "imagenet") for file in project.families[family]]
    settings = c.FigureConfig(figure="miniature", profile=project.name)
    inputs = {file: project.archive(file) for file in files}
    return project.job("miniature", settings, inputs, reference=(*CLASS_LISTS, *project.drawn_list))


def world(project: Project) -> Job:
    """Draw what the training masks of the drawn ADE20K show beside what is published of the real one."""
    benchmark = "A150"  # of which figures are published
    settings = c.WorldConfig(figure="world", profile=project.name, dataset=benchmark, base=project.base_of(benchmark))
    reference = (*class_list_files(project.data.classes(benchmark)), OBJECT_INFO)
    return project.job("world", settings, {"manifest": project.manifest(benchmark)}, reference=dict.fromkeys(reference))
