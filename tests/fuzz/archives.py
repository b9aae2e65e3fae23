"""Zip and tar archives, whole or in parts, and what they are checked by."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from larvseg.config import Source
from larvseg.sources import archives, integrity, winter21
from tests.fuzz.damage import NAMES, damaged, json_files
from tests.fuzz.kind import Kind

BOMB = bytes(2**22)  # which deflate makes a thousandth of
_KINDS = (
    tarfile.REGTYPE,
    tarfile.AREGTYPE,
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.FIFOTYPE,
    tarfile.DIRTYPE,
    b"S",
    b"L",
    b"x",
)
_FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


def _zip(files: list[tuple[str, bytes, int]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data, method in files:
            with archive.open(_entry(name, method), "w", force_zip64=len(data) == 7) as file:
                file.write(data)
    return made.getvalue()


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("x")
    entry.filename = entry.orig_filename = name
    entry.compress_type = method
    return entry


def tar_of(files: list[tuple[str, bytes, bytes, str]], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar of (name, kind, data, target of a link)."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for name, kind, data, target in files:
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), target
            archive.fileobj.write(info.tobuf(form, "utf-8", "surrogateescape") + data + bytes(-len(data) % 512))
    return made.getvalue()


_INNER = tar_of([("n1_1.JPEG", b"0", b"image", "")])
ZIPS = (
    _zip([("a/b.jpg", b"sound", 8), ("c.txt", b"more " * 20, 8), ("d", b"", 0), ("zip64.bin", b"seven b", 0)]),
    _zip([("bomb", BOMB, 8), ("é.png", b"x", 0)]),
)
TARS = (
    tar_of([("a/b.jpg", b"0", b"sound", ""), ("l.jpg", b"1", b"", "a/b.jpg"), ("a/s.jpg", b"2", b"", "b.jpg")], tarfile.USTAR_FORMAT),
    tar_of([("n01440764.tar", b"0", _INNER, ""), ("x" * 150, b"0", b"long", "")]),
    tar_of([("é" * 120, b"0", b"pax", ""), ("d", b"5", b"", "")], tarfile.PAX_FORMAT),
)
_names = st.sampled_from(NAMES) | st.sampled_from(["a.jpg", "b.tar", "c/d.png", "c/d"]) | st.text(max_size=6)
_zipped = st.lists(st.tuples(_names, st.binary(max_size=9), st.sampled_from([0, 8, 12, 14])), max_size=4)
_tarred = st.lists(st.tuples(_names, st.sampled_from(_KINDS), st.binary(max_size=9), _names), max_size=5)
_ZIP_TOKENS = (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"../", b"\x01\x00", b"\x00\x08")
_TAR_TOKENS = (b"../", b"S", b"L", b"x", b"g", b"1", b"2", b"\x80", b"30 size=99999999999999999999\n", b"ustar", b"9" * 11, bytes(512))


@st.composite
def _made_zips(draw: st.DrawFn) -> bytes:
    try:
        return draw(damaged([_zip(draw(_zipped))], _ZIP_TOKENS))
    except (ValueError, UnicodeError):  # a name that zipfile cannot write
        return draw(damaged(ZIPS, _ZIP_TOKENS))


@st.composite
def _made_tars(draw: st.DrawFn) -> bytes:
    try:
        return draw(damaged([tar_of(draw(_tarred), draw(st.sampled_from(_FORMATS)))], _TAR_TOKENS))
    except (ValueError, UnicodeError):
        return draw(damaged(TARS, _TAR_TOKENS))


zips = damaged(ZIPS, _ZIP_TOKENS) | _made_zips()
tars = damaged(TARS, _TAR_TOKENS) | _made_tars()


def _read(name: str):
    def read(data: bytes, folder: Path) -> None:
        path = folder / name
        path.write_bytes(data)
        reader = archives.ArchiveReader(folder)
        for member in archives.members(path):
            if member.size < 2**20:
                reader.read(name, member.offset, member.length, member.method, member.size)
        for inner in archives.tars_in(path) if path.suffix == ".tar" else ():
            archives.members_of(path, inner)
        archives.check(path)

    return read


def _prove(value: tuple[str, bytes], folder: Path) -> None:
    name, data = value
    path = folder / "part"
    path.write_bytes(data)
    source = {"family": "f", "licence": "l", "gigabytes": 1.0, "url": "https://x.org/y"}
    integrity.prove(path, Source(**source, counts={"*.jpg": 1} if name.endswith((".zip", ".tar")) else {}), name)


def _take_out(value: tuple[str, bytes], folder: Path) -> None:
    suffix, data = value
    path = folder / f"winter21_whole.tar{suffix}"
    path.write_bytes(gzip.compress(data, 1, mtime=0) if suffix else data)
    winter21.take_out(path, ["n01440764.tar"], folder / "taken")


_wholes = st.tuples(st.sampled_from(["", ".gz"]), tars)


def chain(length: int) -> bytes:
    """A tar in which each link leads to the next."""
    links: list[tuple[str, bytes, bytes, Any]] = [(f"{n}.jpg", b"1", b"", f"{n + 1}.jpg") for n in range(length)]
    return tar_of([*links, (f"{length}.jpg", b"0", b"end", "")], tarfile.USTAR_FORMAT)


def extended(count: int) -> bytes:
    """A tar with `count` extended headers before one file, each of records of its own."""

    def record(key: str) -> bytes:
        return next(line for n in range(9) if len(line := f"{len(key) + 4 + n} {key}=v\n".encode()) == len(key) + 4 + n)

    heads = [("h", b"x", b"".join(record(f"key{number:06}{each:02}") for each in range(60)), "") for number in range(count)]
    return tar_of([*heads, ("a.jpg", b"0", b"", "")], tarfile.USTAR_FORMAT)


_whole_files = {".zip": zips, ".tar": tars, ".pt": zips, ".jsonl": json_files({"caption": "x"}), ".pkl": st.binary(max_size=600)}
KINDS = (
    Kind("zip archives", "names, sizes, methods, zip64, directories, bombs", zips, _read("x.zip"), "x.zip", share=2),
    Kind(
        "tar archives",
        "names, links, devices, extended headers, nested tars",
        tars,
        _read("x.tar"),
        "x.tar",
        (chain(8000), extended(4000)),
        2,
    ),
    Kind(
        "whole downloads",
        "bytes under the name of each kind of archive",
        st.sampled_from(sorted(_whole_files)).flatmap(lambda suffix: st.tuples(st.just(f"x{suffix}"), _whole_files[suffix])),
        _prove,
        "part",
    ),
    Kind("ImageNet-21K in one tar", "tars of tars, plain and in gzip", _wholes, _take_out, "winter21_whole.tar", share=0.5),
)
