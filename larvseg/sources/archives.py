"""Random access into zip and tar archives: images and masks are read where they lie, nothing is unpacked.

Member names are only looked up and never become paths of the file system. Names that were no relative path below a folder are refused
all the same: no official archive holds one, and whoever unpacks the archive with another program would be less lucky.
"""

from __future__ import annotations

import errno
import os
import posixpath
import struct
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import LarvSegError, not_of_the_file
from larvseg.files import sha256_of
from larvseg.sources import tar

STORED, DEFLATED = 0, 8
LARGEST_MEMBER = 256 * 2**20  # bytes a single read may return; a larger declared size is a mistake or an attack
_OPEN_FILES = 128  # ImageNet has one tar for each of 21 841 synsets, more than a process may hold open
_LOCAL_HEADER = struct.Struct("<4s22xHH")


class Member(NamedTuple):
    """A file inside an archive: `length` bytes from `offset` of the archive, which `method` (STORED, DEFLATED) turns into `size` bytes."""

    name: str
    offset: int
    length: int
    method: int
    size: int


def members(path: Path) -> list[Member]:
    """The files in the zip or uncompressed tar archive `path`, sorted by name.

    Of a tar in a tar (not deeper) the files are listed: "n04256520.tar/n04256520_1.JPEG", with offsets in the outer one. A link in a tar is
    the file that it leads to. Names may begin with "./", which is left out; what a Mac leaves beside files ("._a.jpg") is not listed.
    Raises LarvSegError if the archive is missing, truncated or altered, or holds a name twice, a name that leads out of the archive
    ("../x"), an encrypted or sparse file or another compression.
    """
    return _distinct(path, _tar_members(path) if path.suffix == ".tar" else _zip_members(path))


def _distinct(path: Path, found: list[Member]) -> list[Member]:
    """`found` sorted by name; LarvSegError if two have the same."""
    found.sort()
    for first, second in zip(found, found[1:], strict=False):
        if first.name == second.name:
            raise LarvSegError(f"{path}: holds {first.name!r} twice; use the official archive")
    return found


def tars_in(path: Path) -> list[Member]:
    """The tars in the tar `path`, sorted by name, without looking into them; errors as in members."""
    return _distinct(path, [member for member in _tar_members(path, nested=False) if member.name.endswith(".tar")])


def members_of(path: Path, inner: Member) -> list[Member]:
    """The files in `inner`, one of tars_in(path), sorted by name, with offsets in `path`; errors as in members."""
    return _distinct(path, _tar_members(path, inner.offset, inner.offset + inner.length, nested=False))


def _zip_members(path: Path) -> list[Member]:
    found = []
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            available = os.fstat(file.fileno()).st_size
            for info in archive.infolist():
                _check_name(path, info.orig_filename)
                if info.is_dir() or _hides(info.orig_filename):
                    continue
                _check_zip_entry(path, info)
                header = os.pread(file.fileno(), _LOCAL_HEADER.size, info.header_offset)
                if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
                    raise _damaged(path, f"no file header at byte {info.header_offset} for {info.filename!r}")
                _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
                offset = info.header_offset + _LOCAL_HEADER.size + name_length + extra_length
                if offset + info.compress_size > available:
                    raise _damaged(path, f"expected at least {offset + info.compress_size} bytes")
                name = posixpath.normpath(info.filename)
                found.append(Member(name, offset, info.compress_size, info.compress_type, info.file_size))
    except FileNotFoundError:
        raise _missing(path) from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error, OSError) as error:
        raise _unread(path, "zip", error) from None
    return found


def _check_zip_entry(path: Path, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise LarvSegError(f"{path}: {info.filename!r} is encrypted; use the official archive")
    if info.compress_type not in (STORED, DEFLATED):
        raise LarvSegError(f"{path}: {info.filename!r} uses zip compression {info.compress_type}; only stored and deflate can be read")
    sizes = (info.header_offset, info.compress_size, info.file_size)
    if min(sizes) < 0 or max(sizes) >= 2**63 or (info.compress_type == STORED and info.compress_size != info.file_size):
        raise _damaged(path, f"impossible sizes for {info.filename!r}")


def _tar_members(path: Path, start: int = 0, stop: int | None = None, nested: bool = True) -> list[Member]:
    """The files of the tar in bytes [start, stop) of `path`, all of it by default; `nested`: of a tar in it the files."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            found = list(_tar_files(path, file.fileno(), start, size if stop is None else min(stop, size), nested))
        files = [*(each for each in found if isinstance(each, Member)), *_followed(path, found)]
        return [each for each in files if not _hides(each.name)]
    except FileNotFoundError:
        raise _missing(path) from None
    except (tar.BadTar, OSError) as error:
        raise _unread(path, "tar", error) from None


class Link(NamedTuple):
    """A further name of the file `target` in the same archive."""

    name: str
    target: str


def _followed(path: Path, found: list[Member | Link]) -> Iterator[Member]:
    """The files that the links among `found` are; LarvSegError for one that leads to none, in circles or out of the archive."""
    links = {each.name: each.target for each in found if isinstance(each, Link)}
    files = {each.name: each for each in found if isinstance(each, Member)} if links else {}
    for name, target in links.items():
        passed = {name}
        while target in links and target not in passed:
            passed.add(target)
            target = links[target]
        if target not in files:
            raise LarvSegError(f"{path}: {name!r} is a link to {target!r}, which is no file in it; use the official archive")
        links.update(dict.fromkeys(passed, target))  # so that in a long chain each link is followed once
        yield files[target]._replace(name=name)


def _tar_files(path: Path, file: int, start: int, stop: int, nested: bool, outer: str = "") -> Iterator[Member | Link]:
    """The files of the tar archive in bytes [start, stop) of `file`, and the links; those of a tar in it if `nested`.

    `outer` is its own name with "/" where it lies in another.
    """
    for entry in tar.entries(file, start, stop):
        _check_name(path, entry.name)
        name = outer + posixpath.normpath(entry.name)
        if entry.kind == tar.SPARSE:
            raise LarvSegError(f"{path}: {name!r} is stored with holes (sparse), which cannot be read in place; use the official archive")
        if entry.kind == tar.HARD_LINK:
            yield Link(name, outer + posixpath.normpath(entry.target))
        elif entry.kind == tar.SYMBOLIC_LINK and Path(entry.name).suffix:  # of a folder, mostly, one without
            yield Link(name, posixpath.normpath(posixpath.join(posixpath.dirname(name), entry.target)))
        if entry.kind not in tar.FILES:
            continue  # devices and folders are no images
        if name.endswith(".tar") and nested:
            yield from _tar_files(path, file, entry.offset, entry.offset + entry.size, False, f"{name}/")
        else:
            yield Member(name, entry.offset, entry.size, STORED, entry.size)


def _hides(name: str) -> bool:
    """Whether `name` is of what a Mac leaves beside files: ".DS_Store", "._a.jpg", "__MACOSX/…"."""
    return any(part.startswith("._") or part in (".DS_Store", "__MACOSX") for part in name.split("/"))


def _check_name(path: Path, name: str) -> None:
    # nothing, a root, a drive, a Windows path, a hidden end, a way up
    if name[:1] in ("", "/") or name[1:2] == ":" or "\\" in name or "\0" in name or ".." in name.split("/"):
        raise LarvSegError(f"{path}: refused, the member name {name!r} leads out of the archive; use the official archive")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise LarvSegError(f"{path}: member name {name!r} is not UTF-8; use the official archive") from None


class ArchiveReader:
    """Reads members of the archives below `root` by offset. Safe to share between threads, to fork and to pickle.

    sizes: expected bytes of each archive, where known; an archive of another size is refused when first opened.
    """

    def __init__(self, root: Path = Path("."), sizes: Mapping[str, int] | None = None):
        self.root = Path(root)
        self.sizes = dict(sizes or {})
        self._files: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, archive: str, offset: int, length: int, method: int, size: int) -> bytes:
        """The `size` bytes of one member (see Member); LarvSegError if the archive does not hold them."""
        if not (0 <= length <= LARGEST_MEMBER and 0 <= size <= LARGEST_MEMBER and offset >= 0):
            raise LarvSegError(f"{self.root / archive}: a file of {size} bytes at byte {offset} is over the limit of {LARGEST_MEMBER}")
        with self._lock:  # so that no other thread closes the file in between
            data = os.pread(self._open(archive), length, offset)
        if len(data) != length:
            raise _damaged(self.root / archive, f"expected at least {offset + length} bytes")
        return data if method == STORED else _inflate(data, size, self.root / archive, offset)

    def _open(self, archive: str) -> int:
        if archive in self._files:
            self._files.move_to_end(archive)
            return self._files[archive]
        path = self.root / archive
        verify(path, size=self.sizes.get(archive))
        if len(self._files) >= _OPEN_FILES:
            os.close(self._files.popitem(last=False)[1])
        try:
            self._files[archive] = os.open(path, os.O_RDONLY)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._files:
                raise
            self.close()  # they are opened again when something is read of them
            self._files[archive] = os.open(path, os.O_RDONLY)
        return self._files[archive]

    def close(self) -> None:
        """Close all files; the next read opens again."""
        while self._files:
            with suppress(OSError):  # of files that were only read: nothing is lost
                os.close(self._files.popitem()[1])

    def __getstate__(self) -> dict:
        return {"root": self.root, "sizes": self.sizes}

    def __setstate__(self, state: dict) -> None:
        self.__init__(**state)

    def __del__(self) -> None:
        self.close()


def _inflate(data: bytes, size: int, path: Path, offset: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        # one byte more than declared: room to notice that there is more
        result = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise _damaged(path, f"expected {size} bytes from the file at byte {offset} ({error})") from None
    if len(result) != size or not inflater.eof:
        raise _damaged(path, f"the file at byte {offset} does not inflate to the declared {size} bytes")
    return result


def verify(path: Path, sha256: str | None = None, size: int | None = None) -> None:
    """LarvSegError unless `path` is a file with `size` bytes and content hash `sha256` (each where given)."""
    if not path.is_file():
        raise _missing(path, size)
    if size is not None and path.stat().st_size != size:
        raise _damaged(path, f"expected {size} bytes")
    if sha256 is not None and (found := sha256_of(path)) != sha256:
        raise _damaged(path, f"expected sha256 {sha256}, found {found}")


def check(path: Path) -> None:
    """LarvSegError unless `path` is a readable archive; of a zip, all checksums must hold. Reads the whole file."""
    members(path)
    if path.suffix == ".tar":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _unread(path, "zip", error) from None
    if damaged is not None:
        raise _damaged(path, f"wrong checksum of {damaged!r}")


def _missing(path: Path, size: int | None = None) -> LarvSegError:
    expected = "an archive" if size is None else f"{size} bytes"
    return LarvSegError(f"{path}: no such file (expected {expected}, found nothing); fetch it first")


def _unread(path: Path, form: str, error: Exception) -> LarvSegError:
    return not_of_the_file(path, error) or _damaged(path, f"expected a whole {form} archive ({error})")


def _damaged(path: Path, problem: str) -> LarvSegError:
    found = path.stat().st_size if path.is_file() else "no"
    return LarvSegError(f"{path}: {problem}, found {found} bytes in all; the archive is damaged, delete it and fetch it again")
