"""Which jobs run, by what is there."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from larvseg.files import host
from larvseg.lineage.process import LOCK
from larvseg.locks import PATIENCE, leave, owned
from larvseg.watch.running import running
from tests.watch.conftest import EVALUATE, TRAIN

SNAKEFILE = """
from larvseg.lineage.process import clear_stale_locks
clear_stale_locks()

rule train:
    output: "results/toy/runs/r1/seed0/model", "results/toy/runs/r1/seed0/curves.csv"
    log: "results/toy/logs/train/r1.seed0.log"
    shell: "(echo reading; exec sleep 60) > {log}"
"""


def titles() -> list[str]:
    return [job.recipe.title for job in running("toy")]


def told(path: Path, name: str, age: float) -> None:
    """The note of a process of the host `name` beside the lock `path`, last touched `age` seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    note = path.with_name(f"{path.name}.12@{name}")
    note.write_text("of another boot")
    os.utime(note, (time.time() - age,) * 2)


def test_nothing_runs_before_something_is_begun(jobs):
    assert titles() == []


def test_what_snakemake_has_begun_runs_until_its_mark_is_gone(jobs):
    jobs.begin(EVALUATE)
    (job,) = running("toy")
    assert job.recipe == EVALUATE and abs(time.time() - job.since) < 60 and job.host == host()
    for mark in Path(".snakemake/incomplete").iterdir():
        mark.unlink()
    assert titles() == []


def test_a_name_that_is_too_long_for_a_file_goes_on_in_a_folder(jobs):
    jobs.begin(EVALUATE)
    (mark,) = Path(".snakemake/incomplete").iterdir()
    folder = mark.with_name(f"@{mark.name[:9]}")
    folder.mkdir()
    mark.rename(folder / mark.name[9:])
    assert titles() == [EVALUATE.title]


def test_a_job_that_waits_in_a_queue_does_not_run(jobs):
    log = jobs.begin(EVALUATE, said=None)
    assert titles() == []
    log.write_text("of an attempt before")
    os.utime(log, (time.time() - 3600,) * 2)
    assert titles() == []
    log.write_text("")
    assert titles() == [EVALUATE.title]


def test_marks_of_a_snakemake_that_is_gone_say_nothing(jobs):
    jobs.begin(EVALUATE)
    leave(LOCK.absolute())
    assert titles() == []
    told(LOCK, "elsewhere", PATIENCE / 2)
    assert titles() == [EVALUATE.title]
    told(LOCK, "elsewhere", PATIENCE + 60)
    assert titles() == []


def test_marks_from_before_the_present_snakemake_say_nothing(jobs):
    jobs.begin(EVALUATE)
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir()
    lock.write_text("")
    assert titles() == [EVALUATE.title]
    os.utime(lock, (time.time() + 60,) * 2)
    assert titles() == []


def test_a_training_runs_where_its_lock_is_held_whoever_started_it(jobs):
    leave(LOCK.absolute())
    with owned(jobs.lock_of(TRAIN), "x"):
        (job,) = running("toy")
        assert job.recipe == TRAIN and job.since is None and job.host == host()
    assert titles() == []
    told(jobs.lock_of(TRAIN), "node7", PATIENCE / 2)
    assert [job.host for job in running("toy")] == ["node7"]
    told(jobs.lock_of(TRAIN), "node7", PATIENCE + 60)
    assert titles() == []


def test_a_training_that_died_does_not_run_though_snakemake_has_not_seen_it(jobs):
    jobs.begin(TRAIN)
    assert titles() == [TRAIN.title]  # before it takes its lock
    told(jobs.lock_of(TRAIN), host(), 0)  # of a process that is no more
    assert titles() == []
    told(jobs.lock_of(TRAIN), host(), 3600)  # of an attempt before
    assert titles() == [TRAIN.title]


def test_looking_changes_nothing(jobs):
    jobs.begin(TRAIN)
    told(jobs.lock_of(TRAIN), host(), 0)

    def there():
        return {path: path.stat().st_mtime_ns for path in Path().rglob("*")}

    before = there()
    running("toy")
    assert there() == before


def test_a_real_snakemake_leaves_these_marks(jobs):
    leave(LOCK.absolute())
    Path("Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "results/toy/runs/r1/seed0/model", "--cores", "1", "--quiet"]
    snakemake = subprocess.Popen(command, start_new_session=True)
    try:
        ends = time.monotonic() + 240
        while not titles() and snakemake.poll() is None and time.monotonic() < ends:
            time.sleep(0.1)
        assert titles() == [TRAIN.title]
    finally:
        os.killpg(snakemake.pid, signal.SIGKILL)
        snakemake.wait()
    assert titles() == [] and any(Path(".snakemake/incomplete").iterdir())
