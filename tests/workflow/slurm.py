"""A Slurm of one node, this machine, for as long as a test takes: munged, slurmctld and slurmd, as whoever runs the test."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from larvseg.lineage.process import die_with_parent

PLUGIN = "snakemake_executor_plugin_slurm"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
MISSING = "no Slurm: apt-get install --no-install-recommends slurm-wlm munge, and pip install -c constraints.txt -e '.[slurm]'"
PATIENCE = 60  # seconds for daemons to come up, and for jobs to go
GPUS = ("/dev/null", "/dev/zero")  # devices that every machine has stand for two
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# for so many seconds a job that is requeued waits
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# a container has no cgroups of its own, and this cluster no data base
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# the node has what is said here, whatever the machine has
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000 Gres=gpu:2 State=UNKNOWN
# jobs go back to the queue only if they ask for it
JobRequeue=0
PartitionName=test Nodes=ALL MaxTime=60 State=UP
# and for a second, not for a minute, jobs that could start
SchedulerParameters=sched_interval=1,batch_sched_delay=0
"""


class Slurm:
    """One that runs. `variables`: what tells its commands where it is.

    `programs` is a folder for the front of PATH: an executor of Snakemake takes the variable from what it starts by srun.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, folder / "bin"
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf")}

    def run(self, *command: str) -> str:
        """Standard output of a command of Slurm."""
        done = subprocess.run(command, env=os.environ | self.variables, text=True, capture_output=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout

    def jobs(self, states: str = "all") -> dict[str, str]:
        """Number of a job → its comment, of those in one of `states`."""
        lines = self.run("squeue", "--noheader", f"--states={states}", "--format=%i %k").splitlines()
        return dict(line.split(maxsplit=1) for line in lines)

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Wait until `condition()`; fail with what the daemons said if that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"Slurm: waited {PATIENCE} s for {what}\n{self.logs()}"
            time.sleep(0.2)

    def logs(self) -> str:
        """The last that the daemons said."""
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*.log")))


@contextmanager
def running(cpus: int = 2) -> Iterator[Slurm]:
    """A Slurm with so many cores and two GPUs. Without its programs, tests are skipped here and fail where CI is set.

    However the block ends, its jobs and daemons end with it.
    """
    if find_spec(PLUGIN) is None or not all(map(shutil.which, PROGRAMS)):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with TemporaryDirectory(prefix="slurm-") as name, ExitStack() as stack:  # of a short name: paths of sockets may not be long
        slurm = Slurm(Path(name))
        slurm.folder.chmod(0o755)  # munged wants that others reach its socket
        _configure(slurm.folder, cpus)
        munge = {what: f"--{what}={slurm.folder / 'munge'}.{what}" for what in ("key-file", "socket", "pid-file", "seed-file", "log-file")}
        stack.enter_context(_daemon(slurm, "munged", "--foreground", "--force", *munge.values()))
        slurm.wait((slurm.folder / "munge.socket").exists, "munged")
        stack.enter_context(_daemon(slurm, "slurmctld", "-D"))
        stack.enter_context(_daemon(slurm, "slurmd", "-D"))
        slurm.wait(lambda: _idle(slurm), "its node")
        stack.callback(_end_jobs, slurm)
        yield slurm


def _configure(folder: Path, cpus: int) -> None:
    host = socket.gethostname().partition(".")[0]
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"controller_port": one.getsockname()[1], "node_port": other.getsockname()[1]}
    settings = {"host": host, "user": getpass.getuser(), "folder": folder, "cpus": cpus, **ports}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**settings))
    (folder / "gres.conf").write_text("".join(f"NodeName={host} Name=gpu File={device}\n" for device in GPUS))
    (folder / "munge.key-file").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key-file").chmod(0o600)
    for each in ("state", "spool", "bin"):
        (folder / each).mkdir()
    (folder / "bin/srun").write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
    (folder / "bin/srun").chmod(0o755)


@contextmanager
def _daemon(slurm: Slurm, program: str, *arguments: str) -> Iterator[None]:
    with open(slurm.folder / f"{program}.log", "w") as log:
        # also if the tests are killed
        process = subprocess.Popen(
            (program, *arguments), env=os.environ | slurm.variables, stdout=log, stderr=log, preexec_fn=die_with_parent
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _idle(slurm: Slurm) -> bool:
    asked = subprocess.run(("sinfo", "--noheader", "--format=%T"), env=os.environ | slurm.variables, text=True, capture_output=True)
    return asked.stdout.strip() == "idle"  # nothing, as long as slurmctld is not up


def _end_jobs(slurm: Slurm) -> None:
    """Kill all jobs, which would outlive slurmd."""
    slurm.run("scancel", "--full", "--signal=KILL", f"--user={getpass.getuser()}")
    slurm.run("scancel", f"--user={getpass.getuser()}")
    slurm.wait(lambda: not slurm.jobs("pending,running,completing"), "its jobs to end")
