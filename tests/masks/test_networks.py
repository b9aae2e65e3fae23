"""The networks that propose masks: shapes, what their order and their seed do, and the sizes of the paper."""

import pytest
import torch
import torch.nn.functional as F

from larvseg.clip.model import Clip, build_clip
from larvseg.config.clip import ClipModel
from larvseg.config.masks import Ensemble, MaskHead
from larvseg.config.training import Backbone
from larvseg.datasets.loader import RankBatch
from larvseg.errors import LarvSegError
from larvseg.masks.captions import CaptionBatch
from larvseg.masks.decoder import sine_positions
from larvseg.masks.networks import build_classifier, build_embedder
from larvseg.masks.objectives import GroundedMasks
from larvseg.masks.pyramid import FeaturePyramid, strides_of
from larvseg.masks.words import WordTable
from larvseg.methods.openseg.predict import OpenSeg
from larvseg.methods.zsbaseline.predict import ZSBaseline
from tests.masks.conftest import HEAD, clip_model, proposing


def table(classes: int, dim: int = 12) -> torch.Tensor:
    return F.normalize(torch.randn(classes, dim), dim=1)


def test_the_pyramid_spans_four_pixels_to_two_patches():
    assert (strides_of(8), strides_of(16), strides_of(4)) == ((4, 8, 16), (4, 8, 16, 32), (4, 8))
    maps = FeaturePyramid(32, 16)(torch.randn(2, 32, 4, 6))
    assert [tuple(level.shape[1:]) for level in maps] == [(8, 16, 24), (16, 8, 12), (32, 4, 6), (32, 2, 3)]
    for patch in (2, 14):
        with pytest.raises(LarvSegError, match=f"not {patch}"):
            strides_of(patch)


def test_each_place_has_its_own_position():
    positions = sine_positions(5, 7, 16)
    assert positions.shape == (35, 16) and positions.abs().max() <= 1
    assert torch.cdist(positions, positions).fill_diagonal_(1).min() > 0.1
    assert torch.equal(positions[0, 8:], positions[7, 8:]) and not torch.equal(positions[0, :8], positions[7, :8])  # rows, then columns


def test_shapes_and_scores():
    network, texts = build_classifier(proposing("zsbaseline"), 12), table(3)
    masks, logits = network(torch.randn(2, 3, 16, 24), texts)
    assert masks.shape == (2, 2, 5, 4, 6) and logits.shape == (2, 2, 5, 4)
    assert logits.abs().max() <= 100 * (1 + 1e-5)  # cosines at temperature 0.01
    masks, vectors = build_embedder(proposing("openseg"), 12)(torch.randn(2, 3, 16, 24))
    assert masks.shape == (2, 5, 4, 6) and vectors.shape == (2, 5, 12)
    assert torch.allclose(vectors.norm(dim=2), torch.ones(2, 5))


def test_initial_weights_depend_on_the_seed_alone():
    config = proposing("zsbaseline")
    torch.manual_seed(1)
    first = build_classifier(config, 12).state_dict()
    torch.manual_seed(2)
    again = build_classifier(config, 12).state_dict()
    other = build_classifier(config.model_copy(update={"seed": 1}), 12).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["proposer.query_decoder.places"], other["proposer.query_decoder.places"])


def test_the_order_of_the_learned_queries_changes_nothing(double):
    images, texts, order = torch.randn(2, 3, 16, 16), table(3), [3, 1, 4, 0, 2]
    classifier, embedder = build_classifier(proposing("zsbaseline"), 12).eval(), build_embedder(proposing("openseg"), 12).eval()
    scores = []
    for _ in range(2):
        masks, logits = classifier(images, texts)
        scores.append([torch.einsum("bqn,bqhw->bnhw", logits[-1].softmax(-1), masks[-1].sigmoid()), OpenSeg(embedder, texts)(images)])
        for network in (classifier, embedder):
            places = network.proposer.query_decoder.places
            places.data = places.data[order]
    for before, after in zip(*scores, strict=True):
        assert torch.allclose(before, after, atol=1e-12)


def test_regions_are_means_under_their_masks(double):
    network = build_embedder(proposing("openseg"), 12)
    masks, features = torch.randn(1, 5, 4, 4), torch.randn(1, 32, 2, 2)
    weights = F.avg_pool2d(masks.sigmoid(), 2)[0, 3]
    mean = (weights * features[0]).sum((1, 2)) / weights.sum()
    assert torch.allclose(network.describe(features, masks)[0, 3], F.normalize(network.embed(mean), dim=0))


def test_regions_do_not_look_at_padding(double):
    network = build_embedder(proposing("openseg"), 12)
    masks, features, valid = torch.randn(1, 5, 4, 4), torch.randn(1, 32, 2, 2), torch.ones(1, 16, 16)
    other = features.clone()
    other[..., 1], valid[..., 8:] = 7.0, 0
    assert torch.allclose(network.describe(features, masks, valid), network.describe(other, masks, valid))
    assert not torch.allclose(network.describe(features, masks), network.describe(other, masks))


def test_captions_do_not_bend_masks(double):
    """The masks of the images with masks get the same gradient whatever the captions say, and none from them."""
    config = proposing("openseg")
    gradients = []
    for caption in (("dog",), ("car", "lamp")):
        network = build_embedder(config, 12).eval()
        torch.manual_seed(0)
        annotated = RankBatch("C171", "pixel", torch.randn(2, 3, 16, 16), torch.randint(0, 3, (2, 16, 16)), [], None)
        captioned = CaptionBatch("LN", torch.randn(2, 3, 16, 16), [caption, ("sofa",)], torch.ones(2, 16, 16))
        loss, _ = GroundedMasks(config, network, WordTable(clip_model(torch.float64), "name"))([annotated, captioned])
        loss.backward()
        gradients.append({name: parameter.grad for name, parameter in network.named_parameters()})
    first, second = gradients
    masks = [name for name in first if name.startswith("proposer.") and not name.startswith("proposer.backbone")]
    assert masks and all(torch.allclose(first[name], second[name]) for name in masks)
    assert not torch.allclose(first["embed.0.weight"], second["embed.0.weight"])
    assert not torch.allclose(first["proposer.backbone.vit.norm.weight"], second["proposer.backbone.vit.norm.weight"])


def test_batch_statistics_stay_those_of_pretraining():
    config = proposing("zsbaseline")
    network = build_classifier(
        config.model_copy(update={"backbone": config.backbone.model_copy(update={"stem": "convolution"})}), 12
    ).train()
    statistics = [m for m in network.proposer.backbone.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert statistics and not any(module.training for module in statistics) and network.proposer.query_decoder.training


def test_queries_attend_to_a_map_that_exists():
    config = proposing("zsbaseline")
    with pytest.raises(LarvSegError, match="memory_stride is 32; patches of 8 give the strides 4, 8, 16"):
        build_classifier(config.model_copy(update={"head": HEAD.model_copy(update={"memory_stride": 32})}), 12)


def test_the_sizes_of_the_paper():
    """ViT-B/16, 100 queries of width 256, six layers, CLIP ViT-B/16: built and run without weights."""
    config = proposing("zsbaseline")
    backbone = Backbone(title="ViT-B/16", name="vit_base_patch16_384", weights="timm:augreg_in21k_ft_in1k", image_size=512, patch_size=16)
    head = MaskHead(queries=100, width=256, layers=6, heads=8, feedforward=2048, memory_stride=32)
    classification = config.classification.model_copy(update={"hidden": 1024})
    config = config.model_copy(update={"backbone": backbone, "head": head, "classification": classification})
    settings = ClipModel(title="CLIP ViT-B/16", architecture="ViT-B-16-quickgelu", weights="ViT-B-16.pt", image_size=224)
    with torch.device("meta"):
        network, embedder = (build(config.model_copy(update=more), 512).eval() for build, more in BUILDERS)
        clip = Clip(settings, build_clip(settings))
        windows, texts = torch.empty(2, 3, 512, 512), torch.empty(150, 512)
        masks, logits = network(windows, texts)
        assert masks.shape == (6, 2, 100, 128, 128) and logits.shape == (6, 2, 100, 151)
        assert embedder(windows)[1].shape == (2, 100, 512)
        assert OpenSeg(embedder, texts)(windows).shape == (2, 150, 128, 128)
        assert clip.encode_images(torch.empty(7, 3, 224, 224)).shape == (7, 512)
    method = ZSBaseline(network, clip, texts, Ensemble(threshold=0.4, clip_weight=0.5), "imagenet")
    probabilities = method.classify(torch.randn(2, 3, 512, 512), torch.zeros(2, 100, 128, 128))  # every mask is empty: CLIP is not asked
    assert probabilities.shape == (2, 100, 150) and (probabilities == 1).all()


BUILDERS = (
    (build_classifier, {}),
    (build_embedder, {"grounding": proposing("openseg").grounding}),
)
