"""How large networks are, without building one."""

import pytest
import torch

from larvseg.config import Backbone
from larvseg.errors import LarvSegError
from larvseg.models.backbone import build_backbone
from larvseg.plan.shapes import shape_of

VIT_B = Backbone(title="ViT-B/16", name="vit_base_patch16_384", weights="timm", image_size=512, patch_size=16)


def parameters(backbone: Backbone) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build_backbone(backbone).parameters())


@pytest.mark.parametrize(
    "name, arguments, patch",
    [
        ("vit_tiny_patch16_224", {"embed_dim": 32, "depth": 2, "num_heads": 2, "patch_size": 8, "mlp_ratio": 2}, 8),
        ("vit_tiny_patch16_384", {}, 16),
        ("deit_small_distilled_patch16_224", {}, 16),
    ],
)
def test_parameters_are_those_of_the_model(name, arguments, patch):
    backbone = VIT_B.model_copy(update={"name": name, "arguments": arguments, "patch_size": patch, "image_size": 64})
    assert shape_of(backbone).parameters == parameters(backbone)


def test_vit_b_at_the_size_of_the_paper():
    assert shape_of(VIT_B.model_copy(update={"image_size": 224})).parameters == 85_798_656  # without its head, as often quoted
    assert shape_of(VIT_B).parameters == 86_434_560


def test_a_backbone_of_unknown_size_is_refused():
    with pytest.raises(LarvSegError, match="'vit_odd_patch16': its size is not known .*say embed_dim and depth"):
        shape_of(VIT_B.model_copy(update={"name": "vit_odd_patch16"}))
    known = shape_of(VIT_B.model_copy(update={"name": "vit_odd_patch16", "arguments": {"embed_dim": 64, "depth": 3}}))
    assert (known.width, known.depth, known.hidden) == (64, 3, 256)
