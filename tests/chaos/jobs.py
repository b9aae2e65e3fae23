"""Single jobs in children of this process, which has imported everything once: a job that is killed costs no start of Python."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from larvseg.__main__ import main as larvseg
from larvseg.lineage.kernels import choose
from larvseg.lineage.recipes import Recipe
from larvseg.pipeline.stages import STAGES

LONGEST = 300.0  # seconds; a job that takes longer hangs
HUNG = 124  # as `timeout` has it


def load_everything() -> None:
    """Import what any job imports. No thread may run afterwards: a child has none of them."""
    choose()
    import numpy
    import pyarrow
    import torch

    torch.set_num_threads(1)
    pyarrow.set_cpu_count(1)
    numpy.ones(2) @ numpy.ones(2)
    for module in ("larvseg.pipeline.execute", "larvseg.audit.commands"):
        import_module(module)
    for stage in STAGES.values():
        import_module(stage.module)
    gc.freeze()


@dataclass(frozen=True)
class Ended:
    """How a child ended: `status` as of `subprocess` (negative: killed by that signal), and what it `said`."""

    status: int
    said: str
    seconds: float

    @property
    def last_line(self) -> str:
        return self.said.strip().rpartition("\n")[2]


def command_of(recipe: Recipe, path: str) -> list[str]:
    """The arguments of `larvseg` that run the job."""
    return [*(STAGES[recipe.rule].verb or recipe.rule).split(), path]


class Child:
    """`larvseg` with `arguments` in `folder`, in a fork of this process; `prepare` runs in it first."""

    def __init__(self, folder: Path, arguments: list[str], prepare: Callable[[], None] = lambda: None, log: Path | None = None):
        self._log = log or folder.with_name(f"{folder.name}.log")
        self._began = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        self.process = os.fork()
        if self.process == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # until it is `larvseg`
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        if self.process == 0:
            _become(folder, arguments, prepare, self._log)

    def signal(self, number: int) -> None:
        os.kill(self.process, number)

    def is_alive(self) -> bool:
        return os.waitid(os.P_PID, self.process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self) -> Ended:
        """How it ended; one that hangs is killed, and says so."""
        deadline = self._began + LONGEST
        while self.is_alive():
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
                os.waitpid(self.process, 0)
                return Ended(HUNG, f"still at work after {LONGEST:.0f} s", LONGEST)
            time.sleep(0.002)
        _, status = os.waitpid(self.process, 0)
        said = self._log.read_text(encoding="utf-8", errors="replace") if self._log.is_file() else ""
        return Ended(os.waitstatus_to_exitcode(status), said, time.monotonic() - self._began)


def run(folder: Path, arguments: list[str], prepare: Callable[[], None] = lambda: None) -> Ended:
    """Run `larvseg` to its end."""
    return Child(folder, arguments, prepare).wait()


def _become(folder: Path, arguments: list[str], prepare: Callable[[], None], log: Path) -> None:
    """Be a process that was started as `larvseg`, and end as Python does."""
    status = 1
    try:
        os.chdir(folder)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.argv = ["larvseg", *arguments]
        prepare()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        larvseg()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
