"""Frozen networks of timm as feature extractors."""

import pytest
import torch
import torch.nn.functional as F

from larvseg.config import Backbone, Neck
from larvseg.errors import LarvSegError
from larvseg.models.extractor import build_extractor

LITE = {"title": "x", "name": "tf_efficientnet_lite0", "weights": "x", "image_size": 64, "patch_size": 32, "levels": (3, 4)}
VIT = {"title": "x", "name": "vit_tiny_patch16_224", "weights": "x", "image_size": 224, "patch_size": 16, "levels": (1, 3)}
VIT |= {"arguments": {"depth": 4}}


def test_levels_are_brought_to_the_coarsest_grid_and_stay_frozen():
    extractor = build_extractor(Backbone(**LITE)).train()
    images = torch.randn(2, 3, 64, 70)
    with torch.no_grad():
        fine, coarse = extractor.network(F.pad(images, (0, 26)))
    features = extractor(images)
    assert (features.shape, extractor.channels, extractor.stride) == ((2, 432, 2, 3), 432, 32)
    torch.testing.assert_close(features, torch.cat([F.avg_pool2d(fine, 2), coarse], 1))
    assert not features.requires_grad and not any(module.training for module in extractor.modules())
    assert not torch.equal(build_extractor(Backbone(**LITE), 1)(images), features)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "deit_tiny_patch16_224"])
def test_a_transformer_gives_features_of_images_of_any_size(name):
    extractor = build_extractor(Backbone(**VIT | {"name": name}))
    assert extractor(torch.zeros(1, 3, 33, 50)).shape == (1, 384, 3, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "tf_efficientnet_lite9"}, "tf_efficientnet_lite9"),
        ({"levels": (7,)}, r"levels \[7\]"),
        ({"patch_size": 16}, "has a stride of 32, the profile says patch_size 16"),
        ({"neck": Neck(channels=5, dim=8)}, "has 432 channels, the profile says 5"),
    ],
)
def test_settings_that_do_not_fit_the_network_are_refused(changes, message):
    with pytest.raises(LarvSegError, match=message):
        build_extractor(Backbone(**{**LITE, **changes}))
