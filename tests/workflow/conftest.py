"""Clones shared by the tests of the DAG."""

import shutil

import pytest

from tests.workflow.clone import Clone, clone_to


@pytest.fixture(scope="session")
def fresh(tmp_path_factory) -> Clone:
    """A clone in which nothing was made."""
    return clone_to(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Clone:
    """A clone in which everything was made, on two cores. Tests leave it as they found it."""
    clone = clone_to(tmp_path_factory.mktemp("finished"))
    clone.snakemake("all")
    return clone


@pytest.fixture
def copy(finished, tmp_path) -> Clone:
    """A copy of the finished clone, times and all."""
    shutil.copytree(finished.folder, tmp_path / "copy", copy_function=shutil.copy2)
    return Clone(tmp_path / "copy")
