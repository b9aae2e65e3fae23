"""Records: beside each artifact X lies X.lineage.json, which says what X is and came from. Records chain by content hash.

A record holds no time, host, duration or absolute path; those go to X.run.json, which nothing hashes. It is sealed: a damaged one is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from larvseg.config import conform
from larvseg.config.lineage import LINEAGE, Moments, Record
from larvseg.errors import LarvSegError, reading
from larvseg.files import sealed, sha256_of, unsealed, write_text
from larvseg.lineage.memory import Memory
from larvseg.lineage.recipes import Recipe

HASHES = Path("work/hashes.sqlite")
_SCHEMA = "create table if not exists hashes (key text primary key, sha256 text)"
SMALL = 1 << 26  # bytes; hashing less costs less than looking it up


class Run(NamedTuple):
    """When a job began, in seconds since 1970, and how many it took."""

    started: float
    seconds: float


def record_path(artifact: Path) -> Path:
    """Where the record of `artifact` lies."""
    return artifact.with_name(artifact.name + ".lineage.json")


def run_path(artifact: Path) -> Path:
    """Where it stands when, where and how long `artifact` was made; nothing hashes this file."""
    return artifact.with_name(artifact.name + ".run.json")


def record_of(
    artifact: Path, role: str, recipe: Recipe, inputs: list[dict[str, str]], environment: list[str], at: Path | None = None
) -> dict[str, Any]:
    """The record of `artifact`, made as `role` of `recipe` from `inputs` (role, path, sha256) in `environment` (name==version).

    at: where its bytes lie, if not there.
    """
    file = at or artifact
    return {
        "schema": LINEAGE,
        "artifact": {"path": artifact.as_posix(), "role": role, "sha256": content_hash(file), "size": file.stat().st_size},
        "recipe": {"rule": recipe.rule, "name": recipe.name, "config": recipe.config, "code": recipe.code, "environment": environment},
        "inputs": inputs,
    }


def read_run(artifact: Path) -> Run | None:
    """When `artifact` was made; None where that is not noted, LarvSegError if the note is none."""
    path = run_path(artifact)
    if not path.exists():
        return None
    with reading(path, "a note of when a job ran", "delete it"):
        return Run(**conform(Moments, json.loads(path.read_text(encoding="utf-8"))).model_dump())


def write_record(artifact: Path, role: str, recipe: Recipe, inputs: list[dict[str, str]], environment: list[str]) -> None:
    """Write `record_of` these beside `artifact`."""
    write_text(record_path(artifact), sealed(record_of(artifact, role, recipe, inputs, environment)))


def read_record(artifact: Path) -> dict[str, Any]:
    """The record of `artifact`; LarvSegError if there is none or it is not one."""
    path = record_path(artifact)
    if not path.exists():
        raise LarvSegError(f"{artifact}: has no record ({path.name}); delete the file and run snakemake again")
    with reading(path, "a lineage record", "delete it with its artifact and run snakemake again"):
        record = unsealed(path.read_text(encoding="utf-8"))
        conform(Record, record)
        return record


def verified_hash(artifact: Path) -> str:
    """The sha256 of `artifact` after a check against its record; LarvSegError if it is missing or differs."""
    if not artifact.is_file():
        raise LarvSegError(f"{artifact}: missing; run `snakemake --cores all {artifact}`")
    expected = read_record(artifact)["artifact"]
    size = artifact.stat().st_size
    if size != expected["size"]:
        raise _changed(artifact, f"expected {expected['size']} bytes, found {size}")
    found = content_hash(artifact)
    if found != expected["sha256"]:
        found = content_hash(artifact, afresh=True)  # what is remembered may be what is damaged
    if found != expected["sha256"]:
        raise _changed(artifact, f"expected sha256 {expected['sha256']}, found {found}")
    return found


def _changed(artifact: Path, how: str) -> LarvSegError:
    return LarvSegError(f"{artifact} was changed after it was made: {how}; delete it and run snakemake again")


def content_hash(path: Path, afresh: bool = False) -> str:
    """sha256 of `path`; hashes of large files are remembered as long as inode, size and times stay. `afresh`: whatever is remembered."""
    found = None if afresh else known_hash(path)
    if found is None:
        before, found = written(path), sha256_of(path)
        if written(path) == before:  # nobody wrote to it meanwhile
            _remember(path, found)
    return found


def known_hash(path: Path) -> str | None:
    """sha256 of `path` as far as it costs nothing: None for a large file that was not hashed since it changed."""
    return sha256_of(path) if path.stat().st_size < SMALL else _remembered(path)


@contextmanager
def linked(path: Path, to: Path) -> Iterator[None]:
    """Remember the hash of `path` for `to`, too, if the block makes a hard link there, and for `path`, whose ctime that changes."""
    before = path.stat()
    known = _remembered(path) if before.st_size >= SMALL else None
    yield
    for each in (path, to):
        if known and all(getattr(before, part) == getattr(each.stat(), part) for part in ("st_ino", "st_size", "st_mtime_ns")):
            _remember(each, known)


def written(path: Path) -> str:
    """Inode, size and times of `path`, which are others after every writing."""
    status = path.stat()
    # ctime, unlike mtime, cannot be set back by the one who edits a file
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _remember(path: Path, sha256: str) -> None:
    with Memory(HASHES, _SCHEMA) as memory:
        memory.add("insert or replace into hashes values (?, ?)", [(_key(path), sha256)])


def _remembered(path: Path) -> str | None:
    with Memory(HASHES, _SCHEMA) as memory:
        found = memory.rows("select sha256 from hashes where key = ?", (_key(path),))
    return found[0][0] if found else None


def _key(path: Path) -> str:
    return f"{path.absolute()}:{written(path)}"
