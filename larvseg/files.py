"""Whole files: content hashes and writes that leave either the old file or the new one."""

import glob
import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of the bytes of `path`."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def real_path(path: Path) -> Path:
    """`path`, absolute and without links. Unlike Path.resolve it goes as far as it can where links lead in a circle."""
    return Path(os.path.realpath(path))


def host() -> str:
    """The name of this host as it stands in names of files, which several hosts may write into one folder."""
    return re.sub(r"[^\w-]", "-", platform.node()) or "host"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which `maker_of` knows; rename it over `path` if the block succeeds, delete it otherwise.

    A `path` that is temporary itself is handed out as it is: who made it does all that, and knows no other name of it.
    An OSError of the writing names `path`: that of a full disk, for one, names no file.
    """
    if maker_of(path):
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}@{host()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is None or Path(error.filename) == temporary:
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        with suppress(OSError):  # which would hide the one that matters
            temporary.unlink(missing_ok=True)


def maker_of(temporary: Path) -> tuple[int, str] | None:
    """(process, host) that left `temporary` from `replacing`; None if it is another file."""
    match = re.fullmatch(r"\..+\.(\d+)@([\w-]+)\.tmp", temporary.name)
    return (int(match[1]), match[2]) if match else None


def leftovers(path: Path) -> list[Path]:
    """What attempts of this host to write `path` have left. Those of other hosts may be at work."""
    return [each for each in path.parent.glob(f".{glob.escape(path.name)}.*@{host()}.tmp") if maker_of(each)]


def json_text(value: Any) -> str:
    """Canonical JSON: sorted keys, two spaces, a final newline, no NaN."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def sealed(value: dict[str, Any]) -> str:
    """Canonical JSON of `value` with a hash of all of it under "sha256", by which `unsealed` knows it again."""
    return json_text({**value, "sha256": seal(value)})


def unsealed(text: str) -> dict[str, Any]:
    """The value of which `text` is the `sealed` one; ValueError if it is not."""
    value = json.loads(text)
    if not isinstance(value, dict) or value.pop("sha256", None) is None:
        raise ValueError("no hash of itself")
    if sealed(value) != text:
        raise ValueError("its hash does not fit: it was changed after it was written")
    return value


def seal(value: dict[str, Any]) -> str:
    """sha256 of the canonical JSON of `value`."""
    return hashlib.sha256(json_text(value).encode()).hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def copy_or_link(source: Path, target: Path) -> None:
    """Have the file `source` at `target`, too: a hard link, so that 18 GB lie on the disk once; a copy between file systems."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(real_path(source), target)
    except OSError:
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
