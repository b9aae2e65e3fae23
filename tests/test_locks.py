"""One process at a time owns what a lock stands for, on one host or on several, whatever the file system lacks."""

import os
import time
from pathlib import Path
from threading import Thread

import pytest

from larvseg import locks
from larvseg.errors import LarvSegError
from larvseg.files import host
from larvseg.locks import PATIENCE, is_held, note_of, others, owned
from tests.hosts import LACKS, owner, play, process

EVERYWHERE = (None, "local", *LACKS)  # what flock is like


@pytest.fixture
def lock(tmp_path) -> Path:
    return tmp_path / "work" / "lock"


def notes(lock: Path) -> list[str]:
    return sorted(path.name for path in lock.parent.glob("lock.*"))


def told_by(name: str, lock: Path, age: float = 0.0) -> Path:
    """The note of a process of the host `name`, last touched `age` seconds ago."""
    lock.parent.mkdir(exist_ok=True)
    note = lock.with_name(f"lock.12@{name}")
    note.write_text("of another boot")
    os.utime(note, (time.time() - age,) * 2)
    return note


@pytest.mark.parametrize("flock", EVERYWHERE)
def test_a_second_process_is_refused_until_the_first_is_killed(lock, monkeypatch, flock):
    with process(owner(lock), None, flock) as first:
        assert first.stdout.readline() == "owned\n"
        play(monkeypatch, flock=flock)
        assert is_held(lock)
        with pytest.raises(LarvSegError, match=rf"^x: is at work \(process {first.pid} of this host\)$"), owned(lock, "x: is at work"):
            pass
        first.kill()
        first.wait()
        assert not is_held(lock)
        with owned(lock, "x: is at work"):
            assert notes(lock) == [note_of(lock).name]
    assert notes(lock) == []


@pytest.mark.parametrize("flock", [None, *LACKS])
def test_who_waits_comes_next(lock, flock):
    with process(owner(lock), None, flock) as first, process(owner(lock), None, flock) as second:
        assert first.stdout.readline() in ("owned\n", "waiting\n")
        assert second.stdout.readline() in ("owned\n", "waiting\n")
        first.stdin.write("\n") and first.stdin.flush()
        second.stdin.write("\n") and second.stdin.flush()
        assert first.wait(20) == second.wait(20) == 0
    assert notes(lock) == []


@pytest.mark.parametrize("flock", [None, "ENOSYS"])
def test_threads_of_one_process_come_one_after_the_other(lock, monkeypatch, flock):
    play(monkeypatch, flock=flock)
    monkeypatch.setattr(locks.time, "sleep", lambda seconds, sleep=time.sleep: sleep(0.01))
    inside, met = [], []

    def work() -> None:
        with owned(lock, "x: is at work", waiting=lambda: None):
            met.extend(inside)
            inside.append(1)
            Path(lock.parent, "busy").write_text("")
            inside.pop()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [] and notes(lock) == []


@pytest.mark.parametrize("flock", EVERYWHERE)
def test_a_holder_of_another_host_counts_as_alive_for_a_while(lock, monkeypatch, capsys, flock):
    play(monkeypatch, flock=flock)
    note = told_by("node7", lock, age=PATIENCE - 60)
    told = rf"^x: is at work \(process 12 of node7, last seen 14 minutes ago; if it is gone, delete {note}\)$"
    with pytest.raises(LarvSegError, match=told), owned(lock, "x: is at work"):
        pass
    assert notes(lock) == [note.name]
    told_by("node7", lock, age=PATIENCE + 60)
    with owned(lock, "x: is at work"):
        assert notes(lock) == [note_of(lock).name]
    assert f"{note}: not touched for 16 minutes; taken over from node7" in capsys.readouterr().err


def test_two_hosts_with_locks_of_their_own_see_each_other(lock, monkeypatch):
    with process(owner(lock), "node7", "local") as first:
        assert first.stdout.readline() == "owned\n"
        play(monkeypatch, "node8", "local")
        with pytest.raises(LarvSegError, match=f"process {first.pid} of node7, last seen 0 minutes ago"), owned(lock, "x: is at work"):
            pass
        first.stdin.write("\n") and first.stdin.flush()
        first.wait(20)
        with owned(lock, "x: is at work"):
            pass


def test_who_was_taken_for_dead_stops(lock):
    with process(owner(lock, beat=0.05), "node7", "local") as first:
        assert first.stdout.readline() == "owned\n"
        (note,) = others(lock)
        note.note.unlink()
        assert first.wait(20) == 1
        assert first.stderr.read() == "error: x: is at work; this one was taken for dead, or told to end by deleting its note\n"


def test_a_holder_touches_its_note(lock):
    with process(owner(lock, beat=0.05)) as first:
        assert first.stdout.readline() == "owned\n"
        (holder,) = others(lock)
        os.utime(holder.note, (0, 0))
        for _ in range(200):
            if holder.note.stat().st_mtime > 0:
                return
            time.sleep(0.05)
    raise AssertionError("not touched")


def test_another_process_of_the_same_number_is_not_the_holder(lock):
    lock.parent.mkdir()
    note = lock.with_name(f"lock.{os.getppid()}@{host()}")
    note.write_text("of another boot 1")
    assert others(lock) == [] and not note.exists()


def test_what_a_file_system_lacks_is_said_once(lock, monkeypatch, capsys):
    play(monkeypatch, flock="ENOSYS")
    for name in "ab":
        with owned(lock.with_name(name), "x"):
            pass
    told = (
        "the file system has no file locks here (Function not implemented); what processes note beside their locks decides who may work\n"
    )
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(("mask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_the_umask_says_who_may_lock(lock, mask, mode):
    before = os.umask(mask)
    try:
        with owned(lock, "x"):
            assert lock.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def test_a_lock_of_somebody_else_is_read(lock, monkeypatch):
    lock.parent.mkdir()
    lock.touch()
    own_open = os.open

    def only_to_read(path, flags, *arguments, **named):
        if Path(path) == lock and flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied")
        return own_open(path, flags, *arguments, **named)

    with process(owner(lock)) as first:
        assert first.stdout.readline() == "owned\n"
        monkeypatch.setattr(os, "open", only_to_read)
        with locks.opened(lock) as descriptor:
            assert locks.flock(descriptor) == "taken"


def test_a_folder_that_can_only_be_read(lock, monkeypatch, capsys):
    lock.parent.write_text("a file, in which nothing can be made")
    monkeypatch.setattr(locks, "_said", [])
    with locks.opened(lock) as descriptor:
        assert locks.flock(descriptor) == "unknown"
    locks.join(lock)  # leaves no note, and says no word
    with pytest.raises(LarvSegError, match=r"work: cannot be written to \("), owned(lock, "x"):
        pass
    assert capsys.readouterr().err.startswith(f"{lock}: cannot be locked (")
