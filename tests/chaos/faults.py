"""What happens to a single job: each kind of fault draws by a random generator what happens to which file, and when."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from larvseg.lineage import records
from larvseg.lineage.recipes import SPEED
from tests.chaos import shim
from tests.chaos.checks import BUS_ERROR, WITHOUT_MEMORY
from tests.chaos.disk import LARGE, can_mount, resize
from tests.chaos.jobs import Child, command_of, run
from tests.chaos.tree import Workshop

DAY = 86400.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
ERRORS = {
    "open": (errno.EMFILE, errno.EACCES, errno.EIO, errno.ENOSPC, errno.EROFS),
    "read": (errno.EIO,),
    "write": (errno.ENOSPC, errno.EIO),
    "rename": (errno.EACCES, errno.EIO, errno.EROFS, errno.ENOSPC),
    "link": (errno.EACCES, errno.EIO, errno.EROFS, errno.ENOSPC),
    "fsync": (errno.EIO,),
    "close": (errno.EIO, errno.ENOSPC),
}
STATES = ("train", "propose", "clip", "pretrain")  # rules whose jobs leave a state when they are asked to end
NOBODY = 65534


@dataclass(frozen=True)
class Sound:
    """What a job does when nothing happens to it."""

    seconds: float
    calls: dict[str, int]
    written: int  # bytes of its outputs


class Fault:
    """What happens `before` the job, in its process (`within`) and `during` it, and what is put right `after`.

    `text` says it in words; `signal` is what the job may end by.
    """

    text = "nothing"
    signal: signal.Signals | None = None
    on_small_disk = False
    ends: tuple[int, ...] = ()  # statuses that nothing in Python can prevent
    victim: str | None = None  # the file that the fault damages, which then is another one

    def before(self, shop: Workshop) -> None:
        pass

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder)

    def during(self, child: Child) -> None:
        pass

    def after(self, shop: Workshop) -> None:
        pass


class SignalAtMoment(Fault):
    """A signal at a moment of the job."""

    def __init__(self, chance: random.Random, sound: Sound, _: Workshop):
        self.signal, self._delay = chance.choice(SIGNALS), chance.random() * sound.seconds
        self.text = f"{self.signal.name} after {self._delay:.3f} s"

    def during(self, child: Child) -> None:
        time.sleep(self._delay)
        child.signal(self.signal)


class SignalAtCall(Fault):
    """A signal in the very moment in which a file is opened, written, renamed …"""

    def __init__(self, chance: random.Random, sound: Sound, _: Workshop):
        self.signal, self._nth = chance.choice(SIGNALS), chance.randint(1, sum(sound.calls.values()))
        self.text = f"{self.signal.name} at call {self._nth}"

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder, None, self._nth, -self.signal)


class FailingCall(Fault):
    """A call of the operating system fails, once or from then on."""

    def __init__(self, chance: random.Random, sound: Sound, _: Workshop):
        self._call = chance.choice([call for call, count in sound.calls.items() if count])
        self._nth, self._lasts = chance.randint(1, sound.calls[self._call]), chance.random() < 0.3
        self._error = chance.choice(ERRORS[self._call])
        often = " and all after it" if self._lasts else ""
        self.text = f"{errno.errorcode[self._error]} of {self._call} {self._nth}{often}"

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder, self._call, self._nth, self._error, self._lasts)


class FullDisk(Fault):
    """The disk is full after some bytes: a small file system where one can be mounted, else writes that fail."""

    def __init__(self, chance: random.Random, sound: Sound, _: Workshop):
        self._room = int(chance.random() * sound.written * 1.2)
        self.on_small_disk = can_mount() and chance.random() < 0.5
        self.text = f"room for {self._room} bytes{' on a tmpfs' if self.on_small_disk else ''}"

    def before(self, shop: Workshop) -> None:
        if self.on_small_disk:
            used = shutil.disk_usage(shop.folder).used
            resize(shop.folder.parent, max(used + self._room, 1 << 12))

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder)
        if not self.on_small_disk:
            shim.leave_room(self._room)

    def after(self, shop: Workshop) -> None:
        if self.on_small_disk:
            resize(shop.folder.parent, LARGE)


class ReadOnly(Fault):
    """Nothing can be written: as another user, or on a file system that turns read-only."""

    def __init__(self, chance: random.Random, sound: Sound, _: Workshop):
        self._as_another = os.geteuid() == 0 and chance.random() < 0.5
        self._nth = chance.randint(1, sound.calls["write"])
        self.text = "as another user" if self._as_another else f"EROFS from write {self._nth} on"

    def within(self, shop: Workshop) -> None:
        if self._as_another:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            shim.arm(shop.folder)
        else:
            shim.arm(shop.folder, "write", self._nth, errno.EROFS, True)


def damage(path: Path, chance: random.Random) -> str:
    """Truncate the file `path` at a random place, or flip one of its bits, in place; says which. Times stay."""
    status, content = path.stat(), bytearray(path.read_bytes())
    if not content or chance.random() < 0.4:
        place = chance.randrange(len(content)) if content else 0
        text, content = f"cut at byte {place}", content[:place]
    else:
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        content[place] ^= 1 << bit
        text = f"bit {bit} of byte {place} flipped"
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return text


class Damaged(Fault):
    """A file that the job reads is damaged: its recipe, an input, a record, a state to go on from, what is kept, the memory of hashes."""

    def __init__(self, chance: random.Random, sound: Sound, shop: Workshop):
        self._chance = chance
        kinds = ["input", "input", "input", "record", "recipe", "recipe", "speed", "kept", "kept", "outputs", "hashes"]
        kinds = [kind for kind in kinds if shop.inputs or kind not in ("input", "record", "hashes")]
        self._kind = "state" if shop.recipe.rule in STATES and chance.random() < 0.4 else chance.choice(kinds)
        self._nth = chance.randint(sum(sound.calls.values()) // 2, sum(sound.calls.values()))

    def before(self, shop: Workshop) -> None:
        name = self.victim = self._file(shop)
        self.text = f"{self._kind} {name}: {damage(shop.folder / name, self._chance)}"

    def _file(self, shop: Workshop) -> str:
        if self._kind in ("input", "record"):
            chosen = self._chance.choice(shop.inputs)
            name = chosen if self._kind == "input" else str(records.record_path(Path(chosen)))
            shop.restore(name)
            return name
        if self._kind in ("recipe", "speed"):
            return shop.path if self._kind == "recipe" else str(SPEED / "smoke.json")
        if self._kind == "outputs":
            shop.bring_outputs()
            return self._chance.choice(shop.outputs)
        if self._kind == "state":
            run(shop.folder, command_of(shop.recipe, shop.path), lambda: shim.arm(shop.folder, None, self._nth, -signal.SIGTERM))
            found = sorted(path for path in shop.folder.glob("work/*/*") if path.suffix in (".safetensors", ".csv"))
            if not found:  # it had ended
                self._kind = "recipe"
                return shop.path
            return self._chance.choice(found).relative_to(shop.folder).as_posix()
        ended = run(shop.folder, command_of(shop.recipe, shop.path), remember_all if self._kind == "hashes" else lambda: None)
        assert ended.status == 0, f"without a fault: {ended.said}"
        for name in shop.outputs:
            (shop.folder / name).unlink()
        if self._kind == "hashes":
            shutil.rmtree(shop.folder / "work/kept")
            return "work/hashes.sqlite"
        kept = sorted(path for path in shop.folder.glob("work/kept/**/*") if path.is_file())
        return self._chance.choice(kept).relative_to(shop.folder).as_posix()

    def within(self, shop: Workshop) -> None:
        if self._kind == "hashes":
            remember_all()
        shim.arm(shop.folder)

    def after(self, shop: Workshop) -> None:
        """As Snakemake writes recipes and makes inputs again that were deleted; all else the job has to cope with itself."""
        if self._kind in ("input", "record"):
            for name in shop.reads:
                shop.restore(name)
        elif self._kind in ("recipe", "speed"):
            for name in shop.mutable:
                shop.restore(name)


def remember_all() -> None:
    """Have hashes of all files be remembered, as those of large files are."""
    records.SMALL = 0


class Replaced(Fault):
    """An input becomes another one while the job runs: by another file, in place, or it is deleted.

    Some of these jobs are ended before they can see it.
    """

    def __init__(self, chance: random.Random, sound: Sound, shop: Workshop):
        self._chance, self._delay = chance, chance.random() * sound.seconds
        self._how = chance.choice(("by another file", "by another file", "in place", "deleted", "by the same bytes"))
        self.victim = chance.choice(shop.inputs or [shop.path])
        self.ends = (BUS_ERROR,) if self._how == "in place" else ()
        self.text = f"{self.victim}: {self._how} after {self._delay:.3f} s"
        if chance.random() < 0.4:
            self.signal, self._later = chance.choice(SIGNALS), chance.random() * (sound.seconds - self._delay)
            self.text += f", then {self.signal.name} after {self._later:.3f} s"

    def before(self, shop: Workshop) -> None:
        shop.restore(self.victim)
        self._file = shop.folder / self.victim
        self._other = shop.folder / "other"
        shutil.copyfile(self._file, self._other)
        if self._how != "by the same bytes":
            content = bytearray(self._other.read_bytes())
            for _ in range(50):  # so that some of them are read
                content[self._chance.randrange(len(content))] ^= 1 << self._chance.randrange(8)
            self._other.write_bytes(content)

    def during(self, child: Child) -> None:
        time.sleep(self._delay)
        if self._how == "deleted":
            self._file.unlink()
        elif self._how == "in place":
            with open(self._file, "r+b") as file:
                file.write(self._other.read_bytes())
        else:
            os.replace(self._other, self._file)
        if self.signal:
            time.sleep(self._later)  # the job goes on, and may read the other file; whatever it has come to, the same has to hold
            child.signal(self.signal)

    def after(self, shop: Workshop) -> None:
        for name in (*shop.reads, shop.path):
            shop.restore(name)


class MemoryRunsOut(Fault):
    """The job gets less memory than it asks for, so that a call for it fails, or a thread is not started."""

    ends = WITHOUT_MEMORY

    def __init__(self, chance: random.Random, sound: Sound, shop: Workshop):
        self._room = int(2 ** chance.uniform(16, 27))  # a job of `smoke` asks for some 20 MB beyond what is imported
        self.text = f"{self._room >> 10} KiB of memory more than at its start"

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder)
        limit = psutil.Process().memory_info().vms + self._room
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


class WrongClock(Fault):
    """The clock is set back or forward while the job runs, and files it reads have times of another year."""

    def __init__(self, chance: random.Random, sound: Sound, shop: Workshop):
        self._shift, self._after = chance.choice((-400, -1, 1, 400)) * DAY * chance.random(), chance.randint(0, sum(sound.calls.values()))
        self._years = {name: chance.uniform(0, 2**31) for name in shop.reads}
        self.text = f"the clock goes {self._shift / DAY:+.1f} days after {self._after} calls"

    def before(self, shop: Workshop) -> None:
        for name, seconds in self._years.items():
            shop.restore(name)
            os.utime(shop.folder / name, (seconds, seconds))

    def within(self, shop: Workshop) -> None:
        shim.arm(shop.folder)
        shim.shift_clock(self._shift, self._after)


KINDS: dict[str, tuple[int, Callable[[random.Random, Sound, Workshop], Fault]]] = {  # title → (how many of a hundred, which)
    "signal at any moment": (24, SignalAtMoment),
    "signal at a call": (16, SignalAtCall),
    "failing call": (22, FailingCall),
    "full disk": (8, FullDisk),
    "read-only": (4, ReadOnly),
    "damaged file of a job": (16, Damaged),
    "input replaced under a job": (6, Replaced),
    "memory runs out": (4, MemoryRunsOut),
    "wrong clock": (4, WrongClock),
}
