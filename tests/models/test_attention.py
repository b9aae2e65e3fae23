"""Pieces of the category-wise attention; the whole is compared with the published loss in tests/training/test_objective.py."""

import pytest
import torch

from larvseg.config import Attention, Switches
from larvseg.models.attention import CategoryAttention, others_mean, pad_labels, standardise, unit_deviation
from larvseg.models.bank import MemoryBank
from larvseg.models.classifier import CosineClassifier

pytestmark = pytest.mark.usefixtures("double")


def test_labels_are_padded():
    assert pad_labels([(4, 7), (), (1,)]).tolist() == [[4, 7], [-1, -1], [1, -1]]
    assert pad_labels([()]).tolist() == [[-1]]


def test_squared_difference_of_standardised_maps_is_a_correlation():
    first, second = torch.randn(2, 64)
    difference = ((first - first.mean()) / first.std() - (second - second.mean()) / second.std()).square().mean()
    correlation = unit_deviation(first) @ unit_deviation(second)
    torch.testing.assert_close(difference, 2 * (1 - correlation) * 63 / 64)


def test_background_of_a_label_is_its_images_other_labels():
    before, after = torch.randn(1, 4, 6), torch.randn(1, 4, 6)
    present = torch.tensor([[True, True, True, False]])
    background = others_mean(before, after, present, empty=torch.zeros(1, 4, 6))
    # earlier labels have pushed, later ones have not
    torch.testing.assert_close(background[0, 0], (before[0, 1] + before[0, 2]) / 2)
    torch.testing.assert_close(background[0, 1], (after[0, 0] + before[0, 2]) / 2)
    torch.testing.assert_close(background[0, 2], (after[0, 0] + after[0, 1]) / 2)
    only = others_mean(before, after, torch.tensor([[True, False, False, False]]), empty=torch.full((1, 4, 6), 5.0))
    assert (only[0, 0] == 5).all()


def test_standardised_maps():
    maps = standardise(torch.randn(3, 100) * 4 + 2)
    torch.testing.assert_close(maps.mean(1), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(maps.var(1, unbiased=False), torch.ones(3), atol=1e-3, rtol=0)


def test_single_image_weights_average_over_the_chosen_positions():
    out = CosineClassifier(16, 6).double()(torch.randn(2, 16, 4, 4), torch.arange(6))
    valid = torch.ones(2, 16, 16, dtype=torch.bool)
    valid[0] = False  # nothing of the first image may be chosen
    attention = CategoryAttention(Attention(variant="single_image", memory_size=20, top_k=20), Switches())
    attended = attention.attend(out, pad_labels([(0, 3), (5,)]), torch.arange(6), (16, 16), valid=valid)
    assert attended.scored.tolist() == [[False, False], [True, False]]
    torch.testing.assert_close(attended.weights[1, 0].sum(), torch.tensor(1.0))
    assert (attended.weights >= 0).all()


def test_the_shape_can_be_exchanged_between_one_image_and_the_bank():
    """Within one image the sigmoid of the standardised cosines, 0 on padding; on the bank a part of the positions, each as much."""
    out = CosineClassifier(16, 6).double()(torch.randn(1, 16, 4, 4), torch.arange(6))
    labels, size = pad_labels([(0, 3)]), (4, 4)
    valid = torch.ones(1, 4, 4, dtype=torch.bool)
    valid[0, :, 2:] = False
    settings = {"memory_size": 2, "top_k": 3, "warm_up": 0}
    within = CategoryAttention(Attention(variant="single_image", shape="sigmoid", **settings), Switches())
    attended = within.attend(out, labels, torch.arange(6), size, valid=valid)
    expected = torch.sigmoid(standardise(out.cosines[0].T[[0, 3]])) * valid.flatten()
    torch.testing.assert_close(attended.weights[0], expected / expected.sum(1, keepdim=True))

    bank = MemoryBank(6, 16, 2, 3).double()
    entries = torch.stack([bank.summarise(out.pixels, out.cosines[:, :, column])[0] for column in (0, 3)])
    across = Attention(variant="cross_image", shape="threshold", **settings)
    pushed, positions = bank.push(torch.tensor([0, 3]), entries), torch.tensor([[0, 1]])
    attended = CategoryAttention(across, Switches()).attend(out, labels, torch.arange(6), size, bank, pushed, positions)
    for weights in attended.weights[0]:
        assert 0 < (weights > 0).sum() < 16 and len(weights[weights > 0].unique()) == 1
