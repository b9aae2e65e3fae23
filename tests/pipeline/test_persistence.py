"""Snakemake makes again what it began and did not end, also where that is absent, and leaves the locks of others where they are."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
SNAKEFILE = """
from larvseg.pipeline.persistence import forget_the_damaged, remember_other_locks, remember_the_unfinished

remember_the_unfinished()
remember_other_locks()
forget_the_damaged()

rule table:
    input: "model"
    output: "table"
    shell: "cp {input} {output}"

rule model:
    input: "data"
    output: "model"
    shell: "if [ -e slow ]; then sleep 60; fi; if [ -e broken ]; then exit 1; fi; cp {input} {output}"

rule figure:
    output: "figure"
    shell: "touch {output}"
"""
NOTHING = "Nothing to be done"


class Calls:
    """Snakemake in `folder`, whose rule `model` takes a minute while there is a file `slow`, and fails while there is one `broken`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._started: list[subprocess.Popen] = []
        (folder / "Snakefile").write_text(SNAKEFILE)
        (folder / "data").write_text("one")

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, cwd=self.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, **streams)
        self._started.append(process)
        return process

    def run(self, *arguments: str, status: int = 0) -> str:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == status, said
        return said

    def end(self) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):  # also what a killed job has left, which holds the pipe
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def snakemake(tmp_path):
    calls = Calls(tmp_path)
    yield calls
    calls.end()


def deleted(snakemake: Calls, ending: str) -> None:
    """Have a finished model be deleted to be made again; then end Snakemake, or the job alone."""
    snakemake.run("table")
    model, slow = snakemake.folder / "model", snakemake.folder / "slow"
    slow.touch()
    process = snakemake.start("--nolock", "--forcerun", "model", "--", "table")
    wait_for(lambda: not model.exists() and psutil.Process(process.pid).children(), process)
    if ending == "snakemake":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        psutil.Process(process.pid).children()[0].kill()
    assert process.wait(60) != 0 and not model.exists() and (snakemake.folder / "table").exists()
    slow.unlink()


@pytest.mark.parametrize("ending", ["snakemake", "job"])
def test_what_was_deleted_to_be_made_again_comes_back_behind_what_is_up_to_date(snakemake, ending):
    deleted(snakemake, ending)
    snakemake.run("--nolock", "--rerun-incomplete", "figure")
    assert not (snakemake.folder / "model").exists()  # nobody asked for it
    snakemake.run("--nolock", "--rerun-incomplete", "table")
    assert (snakemake.folder / "model").read_text() == "one"
    assert NOTHING in snakemake.run("--rerun-incomplete", "table")


def test_a_job_that_failed_on_a_new_input_is_tried_again(snakemake):
    snakemake.run("table")
    data, broken = snakemake.folder / "data", snakemake.folder / "broken"
    data.write_text("two")
    after = (snakemake.folder / "table").stat().st_mtime + 5
    os.utime(data, (after, after))
    broken.touch()
    snakemake.run("--rerun-incomplete", "table", status=1)
    assert "Error in rule model" in snakemake.run("--rerun-incomplete", "table", status=1)
    broken.unlink()
    snakemake.run("--rerun-incomplete", "table")
    assert (snakemake.folder / "table").read_text() == "two"


def test_without_leave_to_make_it_again_it_is_as_snakemake_has_it(snakemake):
    deleted(snakemake, "job")
    assert NOTHING in snakemake.run("table")


@pytest.mark.parametrize("contents", [(b'{"rule": "model\xe7"}', b"[1]"), (b'{"rule": 5, "input": "data"}', b"7")])
def test_a_damaged_record_is_none(contents, snakemake):
    snakemake.run("table")
    metadata = snakemake.folder / ".snakemake/metadata"
    for record, content in zip(sorted(metadata.iterdir()), contents, strict=True):
        record.write_bytes(content)
        (snakemake.folder / ".snakemake/incomplete" / record.name).write_bytes(content)
    (snakemake.folder / "data").write_text("two")
    snakemake.run("--rerun-incomplete", "--forcerun", "model", "--", "table")
    assert (snakemake.folder / "table").read_text() == "two"


def test_locks_outlast_another_snakemake_that_ends(snakemake):
    locks = snakemake.folder / ".snakemake/locks"
    (snakemake.folder / "slow").touch()
    process = snakemake.start("table")
    wait_for(lambda: len(list(locks.glob("*.lock"))) == 2, process)
    held = sorted(locks.glob("*.lock"))
    snakemake.run("figure")
    assert process.poll() is None and sorted(locks.glob("*.lock")) == held
    refused, _ = snakemake.start("table").communicate(timeout=60)
    assert "cannot be locked" in refused
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    snakemake.run("--unlock", "table")
    assert not list(locks.glob("*.lock"))
