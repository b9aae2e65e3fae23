"""Archives and data sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import CLASS_LISTS, REFERENCE, WORDNET, Project
from larvseg.pipeline.stages import STAGES
from larvseg.sources.own import listing_of
from larvseg.sources.registry import EACH_SYNSET, is_synset_tar
from larvseg.vocabulary.datasets import DataSets

WHOLE_ARCHIVE_MB = 8000  # the list of the thirteen million members of winter21_whole.tar


def jobs(project: Project) -> Iterator[Job]:
    """All of them."""
    yield from (fetch(project, family) for family in project.families)
    if project.of_the_paper:
        if prepared := prepare(project):
            yield prepared
        yield vocabulary(project)
    yield from (derive(project, dataset) for dataset in project.datasets)


def fetch(project: Project, family: str) -> Job:
    """Fetch (or draw) the archives of `family`."""
    needs = STAGES["fetch"].needs
    if family == "imagenet_whole":
        needs = replace(needs, memory_mb=WHOLE_ARCHIVE_MB)
    if family == "itpair":  # only CLIP needs them, and it waits for the backbone
        needs = replace(needs, foundation=True)
    if not project.profile.drawn:  # nodes of a cluster often have no network
        needs = replace(needs, local=True)
    outputs = {file: project.archive(file) for file in project.families[family]}
    if own := next((entry for dataset in project.datasets if (entry := project.data[dataset]).family == family and entry.source), None):
        settings, reference = c.FetchConfig(family=family, own=listing_of(own.source)), ()
    else:
        settings, reference = _drawn(project, family) if project.registry is None else (_fetched(project, family), ())
    return project.job("fetch", settings, {}, reference=reference, outputs=outputs, needs=needs, family=family)


def _drawn(project: Project, family: str) -> tuple[c.FetchConfig, tuple[str, ...]]:
    lists = (f"{REFERENCE}/LICENSE-wordnet.txt",) if family == "wordnet" else (*CLASS_LISTS, *project.drawn_list)
    if family in ("wordnet", "ade_full"):
        lists += (f"{REFERENCE}/imagenet21k.tsv.gz",)
    if family in ("narratives", "itpair"):
        lists += (f"{REFERENCE}/miniature/words.csv",)
    if family == "ilsvrc":
        lists += (f"{REFERENCE}/ilsvrc2012_synsets.txt",)
    return c.FetchConfig(family=family, world=project.profile.world, threads=project.profile.drawing_threads), lists


def _fetched(project: Project, family: str) -> c.FetchConfig:
    sources = {key: _source(project, key) for key in dict.fromkeys(map(_registered, project.families[family]))}
    licensed: dict[str, tuple[str, ...]] = {}
    for file in project.official:
        if _source(project, key := _registered(file)).access != "open":
            licensed[key] = (*licensed.get(key, ()), file)
    return c.FetchConfig(
        family=family,
        world=None,
        registry=project.profile.registry,
        sources=sources,
        licensed=licensed,
        threads=project.profile.drawing_threads,
    )


def _source(project: Project, key: str) -> c.Source:
    if key not in project.registry.archives:
        raise LarvSegError(f"{project.profile.registry}: no archive {key!r}{nearest(key, list(project.registry.archives))}")
    return project.registry.archives[key].model_copy(update={"mirrors": ()})


def _registered(file: str) -> str:
    """The name in the registry that stands for the archive `file`."""
    return EACH_SYNSET if is_synset_tar(file) else file


def prepare(project: Project) -> Job | None:
    """Make the archive of A847 as published: smaller images, compressed again. None where no data set has such a preparation."""
    dataset = next((name for name in project.data if project.data[name].prepared), None)
    if dataset is None:
        return None
    entry, classes = project.data[dataset], project.data.classes(dataset)
    settings = c.PrepareConfig(dataset=dataset, source=_read(entry), classes=classes, threads=project.profile.deriving_threads)
    return project.job("prepare", settings, {file: project.archive(file) for file in entry.archives}, reference=class_list_files(classes))


def vocabulary(project: Project) -> Job:
    """Resolve the synsets of I124 and I585 again and report each choice."""
    inputs = {file: project.archive(file) for file in (WORDNET, *project.families["ade_full"])}
    lists = sorted(path.as_posix() for path in Path(REFERENCE, "vocabularies").glob("*.csv"))
    return project.job(
        "vocabulary", c.VocabularyConfig(), inputs, reference=(*lists, f"{REFERENCE}/imagenet21k.tsv.gz", "workflow/config/datasets.yaml")
    )


def derive(project: Project, dataset: str) -> Job:
    """Derive the manifest of `dataset`."""
    profile, switches, entry = project.profile, project.switches({}), project.data[dataset]
    settings = derive_config(
        project.data,
        dataset,
        prepared=project.prepared,
        whole=project.whole,
        synsets=switches.synsets,
        drawn=profile.drawn,
        weak_labels=switches.weak_labels,
        larger_than=profile.in11k_images if entry.larger_only else 0,
        max_rejects=profile.max_rejects,
        threads=profile.deriving_threads,
    )
    reference = [*class_list_files(settings.classes), *class_list_files(settings.base)]
    reference += [settings.synsets.rpartition(":")[0]] if settings.synsets else []
    reference += [files.names for files in (settings.source.training, settings.source.validation) if files and files.names]
    reference += [*project.drawn_list, f"{REFERENCE}/imagenet_known_bad.txt"]
    roles = {path.removeprefix(project.archive("")): path for path in project.archives_of(dataset)}
    inputs = {PurePosixPath(role).name if is_synset_tar(PurePosixPath(role).name) else role: path for role, path in roles.items()}
    return project.job("derive", settings, inputs, reference=dict.fromkeys(reference), dataset=dataset)


def derive_config(
    data: DataSets, dataset: str, prepared: bool = False, whole: bool = False, synsets: str = "published", **settings: Any
) -> c.DeriveConfig:
    """How the manifest of `dataset` is made: its entry, with everything that refers to another data set resolved, and `settings`."""
    entry, benchmark = data[dataset], data.benchmark_of(dataset)
    return c.DeriveConfig(
        dataset=dataset,
        source=_read(data.read(dataset, prepared, whole)),
        classes=data.classes(dataset, prepared),
        benchmark=None if benchmark == dataset else benchmark,
        base=entry.base and data.classes(entry.base),
        synsets=data.synsets(dataset, synsets),
        **settings,
    )


def _read(entry: c.DataSet) -> c.DataSet:
    """What of an entry decides a manifest; the rest is resolved, or says when it is used."""
    resolved = {
        "classes": None,
        "base": None,
        "synsets": None,
        "whole": None,
        "prepared": None,
        "released": None,
        "counted": False,
        "larger_only": False,
    }
    return entry.model_copy(update=resolved)


def class_list_files(classes: c.ClassList | None) -> list[str]:
    """The files that a class list stands in."""
    if classes is None:
        return []
    elsewhere = [where.rpartition(":")[0] for where in (*classes.keys.values(), classes.drawn or "") if ":" in where]
    return [classes.file, *elsewhere]
