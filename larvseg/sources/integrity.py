"""Whether a file is the archive it should be: by its published size and checksum, else by its structure, and by what it must hold."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import translate
from pathlib import Path

from tqdm import tqdm

from larvseg.config import Source
from larvseg.errors import LarvSegError, reading
from larvseg.files import real_path
from larvseg.sources import archives

HEAD = 512  # bytes by which kinds of files are told apart
_BLOCK = 1 << 22
_LONG = 1 << 28  # bytes; to hash more takes long enough to show how far one is
_BEGINNINGS = {
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".gz": (b"\x1f\x8b",),
    ".pkl": (b"\x80",),
    ".pt": (b"PK\x03\x04", b"\x80"),
    ".pth": (b"PK\x03\x04", b"\x80"),
    ".jsonl": (b"{",),
}


def prove(path: Path, source: Source, name: str | None = None) -> None:
    """LarvSegError unless `path` is the whole archive `name` (its own name by default) that `source` describes.

    Size and checksum where published; without a checksum the structure: all of a zip's own checksums, a tar's headers up to its end mark,
    the tensors' places in a safetensors file, each line of a jsonl file. Then the counts of members, where `source` has some.
    """
    name = name or path.name
    glance(path, source, name)
    for algorithm, expected in (("sha256", source.sha256), ("md5", source.md5)):
        if expected and (found := _digest(path, algorithm, name)) != expected:
            raise LarvSegError(f"{path}: expected {algorithm} {expected}, found {found}; delete it and fetch it again")
    if not (source.sha256 or source.md5):
        check_structure(path, name)
    if source.counts:
        with _named(path, name) as named:
            _check_counts(named, source.counts)


def glance(path: Path, source: Source, name: str) -> None:
    """LarvSegError if the size of `path` or how it begins tells that it is not the archive `name`; takes no time."""
    archives.verify(path, size=source.size)
    with open(path, "rb") as file:
        problem = beginning_problem(name, file.read(HEAD))
    if problem:
        raise LarvSegError(f"{path}: {problem}; delete it and fetch it again")


def check_structure(path: Path, name: str) -> None:
    """LarvSegError unless `path` is whole, as far as the structure of the kind of file that `name` says can tell. Reads all of a zip."""
    suffix = Path(name).suffix
    with _named(path, name) as named:
        if suffix in (".zip", ".tar") or (suffix in (".pt", ".pth") and _is_zip(named)):
            archives.check(named)
        elif suffix == ".safetensors":
            _check_tensors(named)
        elif suffix == ".jsonl":
            _check_lines(named)


def beginning_problem(name: str, head: bytes) -> str | None:
    """What is wrong with a file `name` that begins with `head` (its first HEAD bytes), if it cannot be of the kind its name says."""
    if is_page(head, name):
        return "a web page instead of the file"
    suffix = Path(name).suffix
    if suffix == ".tar":
        right = _is_tar_header(head)
    elif suffix == ".safetensors":
        right = head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 27
    else:
        right = suffix not in _BEGINNINGS or head.startswith(_BEGINNINGS[suffix])
    return None if right else f"does not begin like a {suffix} file"


def is_page(head: bytes, name: str) -> bool:
    """Whether `head` is the beginning of a page, or of an error in XML, under the name of an archive."""
    return Path(name).suffix not in (".html", ".xml", ".txt") and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _is_tar_header(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:512], tarfile.ENCODING, "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _digest(path: Path, algorithm: str, name: str) -> str:
    digest, size = hashlib.new(algorithm, usedforsecurity=False), path.stat().st_size
    bar = tqdm(total=size, desc=f"checking {name}", unit="B", unit_scale=True, file=sys.stderr, disable=None if size > _LONG else True)
    with open(path, "rb") as file, bar:
        while block := file.read(_BLOCK):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


@contextmanager
def _named(path: Path, name: str) -> Iterator[Path]:
    """`path` under the name `name`, by which readers tell kinds of archives; errors name `path`."""
    if path.name == name:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, name)
        link.symlink_to(real_path(path))
        try:
            yield link
        except LarvSegError as error:
            raise LarvSegError(str(error).replace(str(link), str(path))) from None


def _is_zip(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _check_tensors(path: Path) -> None:
    from safetensors import safe_open

    with reading(path, "a whole safetensors file", "delete it and fetch it again"), safe_open(path, framework="numpy"):
        pass


def _check_lines(path: Path) -> None:
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            with reading(f"{path}:{number}", "a line of JSON", "delete it and fetch it again"):
                json.loads(line)


def _check_counts(path: Path, counts: dict[str, int]) -> None:
    names = [member.name for member in archives.members(path)]
    for pattern, expected in counts.items():
        matches = re.compile(translate(pattern)).match
        found = sum(matches(name) is not None for name in names)
        if found != expected:
            raise LarvSegError(f"{path}: holds {found} files {pattern}, expected {expected}; it is another edition or damaged")
