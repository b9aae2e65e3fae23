"""Nouns of captions, the words that a step sees, and the loss that grounds them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.config.training import TrainingSet
from larvseg.masks.captions import CaptionLoader
from larvseg.masks.grounding import caption_scores, grounding_loss, pad_words
from larvseg.masks.nouns import Nouns, drop_words
from larvseg.masks.steps import Steps
from larvseg.masks.words import WordTable
from larvseg.vocabulary.wordnet import WordNet
from tests.masks.conftest import CAPTIONS, clip_model
from tests.training.conftest import AUGMENTATION


@pytest.fixture(scope="module")
def nouns(wordnet_zip):
    return Nouns(WordNet(wordnet_zip))


def test_nouns_of_a_caption(nouns):
    assert nouns("In this image there is a dog, and two Dogs near a dining table.") == ("dog", "dogs", "dining table")
    assert nouns("A cat's traffic-light; it can be on top of a man") == ("man",)
    assert nouns("It is so.") == nouns("") == ()


def planted() -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Three images of four regions, and captions whose words each lie on a region of their own image."""
    regions = torch.linalg.qr(torch.randn(12, 12))[0].reshape(3, 4, 12)  # orthogonal: no word lies on another image
    return regions, [regions[image, list(own)] for image, own in enumerate([(0, 1), (2,), (0, 1, 3)])]


def test_grounding_prefers_the_right_caption(double):
    regions, words = planted()
    right = grounding_loss(regions, words, 10.0)
    wrong = [grounding_loss(regions, [words[i] for i in order], 10.0) for order in ((1, 0, 2), (1, 2, 0), (2, 1, 0))]
    assert right < 0.01 and all(right < loss - 1 for loss in wrong)
    scores = caption_scores(regions, *pad_words(words), 10.0)
    assert scores.argmax(0).tolist() == scores.argmax(1).tolist() == [0, 1, 2]


def test_grounding_moves_regions_to_the_words_of_their_captions(double):
    words = [F.normalize(torch.randn(2, 6), dim=1) for _ in range(4)]
    free = torch.randn(4, 3, 6, requires_grad=True)
    optimiser = torch.optim.Adam([free], 0.1)
    first = grounding_loss(F.normalize(free, dim=-1), words, 10.0).item()
    for _ in range(60):
        optimiser.zero_grad()
        loss = grounding_loss(F.normalize(free, dim=-1), words, 10.0)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3 * first


def test_the_number_and_order_of_words_and_regions_is_free(double):
    regions, words = planted()
    loss = grounding_loss(regions, words, 5.0)
    assert grounding_loss(regions[:, [2, 0, 3, 1]], [own.flip(0) for own in words], 5.0).item() == pytest.approx(loss.item())
    twice = grounding_loss(regions, [own.repeat(2, 1) for own in words], 5.0)
    assert twice.item() == pytest.approx(loss.item())


def test_captions_without_words_take_no_part(double):
    regions, words = planted()
    extra = torch.cat([regions, F.normalize(torch.randn(1, 4, 12), dim=-1)])
    assert grounding_loss(extra, [*words, torch.zeros(0, 12)], 5.0).item() == pytest.approx(grounding_loss(regions, words, 5.0).item())
    alone = torch.randn(2, 4, 12, requires_grad=True)
    loss = grounding_loss(alone, [words[0], torch.zeros(0, 12)], 5.0)
    loss.backward()
    assert loss == 0 and (alone.grad == 0).all()


def test_word_dropping_is_seeded_and_fair():
    words = tuple("abcdefghij")
    draw = lambda seed, keep=0.5: drop_words(words, keep, np.random.default_rng(seed))  # noqa: E731
    assert draw(1) == draw(1) != draw(2)
    assert draw(1, 1.0) == words
    kept = [draw(seed) for seed in range(400)]
    assert all(own == tuple(word for word in words if word in own) for own in kept)
    assert np.mean([len(own) for own in kept]) == pytest.approx(5, abs=0.3)
    assert all(len(draw(seed, 1e-9)) == 1 for seed in range(5)) and drop_words((), 0.5, np.random.default_rng(0)) == ()


class Images:
    """Stands for TrainingImages of a data set with captions."""

    opened = 0

    def __len__(self):
        return 9

    def image(self, position):
        return np.full((20, 12 + 4 * position, 3), 10 * position, np.uint8)

    def captions(self, position):
        self.opened += 1
        return (CAPTIONS[position % 3], CAPTIONS[(position + 1) % 3])

    def take_opened(self):
        opened, self.opened = self.opened, 0
        return {"captions": opened}


def loader(nouns, **changes) -> CaptionLoader:
    training_set = TrainingSet(name="LN", kind="caption", augmentation=AUGMENTATION, ranks=1)
    settings = {"images": 4, "keep": 0.5, "normalisation": "imagenet", "rank": 1, "seed": 0} | changes
    return CaptionLoader(training_set, Images(), nouns, **settings)


def test_a_step_of_captions_is_a_function_of_seed_and_step(nouns):
    first, again = loader(nouns), loader(nouns)
    again[5]  # what was loaded before changes nothing
    for step in (0, 3):
        one, two = first[step], again[step]
        assert torch.equal(one.images, two.images) and one.words == two.words and torch.equal(one.valid, two.valid)
    others = [loader(nouns, seed=1)[3], loader(nouns, rank=2)[3], first[4]]
    assert all(not torch.equal(first[3].images, other.images) for other in others)


def test_batches_of_captions(nouns):
    batch = loader(nouns)[0]
    assert batch.images.shape == (4, 3, 16, 16) and batch.valid.shape == (4, 16, 16) and batch.opened == {"captions": 4}
    assert (batch.images * (1 - batch.valid[:, None])).abs().max() == 0
    every = {word for step in range(9) for own in loader(nouns, keep=1.0)[step].words for word in own}
    assert every == {"dog", "car", "cat", "lamp", "sofa"}


def test_words_do_not_depend_on_what_was_embedded_before():
    table, later = WordTable(clip_model(), "name"), WordTable(clip_model(), "name")
    later(["sofa", "car", "lamp"])
    assert torch.equal(table(["dog", "sofa"]), later(["dog", "sofa"]))
    assert table([]).shape == (0, 12)
    assert torch.allclose(table(["dog"]), clip_model().table(["dog"], "name"), atol=1e-6)


def test_workers_change_no_byte(nouns):
    joint = [[f"masks of step {step}"] for step in range(4)]
    plain, fetched = (list(Steps(joint, loader(nouns), 1, workers)) for workers in (0, 2))
    assert [own[0] for own in fetched] == ["masks of step 1", "masks of step 2", "masks of step 3"]
    for (_, one), (_, two) in zip(plain, fetched, strict=True):
        assert torch.equal(one.images, two.images) and one.words == two.words and one.opened == two.opened == {"captions": 4}
    assert len(plain) == len(fetched) == 3 and next(iter(Steps(joint))) == joint[0]
