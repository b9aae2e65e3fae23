import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.methods.reco.references import build_references, context_elimination, cosegment, similarity, support

pytestmark = pytest.mark.usefixtures("double")


def planted(images=6, grid=5, dim=16):
    """Features of images that have nothing in common but one object, at a different place in each; and its places."""
    features = torch.randn(images, dim, grid, grid)
    common = torch.randn(dim)
    places = torch.randint(grid * grid, (images,))
    for image, place in zip(features, places, strict=True):
        image.flatten(1)[:, place] = common * (1 + torch.rand(())) + 0.1 * torch.randn(dim)
    return features, common, places


def test_seeds_lie_on_a_planted_common_object():
    features, common, places = planted()
    vector, seeds = cosegment(features, torch.ones(6, 5, 5))
    assert seeds.tolist() == places.tolist()
    assert F.cosine_similarity(vector, common, dim=0) > 0.99
    assert vector.norm().item() == pytest.approx(1)


def test_weights_choose_between_two_common_objects():
    features, common, places = planted()
    others, other = (places + 7) % 25, torch.randn(16)
    weights = torch.ones(6, 25)
    for image, place, weight in zip(features, others, weights, strict=True):
        image.flatten(1)[:, place] = other  # without noise: more alike than the first object
        weight[place] = 0.1
    assert cosegment(features, torch.ones(6, 5, 5))[1].tolist() == others.tolist()
    assert cosegment(features, weights.unflatten(1, (5, 5)))[1].tolist() == places.tolist()


def test_the_vector_is_the_mean_of_seeds_as_long_as_they_are():
    features, _, places = planted()
    seeds = torch.stack([image.flatten(1)[:, place] for image, place in zip(features, places, strict=True)])
    vector, _ = cosegment(features, torch.ones(6, 5, 5))
    assert torch.allclose(vector, F.normalize(seeds.mean(0), dim=0))
    assert not torch.allclose(vector, F.normalize(F.normalize(seeds, dim=1).mean(0), dim=0), atol=1e-4)


def test_support_equals_a_plain_loop():
    pixels, weights = F.normalize(torch.randn(4, 6, 8), dim=2), torch.rand(4, 6)
    adjacency = pixels.flatten(0, 1) @ pixels.flatten(0, 1).T
    expected = torch.zeros(24)
    for row in range(24):
        for image in range(4):
            columns = range(6 * image, 6 * image + 6)
            expected[row] += max(adjacency[row, j] * weights.flatten()[j] for j in columns) / 4
    assert torch.allclose(support(pixels, weights).flatten(), expected)


def test_context_elimination_is_a_product_over_contexts():
    pixels, contexts = F.normalize(torch.randn(3, 8, 4, 5), dim=1), F.normalize(torch.randn(2, 8), dim=1)
    expected = torch.ones(3, 4, 5)
    for context in contexts:
        cosine = (pixels * context[None, :, None, None]).sum(1)
        expected *= 1 - 1 / (1 + torch.exp(-cosine))
    assert torch.allclose(context_elimination(pixels, contexts), expected)


def test_similarity_is_taken_before_it_is_upsampled():
    maps, vectors = F.normalize(torch.randn(2, 8, 3, 4), dim=1), F.normalize(torch.randn(5, 8), dim=1)
    cosines = torch.stack([(maps * vector[None, :, None, None]).sum(1) for vector in vectors], 1)
    expected = F.interpolate(1 / (1 + torch.exp(-10 * cosines)), (9, 8), mode="bilinear", align_corners=False)
    assert torch.allclose(similarity(maps, vectors, 10.0, (9, 8)), expected)
    assert torch.allclose(similarity(maps, vectors, 10.0, (3, 4)), torch.sigmoid(10 * cosines))


class Recorder:
    """Stands for co-segmentation: remembers for which name how many contexts were eliminated, and gives each name a vector of its own."""

    def __init__(self):
        self.calls = []

    def __call__(self, name, contexts):
        self.calls.append((name, 0 if contexts is None else len(contexts)))
        vector = torch.from_numpy(np.random.default_rng([*name.encode()]).normal(size=4))
        return type("Found", (), {"vector": vector})()


def test_contexts_come_first_each_eliminating_those_before_and_are_their_own_references():
    record = Recorder()
    references = build_references(["wall", "sky", "lamp"], ["tree", "sky", "building"], record)
    assert record.calls == [("tree", 0), ("sky", 1), ("building", 2), ("wall", 3), ("lamp", 3)]
    assert set(references) == {"tree", "sky", "building", "wall", "lamp"}


def test_without_contexts_nothing_is_eliminated():
    record = Recorder()
    build_references(["wall"], [], record)
    assert record.calls == [("wall", 0)]
