"""What a rehearsal runs on, read with the readers of the project."""

import gzip
import io
import zipfile

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from larvseg.clip.model import load_clip
from larvseg.clip.training import clip
from larvseg.config import ClipConfig, PretrainConfig
from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.errors import LarvSegError
from larvseg.evaluation.confusion import ConfusionCounts
from larvseg.evaluation.select_object_images import scene_exemplars
from larvseg.evaluation.select_validation_images import choose_images
from larvseg.evaluation.showcase import best_image
from larvseg.evaluation.training_examples import surely_novel
from larvseg.methods.reco.predict import load_features
from larvseg.rehearsal.archives import KNOWN_BAD, LICENSED, SERVED, SYNSET_FOLDER, UNREADABLE, pack_challenge, pack_coco, published_synsets
from larvseg.rehearsal.captions import ILSVRC, WHOLE
from larvseg.rehearsal.run import shown_in
from larvseg.sources.ade_index import load_index
from larvseg.sources.ade_json import read_annotation
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import decode_image, label_counts
from larvseg.sources.narratives import narratives
from larvseg.training.pretrain import pretrain
from tests.data import base_novel, derive_config, load_vocabulary

SEGMENTATION = {
    "C171": (f"{SERVED}/stuffthingmaps_trainval2017.zip", "coco-stuff", "train2017/", "val2017/", ".png"),
    "A150": (f"{SERVED}/ADEChallengeData2016.zip", "ade-challenge", "annotations/training/", "annotations/validation/", ".png"),
    "A847": (f"{LICENSED}/ADE20K_2021_17_01.zip", "ade-full", "/training/", "/validation/", "_seg.png"),
}


def contents(path, ending=""):
    """{name: bytes} of the files in `path` whose names end so."""
    reader = ArchiveReader()
    return {m.name: reader.read(str(path), m.offset, m.length, m.method, m.size) for m in members(path) if m.name.endswith(ending)}


@pytest.mark.parametrize("dataset", SEGMENTATION)
def test_masks_hold_every_class_and_validation_has_base_and_novel(place, dataset):
    archive, encoding, training, validation, ending = SEGMENTATION[dataset]
    vocabulary = load_vocabulary(dataset)
    seen = {training: [], validation: []}
    for name, data in contents(place / archive, ending).items():
        labels, pixels, (width, height) = label_counts(data, encoding, vocabulary.raw_ids, name)
        assert 0 < sum(pixels) < width * height  # some have no label
        next(own for split, own in seen.items() if split in name).append(labels)
    assert [len(own) for own in seen.values()] == [6, 2]
    assert {label for labels in seen[training] for label in labels} == set(range(len(vocabulary)))
    base, novel = base_novel(vocabulary.names, "S")
    for labels in seen[validation]:
        assert len(set(labels) & set(base)) > 3 and (dataset == "C171" or len(set(labels) & set(novel)) > 3)


def test_images_and_masks_fit(place):
    for archive in ("train2017.zip", "val2017.zip"):
        masks = contents(place / SERVED / "stuffthingmaps_trainval2017.zip")
        for name, data in contents(place / SERVED / archive).items():
            image = decode_image(data, name)
            mask = masks[name.replace(".jpg", ".png")]
            assert label_counts(mask, "coco-stuff", (), name)[2] == image.shape[1::-1]
            assert min(image.shape[:2]) >= 375


def test_a_description_lies_beside_each_image_of_ade_full(place):
    files = contents(place / LICENSED / "ADE20K_2021_17_01.zip")
    images = [name for name in files if name.endswith(".jpg")]
    assert len(images) == 8
    for name in images:
        data = files[name.replace(".jpg", ".json")]
        # one is not UTF-8, as some of the real ones
        assert (b"\xa9 nobody" in data and b"\xc2\xa9" not in data) == name.endswith("1.jpg")
        annotation = read_annotation(data, name)
        assert annotation.size == Image.open(io.BytesIO(files[name])).size
        assert len(annotation.objects) == 151
        assert {found.name_ndx for found in annotation.objects} - set(load_vocabulary("A847").raw_ids)
        assert f"{name.rpartition('/')[0]}/{annotation.objects[0].instance_mask}" in files


def test_the_index_of_ade_full(place):
    index = load_index(place / LICENSED / "ADE20K_2021_17_01.zip")
    assert len(index.filename) == 8 and index.folder[0] == "ADE20K_2021_17_01/images/ADE/training/urban/street"
    raw = np.array(load_vocabulary("A847").raw_ids) - 1
    assert (index.images[raw] > 0).all() and index.wordnet_found[raw].any()
    assert index.objectnames[2854].split(", ")[0] == "tree" and index.objectcounts.sum() == 8 * 151


def test_every_published_synset_has_readable_images(place):
    bad = []
    for wnid in published_synsets():
        images = contents(place / SERVED / SYNSET_FOLDER / f"{wnid}.tar")
        assert all(name.startswith(wnid) for name in images) and len(images) >= 2
        for name, data in images.items():
            try:
                assert decode_image(data, name).shape[2] == 3
            except LarvSegError:
                bad.append(name)
    assert bad == [f"{UNREADABLE}.JPEG"]
    assert len(published_synsets()) == 628
    assert f"{KNOWN_BAD}.JPEG" in contents(place / SERVED / SYNSET_FOLDER / f"{KNOWN_BAD.split('_')[0]}.tar")


def test_the_oddities_of_imagenet_are_among_them(place):
    first = [data for wnid in published_synsets()[:20] for data in contents(place / SERVED / SYNSET_FOLDER / f"{wnid}.tar").values()]
    images = [Image.open(io.BytesIO(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)) for data in first]
    assert {(image.format, image.mode) for image in images} == {
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("GIF", "P")
    }  # fmt: skip
    assert any(data.startswith(b"\x1f\x8b") for data in first)
    assert any(image.getexif().get(0x0112) == 6 for image in images)


def test_narratives_describe_the_training_images_of_coco(place):
    images = {name.removeprefix("train2017/")[:-4] for name in contents(place / SERVED / "train2017.zip", ".jpg")}
    told = [one for path in sorted((place / SERVED).glob("*.jsonl")) for one in narratives(path)]
    assert {one.image_id.zfill(12) for one in told} == images and len(told) == len(images) + 1
    assert {one.dataset_id for one in told} == {"mscoco_train2017"} and len(list((place / SERVED).glob("*.jsonl"))) == 4


def test_imagenet_1k_is_a_tar_of_a_thousand_tars(place):
    files = contents(place / SERVED / ILSVRC)
    assert len({name.partition("/")[0] for name in files}) == 1000
    assert all(decode_image(data, name).shape[2] == 3 for name, data in list(files.items())[:20])


def test_the_figures_find_images(place, experiments, tmp_path):
    archive = place / SERVED / "ADEChallengeData2016.zip"
    outputs = {"manifest": tmp_path / "A150.arrow", "rejects": tmp_path / "A150.rejects.csv"}
    derive(derive_config("A150", drawn=False), {archive.name: archive}, outputs, tmp_path / "work")
    manifest, two, four = Manifest(outputs["manifest"]), experiments.figure2, experiments.figure4
    assert choose_images(manifest, two.classes, two.images, two.base, two.novel)
    assert choose_images(manifest, four.classes, four.images, base=1, novel=2)
    # Figure 1: a novel category that I124 has
    counts, objects = ConfusionCounts(150), load_vocabulary("I124").names
    for row in manifest.split("validation").tolist():
        counts.add(row, manifest.mask(row), manifest.mask(row))
    candidates = [label for label in surely_novel(manifest) if manifest.header["classes"][label] in objects]
    assert best_image(counts.rows(), 150, candidates)


def test_all_of_imagenet_21k_is_read_in_place(place, experiments, profile, tmp_path):
    inputs, five = {WHOLE: place / LICENSED / WHOLE}, experiments.figure5
    found = {}
    for dataset, larger_than in (("I21K", 0), ("IN11K", profile.in11k_images)):
        outputs = {"manifest": tmp_path / f"{dataset}.arrow", "rejects": tmp_path / f"{dataset}.csv"}
        derive(derive_config(dataset, drawn=False, larger_than=larger_than, whole=True), inputs, outputs, tmp_path / "work")
        found[dataset] = Manifest(outputs["manifest"]).header["classes"]
    assert {*five.objects, *five.scenes} < set(found["I21K"]) and found["IN11K"] == found["I21K"][:-1]


def test_figure_5_finds_its_scenes(place, experiments, tmp_path):
    archive, five = place / LICENSED / "ADE20K_2021_17_01.zip", experiments.figure5
    outputs = {"manifest": tmp_path / "A847.arrow", "rejects": tmp_path / "A847.csv"}
    derive(derive_config("A847", drawn=False), {archive.name: archive}, outputs, tmp_path / "work")
    classes = dict(zip(five.scenes, shown_in(experiments).a847, strict=True))
    assert scene_exemplars(classes, Manifest(outputs["manifest"]), five.images)


def test_weights_are_of_the_networks_of_the_profile(place, profile, tmp_path):
    for name, model in profile.comparators.clip.items():
        config = ClipConfig(profile="rehearse", name=name, model=model, dataset="ITPair", training=None)
        outputs = {role: tmp_path / role for role in ("model", "config", "curves", "card")}
        clip(config, {"weights": place / SERVED / model.weights}, outputs, tmp_path / "work")
        loaded = load_clip(outputs["model"])
        assert loaded.settings == model and loaded.table(["wall", "sea"], "vild14").shape == (2, loaded.dim)
        assert loaded.encode_images(torch.zeros(1, 3, model.image_size, model.image_size)).isfinite().all()
    features = profile.comparators.reco.features
    config = PretrainConfig(profile="rehearse", backbone=features, pretraining=None, normalisation="imagenet")
    pretrain(config, {"weights": place / SERVED / features.weights}, {"model": tmp_path / "features.safetensors"}, tmp_path / "work")
    published = torch.load(place / SERVED / features.weights, weights_only=False)
    assert published.keys() == {"model", "epoch", "args"} and {"head.weight", "head_dist.weight", "dist_token"} <= published["model"].keys()
    images = torch.randn(2, 3, 224, 224)
    vit = timm.create_model(features.name, pretrained=False, **features.arguments).eval()
    vit.load_state_dict(published["model"])
    tokens = vit.forward_features(images)[:, 2:]  # behind the class and the distillation token
    found = load_features(features, tmp_path / "features.safetensors", "cpu")(images)
    torch.testing.assert_close(found, tokens.transpose(1, 2).unflatten(2, (14, 14)))


def test_the_bytes_depend_on_the_seed_alone(place, experiments, tmp_path):
    for seed in (0, 1):
        pack_coco(tmp_path / str(seed), seed)
        pack_challenge(tmp_path / str(seed) / "ADEChallengeData2016.zip", seed, experiments.figure2.classes)
    for name in ("train2017.zip", "val2017.zip", "stuffthingmaps_trainval2017.zip", "ADEChallengeData2016.zip"):
        assert (tmp_path / "0" / name).read_bytes() == (place / SERVED / name).read_bytes() != (tmp_path / "1" / name).read_bytes()
        assert zipfile.ZipFile(place / SERVED / name).testzip() is None
