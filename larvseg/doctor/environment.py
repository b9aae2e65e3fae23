"""The machine and what is installed on it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import psutil

from larvseg.datasets.fetch import INCOMING
from larvseg.doctor.finding import Finding, error, ok, some, warning
from larvseg.files import real_path
from larvseg.lineage import kernels
from larvseg.locks import flock, opened
from larvseg.pipeline import Project
from larvseg.pipeline.account import has_name
from larvseg.pipeline.stages import STAGES
from larvseg.plan.storage import GB, disk

PYTHON = (3, 11)  # with which constraints.txt was made
INSTALL = "pip install -c constraints.txt -e '.[dev]'"
COMMANDS = ("larvseg", "snakemake", "dvc")


def check(project: Project, folder: Path, deep: bool) -> Iterator[Finding]:
    """Python, packages, commands, account, Slurm, threads, kernels of the CPU, GPU, memory, free disk, and what file systems can do."""
    yield _python()
    yield from _packages(folder / "constraints.txt")
    yield from _commands()
    yield from _account()
    yield from _slurm()
    yield from _threads(project)
    yield _kernels(project)
    yield from _gpu(project)
    yield _memory(project)
    yield _disk(project, folder)
    yield from _file_system(project, folder)


def _python() -> Finding:
    found, wanted = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, PYTHON))
    if sys.version_info[:2] == PYTHON:
        return ok(f"Python {sys.version.split()[0]}")
    mend = f"conda env create -f environment.yml, or python{wanted} -m venv .venv"
    if sys.version_info[:2] < PYTHON:
        return error(f"Python {found} is too old: {wanted} is needed", sys.prefix, mend)
    return warning(f"Python {found}: the pinned packages were tested with {wanted}", sys.prefix, mend)


def _packages(constraints: Path) -> Iterator[Finding]:
    if not constraints.is_file():
        yield warning("no such file: the versions of packages were not looked at", constraints, "run larvseg doctor in the repository")
        return
    lines = (line.split("#")[0].strip() for line in constraints.read_text(encoding="utf-8").splitlines())
    pins = dict(line.split("==") for line in lines if "==" in line)
    installed = {name: _version(name) for name in pins}
    direct = _direct_dependencies()
    absent = sorted(name for name, version in installed.items() if version is None and _canonical(name) in direct)
    others = sorted(f"{name} {installed[name]} instead of {pin}" for name, pin in pins.items() if installed[name] not in (None, pin))
    if absent:
        yield error(f"not installed: {some(absent)}", constraints, INSTALL)
    if others:
        yield warning(f"other versions than the pinned ones: {some(others)}", constraints, INSTALL)
    if not absent and not others:
        yield ok(f"{sum(version is not None for version in installed.values())} packages have the versions of {constraints.name}")


def _direct_dependencies() -> set[str]:
    try:
        required = metadata.requires("larvseg") or []
    except metadata.PackageNotFoundError:  # run from its sources
        return set()
    return {_canonical(re.match(r"[\w.-]+", requirement)[0]) for requirement in required if "extra ==" not in requirement}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _commands() -> Iterator[Finding]:
    absent = [command for command in COMMANDS if shutil.which(command) is None]
    if absent:
        yield error(f"not on the PATH: {', '.join(absent)}", "PATH", f'export PATH="{Path(sys.executable).parent}:$PATH"')
    else:
        yield ok(f"{', '.join(COMMANDS)} are on the PATH: snakemake {_version('snakemake')}, dvc {_version('dvc')}")


def _account() -> Iterator[Finding]:
    if not has_name():
        yield error("this account has no name, without which DVC ends", "environment", "export USER=$(id -u)")


def _slurm() -> Iterator[Finding]:
    if shutil.which("sbatch") and _version("snakemake-executor-plugin-slurm") is None:
        yield warning("there is Slurm here, and Snakemake cannot submit jobs to it", "PATH", "pip install -c constraints.txt -e '.[slurm]'")


def _threads(project: Project) -> Iterator[Finding]:
    cores = usable_cores()
    threads = max(project.threads(stage.needs) for stage in STAGES.values())
    where = f"workflow/config/{project.name}.yaml"
    if threads > cores:
        yield warning(f"jobs of {threads} threads on {cores} cores will be slow", where, f"use a machine with {threads} cores")
    else:
        yield ok(f"jobs of up to {threads} threads, {cores} cores")
    value = os.environ.get("OMP_NUM_THREADS")
    if value is not None and (not value.isdigit() or not 1 <= int(value) <= cores):
        yield warning(f"OMP_NUM_THREADS={value} does not fit {cores} cores", "environment", "unset OMP_NUM_THREADS")


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kernels(project: Project) -> Finding:
    path = kernels.path(project.profile.runtime.kernels)
    if path == "avx2":
        return ok("CPU: avx2, the numbers of every Intel CPU that has it")
    what = f"CPU: {path}, the numbers differ in later decimals from those of other kinds of CPU"
    if "without" not in path:
        return ok(what)
    return warning(what, platform.machine(), "where the README's numbers matter to the last digit, use a CPU with AVX2")


def _gpu(project: Project) -> Iterator[Finding]:
    if project.profile.runtime.device != "cuda":
        return
    # without torch, which takes seconds to import
    if Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists():
        yield ok("there is an NVIDIA driver")
    else:
        where = f"workflow/config/{project.name}.yaml"
        yield warning("runtime.device is cuda, and this machine shows no GPU", where, "run training and evaluation where there is one")


def _memory(project: Project) -> Finding:
    wanted, found = project.profile.memory_mb / 1000, psutil.virtual_memory().total / GB
    if wanted <= found:
        return ok(f"memory: {found:.0f} GB, a job asks for {wanted:g}")
    where = f"workflow/config/{project.name}.yaml"
    return warning(f"a job asks for {wanted:g} GB of memory, this machine has {found:.0f}", where, f"use a machine with {wanted:g} GB")


def _disk(project: Project, folder: Path) -> Finding:
    needed, free = sum(disk(project, folder).values()), shutil.disk_usage(folder).free / GB
    if needed <= free:
        return ok(f"free disk: {free:.1f} GB, {needed:.1f} more are needed")
    mend = f"free {needed - free:.0f} GB, or let data be a link to a larger disk; larvseg plan --profile {project.name} says for what"
    return error(f"{needed:.1f} GB more are needed, {free:.1f} are free", real_path(folder), mend)


def _file_system(project: Project, folder: Path) -> Iterator[Finding]:
    """Archives are hard links into data/incoming; locks say who is at work."""
    incoming, data = _existing(folder / INCOMING), _existing(folder / "data" / project.name)
    if project.registry and incoming.stat().st_dev != data.stat().st_dev:
        mend = f"put {INCOMING} and data/{project.name} on one disk"
        yield warning(f"lies on another disk than {data}: archives will be there twice", incoming, mend)
    try:
        with tempfile.TemporaryDirectory(dir=data, prefix=".doctor-") as name:
            file = Path(name, "file")
            file.touch()
            lacks = [kind for kind, works in _ABILITIES.items() if not works(file)]
    except OSError as problem:
        yield error(f"cannot be written to ({problem.strerror})", data, f"chmod u+w {data}")
        return
    if lacks:
        yield warning(f"the file system has no {', no '.join(lacks)}", data, "let it be a link to a local disk")
    else:
        yield ok(f"the file system has {', '.join(_ABILITIES)}")


def _has_locks(file: Path) -> bool:
    with opened(file) as descriptor:
        return flock(descriptor) != "unknown"


def _succeeds(make: Callable[[Path, Path], None], file: Path, name: str) -> bool:
    try:
        make(file, file.with_name(name))
    except OSError:
        return False
    return True


_ABILITIES: dict[str, Callable[[Path], bool]] = {
    "hard links": lambda file: _succeeds(os.link, file, "hard"),
    "symbolic links": lambda file: _succeeds(os.symlink, file, "symbolic"),
    "file locks": _has_locks,
}


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    return path if path.exists() else _existing(path.parent)
