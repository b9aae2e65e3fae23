"""The neck on frozen features."""

import torch
import torch.nn.functional as F

from larvseg.config import Neck as Settings
from larvseg.models.neck import Neck


def test_without_blocks_it_is_linear_in_standardised_features():
    neck = Neck(Settings(channels=6, dim=4), 32)
    features = torch.randn(2, 6, 3, 5) * 7 + 3
    mean, deviation = features.mean((0, 2, 3)), features.std((0, 2, 3))
    neck.standardise(mean, deviation)
    plain = F.linear(
        ((features - mean[:, None, None]) / deviation[:, None, None]).permute(0, 2, 3, 1), neck.project.weight, neck.project.bias
    )
    torch.testing.assert_close(neck(features), F.layer_norm(plain, (4,)).permute(0, 3, 1, 2))
    assert (neck.dim, neck.patch_size) == (4, 32)


def test_with_a_block_cells_see_each_other_wherever_they_lie():
    torch.manual_seed(0)
    features = torch.randn(1, 6, 2, 2)
    linear, block = Neck(Settings(channels=6, dim=8), 32), Neck(Settings(channels=6, dim=8, blocks=1, heads=2), 32)
    changed = features.clone()
    changed[:, :, 0, 0] += 1
    for neck, seen in ((linear, False), (block, True)):
        assert torch.equal(neck(features)[..., 1, 1], neck(changed)[..., 1, 1]) is not seen
    flipped = block(features.flip(3)).flip(3)
    torch.testing.assert_close(flipped, block(features))  # there is no position embedding
