"""ReCo's stages on a few images of two colours, with two tiny CLIP models and a tiny feature network."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from larvseg.clip.images import central_square, renormalised
from larvseg.clip.model import build_clip, load_clip, save_clip
from larvseg.config import Backbone, EvaluateConfig, Evaluation
from larvseg.config.reco import IndexConfig, RecoConfig
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise
from larvseg.errors import LarvSegError
from larvseg.methods.reco import predict as module
from larvseg.methods.reco.predict import fused, load_features, predictor
from larvseg.methods.reco.references import context_elimination, cosegment, similarity
from larvseg.methods.reco.retrieve import index, reco
from larvseg.models.backbone import build_backbone
from larvseg.training.checkpoint import load_tensors, save_tensors
from tests.clip.tiny_clip import RESNET, VIT
from tests.training.conftest import BACKBONE, pack

CLASSES = ["wall", "sky", "sofa", "lamp"]
CONFIG = RecoConfig(
    run="reco-a150",
    profile="smoke",
    benchmark="A150",
    dataset="I124",
    retrieved=5,
    contexts=("tree", "sky"),
    image_size=32,
    features=BACKBONE,
)
EVALUATE = EvaluateConfig(
    run="reco-a150",
    method="reco",
    profile="smoke",
    seed=0,
    benchmark="A150",
    evaluation=Evaluation(short_side=64, long_side=256, window=64, stride=64),
)
OUTPUTS = {role: Path("out", role) for role in ("model", "config", "card")}


def text(clip, path, classes=CLASSES, dataset="A150"):
    about = {"clip": path, "prompts": "name", "dataset": dataset, "classes": classes}
    save_tensors(Path(path), {"text": load_clip(clip).table(classes, "name")}, about)
    return Path(path)


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """Everything that `reco` takes; CLIP ViT retrieves, CLIP ResNet guides."""
    monkeypatch.chdir(tmp_path)
    for name, settings in (("retrieval", VIT), ("clip", RESNET)):
        save_clip(Path(name), settings, build_clip(settings, seed=1))
    save_tensors(Path("features"), build_backbone(BACKBONE, seed=2).state_dict(), {})
    found = {"index": pack(Path("."), "I124"), "retrieval": Path("retrieval"), "clip": Path("clip"), "features": Path("features")}
    index(IndexConfig(dataset="I124", batch_size=5), found, {"embeddings": Path("embeddings")}, Path("work"))
    texts = {"retrieval_text": text(Path("retrieval"), "vit.text"), "text": text(Path("clip"), "resnet.text")}
    return found | texts | {"embeddings": Path("embeddings")}


def test_index_embeds_every_image_by_itself(inputs):
    embeddings = load_tensors(inputs["embeddings"])[0]["embeddings"]
    manifest, clip = Manifest(inputs["index"]), load_clip(inputs["retrieval"])
    assert embeddings.shape == (12, clip.dim)
    for row in (0, 7):
        square = torch.from_numpy(normalise(central_square(manifest.image(row), clip.image_size), "clip"))
        torch.testing.assert_close(embeddings[row], clip.encode_images(square[None])[0], atol=1e-5, rtol=0)


def test_a_class_is_what_the_images_nearest_to_its_name_have_in_common(inputs):
    reco(CONFIG, inputs, OUTPUTS, Path("work"))
    tensors, about = load_tensors(OUTPUTS["model"])
    assert about["classes"] == CLASSES
    assert tensors["references"].shape == (4, 32) and tensors["images"].shape == tensors["seeds"].shape == (4, 5)

    embeddings = load_tensors(inputs["embeddings"])[0]["embeddings"]
    manifest, retrieval, guide = Manifest(inputs["index"]), load_clip(inputs["retrieval"]), load_clip(inputs["clip"])
    features = load_features(BACKBONE, inputs["features"], "cpu")

    @torch.no_grad()
    def by_hand(name, contexts):
        rows = (embeddings @ retrieval.table([name], "name")[0]).topk(5).indices
        squares = [central_square(manifest.image(row), 32) for row in rows.tolist()]
        values = features(torch.from_numpy(np.stack([normalise(square, "imagenet") for square in squares])))
        dense = guide.dense(torch.from_numpy(np.stack([normalise(square, "clip") for square in squares])))
        weights = similarity(dense, guide.table([name], "name"), 10.0, values.shape[2:])[:, 0]
        if contexts:
            weights = weights * context_elimination(F.normalize(values, dim=1), torch.stack(contexts))
        return rows, *cosegment(values, weights)

    tree = by_hand("tree", [])[1]  # no class of the vocabulary
    sky = by_hand("sky", [tree])[1]
    for name, contexts in (("wall", [tree, sky]), ("sky", [tree]), ("lamp", [tree, sky])):
        rows, vector, seeds = by_hand(name, contexts)
        position = CLASSES.index(name)
        assert tensors["images"][position].tolist() == rows.tolist()
        assert tensors["seeds"][position].tolist() == seeds.tolist()
        torch.testing.assert_close(tensors["references"][position], vector, atol=1e-5, rtol=0)


def test_no_label_is_opened_and_the_same_bytes_come_again(inputs):
    reco(CONFIG, inputs, OUTPUTS, Path("work"))
    described = json.loads(OUTPUTS["config"].read_text())
    assert described["annotations"] == {"I124": {}}
    assert described["train"]["run"] == "reco-a150" and described["vocabulary"] == {"names": CLASSES, "contexts": ["tree", "sky"]}
    assert "made without training" in " ".join(OUTPUTS["card"].read_text().split())
    first = OUTPUTS["model"].read_bytes()
    reco(CONFIG, inputs, OUTPUTS, Path("work"))
    assert OUTPUTS["model"].read_bytes() == first


def test_fewer_images_than_asked_for_are_all_retrieved(inputs):
    reco(CONFIG.model_copy(update={"retrieved": 50}), inputs, OUTPUTS, Path("work"))
    images = load_tensors(OUTPUTS["model"])[0]["images"]
    assert sorted(images[0].tolist()) == list(range(12))


def test_scores_are_the_product_of_two_maps_at_window_size(inputs, monkeypatch):
    reco(CONFIG, inputs, OUTPUTS, Path("work"))
    ready = predictor(EVALUATE, inputs | OUTPUTS, "cpu")
    assert (ready.names, ready.normalisation) == (tuple(CLASSES), "imagenet")
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    windows, for_clip = (torch.from_numpy(np.stack([normalise(one, name) for one in images])) for name in ("imagenet", "clip"))
    with torch.inference_mode():
        scores = ready.logits(windows)
        values = F.normalize(load_features(BACKBONE, inputs["features"], "cpu")(windows), dim=1)
        clip = load_clip(inputs["clip"])
        dense = clip.dense(for_clip)
    references, table = load_tensors(OUTPUTS["model"])[0]["references"], load_tensors(inputs["text"])[0]["text"]
    similar = torch.sigmoid(torch.einsum("bdhw,nd->bnhw", values, references))
    temperature = 0.1 * clip.scale.item()
    guided = torch.sigmoid(temperature * torch.einsum("bdhw,nd->bnhw", dense, table))
    expected = F.interpolate(similar, (64, 64), mode="bilinear") * F.interpolate(guided, (64, 64), mode="bilinear")
    assert scores.shape == (2, 4, 64, 64)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=0)
    monkeypatch.setattr(module, "CHUNK", 1)  # one class at a time
    torch.testing.assert_close(fused(values, references, dense, table, temperature, (64, 64)), scores, atol=1e-5, rtol=0)


def test_the_networks_of_the_paper_have_these_shapes():
    """DeiT-S/16 distilled at 512 pixels, CLIP RN50x64's cells, 847 classes; on the device that computes shapes alone."""
    name = "deit_small_distilled_patch16_224"
    deit = build_backbone(Backbone(title="DeiT-S/16-SIN", name=name, weights="deit_s_sin_dist.pth", image_size=224, patch_size=16)).to(
        "meta"
    )
    assert deit.vit.pos_embed.shape == (1, 2 + 14 * 14, 384)
    pixels = deit(torch.empty(1, 3, 512, 512, device="meta"))
    assert pixels.shape == (1, 384, 32, 32) and deit(torch.empty(1, 3, 224, 224, device="meta")).shape == (1, 384, 14, 14)
    references, cells, table = (torch.empty(shape, device="meta") for shape in ((847, 384), (1, 1024, 16, 16), (847, 1024)))
    assert fused(pixels, references, cells, table, 10.0, (512, 512)).shape == (1, 847, 512, 512)


def test_inputs_that_do_not_belong_together_are_refused(inputs):
    with pytest.raises(LarvSegError, match="other.text: texts of A847, not of A150"):
        reco(CONFIG, inputs | {"text": text(inputs["clip"], "other.text", dataset="A847")}, OUTPUTS, Path("work"))
    with pytest.raises(LarvSegError, match="few.text: texts of other classes than vit.text"):
        reco(CONFIG, inputs | {"text": text(inputs["clip"], "few.text", CLASSES[:3])}, OUTPUTS, Path("work"))
    with pytest.raises(LarvSegError, match="the manifest of I124, not of I1K"):
        reco(CONFIG.model_copy(update={"dataset": "I1K"}), inputs, OUTPUTS, Path("work"))
    save_tensors(Path("short"), {"embeddings": torch.zeros(3, 12)}, {})
    with pytest.raises(LarvSegError, match="short: 3 embeddings of 12 images"):
        reco(CONFIG, inputs | {"embeddings": Path("short")}, OUTPUTS, Path("work"))
    reco(CONFIG, inputs, OUTPUTS, Path("work"))
    with pytest.raises(LarvSegError, match="few.text: texts of other classes than the references"):
        predictor(EVALUATE, inputs | OUTPUTS | {"text": Path("few.text")}, "cpu")


def test_the_middle_of_an_image():
    image = np.zeros((40, 100, 3), np.uint8)
    image[:, 30:70] = 200
    square = central_square(image, 20)
    assert square.shape == (20, 20, 3) and (abs(square.astype(int) - 200) < 20).all()
    assert central_square(image.transpose(1, 0, 2), 64).shape == (64, 64, 3)
    odd = Image.fromarray(image).crop((0, 0, 37, 23))
    assert central_square(np.asarray(odd), 224).shape == (224, 224, 3)


@pytest.mark.parametrize("before", ["imagenet", "half", "clip"])
@pytest.mark.parametrize("after", ["imagenet", "half", "clip"])
def test_normalising_again(before, after):
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    found = renormalised(torch.from_numpy(normalise(image, before))[None], before, after)[0]
    torch.testing.assert_close(found, torch.from_numpy(normalise(image, after)), atol=1e-5, rtol=0)
