"""Killed processes leave nothing in the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from larvseg.errors import LarvSegError
from larvseg.lineage.process import LOCK, alone, clear_stale_locks, share_lock
from tests.hosts import LACKS, play
from tests.hosts import process as process_of

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def stale_lock(folder: Path) -> Path:
    lock = folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("results/table3.csv\n")
    return lock


def test_a_lock_that_nobody_holds_is_removed(tmp_path):
    lock = stale_lock(tmp_path)
    assert clear_stale_locks(tmp_path)
    assert not lock.exists()


def test_a_lock_of_a_living_process_stays_until_it_is_killed(tmp_path):
    lock = stale_lock(tmp_path)
    code = f"""
from pathlib import Path
from larvseg.lineage.process import clear_stale_locks
print('alone' if clear_stale_locks(Path({str(tmp_path)!r})) else 'not alone', flush=True)
"""
    holder = subprocess.Popen([sys.executable, "-c", code + "input()"], stdout=subprocess.PIPE, stdin=subprocess.PIPE, env=ENVIRONMENT)
    assert holder.stdout.readline() == b"alone\n"
    lock = stale_lock(tmp_path)
    check = [sys.executable, "-c", code]
    assert subprocess.run(check, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE).stdout == b"not alone\n"
    assert lock.exists()
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    subprocess.run(check, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    assert not lock.exists()


def snakemake(folder: Path, call: str = "clear_stale_locks") -> str:
    """The code of a Snakemake at work in `folder`."""
    code = f"from larvseg.lineage.process import {call}; print({call}(Path({str(folder)!r})), flush=True)"
    return f"{code}\ninput()"


def answers(folder: Path, *played: str | None) -> tuple[str, str]:
    """What a Snakemake says that is started in `folder` where `play(*played)` holds, and ends: whether it is alone, and on stderr."""
    with process_of(snakemake(folder), *played) as started:
        return started.communicate("\n")


@pytest.mark.parametrize("flock", LACKS)
def test_without_file_locks_notes_say_who_is_alone(tmp_path, monkeypatch, flock):
    with process_of(snakemake(tmp_path), None, flock) as first:
        assert first.stdout.readline() == "True\n"
        lock = stale_lock(tmp_path)
        alone_not, told = answers(tmp_path, None, flock)
        assert alone_not == "False\n" and lock.exists() and told.count("\n") == 1
        play(monkeypatch, flock=flock)
        with pytest.raises(LarvSegError, match=f"a Snakemake works here; wait until it has ended .process {first.pid} of this host"):
            alone(tmp_path).__enter__()
        first.kill()
        first.wait()
        assert answers(tmp_path, None, flock)[0] == "True\n" and not lock.exists()


def test_locks_of_a_snakemake_of_another_host_stay(tmp_path, monkeypatch):
    """Where flock ends at the border of a host, each believes that it is alone."""
    with process_of(snakemake(tmp_path), "node7", "local") as first:
        assert first.stdout.readline() == "True\n"
        lock, note = stale_lock(tmp_path), tmp_path / f"{LOCK}.{first.pid}@node7"
        told = f"stay for process {first.pid} of node7, last seen 0 minutes ago; if it is gone, delete {note}\n"
        for _ in ("while it is alive", "when it is gone, which cannot be told from here"):
            output, message = answers(tmp_path, "node8", "local")
            assert output == "False\n" and message.endswith(told) and message.count("\n") == 1 and lock.exists()
            first.kill()
            first.wait()
    play(monkeypatch, "node8", "local")
    with pytest.raises(LarvSegError, match=f"a Snakemake works here.*if it is gone, delete {note}"):
        alone(tmp_path).__enter__()
    assert answers(tmp_path, "node7", "local") == ("True\n", "")
    assert not lock.exists() and not note.exists()


def test_a_snakemake_that_ends_leaves_no_note(tmp_path):
    with process_of(snakemake(tmp_path)) as ended:
        assert ended.stdout.readline() == "True\n"
        assert list((tmp_path / "work").glob("*@*"))
        ended.communicate("\n")
    assert not list((tmp_path / "work").glob("*@*"))


def test_one_that_was_sent_to_a_host_clears_nothing(tmp_path):
    lock = stale_lock(tmp_path)
    with process_of(snakemake(tmp_path, "share_lock")) as sent:
        assert sent.stdout.readline() == "False\n"
        assert not clear_stale_locks(tmp_path) and lock.exists()
        assert not list((tmp_path / "work").glob(f"*.{sent.pid}@*"))


def test_locks_without_file_locks_are_shared(tmp_path, monkeypatch):
    play(monkeypatch, flock="ENOSYS")
    assert not share_lock(tmp_path)
    assert clear_stale_locks(tmp_path)


def test_a_job_dies_with_its_parent(tmp_path):
    child = """
import os, time
from larvseg.lineage.process import die_with_parent
die_with_parent()
print(os.getpid(), flush=True)
time.sleep(60)
"""
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, env=ENVIRONMENT)
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.05)
    raise AssertionError("the job outlived its parent")
