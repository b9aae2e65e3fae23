"""Processes that are killed at any moment: jobs die with their parent, and no stale lock is left in the way."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from larvseg.locks import flock, join, open_lock, others, owned

PR_SET_PDEATHSIG = 1
LOCK = Path("work/snakemake.flock")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux), so that no orphan writes after a killed Snakemake."""
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)


def clear_stale_locks(folder: Path = Path(".")) -> bool:
    """Remove the Snakemake locks in `folder` if no Snakemake may be at work there, of whatever host; returns whether that is so.

    Every Snakemake that reads our Snakefile holds a shared lock until it ends, however it ends. Who can take it exclusively is alone on
    this host; the notes beside it say whether on all.
    """
    path = folder / LOCK
    descriptor = open_lock(path)  # never closed: the kernel releases it with the process
    taken = flock(descriptor) == "taken"
    join(path)
    rivals = others(path)
    if elsewhere := [holder for holder in rivals if not holder.is_here]:
        print(f"{folder / '.snakemake'}: locks of Snakemake stay for {elsewhere[0]}", file=sys.stderr)
    is_alone = not taken and not rivals
    if is_alone:
        for lock in sorted((folder / ".snakemake" / "locks").glob("*.lock")):
            lock.unlink()
    flock(descriptor, shared=True, wait=True)
    return is_alone


def share_lock(folder: Path = Path(".")) -> bool:
    """Hold the shared lock until the process ends, as one that is not alone (False): a Snakemake that another one has sent to this host."""
    flock(open_lock(folder / LOCK), shared=True, wait=True)
    return False


def alone(folder: Path = Path(".")) -> AbstractContextManager[object]:
    """Keep Snakemake out of `folder` during the block; LarvSegError if one works there."""
    return owned(folder / LOCK, "a Snakemake works here; wait until it has ended")
