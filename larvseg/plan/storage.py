"""What a profile fetches and stores, in gigabytes (10⁹ bytes): what is there already and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from larvseg.config import Source
from larvseg.datasets.fetch import INCOMING
from larvseg.miniature.sizes import drawn_images
from larvseg.pipeline import Project
from larvseg.pipeline.jobs.methods import clips, made, maker
from larvseg.pipeline.jobs.training import features_of, train_config
from larvseg.plan.shapes import shape_of
from larvseg.sources import winter21
from larvseg.sources.access import place_of
from larvseg.sources.part import part_of
from larvseg.sources.registry import EACH_SYNSET, source_of
from larvseg.vocabulary import union

GB = 10**9
# About, in bytes: an image of ImageNet, one that is drawn, a row of a manifest, an image's embedding by CLIP, and an image and
# mask of the prepared A847
OBJECT_IMAGE, DRAWN_IMAGE, MANIFEST_ROW, EMBEDDING = 115_000, 10_000, 300, 4 * 768
LANDSCAPE = 1.5  # long over short side of a photograph
PREPARED_IMAGE = 60_000 + 2 * 512 * 683
# Synsets and images of all of ImageNet-21K, as winter 2021 has them; of those with more than 500 images what ImageNet-21K-P keeps
EVERY_SYNSET = {"I21K": (19_167, 13_151_276), "IN11K": (10_450, 11_582_723)}


@dataclass(frozen=True)
class Download:
    """An archive of the registry, or the archives of all synsets, in GB."""

    name: str  # in the registry
    source: Source
    files: int
    absent: tuple[str, ...]  # files that are not there yet
    total: float
    here: float

    @property
    def missing(self) -> float:
        """GB still to fetch."""
        return max(self.total - self.here, 0.0)


def downloads(project: Project, folder: Path = Path(".")) -> list[Download]:
    """What the profile needs of its registry, in the order of families; nothing for a profile that is drawn."""
    if project.registry is None:
        return []
    files: dict[str, list[str]] = {}
    for file in project.official:
        files.setdefault(source_of(project.registry, file)[0], []).append(file)
    return [_download(project, name, names, folder) for name, names in files.items()]


def found_at(project: Project, file: str, folder: Path = Path(".")) -> list[Path]:
    """Where the whole archive `file` lies: among the profile's archives, in data/incoming, in both (as hard links) or nowhere."""
    places = (folder / project.archive(file), place_of(file, folder / INCOMING))
    return [path for path in places if path.is_file()]


def _download(project: Project, name: str, files: list[str], folder: Path) -> Download:
    source = project.registry.archives[name]
    each = source.size / GB if source.size else source.gigabytes
    sizes = {file: paths[0].stat().st_size / GB for file in files if (paths := found_at(project, file, folder))}
    absent = [file for file in files if file not in sizes]
    if name == EACH_SYNSET and absent and (whole := winter21.whole_in(folder / INCOMING)):
        held = winter21.held(whole, absent)  # they are taken out of it
        sizes |= dict.fromkeys(held, each)
        absent = [file for file in absent if file not in held]
    parts = (part_of(place_of(file, folder / INCOMING)) for file in absent)
    begun = sum(path.stat().st_size / GB for path in parts if path.is_file())
    there = sum(sizes.values())
    return Download(name, source, len(files), tuple(absent), there + each * len(absent), there + begun)


def disk(project: Project, folder: Path = Path(".")) -> dict[str, float]:
    """GB that the whole profile will still write, by kind. Archives lie on the disk once: those of the DAG are hard links."""
    archives = sum(download.missing for download in downloads(project, folder))
    if project.profile.drawn:
        drawn = {project.archives_of(dataset): dataset for dataset in reversed(project.datasets)}  # several may be made of the same ones
        absent = [dataset for archives, dataset in drawn.items() if not _exists(folder, *archives)]
        archives = sum(images(project, dataset) for dataset in absent) * DRAWN_IMAGE / GB
    for dataset in project.datasets:
        if project.prepared and project.data[dataset].prepared and project.kind_of(dataset) == "pixel":
            missing = not _exists(folder, *project.archives_of(dataset))
            archives += missing * images(project, dataset) * PREPARED_IMAGE / GB
    rows = sum(images(project, dataset) for dataset in project.datasets if not _exists(folder, project.manifest(dataset)))
    waiting = [(run, seed) for run, seed in made(project) if not _exists(folder, project.path("train", "model", run=run, seed=seed))]
    models = [model_bytes(project, run) for run, _ in waiting]
    at_once = project.profile.machine.gpus if project.profile.machine else 1
    states = sorted((resumable_bytes(project, run) for run, _ in waiting), reverse=True)[:at_once]
    return {
        "archives": archives,
        "manifests": rows * MANIFEST_ROW / GB,
        "checkpoints": (sum(models) + shared_bytes(project, folder)) / GB,
        "resumable states": sum(states) / GB,
    }


def shared_bytes(project: Project, folder: Path = Path(".")) -> float:
    """About the bytes of what runs share, where it is not there: backbone, ReCo's feature network and index, CLIP by published weights."""
    networks = {project.backbone: project.backbone_config, project.feature_network: project.features_config or project.backbone_config}
    if project.frozen:
        sizes = features_bytes(project)
    else:
        sizes = {path: 4.0 * shape_of(network).parameters for path, network in networks.items()}
    for name in clips(project):
        if (weights := project.comparators.clip[name].weights) != "train":  # published in half precision
            sizes[project.path("clip", "model", clip=name)] = 2 * source_of(project.registry, weights)[1].gigabytes * GB
    if project.profile.comparators and (dataset := project.comparators.reco.dataset) in project.datasets:
        sizes[project.path("index", "embeddings", dataset=dataset)] = images(project, dataset) * EMBEDDING
    return sum(size for path, size in sizes.items() if not _exists(folder, path))


def features_bytes(project: Project) -> dict[str, float]:
    """Path → about the bytes of the features of each family of archives, in 16 bits: as many images as its largest data set has."""
    profile, sizes = project.profile, {}
    for dataset in project.datasets:
        cells = (profile.evaluation.short_side / profile.backbone.patch_size) ** 2 * LANDSCAPE
        of_one = 2 * cells * profile.backbone.neck.channels
        training, validation = splits(project, dataset)
        for view, count in (("plain", training), ("flipped", training), ("validation", validation)):
            (path,) = features_of(project, dataset, view).values()
            sizes[path] = max(sizes.get(path, 0.0), of_one * count)
    return sizes


def splits(project: Project, dataset: str) -> tuple[int, int]:
    """About how many training and validation images `dataset` has where archives are not drawn; of one that does not say it, all train."""
    return project.data[dataset].released or (images(project, dataset), 0)


def images(project: Project, dataset: str) -> int:
    """About how many images `dataset` has in this profile."""
    world = project.profile.world
    known = project.data[dataset].released if world is None else drawn_images(world).get(dataset)
    if known:
        return sum(known)
    if world is None and dataset in EVERY_SYNSET:
        return EVERY_SYNSET[dataset][1]
    files = project.archives_of(dataset)  # of synsets
    if world:
        return len(files) * world.objects
    return int(len(files) * project.registry.archives[EACH_SYNSET].gigabytes * GB / OBJECT_IMAGE)


def classes_of(project: Project, dataset: str) -> int:
    """How many classes `dataset` has in this profile."""
    if not project.profile.drawn and dataset in EVERY_SYNSET:
        return EVERY_SYNSET[dataset][0]
    return len(project.vocabulary(dataset)) if project.data.has_names(dataset) else len(project.synsets)


def model_bytes(project: Project, run: str) -> int:
    """Bytes of the checkpoint of `run`: backbone, class embeddings and memory banks, in single precision."""
    shape = shape_of(project.backbone_config)
    match maker(project, run):
        case "train":
            return 4 * (shape.parameters + _head(project, run) + _banks(project, run))
        case "propose":
            return 4 * shape.parameters  # without the heads, which are small beside it
    return 0


def resumable_bytes(project: Project, run: str) -> int:
    """Bytes of the state from which `run` can go on: the model and the optimiser's numbers for each weight."""
    if maker(project, run) != "train":
        return 3 * model_bytes(project, run)  # AdamW
    slots = 1 if project.profile.optimiser.name == "sgd" else 2
    return model_bytes(project, run) + 4 * slots * (shape_of(project.backbone_config).parameters + _head(project, run))


def _head(project: Project, run: str) -> int:
    width = shape_of(project.backbone_config).width
    return width * (width + _names(project, run))


def _banks(project: Project, run: str) -> int:
    config = train_config(project, run, seed=0)
    if config.attention.variant not in ("cross_image", "push_first"):
        return 0
    count = config.ranks if config.switches.bank_scope == "per_rank" else 1
    return count * _names(project, run) * (config.attention.memory_size + 1) * shape_of(config.backbone).width


def _names(project: Project, run: str) -> int:
    """About how many distinct names the classifier of `run` is built over."""
    settings = project.experiments.runs[run]
    named = [dataset for dataset in settings.training_data if project.data.has_names(dataset)]
    others = sum(classes_of(project, dataset) for dataset in settings.training_data if dataset not in named)
    return len(union(map(project.vocabulary, named), project.switches(settings.switches).alignment).names) + others


def _exists(folder: Path, *paths: str) -> bool:
    return all((folder / path).is_file() for path in paths)
