"""Clones shared by the tests of the DAG."""

from collections.abc import Iterator

import pytest

from tests.workflow.clone import NOTHING, Clone, clone_to


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Clone:
    """The checkout as it was when the tests began. Tests leave it as they found it."""
    return clone_to(tmp_path_factory.mktemp("sources") / "clone")


@pytest.fixture
def fresh(sources, tmp_path) -> Clone:
    """A clone in which nothing was made."""
    return sources.copy_to(tmp_path / "fresh")


@pytest.fixture(scope="session")
def finished(sources, tmp_path_factory) -> Iterator[Clone]:
    """A clone in which everything was made, on two cores. Tests leave it as they found it."""
    clone = sources.copy_to(tmp_path_factory.mktemp("finished") / "clone")
    clone.snakemake("all")
    before = clone.hashes()
    yield clone
    assert clone.hashes() == before, "a test wrote into a file that copies share"


@pytest.fixture(scope="session")
def locked(finished, tmp_path_factory) -> Clone:
    """The finished clone after `dvc repro`, which has executed no rule. Tests leave it as they found it."""
    clone = finished.copy_to(tmp_path_factory.mktemp("locked") / "clone")
    clone.run("git", "init", "--quiet")
    output = clone.run("dvc", "repro")
    assert output.count(NOTHING) == 6, output
    return clone


@pytest.fixture
def copy(finished, tmp_path) -> Clone:
    """A copy of the finished clone."""
    return finished.copy_to(tmp_path / "copy")


@pytest.fixture
def locked_copy(locked, tmp_path) -> Clone:
    """A copy of the finished clone after `dvc repro`."""
    return locked.copy_to(tmp_path / "copy")
