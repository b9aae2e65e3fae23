"""GPUs for each job, mostly one: jobs that run side by side take different ones."""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
import time
from itertools import takewhile
from pathlib import Path

from larvseg.errors import LarvSegError
from larvseg.locks import flock, join, leave, open_lock, others

NVIDIA = Path("/proc/driver/nvidia/gpus")  # one folder for each GPU, named by its place on the PCI bus
FOLDER = "larvseg-gpus"  # of the host and not of a project: projects of a host share its GPUs


def take_gpus(count: int = 1, driver: Path = NVIDIA) -> None:
    """Leave `count` GPUs visible to this process, the first that no other job of this host has taken; wait while too few are free.

    To be called before CUDA starts. Changes nothing where CUDA_VISIBLE_DEVICES, or the machine, has no GPU, nor in a job of Slurm that has
    one: Slurm gives each job its own, which each knows as 0. The kernel gives the GPUs back with the process, however that ends.

    Raises:
        LarvSegError: fewer than `count` are visible, or the folder of the locks cannot be used.
    """
    gpus, job = visible_gpus(driver), os.environ.get("SLURM_JOB_ID")
    if gpus and len(gpus) < count:
        raise LarvSegError(f"runtime.processes is {count}, but {len(gpus)} GPUs are visible here; set it lower")
    if not gpus or (job and len(_listed() or ()) < 2):
        return
    # of several GPUs of one job of Slurm, only its own processes take one
    names = {gpu: f"slurm-{job}-{gpu}" if job else _name(gpu, driver) for gpu in gpus}
    folder, waited = _folder(), False
    while len(free := _take({gpu: folder / f"{names[gpu]}.flock" for gpu in gpus}, count)) < count:
        if not waited:
            print(f"GPUs without a job: fewer than {count} of {len(gpus)}; waiting", file=sys.stderr, flush=True)
        waited = True
        time.sleep(1)  # the kernel can wait for one lock, not for the first of several; jobs take minutes
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(free)


def visible_gpus(driver: Path = NVIDIA) -> list[str]:
    """What CUDA_VISIBLE_DEVICES lists, or else the numbers of all GPUs that `driver` has a folder of; empty without a GPU."""
    listed = _listed()
    return [str(number) for number in range(len(_on_the_bus(driver)))] if listed is None else listed


def _listed() -> list[str] | None:
    """What CUDA_VISIBLE_DEVICES lists, as CUDA reads it: up to the first negative number."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return None
    return list(takewhile(lambda gpu: not gpu.startswith("-"), (gpu.strip() for gpu in listed.split(",") if gpu.strip())))


def _on_the_bus(driver: Path) -> list[Path]:
    return sorted(driver.iterdir()) if driver.is_dir() else []


def _name(gpu: str, driver: Path) -> str:
    """What tells `gpu`, which may be a number or the beginning of a UUID, from the others of the host: its UUID, if the driver tells it."""
    uuids = [_uuid(place) for place in _on_the_bus(driver)]
    if gpu.isdigit():
        return uuids[int(gpu)] if int(gpu) < len(uuids) else gpu
    beginning = [uuid for uuid in uuids if uuid.startswith(gpu)]
    return beginning[0] if len(beginning) == 1 else gpu.replace("/", "-")  # of MIG: MIG-GPU-<UUID>/<instance>/<instance>


def _uuid(place: Path) -> str:
    """The UUID of the GPU at `place`; its place on the bus where the driver shows none, or question marks, as of one that never ran."""
    try:
        found = re.search(r"GPU UUID:\s*([\w-]+)$", (place / "information").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return place.name
    return found[1] if found else place.name


def _folder() -> Path:
    """Where the locks of this host lie: everybody may add one, nobody removes another's."""
    folder = Path(tempfile.gettempdir(), FOLDER)
    try:
        folder.mkdir()
        folder.chmod(0o1777)
    except FileExistsError:
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise LarvSegError(f"{folder}: not a folder, but GPUs are locked in a folder of this name; remove it") from None
    except OSError as problem:
        raise LarvSegError(f"{folder}: cannot be made, but GPUs are locked there ({problem.strerror}); set TMPDIR") from None
    return folder


def _take(locks: dict[str, Path], count: int) -> list[str]:
    """The first `count` GPUs whose locks this process could take and then holds until it ends; fewer, and then it holds none of them.

    Two jobs that each held half of what they need would wait for each other for ever.
    """
    taken: dict[str, int | None] = {}
    for gpu, path in locks.items():
        if len(taken) == count:
            break
        descriptor = open_lock(path)
        state = flock(descriptor)
        if state == "held":
            taken[gpu] = descriptor
        elif state == "unknown" and not others(path):
            join(path)
            taken[gpu] = None
        elif descriptor is not None:
            os.close(descriptor)
    if len(taken) < count:
        for gpu, descriptor in taken.items():
            if descriptor is None:
                leave(locks[gpu])
            else:
                os.close(descriptor)
    return list(taken)
