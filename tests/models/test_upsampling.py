"""Bilinear upsampling as a matrix, and its adjoint."""

import pytest
import torch
import torch.nn.functional as F

from larvseg.models.upsampling import adjoint, upsample

pytestmark = pytest.mark.usefixtures("double")

SIZES = [((8, 8), (32, 32)), ((5, 7), (20, 28)), ((4, 6), (17, 13))]


@pytest.mark.parametrize("grid, size", SIZES)
def test_equals_interpolate(grid, size):
    maps = torch.randn(2, 3, *grid)
    torch.testing.assert_close(upsample(maps, size), F.interpolate(maps, size=size, mode="bilinear", align_corners=False))


@pytest.mark.parametrize("grid, size", SIZES)
def test_adjoint_is_the_backward_of_interpolate(grid, size):
    maps, weights = torch.randn(2, 3, *grid, requires_grad=True), torch.randn(2, 3, *size)
    (F.interpolate(maps, size=size, mode="bilinear", align_corners=False) * weights).sum().backward()
    torch.testing.assert_close(adjoint(weights, grid), maps.grad)
