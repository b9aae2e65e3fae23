"""The reduced bank against the published one, which keeps every pixel."""

import pytest
import torch
import torch.nn.functional as F

from larvseg.bench import plain
from larvseg.models.bank import MemoryBank

pytestmark = pytest.mark.usefixtures("double")

N, M, K, D, PATCHES = 5, 3, 4, 16, 20


def unit(*shape):
    return F.normalize(torch.randn(*shape), dim=-1)


def pair():
    """The published bank, and ours with the same content."""
    vectors = unit(N, M, K, D)
    bank = MemoryBank(N, D, M, K)
    slots = vectors.mean(2)
    bank.load_state_dict({"slots": slots, "means": slots.mean(1), "pushed": torch.zeros(N, dtype=torch.int64)})
    return plain.Bank(vectors), bank


def test_scores_equal_brute_force_before_and_after_every_push():
    theirs, ours = pair()
    probe = unit(PATCHES, D)
    for length in (1, 2, 30):  # the last sequence laps its rings several times
        categories = torch.randint(0, 3, (length,))
        pixels, scores = unit(length, PATCHES, D), torch.randn(length, PATCHES)
        pushed = ours.push(categories, ours.summarise(pixels, scores))
        for t, category in enumerate(categories.tolist()):
            torch.testing.assert_close(probe @ pushed.before[t], theirs.score(category, probe), rtol=0, atol=1e-12)
            assert pushed.count[t] // M == theirs.full[category]
            theirs.push(category, pixels[t], scores[t])
            torch.testing.assert_close(probe @ pushed.after[t], theirs.score(category, probe), rtol=0, atol=1e-12)
        torch.testing.assert_close(ours.slots, theirs.vectors.mean(2))
        torch.testing.assert_close(ours.means, theirs.vectors.mean((1, 2)))
        assert ours.full.tolist() == theirs.full


def test_one_sequence_equals_its_pushes_one_by_one():
    (_, first), (_, second) = pair(), pair()
    second.load_state_dict(first.state_dict())
    categories, entries = torch.tensor([0, 1, 0, 0, 0, 2, 1]), torch.randn(7, D)
    first.push(categories, entries)
    for category, entry in zip(categories, entries, strict=True):
        second.push(category[None], entry[None])
    assert all(torch.equal(first.state_dict()[name], second.state_dict()[name]) for name in first.state_dict())


def test_warm_once_the_ring_has_wrapped():
    bank = MemoryBank(N, D, M, K)
    history = []
    for _ in range(2 * M):
        bank.push(torch.tensor([2]), torch.randn(1, D))
        history.append((bank.warm(torch.tensor(2)).item(), bank.warm(torch.tensor(2), 2).item()))
    assert history == [(False, False), (False, False), (True, False), (True, False), (True, False), (True, True)]
    assert bank.warm(torch.arange(N)).tolist() == [False, False, True, False, False]


def test_starts_as_means_of_random_unit_vectors():
    bank = MemoryBank(50, D, M, K, torch.Generator().manual_seed(1))
    assert torch.equal(bank.slots, MemoryBank(50, D, M, K, torch.Generator().manual_seed(1)).slots)
    torch.testing.assert_close(bank.slots.square().sum(2).mean(), torch.tensor(1 / K), rtol=0.1, atol=0)


def test_fewer_pixels_than_k():
    bank, pixels = MemoryBank(N, D, M, K), unit(1, 2, D)
    torch.testing.assert_close(bank.summarise(pixels, torch.randn(1, 2)), pixels.mean(1))


def test_an_empty_sequence_changes_nothing():
    bank = MemoryBank(N, D, M, K)
    before = bank.slots.clone()
    bank.push(torch.empty(0, dtype=torch.int64), torch.empty(0, D))
    assert torch.equal(bank.slots, before) and not bank.pushed.any()
