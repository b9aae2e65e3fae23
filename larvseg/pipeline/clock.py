"""Files from the future, which a clock that was set back leaves: Snakemake fails each job that reads one, as its outputs would be older."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path


def bring_back(paths: Iterable[str]) -> None:
    """Give the files among `paths` that have a time of the future that of now; their contents decide what runs again. One line says so."""
    late = [path for path in paths if _is_late(Path(path))]
    for path in late:
        os.utime(path)
    if late:
        print(
            f"{late[0]}{f' and {len(late) - 1} more' if len(late) > 1 else ''}: made in the future, by the clock of this host; made now",
            file=sys.stderr,
        )


def _is_late(path: Path) -> bool:
    try:
        return path.stat().st_mtime > time.time() and os.access(path, os.W_OK)  # of somebody else's Snakemake says what it has to
    except FileNotFoundError:
        return False
