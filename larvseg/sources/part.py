"""A file on its way: NAME.part, and beside it NAME.part.json, which says what remote file its bytes are of.

Both outlive a killed process, so that the next one goes on where it was. NAME itself exists only whole and verified.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from larvseg.files import json_text, write_text
from larvseg.locks import owned


@dataclass(frozen=True)
class Remote:
    """A remote file as its server described it; `total` in bytes."""

    url: str  # without passwords: this is written beside the part
    total: int | None = None
    etag: str | None = None
    modified: str | None = None

    @property
    def validator(self) -> str | None:
        """What If-Range may say so that the server resumes this very file and no other; weak tags promise too little."""
        return self.modified if self.etag is None or self.etag.startswith("W/") else self.etag


class Part:
    """The received beginning of `target`. Made by `opened`, which keeps others out."""

    def __init__(self, target: Path, file: BinaryIO):
        self.target, self._file = target, file
        self.path, self._notes = part_of(target), Path(f"{part_of(target)}.json")

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def remote(self) -> Remote | None:
        """What the bytes are the beginning of, as far as it is known."""
        try:
            said = Remote(**json.loads(self._notes.read_text(encoding="utf-8")))
            texts = isinstance(said.url, str) and isinstance(said.etag, str | None) and isinstance(said.modified, str | None)
            return said if texts and isinstance(said.total, int | None) else None
        except (FileNotFoundError, ValueError, TypeError, AttributeError, RecursionError):  # without it one starts again
            return None

    def restart(self, remote: Remote | None = None) -> None:
        """Drop all bytes; those to come are of `remote`."""
        self._file.truncate(0)
        self._notes.unlink(missing_ok=True)
        if remote is not None:
            write_text(self._notes, json_text(asdict(remote)))

    def append(self, data: bytes) -> None:
        """Add `data` at the end."""
        view = memoryview(data)
        while view:  # an unbuffered write may take less than it was given
            view = view[self._file.write(view) :]

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes, or what there is of them."""
        return os.pread(self._file.fileno(), size, 0)

    def finish(self) -> None:
        """Rename to the final name."""
        os.fsync(self._file.fileno())
        os.replace(self.path, self.target)
        self._notes.unlink(missing_ok=True)


def part_of(target: Path) -> Path:
    """Where the bytes of `target` lie until it is whole and verified."""
    return target.with_name(f"{target.name}.part")


@contextmanager
def opened(target: Path, waiting: Callable[[], object]) -> Iterator[Part]:
    """The Part of `target`, locked against all other processes and threads; calls `waiting` before it has to wait for another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    path = part_of(target)
    while True:
        with owned(path, f"{path}: is being fetched", waiting) as lock:
            if lock is not None and not _same(lock, path):  # while we waited, the other one renamed or removed it
                continue
            # to append is all one can do with it, so no byte lands at a wrong place
            with open(path, "a+b", buffering=0) as file:
                part = Part(target, file)
                try:
                    yield part
                finally:
                    if part.size == 0 and _same(file.fileno(), path):
                        part.restart()
                        path.unlink()
                return


def _same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
