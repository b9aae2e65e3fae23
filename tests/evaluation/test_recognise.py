"""Figure 5's images and label maps, on drawn objects and scenes and an untrained network."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from larvseg.config import Attention, Augmentation, Optimiser, Switches, TrainConfig, TrainingSet, parse
from larvseg.config.figures import RecogniseConfig
from larvseg.datasets.manifest import Manifest, write_manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.recognise import recognise
from larvseg.evaluation.select_object_images import object_exemplars, rows_of, scene_exemplars
from larvseg.evaluation.sliding_window import segment
from larvseg.files import json_text, sha256_of
from larvseg.loading import load
from larvseg.miniature.world import object_image
from larvseg.models.segmenter import build_segmenter
from larvseg.sources.archives import members
from larvseg.training.checkpoint import load_tensors, save_tensors
from larvseg.training.segmenters import DatasetSegmenter, load_segmenter
from tests.evaluation.conftest import BACKBONE, EVALUATION

LOBSTER, SOFA, LAMP, MOTH, PALM = "n01983481", "n04256520", "n03636649", "n02287004", "n12582231"
SCENES = {SOFA: "sofa", LAMP: "lamp", "n04379964": "table"}


def pack_objects(folder, dataset, images):
    """The manifest of (synset, image) pairs."""
    archive = folder / f"{dataset}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number, (_, image) in enumerate(images):
            data = io.BytesIO()
            image.save(data, "PNG")
            file.writestr(f"{number:03d}.png", data.getvalue())
    wnids = sorted({wnid for wnid, _ in images})
    rows = []
    for number, ((wnid, image), member) in enumerate(zip(images, members(archive), strict=True)):
        location = {"archive": archive.as_posix(), "member": member.name, **member._asdict()}
        about = {"name": f"{wnid}_{number}", "split": "training", "width": image.width, "height": image.height, "image": location}
        rows.append(about | {"mask": None, "labels": [wnids.index(wnid)], "pixels": None, "synset": wnid})
    header = {"dataset": dataset, "kind": "single_label", "classes": wnids, "keys": {"synset": wnids}, "encoding": None, "raw_ids": []}
    header |= {"archives": {archive.as_posix(): sha256_of(archive)}, "archive_sizes": {archive.as_posix(): archive.stat().st_size}}
    write_manifest(folder / f"{dataset}.arrow", rows, header | {"absent": [], "rejected": 0})
    return folder / f"{dataset}.arrow"


def again(image):
    """A copy: smaller, and compressed with losses."""
    data = io.BytesIO()
    image.resize((56, 56), Image.Resampling.BICUBIC).save(data, "JPEG", quality=60)
    return Image.open(data).convert("RGB")


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """I21K has a lobster, a moth and sofas; I1K a copy of that lobster, and then another."""
    folder = tmp_path_factory.mktemp("objects")
    lobster = object_image(0, LOBSTER, 1)
    known = [(LOBSTER, lobster), (MOTH, object_image(0, MOTH, 1)), *((SOFA, object_image(0, SOFA, number)) for number in (1, 2, 3))]
    other = [(LOBSTER, again(lobster)), (LOBSTER, object_image(0, LOBSTER, 1, "ilsvrc")), (SOFA, again(known[2][1]))]
    return {"I21K": pack_objects(folder, "I21K", known), "I1K": pack_objects(folder, "I1K", other)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An untrained segmenter of C171 and I21K: sofas are in both, and its wall has no synset."""
    folder = tmp_path_factory.mktemp("whole")
    augmentation = Augmentation(short_side=64, long_side=256, crop=64)
    config = TrainConfig(
        run="i21k-larvseg",
        profile="smoke",
        method="larvseg",
        benchmark="I21K",
        training_sets=(
            TrainingSet(name="C171", kind="pixel", augmentation=augmentation, ranks=4),
            TrainingSet(name="I21K", kind="single_label", augmentation=augmentation, lambda_cls=0.1, lambda_aux=0.1, ranks=4),
        ),
        backbone=BACKBONE,
        attention=Attention(variant="cross_image", memory_size=20, top_k=20),
        switches=Switches(alignment="synset"),
        optimiser=Optimiser(name="adamw", lr=0.001, min_lr=0.0),
        steps=1,
    )
    names = [SOFA, "wall", LOBSTER, LAMP, MOTH, PALM]
    vocabulary = {"names": names, "index": {"C171": [0, 1, 0], "I21K": [2, 4, 3, 0, 5]}}
    vocabulary["classes"] = {"C171": ["couch", "wall", "sofa-like"], "I21K": [names[row] for row in vocabulary["index"]["I21K"]]}
    model = build_segmenter(config, len(names))
    torch.nn.init.normal_(model.classifier.table, generator=torch.Generator().manual_seed(3))
    save_tensors(folder / "model.safetensors", model.state_dict(), {})
    described = {"train": config.model_dump(mode="json"), "vocabulary": vocabulary, "annotations": {}}
    (folder / "config.json").write_text(json_text(described))
    return {"model": folder / "model.safetensors", "config": folder / "config.json"}


def settings(**changes):
    common = {
        "run": "i21k-larvseg",
        "profile": "smoke",
        "seed": 0,
        "dataset": "I21K",
        "benchmark": "A150",
        "evaluation": EVALUATION.model_dump(),
    }
    common |= {"objects": [LOBSTER, MOTH, SOFA], "scenes": SCENES, "images": 2, "sources": ["I1K", "I21K"], "training": ["I21K"]}
    return parse(RecogniseConfig, common | changes, "test")


# ---- which images


def test_rows_of_a_synset(objects):
    manifest = Manifest(objects["I21K"])
    assert [list(rows_of(manifest, wnid)) for wnid in (LOBSTER, MOTH, SOFA, PALM, "n00000001")] == [[0], [1], [2, 3, 4], [], []]


def test_images_that_were_not_trained_on_come_first(objects):
    known, other = Manifest(objects["I21K"]), Manifest(objects["I1K"])
    found = object_exemplars([LOBSTER, MOTH, SOFA], [other, known], [known])
    # of the moth there is no other image; that of the sofa is a copy
    assert [(one.dataset, one.row, one.seen) for one in found] == [("I1K", 1, False), ("I21K", 1, True), ("I1K", 2, True)]
    assert object_exemplars([LOBSTER], [other], []) == [found[0]._replace(row=0)]
    with pytest.raises(LarvSegError, match=f"I1K.arrow: no image of {MOTH}; choose another"):
        object_exemplars([MOTH], [other], [known])


def test_scenes_show_most_of_their_category(benchmark, monkeypatch):
    manifest = Manifest(benchmark)
    names, masks = manifest.header["classes"], [manifest.mask(row) for row in range(len(manifest))]
    assert [one.synset for one in scene_exemplars(SCENES, manifest, 3)] == list(SCENES)
    monkeypatch.setattr("larvseg.evaluation.select_object_images.SMALLEST", 0.055)
    chosen = scene_exemplars({"n04335886": "streetlight", **SCENES}, manifest, 3)  # no streetlight and no lamp is large enough now
    assert [one.synset for one in chosen] == [synset for synset in SCENES if synset != LAMP] and len({one.row for one in chosen}) == 2
    taken = []
    for one in chosen:
        shares = {row: (mask == names.index(SCENES[one.synset])).mean() for row, mask in enumerate(masks) if row not in taken}
        assert shares[one.row] == max(shares.values()) >= 0.055
        taken.append(one.row)
    assert scene_exemplars({PALM: "no such class", **SCENES}, manifest, 1)[0].synset == SOFA
    with pytest.raises(LarvSegError, match="no validation image shows dishwasher; choose other synsets"):
        scene_exemplars({"n03207941": "dishwasher"}, manifest, 3)


# ---- label maps


def test_every_name_of_the_model_competes(whole, objects, benchmark, tmp_path):
    config, outputs = settings(), {"recognitions": tmp_path / "recognitions.safetensors"}
    recognise(config, {**whole, **objects, "A150": benchmark}, outputs, tmp_path / "work")
    tensors, about = load_tensors(outputs["recognitions"])
    names = json.loads(whole["config"].read_text())["vocabulary"]["names"]
    assert (about["names"], about["synsets"], about["known"]) == (names, 5, [SOFA, "wall"])
    assert [(one["synset"], one["dataset"], one["seen"]) for one in about["images"]] == [
        (LOBSTER, "I1K", False),
        (MOTH, "I21K", True),
        (SOFA, "I1K", True),
        (SOFA, "A150", False),
        (LAMP, "A150", False),
    ]
    model, _ = load_segmenter(whole["model"], whole["config"])
    union = DatasetSegmenter(model.segmenter, torch.arange(len(names)), tuple(names))
    found = set()
    for number in range(5):
        with torch.inference_mode():
            expected = segment(union, tensors[f"{number}.image"].numpy(), config.evaluation, "imagenet")
        assert (tensors[f"{number}.labels"].numpy() == expected).all()
        found |= set(np.unique(expected).tolist())
    assert len(found) > 2
    manifest = Manifest(benchmark)
    for number, name in ((3, "sofa"), (4, "lamp")):
        row = next(row for row in range(len(manifest)) if manifest.name(row) == about["images"][number]["name"])
        assert (tensors[f"{number}.image"].numpy() == manifest.image(row)).all()
        assert (tensors[f"{number}.region"].numpy() == (manifest.mask(row) == manifest.header["classes"].index(name))).all()
    assert not any(f"{number}.region" in tensors for number in range(3))

    before = outputs["recognitions"].read_bytes()
    recognise(config, {**whole, **objects, "A150": benchmark}, outputs, tmp_path / "work")
    assert outputs["recognitions"].read_bytes() == before


def test_a_run_over_all_synsets_is_loaded_by_its_folder(whole, benchmark):
    """As `larvseg.load("i21k-larvseg", dataset="I21K")`."""
    own, other = load(whole["model"].parent, dataset="I21K"), load(whole["model"].parent, dataset="C171")
    assert own.names == (LOBSTER, MOTH, LAMP, SOFA, PALM) and other.names == ("couch", "wall", "sofa-like")
    assert load(whole["model"].parent).names == own.names
    labels = own.segment(Manifest(benchmark).image(0)).labels
    assert labels.shape == Manifest(benchmark).image(0).shape[:2] and 0 <= labels.min() <= labels.max() < 5
