"""The stages behind Table 1 and Figures 2 and 4, on drawn scenes and an untrained network."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from larvseg.clip.model import build_clip, load_clip, save_clip
from larvseg.config import Evaluation, parse
from larvseg.config.figures import PredictConfig
from larvseg.config.grouping import Embedding, GroupingConfig, ResponsesConfig
from larvseg.datasets.manifest import Manifest
from larvseg.datasets.transforms import normalise, resize
from larvseg.errors import LarvSegError
from larvseg.evaluation.embeddings import embedder
from larvseg.evaluation.explore import explore
from larvseg.evaluation.predict import predict
from larvseg.evaluation.responses import responses
from larvseg.evaluation.select_validation_images import SMALLEST, choose_images
from larvseg.evaluation.sliding_window import segment
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.segmenters import load_segmenter
from tests.clip.tiny_clip import RESNET
from tests.data import base_novel, load_vocabulary
from tests.evaluation.conftest import BACKBONE, EVALUATION

CLASSES = ["wall", "windowpane", "bed", "sky", "grass", "tree", "sofa", "lamp", "painting", "fireplace", "tower", "palm", "flag", "basket"]


def settings(model, **changes):
    common = {"run": "supervised-a150", "profile": "smoke", "seed": 0, "benchmark": "A150", "evaluation": EVALUATION.model_dump()}
    return parse(model, common | changes, "test")


# ---- Table 1


def grouping(run, manifest, folder, embedding, **changes):
    inputs = {"manifest": manifest, **run}
    config = settings(GroupingConfig, embedding=embedding, rule="P", draws=2, **changes)
    explore(config, inputs, {"grouping": folder / "grouping.json"}, folder / "work")
    return json.loads((folder / "grouping.json").read_text())


def test_grouping_of_a_segmenter(run, benchmark, tmp_path):
    found = grouping(run, benchmark, tmp_path, {"source": "segmenter"})
    bytes_ = (tmp_path / "grouping.json").read_bytes()
    assert (found["run"], found["benchmark"], found["images"], found["rule"]) == ("supervised-a150", "A150", 24, "P")
    names = load_vocabulary("A150", drawn=True).names
    for rule in "SP":
        about = found["rules"][rule]
        assert about["novel_classes"] == len(base_novel(names, rule)[1])
        assert len(set(about["draws"])) == 2 and about["mean"] == pytest.approx(np.mean(about["draws"]))
        assert 5 < about["mean"] < 95
    assert found["novel"] == found["rules"]["P"]["mean"] != found["rules"]["S"]["mean"]
    grouping(run, benchmark, tmp_path, {"source": "segmenter"})
    assert (tmp_path / "grouping.json").read_bytes() == bytes_


def test_grouping_of_a_backbone_alone(run, benchmark, tmp_path):
    alone = {"model": run["backbone"]}
    found = grouping(alone, benchmark, tmp_path, {"source": "backbone", "backbone": BACKBONE.model_dump()})
    other = grouping(run, benchmark, tmp_path, {"source": "segmenter"})
    assert found["novel"] != other["novel"]
    with pytest.raises(LarvSegError, match="which one it is"):
        grouping(alone, benchmark, tmp_path, {"source": "backbone"})


def test_absent_classes_as_released_change_the_numbers(run, benchmark, tmp_path):
    masked, zero = (grouping(run, benchmark, tmp_path, {"source": "segmenter"}, absent=absent) for absent in ("masked", "zero"))
    assert zero["absent"] == "zero" and zero["novel"] < masked["novel"]


def test_grouping_refuses_another_benchmark(run, benchmark, tmp_path):
    with pytest.raises(LarvSegError, match="data set A150; evaluating on A847"):
        grouping(run, benchmark, tmp_path, {"source": "segmenter"}, benchmark="A847")


def test_denseclip_knows_the_classes_of_an_image_but_no_pixel(benchmark, tmp_path):
    save_clip(tmp_path / "clip", RESNET, build_clip(RESNET, seed=1))
    names = Manifest(benchmark).header["classes"]
    about = {"clip": "clip", "prompts": "name", "dataset": "A150", "classes": names}
    table = load_clip(tmp_path / "clip").table(names, "name")
    save_tensors(tmp_path / "text", {"text": table}, about)
    found = grouping({"clip": tmp_path / "clip", "text": tmp_path / "text"}, benchmark, tmp_path, {"source": "denseclip"})
    assert [len(found["rules"][rule]["draws"]) for rule in "SP"] == [1, 1]
    assert 0 < found["novel"] < 60 and found["std"] is None
    save_tensors(tmp_path / "text", {"text": table[:5]}, about | {"classes": names[:5]})
    with pytest.raises(LarvSegError, match="other classes"):
        grouping({"clip": tmp_path / "clip", "text": tmp_path / "text"}, benchmark, tmp_path, {"source": "denseclip"})


def test_embeddings_of_denseclip_span_the_image(tmp_path):
    save_clip(tmp_path / "clip", RESNET, build_clip(RESNET, seed=1))
    evaluation = Evaluation(short_side=96, long_side=400, window=64, stride=64)
    embed = embedder(Embedding(source="denseclip"), {"clip": tmp_path / "clip"}, evaluation, "cpu")
    image = np.random.default_rng(0).integers(0, 256, (96, 110, 3), dtype=np.uint8)  # three by almost four cells
    grid = embed(image)
    values = load_clip(tmp_path / "clip").dense(torch.from_numpy(normalise(image, "clip"))[None])
    plain = F.interpolate(values, (96, 128), mode="bilinear")[0, :, :, :110]  # the last cell reaches past the image
    assert torch.allclose(grid.upsampled(grid.values), plain, atol=1e-6)


# ---- which images


def test_chosen_images_show_what_was_asked_for(benchmark):
    manifest = Manifest(benchmark)
    names = manifest.header["classes"]
    chosen = choose_images(manifest, CLASSES, images=3, base=1, novel=1)
    assert len({one.row for one in chosen}) == 3
    known = set(base_novel(names, "S")[0])
    for one in chosen:
        mask = manifest.mask(one.row)
        assert (len(one.base), len(one.novel)) == (1, 1)
        assert known.issuperset(one.base) and known.isdisjoint(one.novel)
        for label in (*one.base, *one.novel):
            assert names[label] in CLASSES and (mask == label).mean() >= SMALLEST
    assert len({label for one in chosen for label in one.novel}) == 3  # another novel class each
    assert choose_images(manifest, CLASSES, 2, 1, 1) == chosen[:2]
    assert len(choose_images(manifest, CLASSES, 1000, 1, 1)) < 24


def test_what_no_image_shows_is_refused(benchmark):
    with pytest.raises(LarvSegError, match="no validation image shows 2 base and 1 novel ones of sky, bed"):
        choose_images(Manifest(benchmark), ["sky", "bed"], 1, 2, 1)
    with pytest.raises(LarvSegError, match="none of dishwasher is a class of A150"):
        choose_images(Manifest(benchmark), ["dishwasher"], 1, 1, 1)


# ---- Figure 2


def test_responses_are_cosines_to_the_pixel_of_the_dot(run, benchmark, tmp_path):
    config = settings(ResponsesConfig, embedding={"source": "segmenter"}, classes=CLASSES, images=2, base=1, novel=1)
    config = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"short_side": 72})})
    outputs = {"responses": tmp_path / "responses.safetensors"}
    responses(config, {"manifest": benchmark, **run}, outputs, tmp_path / "work")
    tensors, about = load_tensors(outputs["responses"])
    manifest = Manifest(benchmark)
    model, _ = load_segmenter(run["model"], run["config"])
    assert len(about["images"]) == 2 and about["run"] == "supervised-a150"
    for number, (described, chosen) in enumerate(zip(about["images"], choose_images(manifest, CLASSES, 2, 1, 1), strict=True)):
        image, mask = manifest.image(chosen.row), manifest.mask(chosen.row)
        assert described["name"] == manifest.name(chosen.row)
        assert (tensors[f"{number}.image"].numpy() == image).all()
        assert [one["novel"] for one in described["classes"]] == [False, True]
        maps, points = tensors[f"{number}.responses"], tensors[f"{number}.points"]
        size = image.shape[:2]
        height, width = (length * 72 // min(size) for length in size)  # whole patches
        pixels = torch.from_numpy(normalise(resize(image, (width, height)), "imagenet"))[None]
        with torch.inference_mode():
            features = model.segmenter.backbone(pixels)
            unit = model.segmenter.classifier(features, model.index).pixels[0].T.unflatten(1, features.shape[2:])
        plain = F.normalize(F.interpolate(unit[None], size, mode="bilinear")[0], dim=0)
        for response, (y, x) in zip(maps, points.tolist(), strict=True):
            assert torch.allclose(response, torch.einsum("d,dhw->hw", plain[:, y, x], plain), atol=1e-5)
        for response, (y, x), one in zip(maps, points.tolist(), described["classes"], strict=True):
            assert manifest.header["classes"][mask[y, x]] == one["name"]
            assert response[y, x] == pytest.approx(1, abs=1e-5) and response.abs().max() <= 1 + 1e-5


def test_dots_are_the_same_for_every_model(run, benchmark, tmp_path):
    points = []
    for name, embedding, model in (
        ("a", {"source": "segmenter"}, "model"),
        ("b", {"source": "backbone", "backbone": BACKBONE.model_dump()}, "backbone"),
    ):
        config = settings(ResponsesConfig, embedding=embedding, classes=CLASSES, images=2, base=1, novel=1)
        inputs = {"manifest": benchmark, "model": run[model], "config": run["config"]}
        responses(config, inputs, {"responses": tmp_path / name}, tmp_path / "work")
        points.append([load_tensors(tmp_path / name)[0][f"{number}.points"] for number in range(2)])
    assert all(torch.equal(one, other) for one, other in zip(*points, strict=True))


# ---- Figure 4


def test_predictions_are_those_of_the_evaluation(run, benchmark, tmp_path):
    config = settings(PredictConfig, method="supervised", classes=CLASSES, images=3)
    outputs = {"predictions": tmp_path / "predictions.safetensors"}
    predict(config, {"manifest": benchmark, **run}, outputs, tmp_path / "work")
    tensors, about = load_tensors(outputs["predictions"])
    assert about == {"run": "supervised-a150", "method": "supervised", "seed": 0, "profile": "smoke", "benchmark": "A150"}
    manifest = Manifest(benchmark)
    model, _ = load_segmenter(run["model"], run["config"])
    assert {int(row) for row in tensors} == {one.row for one in choose_images(manifest, CLASSES, 3, base=1, novel=2)}
    for row, labels in tensors.items():
        with torch.inference_mode():
            expected = segment(model, manifest.image(int(row)), config.evaluation, "imagenet")
        assert (labels.numpy() == expected).all()
        assert len(np.unique(expected)) > 1
