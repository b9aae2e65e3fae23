"""Locks between processes, of one host or of several that share a folder.

Within a host `flock` tells who holds a lock, and the kernel gives it back however its holder ends. On a shared file system it may end at
the border of the host, or there may be none. So who holds a lock also leaves a note beside it, LOCK.<process>@<host>, and touches it every
minute. A process of this host can be looked up. One of another host cannot: it counts as alive, for `owned` until its note has not been
touched for a quarter of an hour. Who finds its own note gone has been taken for dead, and stops.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Literal, NamedTuple

import psutil

from larvseg.errors import LarvSegError
from larvseg.files import host, write_text

State = Literal["held", "taken", "unknown"]
BEAT = 60.0  # seconds between two touches of a note
PATIENCE = 15 * 60.0  # seconds; a file system may show a touch to other hosts a minute late
_notes: set[Path] = set()  # that this process has left
_mutex = Lock()  # of its threads, for them
_said: list[str] = []  # problems with locks


class Holder(NamedTuple):
    """A process that has left a `note`, last touched at the time `seen`; `start` tells it from others that had its number."""

    note: Path
    process: int
    host: str
    start: str
    seen: float

    @property
    def is_here(self) -> bool:
        """Whether it is or was a process of this host."""
        return self.host == host()

    @property
    def may_be_alive(self) -> bool:
        """Whether it is alive; of another host, True."""
        return not self.is_here or _start(self.process) == self.start

    @property
    def is_at_work(self) -> bool:
        """Whether it is alive as far as one can tell who only looks: of another host, if it was seen within `PATIENCE`."""
        return self.may_be_alive and (self.is_here or time.time() - self.seen <= PATIENCE)

    def __str__(self) -> str:
        if self.is_here:
            return f"process {self.process} of this host"
        minutes = max(0, round((time.time() - self.seen) / 60))
        return f"process {self.process} of {self.host}, last seen {minutes} minutes ago; if it is gone, delete {self.note}"


@contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """A descriptor of the lock file `path`, which is made if it is not there; None where it can be neither made nor read."""
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def open_lock(path: Path) -> int | None:
    """As `opened`, to be held until the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:  # everybody whom the umask lets in may write, too
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError:  # of somebody else, say: to lock it, it is enough to read it
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as problem:
        _say(f"{path}: cannot be locked ({problem.strerror})")
        return None


def flock(descriptor: int | None, shared: bool = False, wait: bool = False) -> State:
    """Lock what `descriptor` is open on: "held" now, "taken" by another process, or "unknown" where the file system cannot tell."""
    if descriptor is None:
        return "unknown"
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return "taken"
    except OSError as problem:  # ENOSYS, ENOLCK, EOPNOTSUPP; EBADF on NFS, where who may only read may not lock
        _say(f"the file system has no file locks here ({problem.strerror})")
        return "unknown"
    return "held"


def _say(problem: str) -> None:
    if not _said:  # a line for each lock would say nothing new
        print(f"{problem}; what processes note beside their locks decides who may work", file=sys.stderr)
    _said.append(problem)


@contextmanager
def owned(path: Path, refusal: str, waiting: Callable[[], object] | None = None) -> Iterator[int | None]:
    """Be the only one, of all hosts, who owns what the lock file `path` stands for; yield a descriptor of it, as `opened` does.

    Where another one does, `waiting` is called and then waited for; without it this is refused.

    Raises:
        LarvSegError: it begins with `refusal` and says who owns it; or no note can be left beside `path`.
    """
    note, has_waited = note_of(path), False

    def give_way(holder: Holder | None) -> None:
        nonlocal has_waited
        if waiting is None:
            raise LarvSegError(f"{refusal} ({holder})" if holder else refusal)
        if not has_waited:
            waiting()
        has_waited = True

    with opened(path) as descriptor:
        if flock(descriptor) == "taken":
            give_way(next(iter(others(path)), None))
            flock(descriptor, wait=True)
        while rivals := _claim(path, note):
            give_way(rivals[0])
            time.sleep(1 + os.getpid() % 8 / 8)  # two who gave way to each other come back one after the other
        ended = Event()
        Thread(target=_beat, args=(note, ended, partial(_stop, refusal)), daemon=True).start()
        try:
            yield descriptor
        finally:
            ended.set()
            _withdraw(note)


def _claim(path: Path, note: Path) -> list[Holder]:
    """Leave `note` beside `path` if nobody else has one there; who else has. It is left before the look at others: one of two sees it."""
    with _mutex:
        if note in _notes:  # another thread
            return [Holder(note, os.getpid(), host(), _start(os.getpid()), time.time())]
        _notes.add(note)
    try:
        write_text(note, _start(os.getpid()))
    except OSError as problem:
        _notes.discard(note)
        raise LarvSegError(f"{path.parent}: cannot be written to ({problem.strerror})") from None
    now = note.stat().st_mtime  # by the clock of the file system, as all notes
    rivals = others(path)
    for holder in [holder for holder in rivals if not holder.is_here and now - holder.seen > PATIENCE]:
        print(f"{holder.note}: not touched for {(now - holder.seen) / 60:.0f} minutes; taken over from {holder.host}", file=sys.stderr)
        holder.note.unlink(missing_ok=True)
        rivals.remove(holder)
    if rivals:
        _withdraw(note)
    return rivals


def _withdraw(note: Path) -> None:
    note.unlink(missing_ok=True)
    _notes.discard(note)


def join(path: Path) -> None:
    """Note that this process is one of those at work under the lock `path`, until it ends. Who may only read there leaves no note."""
    note = note_of(path)
    if note in _notes:
        return
    try:
        write_text(note, _start(os.getpid()))
    except OSError:  # it cannot harm anybody's files either
        return
    _notes.add(note)
    Thread(target=_beat, args=(note, Event(), lambda: None), daemon=True).start()
    atexit.register(_leave, note, os.getpid())


def leave(path: Path) -> None:
    """Take back what `join` noted."""
    _withdraw(note_of(path))


def _leave(note: Path, process: int) -> None:
    if os.getpid() == process:  # and not a fork of it
        note.unlink(missing_ok=True)


def others(path: Path) -> list[Holder]:
    """Who else has left a note beside the lock `path` and may be alive. Notes of dead processes of this host are removed."""
    found = []
    for holder in noted(path):
        if holder.note == note_of(path):
            continue
        if holder.may_be_alive:
            found.append(holder)
        else:
            _remove(holder.note)
    return found


def noted(path: Path) -> list[Holder]:
    """Everybody who has left a note beside the lock `path`, dead or alive."""
    notes = sorted(path.parent.glob(f"{path.name}.*@*"))
    return [holder for note in notes if (holder := _holder(note, path)) is not None]


def is_held(path: Path) -> bool:
    """Whether somebody else holds the lock `path`, as far as can be told."""
    if others(path):
        return True
    if not path.is_file():
        return False
    with opened(path) as descriptor:
        return flock(descriptor) == "taken"


def note_of(path: Path) -> Path:
    """Where this process notes that it holds the lock `path`."""
    return path.with_name(f"{path.name}.{os.getpid()}@{host()}")


def _holder(note: Path, path: Path) -> Holder | None:
    process, _, name = note.name.removeprefix(f"{path.name}.").partition("@")
    try:
        return Holder(note, int(process), name, note.read_text(encoding="utf-8"), note.stat().st_mtime)
    except (FileNotFoundError, ValueError):  # removed by now, or no note
        return None


def _remove(note: Path) -> None:
    try:
        note.unlink(missing_ok=True)
    except OSError:  # of somebody else's; it says nothing to anybody of this host
        pass


def _beat(note: Path, ended: Event, lost: Callable[[], object]) -> None:
    while not ended.wait(BEAT):
        try:
            os.utime(note)
        except FileNotFoundError:
            if not ended.is_set():
                lost()
            return
        except OSError as problem:  # the file system is away for a moment; if for long, somebody takes over
            print(f"{note}: cannot be touched ({problem.strerror})", file=sys.stderr)


def _stop(refusal: str) -> None:
    print(f"error: {refusal}; this one was taken for dead, or told to end by deleting its note", file=sys.stderr, flush=True)
    os._exit(1)  # nothing that is written from now on is wanted


def _start(process: int) -> str:
    """What tells the living `process` of this host from all others that had its number; empty if there is none."""
    proc = Path("/proc")
    try:
        if not (proc / "self/stat").is_file():  # not Linux
            return str(psutil.Process(process).create_time())
        state, *fields = (proc / f"{process}/stat").read_text().rpartition(")")[2].split()
        return "" if state == "Z" else f"{(proc / 'sys/kernel/random/boot_id').read_text().strip()} {fields[18]}"
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return ""
