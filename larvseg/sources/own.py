"""A data set of one's own: a folder, a zip or a tar of the project's user, as an archive of the DAG."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from larvseg.config import Own
from larvseg.errors import LarvSegError
from larvseg.files import copy_or_link, replacing
from larvseg.sources.archives import members

ARCHIVES = (".zip", ".tar")


def is_archive(source: str) -> bool:
    """Whether `source` names an archive; else it is a folder."""
    return source.endswith(ARCHIVES)


def listing_of(source: str) -> Own:
    """What lies at `source` now: the number of its files, their bytes, and a hash of their names and sizes (not of their content).

    Raises LarvSegError where nothing is there.
    """
    digest, count, size = hashlib.sha256(), 0, 0
    for name, path in _files(source):
        own = path.stat().st_size
        digest.update(f"{name}\0{own}\0".encode())
        count, size = count + 1, size + own
    return Own(source=source, files=count, bytes=size, listing=digest.hexdigest())


def bring(own: Own, output: Path) -> None:
    """Make the archive `output` of what lies at own.source: a link to it, or a tar of the folder (the same files, the same bytes).

    Raises LarvSegError where something else lies there than when `own` was listed, or no archive that can be read.
    """
    if listing_of(own.source) != own:
        raise LarvSegError(f"{own.source}: its files have changed since this run was planned; start it again")
    if is_archive(own.source):
        members(Path(own.source))
        copy_or_link(Path(own.source), output)
        return
    with replacing(output) as temporary, tarfile.open(temporary, "w") as archive:
        for name, path in _files(own.source):
            entry = tarfile.TarInfo(name)  # without time and owner
            entry.size, entry.mode = path.stat().st_size, 0o644
            with open(path, "rb") as file:
                archive.addfile(entry, file)


def _files(source: str) -> Iterator[tuple[str, Path]]:
    """(name, path) of the archive `source`, or of each file below the folder `source`, by name; hidden ones are left out."""
    place = Path(source)
    if is_archive(source):
        if not place.is_file():
            raise LarvSegError(f"{source}: no such archive; put it there, or a link to it")
        yield place.name, place
        return
    if not place.is_dir():
        raise LarvSegError(f"{source}: no such folder; put your images there, or a link to their folder")
    found = []
    for folder, folders, files in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in files if not name.startswith(".")]
    if not found:
        raise LarvSegError(f"{source}: an empty folder; put your images there")
    yield from sorted((path.relative_to(place).as_posix(), path) for path in found)
