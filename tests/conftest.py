"""Random numbers in tests are the same in every run: a failure can be repeated, and a pass means the same everywhere."""

import random

import numpy as np
import pytest
import torch

from tests.browser import chromium


@pytest.fixture(autouse=True)
def seeded():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def double():
    """Equalities of formulas are held in double precision, where rounding (which differs between processors) is far from the tolerance."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser
