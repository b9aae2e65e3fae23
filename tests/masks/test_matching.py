"""Hungarian matching and the losses of matched masks."""

import itertools

import pytest
import torch

from larvseg.config.masks import Matching
from larvseg.masks.losses import class_loss, mask_losses
from larvseg.masks.matching import Matched, focal_terms, match, segments_of

pytestmark = pytest.mark.usefixtures("double")

WEIGHTS = Matching()
CERTAIN = 40.0  # a logit whose sigmoid is 0 or 1 up to rounding
# two images: three classes, and one class beside pixels without a label
LABELS = torch.tensor([[[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]], [[1, 1, -1, -1]] * 4])


def perfect(labels: torch.Tensor, queries: list[list[int]], classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Mask logits (1, B, Q, H, W) and class logits (1, B, Q, N + 1) of queries that show given classes of each image; N shows none."""
    masks = torch.stack([torch.stack([labels[b] == c for c in own]) for b, own in enumerate(queries)])
    logits = torch.eye(classes + 1)[torch.tensor(queries)]
    return CERTAIN * (2 * masks.double() - 1)[None], CERTAIN * logits[None]


QUERIES = [[2, 3, 0, 1], [3, 3, 1, 3]]


def test_segments_are_the_classes_of_each_image():
    segments = segments_of(LABELS, torch.float64)
    assert segments.classes.tolist() == [0, 1, 2, 1] and segments.images.tolist() == [0, 0, 0, 1]
    assert segments.masks.sum((1, 2)).tolist() == [4, 4, 8, 8]
    assert segments.labelled.sum((1, 2)).tolist() == [16, 8]
    empty = segments_of(torch.full((2, 4, 4), -1), torch.float64)
    assert empty.masks.shape == (0, 4, 4)


def test_matching_finds_the_pairs_of_a_hand_case():
    masks, logits = perfect(LABELS, QUERIES)
    matched = match(masks, logits.softmax(-1), segments_of(LABELS, torch.float64), WEIGHTS)
    pairs = set(zip(matched.images.tolist(), matched.queries.tolist(), matched.segments.tolist(), strict=True))
    assert pairs == {(0, 2, 0), (0, 3, 1), (0, 0, 2), (1, 2, 3)}
    assert set(matched.layers.tolist()) == {0}


def test_the_match_is_the_cheapest_of_all_assignments():
    masks, probabilities = torch.randn(2, 1, 4, 8, 8) * 2, torch.randn(2, 1, 4, 4).softmax(-1)
    labels = torch.randint(0, 3, (1, 8, 8))
    segments = segments_of(labels, torch.float64)
    matched = match(masks, probabilities, segments, WEIGHTS)

    def cost(layer: int, query: int, segment: int) -> float:
        logit, target = masks[layer, 0, query], segments.masks[segment]
        inside, outside = focal_terms(logit)
        focal = torch.where(target > 0, inside, outside).mean()
        dice = 1 - (2 * (logit.sigmoid() * target).sum() + 1) / (logit.sigmoid().sum() + target.sum() + 1)
        return float(20 * focal + dice - probabilities[layer, 0, query, segments.classes[segment]])

    for layer in range(2):
        own = matched.layers == layer
        total = sum(cost(layer, q, s) for q, s in zip(matched.queries[own].tolist(), matched.segments[own].tolist(), strict=True))
        assignments = itertools.permutations(range(4), 3)
        assert total == pytest.approx(min(sum(cost(layer, q, s) for s, q in enumerate(order)) for order in assignments))


def test_more_segments_than_queries_and_none_at_all():
    masks, logits = perfect(LABELS, [[0], [1]])
    matched = match(masks, logits.softmax(-1), segments_of(LABELS, torch.float64), WEIGHTS)
    assert list(zip(matched.images.tolist(), matched.segments.tolist(), strict=True)) == [(0, 0), (1, 3)]
    nothing = segments_of(torch.full((2, 4, 4), -1), torch.float64)
    matched = match(masks, logits.softmax(-1), nothing, WEIGHTS)
    assert [len(part) for part in matched] == [0] * 4
    assert [loss.item() for loss in mask_losses(masks, nothing, matched)] == [0, 0]


def losses(masks, logits, labels=LABELS) -> list[float]:
    segments = segments_of(labels, torch.float64)
    matched = match(masks, logits.softmax(-1), segments, WEIGHTS)
    return [loss.item() for loss in (*mask_losses(masks, segments, matched), class_loss(logits, segments, matched, 0.1))]


def test_perfect_masks_and_classes_cost_nothing_and_anything_else_does():
    masks, logits = perfect(LABELS, QUERIES)
    assert losses(masks, logits) == pytest.approx([0, 0, 0], abs=1e-12)
    blurred = masks.clone()
    blurred[0, 0, 2, 0, 0] = -CERTAIN  # one pixel of the mask of class 0
    focal, dice, classes = losses(blurred, logits)
    assert focal > 0.01 and dice > 0.01 and classes < 1e-12
    confused = logits.clone()
    confused[0, 0, [2, 3]] = confused[0, 0, [3, 2]]  # 0 says 1, and 1 says 0
    focal, dice, classes = losses(masks, confused)
    assert max(focal, dice) < 1e-12 and classes > 1


def test_pixels_without_a_label_count_nowhere():
    masks, logits = perfect(LABELS, QUERIES)
    anything = masks.clone()
    anything[0, 1, :, :, 2:] = torch.randn(4, 4, 2) * CERTAIN
    assert losses(anything, logits) == pytest.approx(losses(masks, logits), abs=1e-12)


def test_the_order_of_queries_changes_nothing():
    masks, logits = torch.randn(2, 2, 4, 4, 4), torch.randn(2, 2, 4, 4)
    order = [2, 0, 3, 1]
    assert losses(masks[:, :, order], logits[:, :, order]) == pytest.approx(losses(masks, logits))


def test_every_layer_is_supervised():
    masks, logits = torch.randn(1, 2, 4, 4, 4), torch.randn(1, 2, 4, 4)
    once = losses(masks, logits)
    assert losses(masks.repeat(3, 1, 1, 1, 1), logits.repeat(3, 1, 1, 1)) == pytest.approx([3 * value for value in once])


def test_queries_without_a_segment_weigh_a_tenth():
    segments = segments_of(LABELS[:1], torch.float64)
    matched = Matched(*(torch.tensor(part) for part in ([0, 0, 0], [0, 0, 0], [0, 1, 2], [0, 1, 2])))
    logits = torch.randn(1, 1, 4, 4)
    surprise = -logits[0, 0].log_softmax(-1)
    expected = (surprise[0, 0] + surprise[1, 1] + surprise[2, 2] + 0.1 * surprise[3, 3]) / 3.1
    assert class_loss(logits, segments, matched, 0.1).item() == pytest.approx(expected.item())


def test_masks_without_classes_are_matched_by_their_shapes():
    masks, logits = perfect(LABELS, QUERIES)
    wrong = logits[..., [1, 2, 0, 3]].softmax(-1)  # every class is called by another's name
    segments = segments_of(LABELS, torch.float64)
    matched = match(masks, None, segments, WEIGHTS)
    assert set(zip(matched.queries.tolist(), matched.segments.tolist(), strict=True)) == {(2, 0), (3, 1), (0, 2), (2, 3)}
    of_names = match(masks, wrong, segments, WEIGHTS.model_copy(update={"focal": 0.0, "dice": 0.0}))
    assert set(zip(of_names.queries.tolist(), of_names.segments.tolist(), strict=True)) != {(2, 0), (3, 1), (0, 2), (2, 3)}
