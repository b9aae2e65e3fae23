"""The archives of a profile: drawn by the miniature, or the official files that a person has put in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from larvseg.config import FetchConfig
from larvseg.errors import LarvSegError
from larvseg.sources import archives

INCOMING = Path("data/incoming")


def fetch(config: FetchConfig, inputs: Mapping[str, Path], outputs: Mapping[str, Path], work: Path) -> None:
    """Make the archives of one family; the roles in `outputs` are archive file names ("train2017.zip", "n04256520.tar").

    With config.world they are drawn. Without, they are the official files, taken from data/incoming after all of them proved readable.
    Raises LarvSegError for a file that is missing there or damaged.
    """
    if config.world is not None:
        from larvseg.miniature.archives import draw_archive  # only drawing needs it

        draw_archive(config.family, config.world, dict(outputs), config.threads)
        return
    missing = sorted(name for name in outputs if not (INCOMING / name).is_file())
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise LarvSegError(f"profile paper: put {missing[0]}{more} into {INCOMING} (see README, Data), then run the same command again")
    for name in sorted(outputs):
        archives.check(INCOMING / name)
    for name, output in sorted(outputs.items()):
        _link(INCOMING / name, output)


def _link(source: Path, target: Path) -> None:
    """Hard link, or copy between file systems: 18 GB need not lie on the disk twice."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
