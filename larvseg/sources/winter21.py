"""ImageNet-21K as a whole (winter21_whole.tar or .tar.gz, a tar of one tar a synset): the few synsets that are needed are taken out."""

from __future__ import annotations

import os
import sys
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from larvseg.errors import LarvSegError, not_of_the_file
from larvseg.files import replacing
from larvseg.sources import tar
from larvseg.sources.integrity import check_structure

FOLDER = "winter21_whole"
WHOLE = (f"{FOLDER}.tar", f"{FOLDER}.tar.gz")
_BLOCK = 1 << 20


def whole_in(incoming: Path) -> Path | None:
    """The whole archive in `incoming`, if there is one; the one that need not be decompressed if there are both."""
    return next((incoming / name for name in WHOLE if (incoming / name).is_file()), None)


def held(whole: Path, names: Collection[str]) -> set[str]:
    """Which of the synset tars `names` are in `whole`. Of a .tar.gz only reading all of it would tell: all are taken to be there."""
    if whole.suffix == ".gz":
        return set(names)
    return {Path(entry.name).name for entry in _entries(whole)} & set(names)


def take_out(whole: Path, names: Collection[str], folder: Path) -> None:
    """Write those of the synset tars `names` that are not in `folder` yet to it, each only if its own structure is whole.

    A .tar is copied from by byte range, a .tar.gz is read once, up to the last one that is needed.
    Raises LarvSegError if `whole` is damaged or lacks one.
    """
    missing = {name for name in names if not (folder / name).is_file()}
    if not missing:
        return
    (_from_gzip if whole.suffix == ".gz" else _from_tar)(whole, missing, folder)
    lacking = sorted(name for name in missing if not (folder / name).is_file())
    if lacking:
        raise LarvSegError(
            f"{whole}: holds no {', '.join(lacking)}; put it into {folder} yourself, or add the synset to absent in sources.yaml"
        )


def _entries(whole: Path) -> list[tar.Entry]:
    """The synset tars in `whole`; what is in them is not looked at."""
    try:
        with open(whole, "rb") as file:
            entries = tar.entries(file.fileno(), 0, os.fstat(file.fileno()).st_size)
            return [entry for entry in entries if entry.kind in tar.FILES]
    except (tar.BadTar, OSError) as error:
        raise not_of_the_file(whole, error) or LarvSegError(
            f"{whole}: not a whole tar archive ({error}); delete it and fetch it again"
        ) from None


def _from_tar(whole: Path, names: set[str], folder: Path) -> None:
    needed = [entry for entry in _entries(whole) if Path(entry.name).name in names]
    with open(whole, "rb") as file, _bar(whole, sum(entry.size for entry in needed)) as bar:
        for entry in needed:
            file.seek(entry.offset)
            _keep(file, entry.size, folder / Path(entry.name).name, whole)
            bar.update(entry.size)


def _from_gzip(whole: Path, names: set[str], folder: Path) -> None:
    waiting = set(names)
    try:
        with open(whole, "rb") as file, _bar(whole, whole.stat().st_size) as bar, tarfile.open(fileobj=file, mode="r|gz") as stream:
            for info in stream:
                bar.update(file.tell() - bar.n)
                name = Path(info.name).name
                if info.isreg() and name in waiting:
                    _keep(stream.extractfile(info), info.size, folder / name, whole)
                    waiting.remove(name)
                    if not waiting:
                        return
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise not_of_the_file(whole, error) or LarvSegError(
            f"{whole}: cannot be read to its end ({error}); fetch it again, what it gave so far is kept"
        ) from None


def _keep(file: BinaryIO, size: int, path: Path, whole: Path) -> None:
    """Write the next `size` bytes of `file` to `path`; LarvSegError if they are no whole tar, or there is no room for them."""
    with replacing(path) as temporary:
        with open(temporary, "wb") as target:
            left = size
            while left and (block := file.read(min(left, _BLOCK))):
                with _room(path):
                    target.write(block)
                left -= len(block)
            with _room(path):
                target.flush()
        try:
            check_structure(temporary, path.name)
        except LarvSegError:
            raise LarvSegError(f"{whole}: {path.name} in it is damaged; fetch it again") from None


@contextmanager
def _room(path: Path) -> Iterator[None]:
    """What cannot be written to `path` is no fault of the archive that is read."""
    try:
        yield
    except OSError as error:
        raise LarvSegError(f"{path}: cannot be written ({error.strerror}); make room and try again") from None


def _bar(whole: Path, size: int) -> tqdm:
    return tqdm(total=size, desc=f"reading {whole.name}", unit="B", unit_scale=True, file=sys.stderr, disable=None)
