"""What has to hold after a fault, and after the same job was started again."""

from __future__ import annotations

import re
import signal

from tests.chaos.jobs import Ended
from tests.chaos.tree import Workshop

MARKS = ("Traceback (most recent call last)", "Exception ignored in")
INTERRUPTED = re.compile(r"^(interrupted|Aborted[.!])$", re.MULTILINE)
ERROR = re.compile("^error: ", re.MULTILINE)
BUS_ERROR = -signal.SIGBUS  # a file that is mapped became shorter: the kernel says so, and no program can answer
# a library in C++ got no memory, and ends the process: by itself, as the loader of libraries, or by what it did without
WITHOUT_MEMORY = (-signal.SIGABRT, 127, -signal.SIGSEGV)


def unclear(ended: Ended, sent: signal.Signals | None, ends: tuple[int, ...] = ()) -> str | None:
    """What is wrong with how a job ended: there is neither success, nor one line of error, nor the end that the signal `sent` has.

    ends: statuses that nothing in Python can prevent.
    """
    if any(mark in ended.said for mark in MARKS):
        return "a traceback"
    if ended.status == 0 or (sent and ended.status == -sent) or ended.status in ends:
        return None
    if ended.status == 1 and ended.last_line.startswith("error: "):
        return None if ERROR.findall(ended.said) == ["error: "] else "more than one line of error"
    if sent == signal.SIGINT and ended.status in (1, 130) and INTERRUPTED.search(ended.said):
        return None
    return f"status {ended.status} and no line of error"


def after_fault(shop: Workshop, ended: Ended, victim: str | None = None) -> str | None:
    """What lies under a final name and should not, beside an input that the fault has damaged."""
    if wrong := [name for name in shop.wrong() if name != victim or name in shop.outputs]:
        return f"wrong under its final name: {', '.join(wrong)}"
    if ended.status == 0 and (absent := shop.absent()):
        return f"ended well without {', '.join(absent)}"
    return None


def after_rerun(shop: Workshop, ended: Ended) -> str | None:
    """What is not as after a sound run."""
    if ended.status != 0:
        return f"status {ended.status}: {ended.last_line}"
    for what, names in (("wrong", shop.wrong()), ("absent", shop.absent()), ("left over", shop.leftovers())):
        if names:
            return f"{what}: {', '.join(names)}"
    states = [path.name for path in shop.folder.glob("work/*") if path.name == shop.recipe.hash]
    return f"a state is left in work/{states[0]}" if states else None
