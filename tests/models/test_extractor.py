"""Frozen networks of timm as feature extractors."""

import pytest
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from larvseg.config import Backbone, Neck
from larvseg.errors import LarvSegError
from larvseg.models.extractor import build_extractor
from larvseg.training.frozen_weights import load_extractor

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


@pytest.mark.parametrize("settings", [LITE, VIT], ids=["convolutions", "transformer"])
def test_weights_by_timms_names(settings, tmp_path):
    network = timm.create_model(settings["name"], pretrained=False, **settings.get("arguments", {}))  # with a head and every level
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    extractor = build_extractor(Backbone(**settings))
    load_extractor(extractor, tmp_path / "w.safetensors")
    own = extractor.network.state_dict()
    assert all(torch.equal(network.state_dict()[name.removeprefix("model.")], tensor) for name, tensor in own.items())


def test_weights_in_timms_order_under_other_names(tmp_path):
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    torch.save({f"_{name}": tensor for name, tensor in network.state_dict().items()}, tmp_path / "w.pth")
    extractor = build_extractor(Backbone(**LITE))
    load_extractor(extractor, tmp_path / "w.pth")
    assert torch.equal(extractor.network.state_dict()["conv_stem.weight"], network.conv_stem.weight)


def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path):
    extractor = build_extractor(Backbone(**LITE))
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no tensors")
    torch.save({"model": print}, tmp_path / "code.pth")
    tensors = timm.create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    tensors["conv_stem.weight"] = torch.zeros(1)
    save_file(tensors, tmp_path / "shape.safetensors")
    for file, message in (
        ("other.pth", "no tensor 'conv_stem.weight'"),
        ("text.pth", "not a file of tensors"),
        ("code.pth", "not a file of tensors"),
        ("shape.safetensors", r"conv_stem.weight has the shape \(1,\), the network \(32, 3, 3, 3\)"),
        ("none.pth", "not a file of tensors"),
    ):
        with pytest.raises(LarvSegError, match=message):
            load_extractor(extractor, tmp_path / file)


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
