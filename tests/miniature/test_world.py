"""The drawn world: official layouts and encodings, one seed, every class."""

import csv
import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from larvseg.config import FigureConfig, World
from larvseg.errors import LarvSegError
from larvseg.figures.miniature import figure
from larvseg.miniature.archives import archive_names, draw_archive
from larvseg.miniature.classes import drawn_classes, raw_ids, synsets
from larvseg.miniature.places import PLACES, SPOTS, SUPPORTS
from larvseg.miniature.surfaces import SURFACES
from larvseg.miniature.things import THINGS
from larvseg.miniature.world import object_image, scene
from larvseg.sources.ade_index import load_index
from larvseg.sources.ade_json import read_annotation
from larvseg.sources.encodings import decode_image
from larvseg.vocabulary.names import REFERENCE
from tests.data import load_vocabulary

WORLD = World(seed=3, coco_training=6, coco_validation=2, ade_training=6, ade_validation=6, objects=2)
TARS = ("n04256520.tar", "n03636248.tar", "n03636649.tar")
FAMILIES = {**{family: archive_names(family) for family in ("coco", "ade_challenge", "ade_full", "itpair", "ilsvrc")}, "imagenet": TARS}


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    for family, names in FAMILIES.items():
        draw_archive(family, WORLD, {name: folder / name for name in names}, threads=1)
    return {name: folder / name for names in FAMILIES.values() for name in names}


@pytest.fixture(scope="module")
def zips(archives):
    opened = {name: zipfile.ZipFile(path) for name, path in archives.items() if name.endswith(".zip")}
    yield opened
    for archive in opened.values():
        archive.close()


def pixels(archive, member):
    return np.asarray(Image.open(io.BytesIO(archive.read(member)))).astype(int)


def files(archive, ending):
    return [name for name in archive.namelist() if name.endswith(ending)]


def test_every_drawing_exists_and_belongs_somewhere():
    surfaces = {drawn.name for drawn in drawn_classes() if drawn.kind == "surface"}
    things = {drawn.name for drawn in drawn_classes() if drawn.kind == "thing"}
    assert set(SURFACES) == surfaces and set(THINGS) == things
    assert {name for place in PLACES for layer in place.layers for name in layer.surfaces} == surfaces
    placed = {name for place in PLACES for name in place.things}
    assert placed == {drawn.name for drawn in drawn_classes() if drawn.kind == "thing" and (drawn.c171 or drawn.a847)}
    assert set(SPOTS) | set(SUPPORTS) <= things


@pytest.mark.parametrize("family", FAMILIES)
def test_bytes_do_not_depend_on_the_number_of_workers(family, archives, tmp_path):
    outputs = {name: tmp_path / name for name in FAMILIES[family]}
    draw_archive(family, WORLD, outputs, threads=3)
    for name, path in outputs.items():
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(archives[name].read_bytes()).digest(), name


def test_some_archives_of_a_family_and_larger_splits_have_the_same_images(archives, tmp_path):
    larger = WORLD.model_copy(update={"coco_validation": 3})
    draw_archive("coco", larger, {"val2017.zip": tmp_path / "val2017.zip"}, threads=1)
    with zipfile.ZipFile(tmp_path / "val2017.zip") as ours, zipfile.ZipFile(archives["val2017.zip"]) as theirs:
        assert len(files(ours, ".jpg")) == 3
        assert all(ours.read(name) == theirs.read(name) for name in files(theirs, ".jpg"))


def test_coco_layout_and_ids(zips):
    masks = zips["stuffthingmaps_trainval2017.zip"]
    assert files(zips["train2017.zip"], ".jpg") == [f"train2017/{i:012d}.jpg" for i in range(1, 7)]
    images = {name: zips[archive] for archive in ("train2017.zip", "val2017.zip") for name in files(zips[archive], ".jpg")}
    assert sorted(name.replace(".jpg", ".png") for name in images) == sorted(files(masks, ".png"))
    official = {drawn.c171: raw_ids("C171")[drawn.label] for drawn in drawn_classes() if drawn.c171}
    for name, archive in images.items():
        mask = pixels(masks, name.replace(".jpg", ".png"))
        assert pixels(archive, name).shape == (*mask.shape, 3)
        assert set(np.unique(mask)) <= {*official.values(), 255}
    assert official["tv"] == 71 and official["wall-brick"] == 170 and official["person"] == 0


def test_challenge_layout_and_labels(zips):
    archive, top = zips["ADEChallengeData2016.zip"], "ADEChallengeData2016"
    for split, short in (("training", "train"), ("validation", "val")):
        for i in range(1, 7):
            mask = pixels(archive, f"{top}/annotations/{split}/ADE_{short}_{i:08d}.png")
            assert pixels(archive, f"{top}/images/{split}/ADE_{short}_{i:08d}.jpg").shape == (*mask.shape, 3)
            assert mask.max() <= 150
    lines = archive.read(f"{top}/objectInfo150.txt").decode().splitlines()
    assert lines[0].split("\t") == ["Idx", "Ratio", "Train", "Val", "Name"] and len(lines) == 151
    assert lines[9].split("\t")[4] == "windowpane, window"
    assert sum(float(line.split("\t")[1]) for line in lines[1:]) == pytest.approx(1, abs=0.01)
    categories = archive.read(f"{top}/sceneCategories.txt").decode().splitlines()
    assert categories[0].startswith("ADE_train_00000001 ") and len(categories) == 12
    assert {line.split()[1] for line in categories} <= {place.name for place in PLACES}


def test_full_decodes_to_the_same_scenes_as_challenge(zips):
    full, challenge = zips["ADE20K_2021_17_01.zip"], zips["ADEChallengeData2016.zip"]
    label_id = {drawn.a847: raw_ids("A150")[drawn.label] or 0 for drawn in drawn_classes() if drawn.a847}
    vocabulary = load_vocabulary("A847")
    name_of = dict(zip(vocabulary.raw_ids, vocabulary.names, strict=True))
    masks = files(full, "_seg.png")
    assert len(masks) == 12 and all(name.startswith("ADE20K_2021_17_01/images/ADE/") for name in masks)
    for name in masks:
        stem, split = name.rpartition("/")[2].removesuffix("_seg.png"), name.split("/")[3]
        seg = pixels(full, name)
        ids = seg[..., 0] // 10 * 256 + seg[..., 1]
        expected = np.vectorize(lambda value: label_id[name_of[value]])(ids)
        np.testing.assert_array_equal(pixels(challenge, f"ADEChallengeData2016/annotations/{split}/{stem}.png"), expected)
        assert full.read(name.replace("_seg.png", ".jpg")) == challenge.read(f"ADEChallengeData2016/images/{split}/{stem}.jpg")
        assert all(len(np.unique(ids[seg[..., 2] == instance])) == 1 for instance in np.unique(seg[..., 2]))


def test_index_of_the_full_ade(zips, archives):
    archive, index = zips["ADE20K_2021_17_01.zip"], load_index(archives["ADE20K_2021_17_01.zip"])
    assert index.objectnames[2977] == "wall" and index.objectnames[400] == "car, auto, automobile, machine, motorcar"
    images = np.zeros(3688, int)
    for folder, filename, place in zip(index.folder, index.filename, index.scene, strict=True):
        seg = pixels(archive, f"{folder}/{filename.replace('.jpg', '_seg.png')}")
        images[np.unique(seg[..., 0] // 10 * 256 + seg[..., 1]) - 1] += 1
        assert folder.endswith(place)
    np.testing.assert_array_equal(index.images, images)
    assert (index.objectcounts >= images).all() and not index.proportionClassIsPart.any()
    known = index.wordnet_found
    assert 60 < known.sum() < 89 and all(index.wordnet_synset[c].startswith(index.wordnet_synonyms[c]) for c in known.nonzero()[0])
    sofa = index.objectnames.index("sofa, couch, lounge")
    assert index.wordnet_synset[sofa] == "sofa, couch, lounge. " and "seat" in index.wordnet_gloss[sofa]


def test_annotations_of_the_full_ade(zips):
    archive, foreign = zips["ADE20K_2021_17_01.zip"], 0
    names = files(archive, ".json")
    assert len(names) == 12
    for name in names:
        data, seg = archive.read(name), pixels(archive, name.replace(".json", "_seg.png"))
        try:
            data.decode()
        except UnicodeDecodeError:
            foreign += 1
        read = read_annotation(data, name)
        assert f"{read.folder}/{read.filename}" == name.replace(".json", ".jpg") and read.size == seg.shape[1::-1]
        ids = seg[..., 0] // 10 * 256 + seg[..., 1]
        assert sorted(one.name_ndx for one in read.objects) == sorted(ids[seg[..., 2] == i][0] for i in np.unique(seg[..., 2][ids > 0]))
        assert [one.id for one in read.objects] == list(range(len(read.objects)))
        for one in read.objects:
            (left, top), (right, bottom) = one.polygon[0], one.polygon[2]
            assert (ids[int(top) : int(bottom) + 1, int(left) : int(right) + 1] == one.name_ndx).any() and one.name and one.part_level == 0
            assert one.crop == (left == 0 or top == 0 or right == read.size[0] - 1 or bottom == read.size[1] - 1)
    assert foreign == 2


def test_object_images_in_unexpected_forms(tmp_path):
    wnid = "n04256520"
    draw_archive("imagenet", WORLD.model_copy(update={"objects": 120}), {f"{wnid}.tar": tmp_path / "sofa.tar"}, threads=1)
    found = {"gzip": 0, "JPEG L": 0, "JPEG CMYK": 0, "PNG RGB": 0, "JPEG RGB": 0}
    with tarfile.open(tmp_path / "sofa.tar") as archive:
        for number, member in enumerate(archive, start=1):
            data = stored = archive.extractfile(member).read()
            if stored[:2] == b"\x1f\x8b":
                stored = gzip.decompress(data)
                found["gzip"] += 1
            image = Image.open(io.BytesIO(stored))
            found[f"{image.format} {image.mode}"] += 1
            drawn = object_image(WORLD.seed, wnid, number)
            drawn = drawn.convert("L") if image.mode == "L" else drawn
            difference = decode_image(data, member.name).astype(int) - np.asarray(drawn.convert("RGB"))
            assert np.abs(difference).mean() < 8
    assert found == {"gzip": 3, "JPEG L": 3, "JPEG CMYK": 2, "PNG RGB": 2, "JPEG RGB": 113}


def test_wordnet_is_packed_too(tmp_path):
    draw_archive("wordnet", WORLD, {"wordnet.zip": tmp_path / "wordnet.zip"}, threads=1)
    with zipfile.ZipFile(tmp_path / "wordnet.zip") as archive:
        assert {"wordnet/data.noun", "wordnet/index.noun", "wordnet/lexnames"} <= set(archive.namelist())


def test_synset_tars(archives):
    sizes = {}
    for name in TARS:
        with tarfile.open(archives[name]) as archive:
            members = archive.getmembers()
            sizes[name] = len(members)
            assert [member.name for member in members] == [f"{name[:-4]}_{i}.JPEG" for i in range(1, len(members) + 1)]
            assert {(member.mtime, member.uid, member.gid) for member in members} == {(0, 0, 0)}
            assert decode_image(archive.extractfile(members[0]).read(), name).shape == (64, 64, 3)
    assert sizes == {"n04256520.tar": 2, "n03636248.tar": 2, "n03636649.tar": 1}
    assert len(archive_names("imagenet")) == len(synsets()) == 94


def test_zip_members_are_stored_with_a_fixed_time(zips):
    for archive in zips.values():
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            if info.filename.endswith((".jpg", ".png")):
                assert info.compress_type == zipfile.ZIP_STORED


def test_every_named_class_occurs():
    shown = {}
    for domain, images in (("coco", 110), ("ade", 150)):
        scenes = [scene(0, domain, "validation", number) for number in range(images)]
        assert all(drawn.labels.min() > 0 and drawn.labels.shape == drawn.image.size[::-1] for drawn in scenes)
        shown[domain] = {label for drawn in scenes for label in np.unique(drawn.labels)}
    for column, domain in (("c171", "coco"), ("a150", "ade"), ("a847", "ade")):
        seen = {getattr(drawn, column) for drawn in drawn_classes() if drawn.label in shown[domain]}
        missing = {getattr(drawn, column) for drawn in drawn_classes()} - seen
        assert missing <= {""}, (column, missing)
    with open(REFERENCE / "miniature/classes.csv", encoding="utf-8") as file:
        without_c171 = {label for label, row in enumerate(csv.DictReader(file), start=1) if not row["c171"]}
    assert not shown["coco"] & without_c171


def test_unknown_archives_are_refused(tmp_path):
    with pytest.raises(LarvSegError, match="test2017.zip"):
        draw_archive("coco", WORLD, {"test2017.zip": tmp_path / "test2017.zip"}, threads=1)
    with pytest.raises(LarvSegError, match="voc"):
        draw_archive("voc", WORLD, {"voc.zip": tmp_path / "voc.zip"}, threads=1)


def test_contact_sheet(archives, tmp_path):
    config = FigureConfig(figure="miniature", profile="smoke")
    figure(config, archives, {"figure": tmp_path / "a.png"}, tmp_path)
    figure(config, archives, {"figure": tmp_path / "b.png"}, tmp_path)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").width > 1500
    with pytest.raises(LarvSegError, match="no drawn archive"):
        figure(config, {}, {"figure": tmp_path / "c.png"}, tmp_path)
