"""A small file system in memory that can be full, where the system lets one be mounted: as root, and not in every container."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.chaos import shim

LARGE = 1 << 30


@cache
def can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run([*_MOUNT, folder], capture_output=True, env=shim.without_shim())
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True, env=shim.without_shim())
        return tried.returncode == 0


@contextmanager
def small_disk(beside: Path) -> Iterator[Path]:
    """A folder on a file system of its own, whose size can be changed."""
    mount = beside / "disk"
    mount.mkdir(parents=True, exist_ok=True)
    subprocess.run([*_MOUNT, mount], check=True, env=shim.without_shim())
    try:
        yield mount / "shop"
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True, env=shim.without_shim())
        shutil.rmtree(mount, ignore_errors=True)


def resize(folder: Path, size: int) -> None:
    """Give the file system that is mounted at `folder` another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True, env=shim.without_shim())


_MOUNT = ("mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs")
