"""Measurement of the readers: an index of a tar archive beside Python's own."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from larvseg.bench.run import Row, compare
from larvseg.sources.archives import members


def tar_indexing(files: int = 2000, size: int = 100_000, repeats: int = 9) -> Row:
    """Name, place and length of every file in a tar like ImageNet's; the page cache is warm."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "n04256520.tar"
        _write(path, files, size)

        def reference() -> list[tuple[str, int, int]]:
            with tarfile.open(path, "r:") as archive:
                return [(info.name, info.offset_data, info.size) for info in archive]

        def ours() -> list[tuple[str, int, int]]:
            return [(member.name, member.offset, member.size) for member in members(path)]

        if sorted(reference()) != ours():
            raise AssertionError("tarfile and the index disagree")
        return compare(f"index of a tar of {files} files", "tarfile", reference, ours, repeats)


def _write(path: Path, files: int, size: int) -> None:
    """Only the headers are written; what would be images are holes in the file."""
    with open(path, "wb") as file:
        for number in range(files):
            info = tarfile.TarInfo(f"n04256520_{number}.JPEG")
            info.size = size + number
            file.write(info.tobuf(tarfile.USTAR_FORMAT))
            file.seek(-(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, 1)
        file.write(bytes(2 * tarfile.BLOCKSIZE))
