"""Killed processes leave nothing in the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from larvseg.lineage.process import clear_stale_locks

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
