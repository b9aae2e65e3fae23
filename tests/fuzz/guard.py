"""What an input may do while it is read: little time, little memory, nothing outside its folder, no code of its own."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from larvseg.errors import LONGEST, LarvSegError

SECONDS = 10.0  # of the CPU: five times what the slowest sound input takes, since machines differ and imports count
MEMORY = 2**30  # bytes of address space beyond what is there before an input is read
SECRET = "hunter2hunter2"  # an input may hold it, a refusal must not
CANARY = "canary"  # a file beside the folder that inputs name and nobody may open
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of Python's own audit that no file may bring about.
_CODE = ("pickle.find_class", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen", "socket.connect")
_CHANGES = ("os.remove", "os.rmdir", "os.rename", "os.truncate", "os.chmod", "os.chown")
_folder: list[Path] = []  # that of the input that is being read


class Fault(AssertionError):
    """What reading an input led to that is neither a sound result nor a refusal."""


class _Stop(BaseException):
    """Ends the reading of an input, whatever it catches."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _folder:
        return
    if event in _CODE:
        raise _Stop(f"{event} {arguments[:1]}")
    if event == "open" and isinstance(arguments[0], str | bytes):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if os.path.basename(path) == CANARY or (arguments[2] & _WRITES and not _inside(path)):
            raise _Stop(f"opens {path}")
    elif event in _CHANGES:
        if any(isinstance(each, int) and each != -1 for each in arguments[1:]):
            return  # a name within a folder that is open already
        for path in (os.path.abspath(os.fsdecode(each)) for each in arguments[:2] if isinstance(each, str | bytes | os.PathLike)):
            if not _inside(path):
                raise _Stop(f"{event} {path}")


def _inside(path: str) -> bool:
    return path == os.devnull or Path(path).is_relative_to(_folder[-1])


sys.addaudithook(_audit)  # which nothing can take away; it is idle while no input is read


def judged(read: Callable[[], Any], folder: Path, named: str) -> bool:
    """Whether what `read` reads in `folder` is sound (True) or refused (False); a refusal has to say `named`.

    Raises:
        Fault: another error, a refusal of another form, or more time, memory, files or code than an input may have.
    """
    try:
        with _limited(folder):
            read()
    except LarvSegError as refusal:
        _check(refusal, named)
        return False
    except _Stop as stop:
        raise Fault(str(stop)) from None
    except (Exception, SystemExit) as error:
        raise Fault(f"{type(error).__name__}: {error}") from error
    return True


@contextlib.contextmanager
def _limited(folder: Path) -> Iterator[None]:
    def late(*_: object) -> None:
        raise _Stop(f"takes more than {SECONDS} seconds")

    before, temporary = signal.signal(signal.SIGPROF, late), tempfile.tempdir
    space = resource.getrlimit(resource.RLIMIT_AS)
    _folder.append(Path(os.path.realpath(folder)))
    tempfile.tempdir = str(folder)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY, space[1]))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, space)
        tempfile.tempdir = temporary
        _folder.pop()
        signal.signal(signal.SIGPROF, before)


def _address_space() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _check(refusal: LarvSegError, named: str) -> None:
    said = str(refusal)
    if len(said) > LONGEST + 3 or not said.isprintable():
        raise Fault(f"no line for people: {said[:LONGEST]!r}")
    if named not in said:
        raise Fault(f"does not name {named}: {said}")
    if SECRET in said:
        raise Fault(f"says a secret: {said}")
    cause: BaseException | None = refusal
    while cause is not None:
        if isinstance(cause, MemoryError):  # on a larger machine it would have had it
            raise Fault(f"asks for more than {MEMORY} bytes: {said}")
        cause = cause.__context__
