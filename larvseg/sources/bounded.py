"""Open files that are never asked for more than they have."""

from __future__ import annotations

from typing import IO, Any


class Bounded:
    """The open `file` of `size` bytes. Python makes room for all that a read asks for, and readers ask for what a damaged file says."""

    def __init__(self, file: IO[bytes], size: int):
        self._file, self._size = file, size

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size` where it is not negative."""
        return self._file.read(min(size, self._size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
