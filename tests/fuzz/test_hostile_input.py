"""A few dozen inputs of each kind; `make fuzz` tries a hundred thousand."""

import pytest

from tests.fuzz.all_kinds import KINDS
from tests.fuzz.kind import tried

INPUTS, FEWEST = 25, 2  # the fewest of what takes long


@pytest.mark.parametrize("name", KINDS)
def test_an_input_is_read_or_refused_in_one_line(name):
    found = tried(KINDS[name], max(FEWEST, round(INPUTS * min(1.0, KINDS[name].share))))
    assert not found.faults, found.faults
    assert found.inputs >= FEWEST
