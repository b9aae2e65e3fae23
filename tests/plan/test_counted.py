"""What networks compute: as published, and as a model computes that has numbers."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from larvseg.clip.dense import dense_features
from larvseg.clip.model import build_clip
from larvseg.config import Backbone, ClipModel
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline.jobs.training import train_config
from larvseg.plan import counted
from larvseg.plan.operations import classifier


def test_a_segmenter_computes_backbone_and_classifier(paper):
    arguments = {"embed_dim": 32, "depth": 2, "num_heads": 2, "patch_size": 8, "mlp_ratio": 2}
    backbone = Backbone(title="", name="vit_tiny_patch16_224", arguments=arguments, weights="timm", image_size=64, patch_size=8)
    model = build_segmenter(train_config(paper, "baseline-a150", seed=0).model_copy(update={"backbone": backbone}), 150)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 64, 96), torch.arange(150))
    projected = 2 * 150 * 32**2  # once a step and not once an image: the class embeddings
    assert counted.trained(backbone, 64, 96) + classifier(backbone, 64, 96, 150) == counter.get_total_flops() - projected


def test_clip_models_compute_what_is_published_of_them(paper):
    """In GFLOP of an image, and of an image and a text, as open_clip lists them."""
    published = {"RN50x64": (529.11, 552.65), "ViT-B-16": (35.13, 41.09), "ViT-L-14": (162.03, 175.33), "ViT-L-14-336": (381.92, 395.22)}
    for name, of in published.items():
        model = paper.comparators.clip[name]
        assert (counted.image(model) / 1e9, counted.pair(model) / 1e9) == pytest.approx(of, rel=1e-4)


@pytest.mark.parametrize("vision", [{"layers": 2, "width": 32, "head_width": 16, "patch_size": 16}, {"layers": [1, 1, 1, 1], "width": 8}])
def test_dense_features_of_clip(vision):
    text = {"context_length": 8, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    model = ClipModel(title="", architecture={"embed_dim": 32, "vision_cfg": vision, "text_cfg": text}, weights="train", image_size=64)
    visual = build_clip(model).visual  # not for inference alone, where torch has a kernel of its own that is not counted
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        dense_features(visual, torch.zeros(1, 3, 64, 96))
    assert counted.dense(model, 64, 96) == counter.get_total_flops() > 0
    assert counted.dense(model, 128, 192) > 3.5 * counted.dense(model, 64, 96)


def test_mask_proposals_compute_more_than_their_backbone(paper):
    backbone, head = paper.backbone_config, paper.comparators.zsbaseline.head
    assert 1.2 < counted.proposals(backbone, head, 640, 640) / counted.trained(backbone, 640, 640) < 1.3
