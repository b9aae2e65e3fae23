"""Image-text tars, Localized Narratives and ImageNet-1K in their official forms."""

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.config import World
from larvseg.datasets.derive import derive
from larvseg.datasets.manifest import Manifest
from larvseg.miniature.archives import ILSVRC, archive_names, draw_archive
from larvseg.miniature.classes import drawn_classes, raw_ids, synsets
from larvseg.miniature.sizes import drawn_images
from larvseg.miniature.world import caption_of, object_image, web_image
from larvseg.sources.archives import ArchiveReader, members
from larvseg.sources.encodings import decode_image
from larvseg.vocabulary.synsets import ilsvrc_synsets
from tests.data import derive_config
from tests.miniature.naming import named_in

WORLD = World(seed=3, coco_training=90, coco_validation=1, ade_training=1, ade_validation=1, objects=2, web=26, ilsvrc=3)
FIELDS = ["dataset_id", "image_id", "annotator_id", "caption", "timed_caption", "traces", "voice_recording"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    for family in ("narratives", "itpair", "ilsvrc"):
        draw_archive(family, WORLD, {name: folder / name for name in archive_names(family)}, threads=1)
    names = ("train2017.zip", "stuffthingmaps_trainval2017.zip")
    draw_archive("coco", WORLD, {name: folder / name for name in names}, threads=1)
    return folder


@pytest.fixture(scope="module")
def narratives(folder):
    return [json.loads(line) for name in archive_names("narratives") for line in (folder / name).read_text().splitlines()]


@pytest.mark.parametrize("family", ["narratives", "itpair", "ilsvrc"])
def test_same_bytes_for_any_number_of_workers(family, folder, tmp_path):
    names = archive_names(family)
    draw_archive(family, WORLD, {name: tmp_path / name for name in names}, threads=2)
    assert [(tmp_path / name).read_bytes() for name in names] == [(folder / name).read_bytes() for name in names]
    draw_archive(family, WORLD, {names[-1]: tmp_path / "alone"}, threads=1)
    assert (tmp_path / "alone").read_bytes() == (folder / names[-1]).read_bytes()


# ---- image-text tars


def test_image_text_tars(folder):
    number = 0
    for shard, name in enumerate(archive_names("itpair")):
        with tarfile.open(folder / name) as archive:
            entries = archive.getmembers()
            assert {(entry.mtime, entry.uid, entry.gid) for entry in entries} == {(0, 0, 0)}
            files = {entry.name: archive.extractfile(entry).read() for entry in entries}
        keys = sorted({file.partition(".")[0] for file in files})
        assert keys == [f"{shard:05d}{place:04d}" for place in range(len(keys))]
        assert list(files) == [f"{key}.{kind}" for key in keys for kind in ("jpg", "json", "txt")]
        for key in keys:
            drawn = web_image(WORLD.seed, number)
            image = decode_image(files[f"{key}.jpg"], key)
            assert np.abs(image.astype(int) - np.asarray(drawn.image)).mean() < 8
            assert files[f"{key}.txt"].decode() == caption_of(WORLD.seed, number, drawn)
            facts = json.loads(files[f"{key}.json"])
            assert (facts["caption"], facts["key"], facts["status"]) == (files[f"{key}.txt"].decode(), key, "success")
            assert (facts["width"], facts["height"]) == drawn.image.size
            number += 1
    assert number == WORLD.web


# ---- Localized Narratives


def test_each_training_image_of_coco_is_described(folder, narratives):
    with zipfile.ZipFile(folder / "train2017.zip") as archive:
        images = {name for name in archive.namelist() if name.endswith(".jpg")}
    described = [f"train2017/{int(one['image_id']):012d}.jpg" for one in narratives]
    assert set(described) == images and len(images) < len(described) < 1.15 * len(images)
    assert described == sorted(described)
    assert [len((folder / name).read_text().splitlines()) >= 22 for name in archive_names("narratives")] == [True] * 4


def test_fields_of_a_narrative(narratives):
    for one in narratives:
        assert list(one) == FIELDS and one["dataset_id"] == "mscoco_train2017" and one["image_id"].isdigit()
        assert one["voice_recording"] == f"coco_train/coco_train_{one['image_id']}_{one['annotator_id']}.ogg"


def test_utterances_concatenate_to_the_caption(narratives):
    for one in narratives:
        assert " ".join(part["utterance"] for part in one["timed_caption"]) == one["caption"]
        times = [time for part in one["timed_caption"] for time in (part["start_time"], part["end_time"])]
        assert times == sorted(times) and times[0] >= 0
        assert re.fullmatch(r"[A-Z][^.]*(\. [A-Z][^.]*)*\.", one["caption"])


def test_narratives_are_long_and_mostly_right(folder, narratives):
    """Unlike the captions of the web they tell most of what is there."""
    shown, masks = {drawn.name: raw_ids("C171")[drawn.label] for drawn in drawn_classes()}, _masks(folder)
    right, told = [], []
    for one in narratives:
        mask = masks[int(one["image_id"])]
        present = {value for value in np.unique(mask).tolist() if (mask == value).mean() > 0.01 and value != 255}
        named = [{shown[drawing] for drawing in word} for word in named_in(one["caption"])]
        right += [bool(word & present) for word in named]
        told.append(len(present & set().union(*named)) / len(present))
    assert 0.9 < np.mean(right) < 1 and np.mean(told) > 0.65
    assert np.mean([len(one["caption"].split()) for one in narratives]) > 15


def test_traces_pass_over_what_is_named(folder, narratives):
    shown, masks = {drawn.name: raw_ids("C171")[drawn.label] for drawn in drawn_classes()}, _masks(folder)
    on, utterances = [], 0
    for one in narratives:
        mask = masks[int(one["image_id"])]
        points = [point for segment in one["traces"] for point in segment]
        assert points and [point["t"] for point in points] == sorted(point["t"] for point in points)
        for part in one["timed_caption"]:
            names = named_in(part["utterance"])
            during = [point for point in points if part["start_time"] <= point["t"] < part["end_time"]]
            assert bool(during) == bool(names), part
            if not names:
                continue
            utterances += 1
            columns = np.clip([int(point["x"] * mask.shape[1]) for point in during], 0, mask.shape[1] - 1)
            rows = np.clip([int(point["y"] * mask.shape[0]) for point in during], 0, mask.shape[0] - 1)
            on.append(np.isin(mask[rows, columns], [shown[drawing] for drawing in names[0]]).mean() > 0.6)
    assert utterances > 200 and np.mean(on) > 0.88  # of the names a few are wrong


def _masks(folder) -> dict[int, np.ndarray]:
    with zipfile.ZipFile(folder / "stuffthingmaps_trainval2017.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        return {int(name[-16:-4]): np.asarray(Image.open(io.BytesIO(archive.read(name)))).astype(int) for name in names}


# ---- ImageNet-1K


def test_imagenet_1k_is_a_tar_of_tars(folder):
    wnids = sorted(set(synsets()) & set(ilsvrc_synsets()))
    assert len(ilsvrc_synsets()) == 1000 == len(set(ilsvrc_synsets())) and len(wnids) == 30
    with tarfile.open(folder / ILSVRC) as outer:
        assert outer.getnames() == [f"{wnid}.tar" for wnid in wnids]
        inner = tarfile.open(fileobj=io.BytesIO(outer.extractfile(outer.getmembers()[5]).read()))
        assert inner.getnames() == [f"{wnids[5]}_{number}.JPEG" for number in (1, 2, 3)]
    reader = ArchiveReader(folder)
    found = members(folder / ILSVRC)
    assert len(found) == 30 * 3
    for member in found[:6]:
        data = reader.read(ILSVRC, member.offset, member.length, member.method, member.size)
        assert decode_image(data, member.name).shape == (64, 64, 3)


def test_images_of_imagenet_1k_are_none_of_imagenet_21k():
    assert object_image(0, "n04070727", 1, "ilsvrc").tobytes() != object_image(0, "n04070727", 1).tobytes()


# ---- all of them, read by the readers of the official archives


def test_manifests_of_what_is_drawn(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    inputs = {
        "LN": ("train2017.zip", *archive_names("narratives")),
        "ITPair": archive_names("itpair"),
        "I1K": archive_names("ilsvrc"),
    }
    found = {}
    for dataset, names in inputs.items():
        outputs = {"manifest": tmp_path / f"{dataset}.arrow", "rejects": tmp_path / f"{dataset}.csv"}
        derive(derive_config(dataset, drawn=True), {Path(name).name: Path(name) for name in names}, outputs, tmp_path / "work")
        found[dataset] = Manifest(outputs["manifest"])
        images = drawn_images(WORLD)[dataset]
        assert (len(found[dataset]), 0) == images and found[dataset].header["rejected"] == 0
    assert found["ITPair"].captions(7) == (" ".join(caption_of(WORLD.seed, 7, web_image(WORLD.seed, 7)).split()),)
    told = [found["LN"].captions(i) for i in range(len(found["LN"]))]
    assert {len(captions) for captions in told} == {1, 2}
    assert found["I1K"].header["classes"] == sorted(set(synsets()) & set(ilsvrc_synsets()))
    assert found["I1K"].image(89).shape == (64, 64, 3) and found["I1K"].labels(89) == (29,)
