"""The comparators with the settings of the paper profile, on the meta device: every network and shape, hardly a number computed."""

from pathlib import Path

import pytest
import torch

from larvseg.clip.model import Clip, build_clip
from larvseg.masks.networks import build_classifier
from larvseg.methods.denseclip.predict import class_scores
from larvseg.methods.reco.predict import fused
from larvseg.methods.reco.references import context_elimination, similarity
from larvseg.methods.zsbaseline.predict import join
from larvseg.models.backbone import build_backbone
from larvseg.models.segmenter import build_segmenter
from larvseg.pipeline import Project
from tests.clip.test_clip_architectures import PUBLISHED
from tests.jobs import job

PAPER = Project("paper", Path(__file__).parents[2] / "workflow/config")
ROLES = PAPER.comparators.roles
CLASSES = {"A150": 150, "A847": 847}


def clip_of(role: str) -> Clip:
    settings = PAPER.comparators.clip[getattr(ROLES, role)]
    return Clip(settings, build_clip(settings))


@pytest.fixture(autouse=True)
def meta():
    with torch.device("meta"):
        yield


def test_the_models_of_the_profile_are_published_ones():
    for model in PAPER.comparators.clip.values():
        assert PUBLISHED[model.architecture][0] == model.image_size
        assert model.architecture.removesuffix("-quickgelu").replace("-336", "-336px") + ".pt" == model.weights


@pytest.mark.parametrize("benchmark", CLASSES)
def test_denseclip(benchmark):
    clip, window = clip_of("dense"), PAPER.profile.evaluation.window
    table = torch.empty(CLASSES[benchmark], clip.dim)
    assert class_scores(clip.dense(torch.empty(1, 3, window, window)), table).shape == (1, CLASSES[benchmark], 16, 16)


def test_reco():
    config = job(PAPER, "retrieve", "reco-a847.seed0").config
    dense, retrieval, features = clip_of("dense"), clip_of("retrieval"), build_backbone(config.features).to("meta")
    squares = torch.empty(3, 3, config.image_size, config.image_size)
    assert retrieval.encode_images(torch.empty(2, 3, retrieval.image_size, retrieval.image_size)).shape == (2, retrieval.dim)
    assert retrieval.encode_text(["a wall"]).shape == (1, retrieval.dim)
    values, guide = features(squares), dense.dense(squares)
    assert values.shape == (3, 384, 14, 14) and guide.shape == (3, 1024, 7, 7)
    temperature = config.guidance * 100  # the scale that OpenAI's models have learned
    assert temperature == 10 and similarity(guide, torch.empty(1, dense.dim), temperature, (14, 14)).shape == (3, 1, 14, 14)
    assert context_elimination(values, torch.empty(5, 384)).shape == (3, 14, 14)
    window = torch.empty(1, 3, 512, 512)
    references, text = torch.empty(847, 384), torch.empty(847, dense.dim)
    assert fused(features(window), references, dense.dense(window), text, temperature, (512, 512)).shape == (1, 847, 512, 512)


@pytest.mark.parametrize("benchmark", CLASSES)
def test_zsbaseline(benchmark):
    config, clip, classes = job(PAPER, "propose", "zsbaseline-a150.seed0").config, clip_of("crops"), CLASSES[benchmark]
    network = build_classifier(config, clip.dim).eval()
    crop = config.training_sets[0].augmentation.crop
    masks, logits = network(torch.empty(1, 3, crop, crop), torch.empty(171, clip.dim))
    assert masks.shape == (6, 1, 100, 160, 160) and logits.shape == (6, 1, 100, 172)
    masks, logits = network(torch.empty(1, 3, 512, 512), torch.empty(classes, clip.dim))
    crops = clip.encode_images(torch.empty(100, 3, clip.image_size, clip.image_size))
    by_clip = (crops @ torch.empty(classes, clip.dim).T).softmax(-1)[None]
    joint = join(logits[-1].softmax(-1)[..., :-1], by_clip, config.classification.ensemble[benchmark].clip_weight)
    assert torch.einsum("bqn,bqhw->bnhw", joint, masks[-1]).shape == (1, classes, 128, 128)


def test_lseg():
    config, width = job(PAPER, "train", "lseg-a150.seed0").config, clip_of("text").dim
    with torch.device("cpu"):  # mixed precision, which the classifier switches off, is unknown to the meta device
        segmenter = build_segmenter(config, 171, table=torch.zeros(171, width)).eval()
        segmenter.classifier.table = torch.randn(847, width)
        assert segmenter(torch.zeros(1, 3, 32, 48), torch.arange(847)).shape == (1, 847, 2, 3)


# ---- names of tensors, as in OpenAI's archives


def norm(name: str) -> list[str]:
    return [f"{name}.weight", f"{name}.bias"]


def blocks(name: str, count: int) -> list[str]:
    each = ["attn.in_proj_weight", "attn.in_proj_bias"]
    each += [part for layer in ("attn.out_proj", "ln_1", "ln_2", "mlp.c_fc", "mlp.c_proj") for part in norm(layer)]
    return [f"{name}.resblocks.{block}.{part}" for block in range(count) for part in each]


def batch_norm(name: str) -> list[str]:
    return [f"{name}.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]


def transformer(layers: int) -> list[str]:
    own = ["class_embedding", "positional_embedding", "proj", "conv1.weight", *norm("ln_pre"), *norm("ln_post")]
    return [f"visual.{name}" for name in own] + blocks("visual.transformer", layers)


def resnet(layers: tuple[int, ...]) -> list[str]:
    names = [name for i in (1, 2, 3) for name in (f"conv{i}.weight", *batch_norm(f"bn{i}"))]
    for stage, count in enumerate(layers, 1):
        for block in range(count):
            own = [name for i in (1, 2, 3) for name in (f"conv{i}.weight", *batch_norm(f"bn{i}"))]
            own += ["downsample.0.weight", *batch_norm("downsample.1")] if block == 0 else []
            names += [f"layer{stage}.{block}.{name}" for name in own]
    names += ["attnpool.positional_embedding", *(part for each in "qkvc" for part in norm(f"attnpool.{each}_proj"))]
    return [f"visual.{name}" for name in names]


VISUAL = {
    "RN50x64": resnet((3, 15, 36, 10)),
    "ViT-B-16": transformer(12),
    "ViT-L-14": transformer(24),
    "ViT-L-14-336": transformer(24),
}


@pytest.mark.parametrize("name", VISUAL)
def test_tensors_are_called_as_in_the_archives_of_openai(name):
    model = build_clip(PAPER.comparators.clip[name])
    text = ["positional_embedding", "text_projection", "logit_scale", "token_embedding.weight", *norm("ln_final")]
    assert sorted(model.state_dict()) == sorted([*text, *blocks("transformer", 12), *VISUAL[name]])
