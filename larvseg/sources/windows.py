"""Reading archives in windows: a long stretch of an archive comes into memory by one read, and its members are taken out of it there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import NamedTuple

from larvseg.sources.archives import STORED, ArchiveReader


class Window(NamedTuple):
    """Bytes [start, stop) of an archive."""

    archive: str
    start: int
    stop: int

    def holds(self, archive: str, offset: int, length: int) -> bool:
        """All of the `length` bytes from `offset` of `archive` lie in it."""
        return archive == self.archive and self.start <= offset and offset + length <= self.stop


class WindowReader(ArchiveReader):
    """Reads what ArchiveReader reads: out of memory where the member lies, as it is, in the window that was turned to last.

    Every stream keeps one window in memory, its latest, so memory is as large as the windows of all streams. Can be forked and pickled,
    but threads may not share it.
    """

    def __init__(self, root: Path = Path("."), sizes: Mapping[str, int] | None = None):
        super().__init__(root, sizes)
        self._held: dict[Hashable, tuple[Window, bytes]] = {}
        self._turned_to: tuple[Window, bytes] | None = None

    def turn_to(self, stream: Hashable, window: Window) -> None:
        """Look for members in `window` from now on, which `stream` keeps in place of the one it had; LarvSegError as for `read`.

        A window that the stream has already is not read again.
        """
        if stream not in self._held or self._held[stream][0] != window:
            self._turned_to = None  # the memory of the old one is free before the new one comes
            self._held.pop(stream, None)
            size = window.stop - window.start
            self._held[stream] = (window, super().read(window.archive, window.start, size, STORED, size))
        self._turned_to = self._held[stream]

    def read(self, archive: str, offset: int, length: int, method: int, size: int) -> bytes:
        """The `size` bytes of one member, in a window or not; errors as in ArchiveReader."""
        if method == STORED and self._turned_to is not None:
            window, data = self._turned_to
            if window.holds(archive, offset, length):
                return data[offset - window.start : offset - window.start + length]
        return super().read(archive, offset, length, method, size)

    def close(self) -> None:
        """Close all files and forget all windows."""
        super().close()
        self._held.clear()
        self._turned_to = None
