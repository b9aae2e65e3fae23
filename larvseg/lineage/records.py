"""Records: beside each artifact X lies X.lineage.json, which says what X is and came from. Records chain by content hash.

A record holds no time, host, duration or absolute path; those go to X.run.json, which nothing hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from larvseg.config import conform
from larvseg.config.lineage import Moments, Record
from larvseg.errors import LarvSegError, reading
from larvseg.files import json_text, sha256_of, write_text
from larvseg.lineage.memory import Memory
from larvseg.lineage.recipes import Recipe

SCHEMA = "larvseg.lineage/1"
HASHES = Path("work/hashes.sqlite")
_SCHEMA = "create table if not exists hashes (key text primary key, sha256 text)"
SMALL = 1 << 26  # bytes; hashing less costs less than looking it up


def record_path(artifact: Path) -> Path:
    """Where the record of `artifact` lies."""
    return artifact.with_name(artifact.name + ".lineage.json")


def run_path(artifact: Path) -> Path:
    """Where it stands when, where and how long `artifact` was made; nothing hashes this file."""
    return artifact.with_name(artifact.name + ".run.json")


def write_record(artifact: Path, role: str, recipe: Recipe, inputs: list[dict[str, str]], environment: list[str]) -> None:
    """Write the record of `artifact`, made as `role` of `recipe` from `inputs` (role, path, sha256) in `environment` (name==version)."""
    record = {
        "schema": SCHEMA,
        "artifact": {"path": artifact.as_posix(), "role": role, "sha256": content_hash(artifact), "size": artifact.stat().st_size},
        "recipe": {"rule": recipe.rule, "name": recipe.name, "config": recipe.config, "code": recipe.code, "environment": environment},
        "inputs": inputs,
    }
    write_text(record_path(artifact), json_text(record))


def read_record(artifact: Path) -> dict[str, Any]:
    """The record of `artifact`; LarvSegError if there is none or it is not one."""
    path = record_path(artifact)
    if not path.exists():
        raise LarvSegError(f"{artifact}: has no record ({path.name}); delete the file and run snakemake again")
    with reading(path, "a lineage record", "delete it with its artifact and run snakemake again"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise ValueError("another schema")
        conform(Record, record)
        return record


def read_run(path: Path) -> dict[str, float]:
    """What X.run.json says: when the job started and how many seconds it took; LarvSegError for a file that does not."""
    with reading(path, "a note of when a job ran", "delete it"):
        said = json.loads(path.read_text(encoding="utf-8"))
        return conform(Moments, said).model_dump()


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
        raise _changed(artifact, f"expected sha256 {expected['sha256']}, found {found}")
    return found


def _changed(artifact: Path, how: str) -> LarvSegError:
    return LarvSegError(f"{artifact} was changed after it was made: {how}; delete it and run snakemake again")


def content_hash(path: Path) -> str:
    """sha256 of `path`; hashes of large files are remembered as long as inode, size and times stay."""
    found = known_hash(path)
    if found is None:
        key, found = _key(path), sha256_of(path)
        if _key(path) == key:  # nobody wrote to it meanwhile
            _remember(key, found)
    return found


def known_hash(path: Path) -> str | None:
    """sha256 of `path` as far as it costs nothing: None for a large file that was not hashed since it changed."""
    return sha256_of(path) if path.stat().st_size < SMALL else _remembered(_key(path))


@contextmanager
def linked(path: Path, to: Path) -> Iterator[None]:
    """Remember the hash of `path` for `to`, too, if the block makes a hard link there, and for `path`, whose ctime that changes."""
    before = path.stat()
    known = _remembered(_key(path)) if before.st_size >= SMALL else None
    yield
    for each in (path, to):
        if known and all(getattr(before, part) == getattr(each.stat(), part) for part in ("st_ino", "st_size", "st_mtime_ns")):
            _remember(_key(each), known)


def _remember(key: str, sha256: str) -> None:
    with Memory(HASHES, _SCHEMA) as memory:
        memory.add("insert or replace into hashes values (?, ?)", [(key, sha256)])


def _remembered(key: str) -> str | None:
    with Memory(HASHES, _SCHEMA) as memory:
        found = memory.rows("select sha256 from hashes where key = ?", (key,))
    return found[0][0] if found else None


def _key(path: Path) -> str:
    status = path.stat()
    # ctime, unlike mtime, cannot be set back by the one who edits a file
    return f"{path.absolute()}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
