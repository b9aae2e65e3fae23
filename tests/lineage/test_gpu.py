"""Jobs side by side take different GPUs, and give them back however they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from larvseg.lineage.gpu import visible_gpus
from tests.hosts import LACKS, process

ROOT = Path(__file__).parents[2]
TAKE = """
import os, sys
from pathlib import Path
from larvseg.lineage.gpu import take_gpus
take_gpus(int(sys.argv[2]), Path(sys.argv[1]))
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
input()
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a job on the machine `tmp_path`; `visible`: CUDA_VISIBLE_DEVICES, `slurm`: the number of its job of Slurm."""
    jobs = []

    def job(visible: str | None = None, slurm: str | None = None, count: int = 1) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
        for name, value in (("CUDA_VISIBLE_DEVICES", visible), ("SLURM_JOB_ID", slurm)):
            environment.pop(name, None)
            environment |= {} if value is None else {name: value}
        folder = tmp_path / f"project {len(jobs)}"  # each job is of another project
        folder.mkdir()
        pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        call = [sys.executable, "-c", TAKE, str(tmp_path / "driver"), str(count)]
        jobs.append(subprocess.Popen(call, env=environment, cwd=folder, text=True, **pipes))
        return jobs[-1]

    yield job
    for each in jobs:
        each.kill()
        each.communicate()


def machine(folder: Path, gpus: int) -> None:
    for number in range(gpus):
        place = folder / "driver" / f"0000:0{number}:00.0"
        place.mkdir(parents=True)
        (place / "information").write_text(f"Model: \t\t NVIDIA H100\nGPU UUID: \t GPU-{'abcdefgh'[number]}123-45\nVideo BIOS: \t ??\n")


def test_each_job_has_a_gpu_of_its_own_and_the_next_one_waits(tmp_path, start):
    machine(tmp_path, gpus=2)
    first, second = start(), start()
    taken = {job.stdout.readline(): job for job in (first, second)}
    assert set(taken) == {"0\n", "1\n"}
    third = start()
    assert third.stderr.readline() == "GPUs without a job: fewer than 1 of 2; waiting\n"
    taken["1\n"].send_signal(signal.SIGKILL)
    assert third.stdout.readline() == "1\n"


def test_a_job_of_several_processes_takes_all_that_it_needs_or_none(tmp_path, start):
    machine(tmp_path, gpus=4)
    first = start(count=3)
    assert first.stdout.readline() == "0,1,2\n"
    second = start(count=2)
    assert second.stderr.readline() == "GPUs without a job: fewer than 2 of 4; waiting\n"
    assert start().stdout.readline() == "3\n"  # the one that is free is not kept by who needs two
    first.kill()
    assert second.stdout.readline() == "0,1\n"
    assert "runtime.processes is 5, but 4 GPUs are visible here; set it lower" in start(count=5).stderr.read()


def test_the_variable_says_which_ones(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("GPU-a, 5").stdout.readline() for _ in range(2)] == ["GPU-a\n", "5\n"]


def test_a_gpu_is_the_same_by_its_number_and_by_its_uuid(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert start("1").stdout.readline() == "1\n"
    assert start("GPU-b123-45,GPU-c1").stdout.readline() == "GPU-c1\n"
    assert start("GPU-b1,2,3").stdout.readline() == "3\n"
    assert start("-1,0").stdout.readline() == "-1,0\n"  # CUDA sees none


def test_parts_of_a_gpu_are_taken_one_by_one(tmp_path, start):
    machine(tmp_path, gpus=1)
    parts = "MIG-GPU-a123-45/1/0,MIG-GPU-a123-45/2/0"
    assert [start(parts).stdout.readline() for _ in range(2)] == [f"{part}\n" for part in parts.split(",")]


def test_a_driver_that_shows_no_uuid(tmp_path, start):
    machine(tmp_path, gpus=2)
    for place in (tmp_path / "driver").iterdir():
        (place / "information").write_text("GPU UUID: \t GPU-????????-????\n")
    assert {start().stdout.readline() for _ in range(2)} == {"0\n", "1\n"}


def test_slurm_gives_each_job_its_gpu(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("0", slurm=job).stdout.readline() for job in ("7", "8")] == ["0\n"] * 2
    assert not (tmp_path / "larvseg-gpus").exists()


def test_jobs_inside_one_of_slurm_share_its_gpus(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("0,1", slurm="7").stdout.readline() for _ in range(2)] == ["0\n", "1\n"]
    assert start("0,1", slurm="8").stdout.readline() == "0\n"


def test_everybody_can_lock_and_nobody_leads_elsewhere(tmp_path, start):
    machine(tmp_path, gpus=1)
    assert start().stdout.readline() == "0\n"
    assert (tmp_path / "larvseg-gpus").stat().st_mode & 0o7777 == 0o1777
    (tmp_path / "larvseg-gpus").rename(tmp_path / "elsewhere")
    (tmp_path / "larvseg-gpus").symlink_to(tmp_path / "elsewhere")
    assert "larvseg-gpus: not a folder, but GPUs are locked in a folder of this name; remove it" in start().stderr.read()


@pytest.mark.parametrize("flock", LACKS)
def test_without_locks_notes_say_which_gpus_are_taken(tmp_path, flock):
    machine(tmp_path, gpus=2)
    code = f"""
import os, tempfile
from larvseg.lineage.gpu import take_gpus
tempfile.tempdir = {str(tmp_path)!r}
take_gpus(1, Path({str(tmp_path / "driver")!r}))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
input()
"""
    with process(code, None, flock) as first:
        assert first.stdout.readline() == "0\n"
        with process(code, None, flock) as second:
            assert second.stdout.readline() == "1\n"


def test_a_single_gpu_is_for_one_job_at_a_time(tmp_path, start):
    machine(tmp_path, gpus=8)
    first = start("3")
    assert first.stdout.readline() == "3\n"
    second = start("3")
    assert second.stderr.readline() == "GPUs without a job: fewer than 1 of 1; waiting\n"
    first.kill()
    assert second.stdout.readline() == "3\n"


def test_no_visible_gpu_is_left_as_it_is(tmp_path, start):
    machine(tmp_path, gpus=8)
    assert [start("").stdout.readline() for _ in range(2)] == ["\n"] * 2


def test_a_machine_without_gpus(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus(tmp_path / "driver") == []
