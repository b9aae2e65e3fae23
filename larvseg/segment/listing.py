"""Which pictures a call means, and what the files of each are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import LarvSegError
from larvseg.files import real_path
from larvseg.pictures.pictures import SUFFIXES

ENDINGS = (".labels.png", ".overlay.png", ".json")  # of the results


class Listing(NamedTuple):
    """The pictures, and how many other files lie in the folders."""

    pictures: dict[Path, Path]  # picture → the path below the folder of results that its files are called after; no two are alike
    hidden: int
    others: int


def listed(paths: Sequence[Path], out: Path) -> Listing:
    """`paths` in their order, of a folder the pictures below it, sorted; hidden files and what no picture is called are left out.

    A picture that is named keeps its name and one in a folder its place there; the second of a name is called -2. What lies in `out` was
    made by an earlier call. Raises LarvSegError where nothing is left, and where results would lie among the pictures or replace one.
    """
    found: dict[Path, Path] = {}
    taken: set[str] = set()
    hidden = others = 0
    for path in dict.fromkeys(paths):
        if not path.is_dir():
            found.setdefault(path, _free(Path(path.name), taken))
            continue
        base = _free(Path(real_path(path).name or "root"), taken)
        if real_path(out / base) == real_path(path):
            raise LarvSegError(f"{path}: results would lie among the pictures and be pictures the next time; give another --out")
        for each, is_hidden in _below(path, out):
            if is_hidden:
                hidden += 1
            elif each.suffix.lower() not in SUFFIXES:
                others += 1
            else:
                found.setdefault(each, base / each.relative_to(path))
    if not found:
        raise LarvSegError(f"{', '.join(map(str, paths))}: no picture there ({hidden} hidden and {others} other files)")
    results = {real_path((out / name).with_name(name.name + ending)) for name in found.values() for ending in ENDINGS}
    if replaced := [path for path in found if real_path(path) in results]:
        raise LarvSegError(f"{replaced[0]}: results of another picture would replace it; give another --out")
    return Listing(found, hidden, others)


def _below(folder: Path, out: Path) -> Iterator[tuple[Path, bool]]:
    """(file, whether it is hidden) of all files below `folder`, sorted; links to folders are not followed."""
    made = real_path(out)

    def refuse(error: OSError) -> None:
        raise LarvSegError(f"{error.filename}: cannot be listed ({error.strerror})")

    for place, folders, files in os.walk(folder, onerror=refuse):
        here = Path(place)
        folders[:] = sorted(name for name in folders if real_path(here / name) != made)
        within = any(part.startswith(".") and part != ".." for part in here.relative_to(folder).parts)
        yield from ((here / name, within or name.startswith(".")) for name in sorted(files))


def _free(name: Path, taken: set[str]) -> Path:
    """`name`, or its first variant that is free; also where files differ by more than the case of letters alone."""
    number, free = 1, name
    while str(free).casefold() in taken:
        number += 1
        free = name.with_name(f"{name.stem}-{number}{name.suffix}")
    taken.add(str(free).casefold())
    return free
