"""Clones shared by the tests of the DAG, those of all workers of pytest-xdist."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.workflow.clone import NOTHING, Clone, clone_to


def once(tmp_path_factory, name: str, make: Callable[[Clone], None]) -> Clone:
    """The clone `name`, which the first worker that asks for it makes while the others wait."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    clone, done = Clone(folder / name), folder / f"{name}.done"
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(clone.folder, ignore_errors=True)  # of a worker that failed
            make(clone)
            done.touch()
    return clone


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Clone:
    """The checkout as it was when the tests began. Tests leave it as they found it."""
    return once(tmp_path_factory, "sources", lambda clone: clone_to(clone.folder))


@pytest.fixture
def fresh(sources, tmp_path) -> Clone:
    """A clone in which nothing was made."""
    return sources.copy_to(tmp_path / "fresh")


@pytest.fixture(scope="session")
def finished(sources, tmp_path_factory) -> Iterator[Clone]:
    """A clone in which everything was made, on two cores. Tests leave it as they found it."""
    clone = once(tmp_path_factory, "finished", lambda clone: sources.copy_to(clone.folder).snakemake("all"))
    before = clone.hashes()
    yield clone
    assert clone.hashes() == before, "a test wrote into a file that copies share"


@pytest.fixture(scope="session")
def locked(finished, tmp_path_factory) -> Clone:
    """The finished clone after `dvc repro`, which has executed no rule. Tests leave it as they found it."""

    def lock(clone: Clone) -> None:
        finished.copy_to(clone.folder)
        clone.run("git", "init", "--quiet")
        output = clone.run("dvc", "repro")
        assert output.count(NOTHING) == 6, output

    return once(tmp_path_factory, "locked", lock)


@pytest.fixture
def copy(finished, tmp_path) -> Clone:
    """A copy of the finished clone."""
    return finished.copy_to(tmp_path / "copy")


@pytest.fixture
def locked_copy(locked, tmp_path) -> Clone:
    """A copy of the finished clone after `dvc repro`."""
    return locked.copy_to(tmp_path / "copy")
