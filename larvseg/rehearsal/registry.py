"""The registry of a rehearsal: the official one with its URLs on loopback, and the sizes and checksums of the rehearsal's archives."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from larvseg.config import Registry, Source
from larvseg.errors import LarvSegError
from larvseg.files import write_text
from larvseg.rehearsal.archives import LICENSED, SERVED, SYNSET_FOLDER
from larvseg.sources.archives import members
from larvseg.sources.registry import EACH_SYNSET


def site_files(folder: Path) -> dict[str, Path]:
    """What the server hands out of the archives that `build` wrote into `folder`: path of the URL → file."""
    served = folder / SERVED
    return {f"/{path.relative_to(served).as_posix()}": path for path in sorted(served.rglob("*")) if path.is_file()}


def write_registry(path: Path, official: Registry, folder: Path, url: str) -> None:
    """Write `official` to `path` with each URL below `url` and without mirrors; terms of access and what is checked stay the same.

    What the archives in `folder` do not include keeps its entry but cannot be fetched: nothing here leads out of this machine.
    """
    archives = {name: _on_loopback(name, source, folder, url).model_dump(mode="json") for name, source in official.archives.items()}
    write_text(path, yaml.safe_dump({"archives": archives}, sort_keys=False, allow_unicode=True))


def _on_loopback(name: str, source: Source, folder: Path, url: str) -> Source:
    changes: dict[str, Any] = {"mirrors": ()}
    if name == EACH_SYNSET:
        largest = max(path.stat().st_size for path in (folder / SERVED / SYNSET_FOLDER).iterdir())
        return source.model_copy(update={**changes, "url": f"{url}/{SYNSET_FOLDER}/{name}", "gigabytes": largest / 1e9})
    if source.url is not None:
        changes["url"] = f"{url}/{name}"
    archive = next((path for path in (folder / SERVED / name, folder / LICENSED / name) if path.is_file()), None)
    if archive is None:
        return source.model_copy(update={**changes, "size": None, "sha256": None, "md5": None, "counts": {}})
    changes |= {"gigabytes": archive.stat().st_size / 1e9, "counts": _counts(archive, source)}
    if source.size is not None:
        changes["size"] = archive.stat().st_size
    changes |= {algorithm: _digest(archive, algorithm) for algorithm in ("sha256", "md5") if getattr(source, algorithm) is not None}
    return source.model_copy(update=changes)


def _counts(archive: Path, source: Source) -> dict[str, int]:
    """As many members of each pattern as there are; a pattern of the official archive that nothing here fits is an error."""
    if not source.counts:
        return {}
    names = [member.name for member in members(archive)]
    counts = {pattern: sum(fnmatchcase(name, pattern) for name in names) for pattern in source.counts}
    if absent := [pattern for pattern, count in counts.items() if not count]:
        raise LarvSegError(f"{archive}: holds no {absent[0]}, which the official archive does; build it in larvseg/rehearsal")
    return counts


def _digest(path: Path, algorithm: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
