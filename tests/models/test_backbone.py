"""The vision transformer's grid, padding and position embedding."""

import pytest
import torch
import torch.nn.functional as F

from larvseg.config import Backbone
from larvseg.errors import LarvSegError
from larvseg.models.backbone import build_backbone, resize_position_embedding

ARGUMENTS = {"patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}


def tiny(image_size=32, **arguments):
    config = Backbone(
        title="tiny", name="vit_tiny_patch16_224", arguments=ARGUMENTS | arguments, weights="pretrain", image_size=image_size, patch_size=8
    )
    return build_backbone(config).eval()


def test_features_are_timms_patch_tokens_at_the_trained_size():
    backbone, images = tiny(), torch.randn(2, 3, 32, 32)
    tokens = backbone.vit.forward_features(images)[:, 1:]
    torch.testing.assert_close(backbone(images), tokens.transpose(1, 2).unflatten(2, (4, 4)))
    assert (backbone.dim, backbone.patch_size) == (32, 8)


def test_odd_sizes_are_padded_with_zeros_right_and_bottom():
    backbone, images = tiny(), torch.randn(1, 3, 30, 41)
    assert backbone(images).shape == (1, 32, 4, 6)
    torch.testing.assert_close(backbone(images), backbone(F.pad(images, (0, 7, 0, 2))))


def test_works_without_a_class_token():
    backbone = tiny(class_token=False, global_pool="avg")
    features = backbone(torch.randn(1, 3, 32, 32))
    assert features.shape == (1, 32, 4, 4)
    # the final LayerNorm is on the tokens: with its initial weights each has mean 0 and variance 1
    torch.testing.assert_close(features.mean(1), torch.zeros(1, 4, 4), atol=1e-5, rtol=0)


def test_distilled_transformers_lose_both_tokens():
    arguments = {"depth": 1, "embed_dim": 32, "num_heads": 2}
    name = "deit_small_distilled_patch16_224"
    backbone = build_backbone(Backbone(title="DeiT", name=name, arguments=arguments, weights="x", image_size=64, patch_size=16)).eval()
    images = torch.randn(2, 3, 64, 64)
    tokens = backbone.vit.forward_features(images)[:, 2:]
    torch.testing.assert_close(backbone(images), tokens.transpose(1, 2).unflatten(2, (4, 4)))
    assert backbone(torch.randn(1, 3, 96, 32)).shape == (1, 32, 6, 2)


def test_position_embedding_is_resampled_without_antialias():
    grid = torch.randn(1, 5, 6, 6)
    stored = torch.cat([torch.full((1, 1, 5), 7.0), grid.flatten(2).transpose(1, 2)], 1)
    resized = resize_position_embedding(stored, (3, 4), (6, 6), 1)
    assert (resized[:, 0] == 7).all()  # the class token's position is untouched
    expected = F.interpolate(grid, size=(3, 4), mode="bicubic", align_corners=False)
    torch.testing.assert_close(resized[:, 1:].transpose(1, 2).unflatten(2, (3, 4)), expected)
    assert resize_position_embedding(stored, (6, 6), (6, 6), 1) is stored


def test_initial_weights_depend_on_the_seed_alone():
    first = tiny().state_dict()
    torch.randn(3)
    second = tiny().state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_vit_b_16():
    name, arguments = "vit_base_patch16_384", {"depth": 1, "drop_path_rate": 0.1}
    backbone = build_backbone(Backbone(title="ViT-B/16", name=name, arguments=arguments, weights="x", image_size=512, patch_size=16))
    assert backbone.vit.pos_embed.shape == (1, 1 + 32 * 32, 768)
    assert backbone(torch.randn(1, 3, 64, 48)).shape == (1, 768, 4, 3)


@pytest.mark.parametrize(
    "name, patch_size, message",
    [("resnet18", 8, "vision transformer"), ("vit_no_such", 8, "vision transformer"), ("vit_tiny_patch16_224", 16, "patches")],
)
def test_says_what_does_not_fit(name, patch_size, message):
    arguments = {} if name == "resnet18" else ARGUMENTS
    with pytest.raises(LarvSegError, match=message):
        build_backbone(Backbone(title="x", name=name, arguments=arguments, weights="x", image_size=32, patch_size=patch_size))


def test_convolutional_stem_has_the_same_grid_and_pads_in_the_same_way():
    config = Backbone(
        title="", name="vit_tiny_patch16_224", arguments=ARGUMENTS, stem="convolution", weights="pretrain", image_size=32, patch_size=8
    )
    backbone, images = build_backbone(config).eval(), torch.randn(1, 3, 30, 41)
    assert backbone(images).shape == (1, 32, 4, 6)
    torch.testing.assert_close(backbone(images), backbone(F.pad(images, (0, 7, 0, 2))))
    first, second = build_backbone(config).state_dict(), build_backbone(config).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
