"""How ZSBaseline asks CLIP: the crops, masks that are empty or cover everything, and the ensemble."""

from functools import cache

import pytest
import torch
import torch.nn.functional as F

from larvseg.clip.images import renormalised
from larvseg.config.masks import Ensemble
from larvseg.methods.zsbaseline.predict import ZSBaseline, crops, join
from tests.masks.conftest import clip_model

CERTAIN = 40.0
FULL, EMPTY = CERTAIN, -CERTAIN


class Planted:
    """Stands for the trained network: one layer of given masks (Q, h, w) for every window, and given class logits (Q, N + 1)."""

    def __init__(self, masks: torch.Tensor, logits: torch.Tensor):
        self.masks, self.logits = masks, logits

    def __call__(self, images, table):
        batch = len(images)
        return self.masks.expand(1, batch, *self.masks.shape), self.logits.expand(1, batch, *self.logits.shape)


def method(masks: torch.Tensor, logits: torch.Tensor, clip_weight: float) -> ZSBaseline:
    ensemble = Ensemble(threshold=0.5, clip_weight=clip_weight)
    return ZSBaseline(Planted(masks, logits), clip_model(masks.dtype), table(), ensemble, "imagenet")


@cache
def table() -> torch.Tensor:
    """Four classes that even an untrained CLIP tells apart: how it sees four images, without what all have in common."""
    embedded = clip_model(torch.float64).encode_images(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    return F.normalize(embedded - embedded.mean(0), dim=1)


def zero_shot(windows: torch.Tensor) -> torch.Tensor:
    """CLIP's own classes of whole windows."""
    clip = clip_model(windows.dtype)
    images = F.interpolate(renormalised(windows, "imagenet", "clip"), size=clip.image_size, mode="bicubic", align_corners=False)
    return (clip.model.logit_scale.exp() * clip.encode_images(images) @ table().T).softmax(1)


@pytest.mark.parametrize("side", [16, 24])
def test_a_mask_of_the_whole_image_has_clips_zero_shot_class(double, side):
    windows = torch.randn(6, 3, side, side)
    scores = method(torch.full((1, 4, 4), FULL), torch.randn(1, 5), clip_weight=1.0)(windows)
    expected = zero_shot(windows)
    assert torch.allclose(scores, expected[:, :, None, None].expand_as(scores), atol=1e-9)
    assert len(set(expected.argmax(1).tolist())) > 1  # the images differ


def test_empty_masks_say_what_the_network_says(double):
    logits = torch.randn(2, 5)
    masks = torch.stack([torch.full((4, 4), EMPTY), torch.full((4, 4), FULL)])
    windows = torch.randn(2, 3, 16, 16)
    zero = method(masks, logits, 0.5)
    by_clip = zero.classify(renormalised(windows, "imagenet", "clip"), masks.sigmoid().expand(2, -1, -1, -1))
    assert (by_clip[:, 0] == 1).all()
    assert torch.allclose(by_clip[:, 1], zero_shot(windows))
    only_empty = method(masks[:1], logits[:1], 0.5)(windows)
    assert torch.allclose(only_empty, torch.zeros_like(only_empty), atol=1e-12)  # a mask of nothing adds nothing


def test_the_ensemble(double):
    by_mask, by_clip = torch.rand(2, 3, 4), torch.rand(2, 3, 4)
    assert torch.equal(join(by_mask, by_clip, 0.0), by_mask) and torch.equal(join(by_mask, by_clip, 1.0), by_clip)
    assert torch.allclose(join(by_mask, by_clip, 0.7), (0.3 * by_mask.log() + 0.7 * by_clip.log()).exp())
    logits, windows = torch.randn(1, 5), torch.randn(2, 3, 16, 16)
    scores = method(torch.full((1, 4, 4), FULL), logits, 0.7)(windows)
    by_network = logits.softmax(1)[:, :4]  # the non-object takes its share and goes
    expected = by_network**0.3 * zero_shot(windows) ** 0.7
    assert torch.allclose(scores[:, :, 0, 0], expected)


def test_scores_are_summed_over_masks(double):
    left = torch.full((4, 4), EMPTY)
    left[:, :2] = FULL
    masks = torch.stack([left, -left])
    logits = CERTAIN * torch.eye(5)[[1, 3]]
    labels = method(masks, logits, 0.0)(torch.randn(1, 3, 16, 16)).argmax(1)
    assert labels[0].tolist() == [[1, 1, 3, 3]] * 4


def test_crops_are_bounding_boxes_with_nothing_around_the_mask(double):
    images, inside = torch.randn(2, 3, 8, 8), torch.zeros(2, 3, 8, 8, dtype=torch.bool)
    inside[0, 1, 2:6, 1:5] = True  # a square of four
    inside[1, 0, 0, 0] = inside[1, 0, 3, 3] = True  # two pixels in the corners of another
    inside[1, 2] = True
    found = crops(images, inside, 4)
    assert found.shape == (3, 3, 4, 4)
    assert torch.allclose(found[0], images[0, :, 2:6, 1:5])
    corners = torch.zeros(3, 4, 4)
    corners[:, 0, 0], corners[:, 3, 3] = images[1, :, 0, 0], images[1, :, 3, 3]
    assert torch.allclose(found[1], corners)
    assert torch.allclose(found[2], F.interpolate(images[1:], size=4, mode="bicubic", align_corners=False)[0])


def test_windows_do_not_depend_on_each_other(double):
    masks, windows = torch.randn(3, 4, 4) * 3, torch.randn(3, 3, 16, 16)
    zero = method(masks, torch.randn(3, 5), 0.5)
    assert torch.allclose(zero(windows)[1:2], zero(windows[1:2]), atol=1e-12)
