"""One GPU for each job: jobs that run side by side take different ones."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path

NVIDIA = Path("/proc/driver/nvidia/gpus")  # one folder for each GPU
_held: list[int] = []


def take_gpu(folder: Path = Path("."), driver: Path = NVIDIA) -> None:
    """Leave one GPU visible to this process, the first that no other job in `folder` has taken; wait while all are taken.

    To be called before CUDA starts. Changes nothing where CUDA_VISIBLE_DEVICES, or the machine, has no GPU. The kernel gives the GPU back
    with the process, however that ends.
    """
    gpus = visible_gpus(driver)
    if not gpus:
        return
    locks = folder / "work" / "gpus"
    locks.mkdir(parents=True, exist_ok=True)
    waited = False
    while (free := next((gpu for gpu in gpus if _taken(locks / f"{gpu}.flock")), None)) is None:
        if not waited:
            print(f"GPUs with a job: {len(gpus)} of {len(gpus)}; waiting for one", file=sys.stderr, flush=True)
        waited = True
        time.sleep(1)  # the kernel can wait for one lock, not for the first of several; jobs take minutes
    os.environ["CUDA_VISIBLE_DEVICES"] = free


def visible_gpus(driver: Path = NVIDIA) -> list[str]:
    """What CUDA_VISIBLE_DEVICES lists, or else the numbers of all GPUs that `driver` has a folder of; empty without a GPU."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:
        return [gpu.strip() for gpu in listed.split(",") if gpu.strip()]
    return [str(number) for number in range(len(list(driver.iterdir())) if driver.is_dir() else 0)]


def _taken(path: Path) -> bool:
    """Whether this process could take the lock at `path`, which it then holds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True
