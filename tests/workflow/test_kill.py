"""SIGKILL at any moment: the next start goes on, without help, to the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import time

from tests.waiting import wait_for

RUNS = ("baseline-a150", "larvseg-a150", "lseg-a150", "reco-a150", "zsbaseline-a150", "openseg-a150")
TARGETS = [f"results/smoke/evaluations/{run}/seed0/metrics.json" for run in RUNS]


def kill_group(process: subprocess.Popen) -> None:
    """Kill Snakemake alone, as the out-of-memory killer does: its jobs have to notice by themselves."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def records(folder) -> set[tuple[str, int]]:
    """The records of trained models, each with the time it was written."""
    found = folder.glob("results/smoke/runs/*/*/model.safetensors.lineage.json")
    return {(str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in found}


def states(folder) -> set[str]:
    """Resumable states, finished or being written."""
    return {str(path) for pattern in ("state*", ".state*") for path in folder.glob(f"work/*/{pattern}")}


def test_killed_three_times_it_ends_with_the_same_bytes(copy, finished):
    copy.variables = {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "ALL", "MKL_CBWR": "AVX512"}  # to no avail
    shutil.rmtree(copy.folder / "results/smoke")
    shutil.rmtree(copy.folder / "work")
    chance = random.Random(0)
    finished_runs: set[tuple[str, int]] = set()
    doubtful: set[tuple[str, int]] = set()  # written in the seconds before a kill: Snakemake may not have noted them
    for moment in ("early", "checkpoint", "late"):
        process = copy.start("snakemake", "--cores", "2", *TARGETS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if moment == "early":
            time.sleep(chance.uniform(8, 14))
        elif moment == "checkpoint":  # while some run writes its resumable state
            known = states(copy.folder)
            wait_for(lambda known=known: states(copy.folder) - known, process)
        else:
            wait_for(lambda doubtful=frozenset(doubtful): len(records(copy.folder) - doubtful) >= 2, process)
            time.sleep(chance.uniform(6, 9))
        assert process.poll() is None, "it ended before it was killed"
        kill_group(process)
        now = records(copy.folder)
        assert finished_runs <= now  # what was finished did not run again
        doubtful |= {(path, when) for path, when in now if when > time.time_ns() - 5 * 10**9}
        finished_runs = now - doubtful
    assert finished_runs
    copy.snakemake(*TARGETS, cores=1)
    assert finished_runs <= records(copy.folder)
    assert copy.hashes().items() <= finished.hashes().items()
    assert not list(copy.folder.glob("results/**/.*.tmp"))
