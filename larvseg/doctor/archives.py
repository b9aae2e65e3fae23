"""The archives: are they there, are they whole, do they hold what they should?"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from larvseg.config import Source
from larvseg.datasets.fetch import INCOMING
from larvseg.doctor.finding import Finding, error, ok, snakemake, warning
from larvseg.errors import LarvSegError
from larvseg.locks import is_held
from larvseg.pipeline import Project
from larvseg.plan.storage import GB, Download, downloads, found_at
from larvseg.sources.access import COOKIES, place_of
from larvseg.sources.archives import members, tars_in
from larvseg.sources.integrity import check_structure, glance, prove
from larvseg.sources.registry import source_of

TARS = 5  # archives of synsets that are listed unless the examination is deep: each takes a seek an image


def check(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    """Missing archives and licences, archives that are damaged or hold another number of files, halves and links that lead nowhere."""
    if project.registry is None:
        yield _drawn(project, folder)
    else:
        for download in downloads(project, folder):
            yield from _missing(project, download, folder)
    yield from _damaged(project, folder, deep)
    yield from _on_their_way(folder)
    yield from _broken_links(project, folder)


def _drawn(project: Project, folder: Path) -> Finding:
    files = project.official
    count = sum((folder / project.archive(file)).is_file() for file in files)
    return ok(f"{count} of {len(files)} archives are drawn" + ("; snakemake draws the others" if count < len(files) else ""))


def _missing(project: Project, download: Download, folder: Path) -> Iterator[Finding]:
    source, absent = download.source, download.absent
    if not absent:
        return
    one = download.files == 1
    what = f"missing ({download.missing:.1f} GB)" if one else f"{len(absent)} of {download.files} missing ({download.missing:.0f} GB)"
    place = place_of(absent[0], INCOMING)
    command = f"larvseg fetch {absent[0]}" if one else snakemake(project, "sources")
    cookies = (folder / INCOMING / COOKIES).is_file()
    if source.access == "open" or (source.access == "login" and cookies):
        yield warning(what, download.name, command)
        return
    mend = f"ask for access at {source.request}, then put {'it' if one else 'them'} at {place if one else place.parent}"
    if source.access == "login":
        mend += f", or export your browser's cookies to {INCOMING / COOKIES} and run {command}"
    yield error(f"{what}; {source.licence}", download.name, mend)


def _damaged(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    found = {file: paths for file in project.official if (paths := found_at(project, file, folder))}
    tars = sorted(file for file in found if file.endswith(".tar"))
    if not deep:
        tars = tars[:: max(1, -(-len(tars) // TARS))]
    looked_at = [file for file in found if not file.endswith(".tar")] + tars
    whole = 0
    for file in tqdm(looked_at, desc="archives", unit="archive", file=sys.stderr, disable=None, leave=False):
        source = source_of(project.registry, file)[1] if project.registry else None
        problem = _problem(found[file][0], file, source, deep)
        if problem is None:
            whole += 1
            continue
        again = f"larvseg fetch {file}" if source else snakemake(project, project.archive(file))
        yield error(problem, found[file][0], f"rm {' '.join(map(str, found[file]))} && {again}")
    if whole:
        how = "checksums and contents" if deep and project.registry else "sizes and numbers of files"
        yield ok(f"{whole} of {len(found)} archives were looked into: {how} are right")


def _problem(path: Path, file: str, source: Source | None, deep: bool) -> str | None:
    """What is wrong with the archive `file` at `path`; None if nothing is."""
    try:
        if source and deep:
            prove(path, source, file)
            return None
        if source:
            glance(path, source, file)
        if path.suffix in (".safetensors", ".jsonl"):
            check_structure(path, file)
            return None
        if path.suffix == ".tar" and not deep:
            tars_in(path)  # what is in the thousand tars of ImageNet-1K takes a seek an image
            return None
        names = [member.name for member in members(path)]
    except LarvSegError as problem:
        return str(problem).removeprefix(f"{path}: ").partition("; ")[0]
    for pattern, expected in (source.counts if source else {}).items():
        if (count := len(fnmatch.filter(names, pattern))) != expected:
            return f"holds {count} files {pattern}, the official archive {expected}"
    return None


def _on_their_way(folder: Path) -> Iterator[Finding]:
    """Downloads that began. Who fetches holds a lock on what it fetches."""
    for path in sorted((folder / INCOMING).rglob("*.part")):
        file = path.name.removesuffix(".part")
        there = f"{path.stat().st_size / GB:.1f} GB of it are here"
        if is_held(path):
            yield ok(f"is being fetched; {there}", path)
        else:
            yield warning(f"half fetched: {there}", path, f"larvseg fetch {file} goes on where it stopped")


def _broken_links(project: Project, folder: Path) -> Iterator[Finding]:
    """Archives may be symbolic links; then there must be something at their end."""
    for place in (folder / INCOMING, folder / Path(project.archive("x")).parent):
        for path in sorted(place.rglob("*") if place.is_dir() else ()):
            if path.is_symlink() and not path.exists():
                yield error(f"a link to {path.readlink()}, where nothing is", path, f"rm {path}")
