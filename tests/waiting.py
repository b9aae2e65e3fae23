"""Waiting for what another process does, of which files alone tell."""

import subprocess
import time
from collections.abc import Callable

LONGEST = 240  # seconds
STEP = 0.002  # seconds between two looks: some of what is waited for is there for a moment only


def wait_for(condition: Callable[[], object], process: subprocess.Popen) -> None:
    """Wait until `condition()`; AssertionError if `process` ends first or nothing happens for minutes."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, "what is waited for did not happen"
        time.sleep(STEP)
