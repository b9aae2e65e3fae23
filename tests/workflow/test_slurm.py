"""Through the queue of a real Slurm, on one node: jobs that are ended in every way run again, and the bytes are those without it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator

import psutil
import pytest

from tests.workflow.clone import TABLE, Clone
from tests.workflow.slurm import Slurm, running

RUNS = ("baseline-a150", "larvseg-a150", "supervised-a150")
# what profiles/slurm/config.yaml leaves to its readers: their partition, and how to ask a cluster that keeps no accounts
EDITED = ("--default-resources", "slurm_partition=test", "--slurm-status-command", "squeue")
AT_ONCE = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")  # seconds, not minutes
GPUS = ("--set-resources", "train:gpu=1", "evaluate:gpu=2")  # as on a GPU, and as of a training on two


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with running() as slurm:
        yield slurm


def forget(clone: Clone, *runs: str) -> None:
    """Delete `runs` and what was made of them up to Table 3, wherever it was kept."""
    shutil.rmtree(clone.folder / "work")
    (clone.folder / TABLE).unlink()
    for run in runs:
        for folder in ("runs", "evaluations"):
            shutil.rmtree(clone.folder / "results/smoke" / folder / run)


def started(clone: Clone, slurm: Slurm, *arguments: str) -> subprocess.Popen:
    """Snakemake, whose commands are found in `programs` of the clone first. What it says goes to the logs of Slurm."""
    folders = (clone.folder / "programs", slurm.programs, clone.environment()["PATH"])
    clone.variables = slurm.variables | {"PATH": os.pathsep.join(map(str, folders))}
    with open(slurm.folder / "snakemake.log", "w") as said:
        return clone.start("snakemake", *arguments, "--profile", "profiles/slurm", *EDITED, *AT_ONCE, stdout=said, stderr=said)


def trainings(jobs: Collection[str]) -> dict[str, psutil.Process]:
    """Run → the process that trains it in one of `jobs` of Slurm."""
    found = {}
    for process in psutil.process_iter():
        try:
            command, environment = process.cmdline(), process.environ()
        except psutil.Error:  # it has ended, or is another user's
            continue
        recipe = re.fullmatch(r"work/recipes/smoke/train/(.+)\.seed0\.json", command[-1]) if command else None
        if recipe and environment.get("SLURM_JOB_ID") in jobs:
            found[recipe[1]] = process
    return found


def first_training(among: Collection[str], slurm: Slurm, snakemake: subprocess.Popen) -> tuple[str, psutil.Process]:
    """Wait until a run of `among` is trained; the run, and the process."""
    found = []

    def look() -> bool:
        assert snakemake.poll() is None
        found.extend((run, process) for run, process in trainings(slurm.jobs("running")).items() if run in among)
        return bool(found)

    slurm.wait(look, "a training")
    return found[0]


def test_jobs_that_are_cancelled_requeued_or_killed_run_again_to_the_same_bytes(copy, finished, slurm):
    forget(copy, *RUNS)
    snakemake = started(copy, slurm, TABLE, *GPUS)
    runs, ended, processes = set(RUNS), {}, []
    for end in ("cancel", "requeue", "kill"):
        run, process = first_training(runs, slurm, snakemake)
        ended[end] = job = process.environ()["SLURM_JOB_ID"]
        if end == "cancel":
            slurm.run("scancel", job)
        elif end == "requeue":  # as a preemption, or a node that fails
            slurm.run("scontrol", "requeue", job)
        else:  # Snakemake on the node, as the out-of-memory killer does: what it started ends with it
            process.parent().kill()
        runs.remove(run)
        processes.append(process)
    assert psutil.wait_procs(processes, timeout=30)[1] == []
    assert snakemake.wait(timeout=300) == 0, slurm.logs()
    assert copy.read(TABLE) == finished.read(TABLE)
    assert copy.hashes().items() <= finished.hashes().items()

    jobs = {job: dict(re.findall(r"(\S+?)=(\S*)", slurm.run("scontrol", "show", "job", "--oneliner", job))) for job in slurm.jobs()}
    assert [jobs[ended[end]]["JobState"] for end in ("cancel", "requeue", "kill")] == ["CANCELLED", "COMPLETED", "FAILED"]
    assert jobs[ended["requeue"]]["Restarts"] == "1"
    done = sorted(job["Comment"] for job in jobs.values() if job["JobState"] == "COMPLETED")
    assert done == sorted(f"rule_{rule}_wildcards_{run}_0" for rule in ("train", "evaluate") for run in RUNS)  # each once; the table here
    for job in jobs.values():
        assert job["TresPerJob"] == f"gres:gpu:{1 if 'rule_train' in job['Comment'] else 2}"
        assert (job["NumTasks"], job["CPUs/Task"], job["MinMemoryNode"], job["TimeLimit"]) == ("1", "1", "2000M", "00:05:00")


SAVING = f"""#!{sys.executable}
import signal, sys, time
from larvseg.lineage.process import die_with_parent

def save(*_):
    time.sleep(3)
    print("saved", flush=True)
    sys.exit(1)

die_with_parent()
signal.signal(signal.SIGTERM, save)
print("trains", flush=True)
time.sleep(600)
"""


def test_ctrl_c_ends_the_jobs_which_have_time_to_save(copy, slurm):
    forget(copy, RUNS[0])
    programs = copy.folder / "programs"
    programs.mkdir()
    (programs / "larvseg").write_text(SAVING)
    (programs / "larvseg").chmod(0o755)
    snakemake = started(copy, slurm, f"results/smoke/runs/{RUNS[0]}/seed0/model.safetensors")
    log = copy.folder / f"results/smoke/logs/train/{RUNS[0]}.seed0.log"
    first_training(RUNS, slurm, snakemake)
    slurm.wait(lambda: log.read_text() == "trains\n", "its first line")
    slurm.wait(lambda: "has been submitted" in slurm.logs(), "Snakemake to know of its job")
    snakemake.send_signal(signal.SIGINT)
    slurm.wait(lambda: not slurm.jobs("pending,running,completing"), "its job to end")
    assert log.read_text() == "trains\nsaved\n", slurm.logs()
    assert snakemake.poll() != 0
    snakemake.kill()  # which may sleep for three minutes between two looks at its jobs before it sees that there is none
