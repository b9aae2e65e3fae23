"""Jobs side by side take different GPUs, and give them back however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from larvseg.lineage.gpu import visible_gpus

ROOT = Path(__file__).parents[2]
TAKE = """
import os, sys
from pathlib import Path
from larvseg.lineage.gpu import take_gpu
take_gpu(Path(sys.argv[1]), Path(sys.argv[1]) / "driver")
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
input()
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a job on the machine `tmp_path`, with the variable CUDA_VISIBLE_DEVICES if given."""
    jobs = []

    def job(visible: str | None = None) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        if visible is not None:
            environment["CUDA_VISIBLE_DEVICES"] = visible
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        jobs.append(subprocess.Popen([sys.executable, "-c", TAKE, str(tmp_path)], env=environment, text=True, **pipes))
        return jobs[-1]

    yield job
    for each in jobs:
        each.kill()
        each.communicate()


def machine(folder: Path, gpus: int) -> None:
    for number in range(gpus):
        (folder / "driver" / f"0000:0{number}:00.0").mkdir(parents=True)


def test_each_job_has_a_gpu_of_its_own_and_the_next_one_waits(tmp_path, start):
    machine(tmp_path, gpus=2)
    first, second = start(), start()
    taken = {job.stdout.readline(): job for job in (first, second)}
    assert set(taken) == {"0\n", "1\n"}
    third = start()
    assert third.stderr.readline() == "GPUs with a job: 2 of 2; waiting for one\n"
    taken["1\n"].send_signal(signal.SIGKILL)
    assert third.stdout.readline() == "1\n"


def test_the_variable_says_which_ones(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("GPU-a, 5").stdout.readline() for _ in range(2)] == ["GPU-a\n", "5\n"]


def test_a_single_gpu_is_for_one_job_at_a_time(tmp_path, start):
    machine(tmp_path, gpus=8)
    first = start("3")
    assert first.stdout.readline() == "3\n"
    second = start("3")
    assert second.stderr.readline() == "GPUs with a job: 1 of 1; waiting for one\n"
    first.kill()
    assert second.stdout.readline() == "3\n"


def test_no_visible_gpu_is_left_as_it_is(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("").stdout.readline() for _ in range(2)] == ["\n"] * 2


def test_a_machine_without_gpus(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus(tmp_path / "driver") == []
