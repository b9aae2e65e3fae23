"""Processes of other hosts, and file systems that lack something, as tests play them."""

import errno
import fcntl
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from larvseg import locks

ROOT = Path(__file__).parents[1]
LACKS = ("ENOSYS", "ENOLCK", "EOPNOTSUPP")  # what flock says on file systems without it
WORKER = """
import sys
sys.path.insert(0, {root!r})
import pytest
from tests import hosts
patch = pytest.MonkeyPatch()
hosts.play(patch, *{played!r})
from pathlib import Path
{code}
"""


def play(monkeypatch, host: str | None = None, flock: str | None = None) -> None:
    """Have this process be one of `host`, where flock fails with the error of that name, or is "local" to this process."""
    if host:
        monkeypatch.setattr(platform, "node", lambda: host)
    if flock:
        monkeypatch.setattr(locks, "_said", [])
        monkeypatch.setattr(fcntl, "flock", lambda *_: None if flock == "local" else _fail(flock))


def _fail(name: str) -> None:
    number = getattr(errno, name)
    raise OSError(number, os.strerror(number))


@contextmanager
def process(code: str, *played: str | None) -> Iterator[subprocess.Popen]:
    """A process that runs `code`, where `play(*played)` holds; killed with the block."""
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    text = WORKER.format(root=str(ROOT), played=played, code=code)
    with subprocess.Popen([sys.executable, "-c", text], text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def owner(path: Path, beat: float = 60.0) -> str:
    """The code of a process that owns the lock `path` until a line comes in, and says so."""
    return f"""
from larvseg import locks
locks.BEAT = {beat}
with locks.owned(Path({str(path)!r}), "x: is at work", waiting=lambda: print("waiting", flush=True)):
    print("owned", flush=True)
    input()
"""
