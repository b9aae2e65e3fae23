"""The manifests: do they agree with the archives, the vocabularies and what is in the images?"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from larvseg.datasets.manifest import SPLITS, Manifest
from larvseg.datasets.rejects import KNOWN_BAD, Reject
from larvseg.doctor.finding import Finding, error, ok, snakemake, some, warning
from larvseg.errors import LarvSegError
from larvseg.miniature.sizes import drawn_images
from larvseg.pipeline import Project
from larvseg.reporting.tables import read_csv
from larvseg.sources.archives import ArchiveReader
from larvseg.sources.encodings import decode_image, label_counts

SAMPLE, DEEP_SAMPLE = 16, 512  # images of each data set that are decoded
MODES = {"L": "grey", "CMYK": "CMYK", "P": "with a palette", "RGBA": "with transparency"}


def check(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    """Each manifest that was derived, and a sample of its images and masks, read again."""
    derived = [dataset for dataset in project.datasets if (folder / project.manifest(dataset)).is_file()]
    if len(derived) < len(project.datasets):
        yield ok(f"{len(derived)} of {len(project.datasets)} manifests are derived; {snakemake(project, 'datasets')} derives the others")
    for dataset in tqdm(derived, desc="data sets", unit="data set", file=sys.stderr, disable=None, leave=False):
        path = project.manifest(dataset)
        again = f"rm {path} && {snakemake(project, path)}"
        try:
            manifest = Manifest(folder / path, folder)
            found = list(_examine(project, manifest, dataset, folder, again, DEEP_SAMPLE if deep else SAMPLE))
        except LarvSegError as problem:
            found = [error(str(problem).removeprefix(f"{folder / path}: "), path, again)]
        yield from found


def _examine(project: Project, manifest: Manifest, dataset: str, folder: Path, again: str, size: int) -> Iterator[Finding]:
    path = project.manifest(dataset)
    if problem := _header_problem(project, manifest, dataset, folder):
        yield error(problem, path, again)
        return
    counts = tuple(len(manifest.split(split)) for split in SPLITS)
    sample = [int(index) for index in np.unique(np.linspace(0, len(manifest) - 1, min(size, len(manifest))).astype(int))]
    modes: Counter[str] = Counter()
    reader = ArchiveReader(folder)
    for index in sample:
        row = manifest.row(index)
        try:
            problem = _row_problem(reader, manifest, row)
        except LarvSegError as unreadable:
            problem = str(unreadable)
        if problem:
            yield error(problem, path, again)
            return
        modes[_mode(_bytes(reader, row["image"]))] += 1
    special = [f"{count} {MODES.get(mode, mode)}" for mode, count in sorted(modes.items()) if mode != "RGB"]
    images = " + ".join(str(count) for count in counts if count)
    read = f"{len(sample)} read again, as the manifest says" + (f" ({', '.join(special)})" if special else "")
    what = "with captions" if project.kind_of(dataset) == "caption" else f"of {len(manifest.header['classes'])} classes"
    yield ok(f"{images} images {what}; {read}", dataset)
    yield from _sibling(project, manifest, dataset, folder, sample)
    yield from _expected_counts(project, manifest, dataset, counts)
    yield from _classes(project, manifest, dataset)
    yield from _rejects(project, dataset, len(manifest), folder)


def _header_problem(project: Project, manifest: Manifest, dataset: str, folder: Path) -> str | None:
    header = manifest.header
    if header["dataset"] != dataset:
        return f"is the manifest of {header['dataset']}"
    if project.kind_of(dataset) in ("pixel", "multi_label") and tuple(header["classes"]) != project.vocabulary(dataset).names:
        return f"has other classes than the vocabulary of {dataset}"
    for archive, size in header["archive_sizes"].items():
        if not (folder / archive).is_file():
            return f"its archive {archive} is missing"
        if (found := (folder / archive).stat().st_size) != size:
            return f"its archive {archive} had {size} bytes when it was derived, and has {found}"
    return None


def _row_problem(reader: ArchiveReader, manifest: Manifest, row: dict) -> str | None:
    """What differs between a row and the image and mask it tells of."""
    height, width, _ = decode_image(_bytes(reader, row["image"]), row["name"]).shape
    if (width, height) != (row["width"], row["height"]):
        return f"{row['name']} has {width}×{height} pixels, the manifest says {row['width']}×{row['height']}"
    if not row["mask"]:
        return None
    raw_ids = tuple(manifest.header["raw_ids"])
    ignored = tuple(manifest.header.get("ignored", ()))
    labels, pixels, _ = label_counts(_bytes(reader, row["mask"]), manifest.header["encoding"], raw_ids, row["name"], ignored)
    if labels != row["labels"] or row["pixels"] not in (None, pixels):
        return f"the mask of {row['name']} holds the labels {labels}, the manifest says {row['labels']}, or other numbers of pixels"
    return None


def _sibling(project: Project, manifest: Manifest, dataset: str, folder: Path, sample: list[int]) -> Iterator[Finding]:
    """Image-level labels hide the masks; those of the segmentation data set, whose training images they are, can be compared."""
    benchmark = project.data.benchmark_of(dataset)
    path = project.manifest(benchmark)
    if project.kind_of(dataset) != "multi_label" or project.data[benchmark].archives != project.data[dataset].archives:
        return
    if not (folder / path).is_file():
        return
    other = Manifest(folder / path, folder)
    places = other.rows_named([manifest.name(index) for index in sample], "training")
    for index in sample:
        place = places.get(manifest.name(index))
        if place is None or manifest.labels(index) != other.labels(place):
            name, both = manifest.name(index), (project.manifest(dataset), path)
            yield error(f"{name} has other labels than in {path}", both[0], f"rm {' '.join(both)} && {snakemake(project, *both)}")
            return


def _bytes(reader: ArchiveReader, location: dict) -> bytes:
    return reader.read(*(location[field] for field in ("archive", "offset", "length", "method", "size")))


def _mode(data: bytes) -> str:
    """Pillow's mode of an image that can be read."""
    return "compressed with gzip" if data[:2] == b"\x1f\x8b" else Image.open(io.BytesIO(data)).mode


def _expected_counts(project: Project, manifest: Manifest, dataset: str, counts: tuple[int, ...]) -> Iterator[Finding]:
    world, rejected = project.profile.world, manifest.header.get("rejected", 0)
    expected = project.data[dataset].released if world is None else drawn_images(world).get(dataset)
    if expected and sum(counts) + rejected != sum(expected):
        what = f"{dataset} has {counts[0]} + {counts[1]} images and {rejected} rejects, expected {expected[0]} + {expected[1]}"
        yield warning(what, project.manifest(dataset), _deep(project))


def _classes(project: Project, manifest: Manifest, dataset: str) -> Iterator[Finding]:
    """Benchmark classes without a validation image; images of each category of ImageNet, and categories without an archive."""
    names, path = manifest.header["classes"], project.manifest(dataset)
    if project.data[dataset].base and project.kind_of(dataset) == "pixel":
        counts = _images_of(manifest, "validation")
        absent = [name for name, count in zip(names, counts, strict=True) if not count]
        what = f"{len(absent)} of {len(names)} classes are in no validation image, so in no mean: {some(absent)}"
        if absent and project.profile.drawn:
            yield ok(what, dataset)
        elif absent:
            yield warning(what, path, "use the official archives, whole: all classes are in their validation images")
    if project.kind_of(dataset) == "single_label" and len(manifest):
        counts = _images_of(manifest, "training")
        fewest = names[int(counts.argmin())]
        yield ok(f"{counts.min()} ({fewest}) to {counts.max()} images a category, {int(np.median(counts))} in the median", dataset)
    yield from _without_archive(project, manifest, dataset)


def _without_archive(project: Project, manifest: Manifest, dataset: str) -> Iterator[Finding]:
    """Categories without an archive: ImageNet has some no more (`absent` in the registry), the archives of others were not there."""
    absent = manifest.header["absent"]
    synsets = project.vocabulary(dataset).synsets if absent else {}
    lost, missing, tars = [], [], []
    for name in absent:
        offered = [wnid for wnid in synsets.get(name, ()) if wnid in project.synsets]
        tars += [f"{wnid}.tar" for wnid in offered]
        (missing if offered else lost).append(name)
    if lost:
        yield ok(f"without categories that ImageNet does not offer: {some(lost)}", dataset)
    if missing:
        mend = f"larvseg fetch {' '.join(tars[:3])}" + (" …" if len(tars) > 3 else "")
        yield warning(f"{len(missing)} categories have no archive: {some(missing)}", dataset, mend)


def _deep(project: Project) -> str:
    return f"larvseg doctor --profile {project.name} --deep says which archive is damaged or of another edition; fetch that one again"


def _images_of(manifest: Manifest, split: str) -> np.ndarray:
    """(classes,) in how many images of `split` each class is."""
    classes = len(manifest.header["classes"])
    return sum((np.bincount(some.labels, minlength=classes) for some in manifest.annotated(split)), np.zeros(classes, np.int64))


def _rejects(project: Project, dataset: str, images: int, folder: Path) -> Iterator[Finding]:
    """Images that could not be used."""
    path = project.path("derive", "rejects", dataset=dataset)
    if not (folder / path).is_file():
        return
    try:
        rows = read_csv(folder / path)
        if rows and set(Reject._fields) - set(rows[0]):
            raise LarvSegError("not a table of rejects")
    except LarvSegError as problem:
        yield error(str(problem).removeprefix(f"{folder / path}: "), path, f"rm {path} && {snakemake(project, path)}")
        return
    if not rows:
        return
    total = len(rows) + images
    unexpected = [row for row in rows if row["reason"] != KNOWN_BAD]
    first = "; ".join(f"{row['name']}: {row['reason']}" for row in (unexpected or rows)[:2])
    what = f"{len(rows)} of {total} images cannot be used and are left out ({len(unexpected)} not known to be bad): {first}"
    if len(unexpected) > project.profile.max_rejects * total:
        yield error(f"{what}; max_rejects is {project.profile.max_rejects:.2%}", path, _deep(project))
    else:
        yield ok(what, path)
