"""Archives and data sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from larvseg import config as c
from larvseg.config import nearest
from larvseg.errors import LarvSegError
from larvseg.pipeline.job import Job
from larvseg.pipeline.project import ADE_FULL, CLASS_LISTS, FAMILY_OF, LIST_OF, REFERENCE, WORDNET, Project
from larvseg.pipeline.stages import STAGES
from larvseg.sources.registry import EACH_SYNSET, is_synset_tar

WHOLE_ARCHIVE_MB = 8000  # the list of the thirteen million members of winter21_whole.tar


def jobs(project: Project) -> Iterator[Job]:
    """All of them."""
    yield from (fetch(project, family) for family in project.families)
    yield prepare(project)
    yield vocabulary(project)
    yield from (derive(project, dataset) for dataset in project.datasets)


def fetch(project: Project, family: str) -> Job:
    """Fetch (or draw) the archives of `family`."""
    needs = STAGES["fetch"].needs
    if family == "imagenet_whole":
        needs = replace(needs, memory_mb=WHOLE_ARCHIVE_MB)
    if family == "itpair":  # only CLIP needs them, and it waits for the backbone
        needs = replace(needs, foundation=True)
    outputs = {file: project.archive(file) for file in project.families[family]}
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
    for file in (file for files in project.families.values() for file in files):
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


def prepare(project: Project) -> Job:
    """Make the archive of A847 as published: smaller pictures, compressed again."""
    settings = c.PrepareConfig(threads=project.profile.deriving_threads)
    return project.job("prepare", settings, {ADE_FULL[0]: project.archive(ADE_FULL[0])}, reference=(CLASS_LISTS[2],))


def vocabulary(project: Project) -> Job:
    """Resolve the synsets of I124 and I585 again and report each choice."""
    inputs = {file: project.archive(file) for file in (*WORDNET, *ADE_FULL)}
    lists = sorted(path.as_posix() for path in Path(REFERENCE, "vocabularies").glob("*.csv"))
    return project.job("vocabulary", c.VocabularyConfig(), inputs, reference=(*lists, f"{REFERENCE}/imagenet21k.tsv.gz"))


def derive(project: Project, dataset: str) -> Job:
    """Derive the manifest of `dataset`."""
    archives, switches, profile = project.archives_of(dataset), project.switches({}), project.profile
    settings = c.DeriveConfig(
        dataset=dataset,
        drawn=profile.drawn,
        weak_labels=switches.weak_labels,
        synsets=switches.synsets,
        larger_than=profile.in11k_images if dataset == "IN11K" else 0,
        prepared=project.prepared and FAMILY_OF.get(dataset) == "ade_full",
        max_rejects=profile.max_rejects,
        threads=profile.deriving_threads,
    )
    reference = [f"{REFERENCE}/vocabularies/{LIST_OF[dataset]}.csv"] if dataset in LIST_OF else []
    if dataset in ("I124", "I585"):
        reference.append(f"{REFERENCE}/vocabularies/{dataset.lower()}_{switches.synsets}.csv")
    if dataset == "C171":
        reference.append(f"{REFERENCE}/vocabularies/c171_synsets.csv")
    reference += [*project.drawn_list, f"{REFERENCE}/imagenet_known_bad.txt"]
    return project.job("derive", settings, {Path(path).name: path for path in archives}, reference=reference, dataset=dataset)
