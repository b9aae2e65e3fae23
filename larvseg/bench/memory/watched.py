"""A function in a process of its own, and how much memory it took at its peak.

Processes are forked from a server that has imported everything and computed nothing, so what one of them has more than it began with is
what its function took.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from larvseg.errors import LarvSegError

PRELOADED = "larvseg.bench.memory.stages"
_EVERY = 0.001  # seconds; the kernel keeps a high-water mark of all memory, but none of that which no file backs


class Peak(NamedTuple):
    """What a function took beyond what its process began with, in bytes."""

    anonymous: int  # that no file backs
    resident: int  # with the pages of mapped files
    seconds: float


def peak_of(function: Callable[[int], object], images: int, folder: Path) -> Peak:
    """The peak of function(images), a function of a module, in `folder`; LarvSegError with what it raised, if it did."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    ours, theirs = context.Pipe()
    process = context.Process(target=_measured, args=(theirs, function, images, folder))
    process.start()
    theirs.close()
    try:
        before, highest = ours.recv(), 0
        ours.send("begin")
        while not ours.poll(_EVERY):
            highest = max(highest, _status(process.pid, "RssAnon"))
        after, seconds, problem = ours.recv()
    except (EOFError, FileNotFoundError, ProcessLookupError):
        raise LarvSegError(f"{function.__name__} with {images} images was killed, perhaps for want of memory; measure fewer") from None
    finally:
        ours.close()
        process.join()
    if problem:
        raise LarvSegError(f"{function.__name__} with {images} images: {problem}")
    highest = max(highest, after["RssAnon"])
    return Peak(max(highest - before["RssAnon"], 0), max(after["VmHWM"] - before["VmHWM"], 0), seconds)


def _measured(connection: Connection, function: Callable[[int], object], images: int, folder: Path) -> None:
    os.chdir(folder)
    gc.collect()
    connection.send(_own())
    connection.recv()
    started, problem = time.perf_counter(), ""
    try:
        kept = function(images)  # what it returns counts: the stage would still have it
    except Exception:
        kept, problem = None, traceback.format_exc()
    connection.send((_own(), time.perf_counter() - started, problem))
    del kept


def _own() -> dict[str, int]:
    return {name: _status(os.getpid(), name) for name in ("RssAnon", "VmHWM")}


def _status(process: int, name: str) -> int:
    """Bytes that /proc says a `process` has."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0  # it has just ended
