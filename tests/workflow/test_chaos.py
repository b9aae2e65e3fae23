"""A few of the faults of `make chaos`, those of single jobs, on the tree that the other tests share."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.workflow.clone import ROOT

FAULTS = 24


@pytest.mark.skipif("CI" not in os.environ and shutil.which("cc") is None, reason="no C compiler")
def test_faults_leave_nothing_wrong_and_the_next_start_makes_it_good(finished, tmp_path):
    arguments = ["--tree", finished.folder, "--folder", tmp_path, "--kinds", "jobs", "--faults", str(FAULTS), "--processes", "1"]
    done = subprocess.run([sys.executable, "-m", "tests.chaos", *arguments], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ["all", *[str(FAULTS)] * 4]
