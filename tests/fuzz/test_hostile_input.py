"""A few dozen inputs of each kind; `make fuzz` tries a hundred thousand."""

import pytest

from tests.fuzz.all_kinds import KINDS
from tests.fuzz.kind import tried

INPUTS = 25


@pytest.mark.parametrize("name", KINDS)
def test_an_input_is_read_or_refused_in_one_line(name):
    found = tried(KINDS[name], INPUTS)
    assert not found.faults, found.faults
    assert found.inputs >= min(INPUTS, 2)
