"""Where the files lie in an uncompressed tar archive: only headers are read, so that an index of large files costs next to nothing.

Knows the formats that `tarfile` knows: V7, ustar, GNU long names and base-256 numbers, pax headers.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 512
END = bytes(BLOCK)
LARGEST_HEADER = 2**20  # bytes of one extended header; real ones hold a few names

FILES = (b"0", b"\0", b"7")  # regular, regular before POSIX, contiguous
SPARSE = b"S"
HARD_LINK, SYMBOLIC_LINK = b"1", b"2"
LINKS_AND_DEVICES = (b"1", b"2", b"3", b"4", b"5", b"6")  # no data, whatever their size field says
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_FOR_ALL = (b"x", b"X"), b"g"

_ADLER = 65521  # the modulus of Adler-32
_USED = ("path", "linkpath", "size")  # records of extended headers; of no others there may be any number
_HOLES = "GNU.sparse."  # how the records begin that say where a file has holes
_RECORD = re.compile(rb"(\d{1,7}) ([^=]+)=")


class BadTar(Exception):
    """The bytes are no whole tar archive: one line about what is wrong where."""


class Entry(NamedTuple):
    """What one header says: `size` bytes from byte `offset`; `kind` is one of FILES, SPARSE, a link, or something without a use here.

    `target`: of a hard link the name of the file that it is, of a symbolic one a path from its own folder.
    """

    name: str
    kind: bytes
    offset: int
    size: int
    target: str = ""


def entries(file: int, start: int, stop: int) -> Iterator[Entry]:
    """The entries of the tar archive in bytes [start, stop) of the open file descriptor, in their order, up to its end mark.

    Bytes of names that are not UTF-8 become lone surrogates. What follows a SPARSE entry is not to be relied on.
    Raises BadTar for a header that is damaged or missing, and for data beyond `stop`.
    """
    position, name, target, own, common = start, None, None, {}, {}
    while True:
        header = os.pread(file, BLOCK, position) if position + BLOCK <= stop else b""
        if header == END and name is None and not own:
            return
        if len(header) < BLOCK or not _checksum_holds(header):
            raise BadTar(f"no file and no end mark at byte {position}")
        kind, size, offset = header[156:157], _number(header[124:136], position), position + BLOCK
        if kind in (LONG_NAME, LONG_LINK, *PAX, PAX_FOR_ALL):
            position = _end(offset, size, stop)
            if size > LARGEST_HEADER:
                raise BadTar(f"an extended header of {size} bytes at byte {offset}")
            data = os.pread(file, size, offset)
            # of several headers before one file, the first has the last word
            if kind == LONG_NAME and name is None:
                name = _text(data)
            elif kind == LONG_LINK and target is None:
                target = _text(data)
            elif kind in PAX:
                own = _records(data, offset) | own
            elif kind == PAX_FOR_ALL:
                common |= _records(data, offset)
            continue
        if own or common:
            records = common | own
            size = _pax_size(records["size"], offset) if "size" in records else size
            name = records["path"].rstrip("/") if "path" in records and name is None else name
            target = records["linkpath"] if "linkpath" in records and target is None else target
            kind = SPARSE if _HOLES in records else kind
        if name is None:
            name = _text(header[:100])
            if header[345] and kind != SPARSE:
                name = f"{_text(header[345:500])}/{name}"
        if kind == b"\0" and name.endswith("/"):
            kind = b"5"  # how V7 marks a folder
        position = offset if kind in LINKS_AND_DEVICES else _end(offset, size, stop)
        is_link = kind in (HARD_LINK, SYMBOLIC_LINK)
        yield Entry(name, kind, offset, size, (_text(header[157:257]) if target is None else target) if is_link else "")
        name, target, own = None, None, {}


def _checksum_holds(header: bytes) -> bool:
    """The sum of all bytes, with the checksum's own eight taken for spaces, is the checksum."""
    field = header[148:156]
    try:
        expected = _octal(field)
    except ValueError:
        return False
    # The low half of Adler-32 is 1 + the sum of the bytes: one call instead of 512 additions.
    if (expected - 256 + sum(field) + 1) % _ADLER == zlib.adler32(header) & 0xFFFF:
        return True
    # old Sun and NeXT archives sum signed bytes
    return expected == 256 + sum(byte - 256 * (byte > 127) for byte in header[:148] + header[156:])


def _number(field: bytes, position: int) -> int:
    """A number as octal digits or, marked by its first byte, in base 256."""
    try:
        number = int.from_bytes(field[1:], "big") if field[0] == 0o200 else _octal(field)
    except ValueError:
        number = -1
    if number < 0:
        raise BadTar(f"no size in the header at byte {position}")
    return number


def _octal(field: bytes) -> int:
    return int(field.partition(b"\0")[0].strip() or b"0", 8)


def _end(offset: int, size: int, stop: int) -> int:
    """Where the header after `size` bytes of data lies."""
    end = offset + -(-size // BLOCK) * BLOCK
    if end > stop:
        raise BadTar(f"{size} bytes expected from byte {offset}")
    return end


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _records(data: bytes, offset: int) -> dict[str, str]:
    """The records of a pax header that count here: "length key=value\\n", where length counts the whole record."""
    found, position = {}, 0
    while match := _RECORD.match(data, position):
        end = position + int(match[1])
        if not match.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise BadTar(f"a damaged extended header at byte {offset}")
        key = match[2].decode("utf-8", "surrogateescape")
        if key in _USED or key.startswith(_HOLES):
            found[key if key in _USED else _HOLES] = data[match.end() : end - 1].decode("utf-8", "surrogateescape")
        position = end
    if data[position:].strip(b"\0"):
        raise BadTar(f"a damaged extended header at byte {offset}")
    return found


def _pax_size(value: str, offset: int) -> int:
    if not re.fullmatch("[0-9]{1,19}", value):
        raise BadTar(f"size {value!r} of the file at byte {offset}")
    return int(value)
