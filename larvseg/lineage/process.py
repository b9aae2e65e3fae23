"""Processes that are killed at any moment: jobs die with their parent, and no stale lock is left in the way."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from larvseg.errors import LarvSegError

PR_SET_PDEATHSIG = 1
_held: list[int] = []


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux), so that no orphan writes after a killed Snakemake."""
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def clear_stale_locks(folder: Path = Path(".")) -> bool:
    """Remove the Snakemake locks in `folder` if no living Snakemake works there; returns whether that is so.

    Every Snakemake that reads our Snakefile holds a shared flock until it ends, however it ends. Who can take it exclusively is alone.
    """
    descriptor, is_alone = _open_flock(folder), True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for lock in sorted((folder / ".snakemake" / "locks").glob("*.lock")):
            lock.unlink()
    except BlockingIOError:
        is_alone = False  # another Snakemake is alive: its locks are its own
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held.append(descriptor)  # released by the kernel with the process
    return is_alone


@contextmanager
def alone(folder: Path = Path(".")) -> Iterator[None]:
    """Keep Snakemake out of `folder` during the block; LarvSegError if one works there."""
    with open(_open_flock(folder)) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LarvSegError("a Snakemake works here; wait until it has ended") from None
        yield


def _open_flock(folder: Path) -> int:
    path = folder / "work" / "snakemake.flock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
