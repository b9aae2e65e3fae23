"""The library of shim.c, by which calls of the operating system fail in this process: built, loaded, told what to do."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

CALLS = ("open", "read", "write", "rename", "link", "fsync", "close")  # as enum call of shim.c
PRELOAD = "LD_PRELOAD"
SOURCE = Path(__file__).with_name("shim.c")


def restart_with_shim(folder: Path) -> None:
    """Build the library in `folder` and start this program again with it, unless it was; there has to be a C compiler."""
    library = folder / "shim.so"
    if str(library) in os.environ.get(PRELOAD, ""):
        return
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("error: no C compiler (cc), with which calls of the operating system are made to fail; install gcc")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    arguments = [sys.executable, "-m", "tests.chaos", *sys.argv[1:]]
    os.execve(sys.executable, arguments, {**os.environ, PRELOAD: str(library), "OMP_NUM_THREADS": "1"})


def without_shim() -> dict[str, str]:
    """The environment of programs in which nothing is to fail."""
    return {name: value for name, value in os.environ.items() if name != PRELOAD}


def arm(folder: Path, call: str | None = None, nth: int = 0, number: int = 0, lasts: bool = False) -> None:
    """Count calls for files below `folder`; the `nth` of `call`, or of all, fails with error `number` or brings the signal −`number`."""
    which = -1 if call is None else CALLS.index(call)
    _library().chaos_arm(str(folder).encode(), which, ctypes.c_long(nth), number, lasts)


def leave_room(size: int) -> None:
    """The disk is full after `size` more bytes."""
    _library().chaos_room(ctypes.c_long(size))


def shift_clock(seconds: float, after: int) -> None:
    """The clock goes wrong by `seconds` after so many calls."""
    _library().chaos_clock(ctypes.c_double(seconds), ctypes.c_long(after))


def counted() -> dict[str, int]:
    """How many calls there were since `arm`."""
    counts = (ctypes.c_long * len(CALLS))()
    _library().chaos_counts(counts)
    return dict(zip(CALLS, counts, strict=True))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
