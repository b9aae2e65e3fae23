"""The published preparation of A847, and the manifests of what it makes."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from larvseg.datasets.prepare import prepare, shrink, shrink_labels, shrunk_size
from larvseg.errors import LarvSegError
from tests.data import load_vocabulary, prepare_config

SMALL, LARGE = "ADE_train_00016869", "ADE_val_00000001"
PREPARED = Path("data/tiny/archives/ade20k_full_prepared.zip")


@pytest.fixture
def full(world):
    world.add_to_full(LARGE, size=(800, 600))
    return world


def prepared(world, **settings) -> zipfile.ZipFile:
    prepare(prepare_config(**settings), world.archives("A847"), {"archive": PREPARED}, Path("prepare"))
    return zipfile.ZipFile(PREPARED)


def test_layout_sizes_and_ids(full):
    archive = prepared(full)
    assert archive.namelist() == [
        f"annotations_detectron2/training/{SMALL}.tif",
        f"annotations_detectron2/validation/{LARGE}.tif",
        f"images_detectron2/training/{SMALL}.jpg",
        f"images_detectron2/validation/{LARGE}.jpg",
    ]
    for info in archive.infolist():
        assert info.compress_type == zipfile.ZIP_STORED and info.date_time == (1980, 1, 1, 0, 0, 0)
    images = [Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist()]
    assert [image.size for image in images] == [(96, 72), (683, 512), (96, 72), (683, 512)]
    labels = np.asarray(images[1])
    wall = load_vocabulary("A847").names.index("wall")
    assert labels.dtype == np.uint16
    assert np.unique(labels[:, :342]).tolist() == [wall] and np.unique(labels[:, 342:]).tolist() == [65535]
    original = Image.open(io.BytesIO(full.full[f"ADE20K_2021_17_01/images/ADE/validation/urban/street/{LARGE}.jpg"]))
    data = io.BytesIO()
    Image.fromarray(shrink(np.asarray(original), (683, 512))).save(data, "JPEG")  # Pillow's own quality
    assert archive.read(archive.namelist()[3]) == data.getvalue()


def test_manifests_of_prepared_images(full):
    prepared(full)
    original, manifest = full.derive("A847"), full.derive("A847", prepared=True)
    assert manifest.header["encoding"] == "a847-prepared" and manifest.header["raw_ids"] == list(range(847))
    assert manifest.header["classes"] == original.header["classes"] and list(manifest.header["archives"]) == [str(PREPARED)]
    assert [manifest.row(i)["name"] for i in range(2)] == [SMALL, LARGE]
    assert [manifest.row(i)["split"] for i in range(2)] == ["training", "validation"]
    assert (manifest.row(1)["width"], manifest.row(1)["height"]) == (683, 512)
    assert [manifest.labels(i) for i in range(2)] == [original.labels(i) for i in range(2)]
    assert np.array_equal(manifest.mask(0), original.mask(0))
    assert manifest.image(1).shape == (512, 683, 3) and manifest.mask(1).shape == (512, 683)
    assert manifest.mask(1)[0, [0, 682]].tolist() == [0, -1]
    weak = full.derive("WA847", prepared=True)
    assert [weak.row(i)["name"] for i in range(len(weak))] == [SMALL] and weak.labels(0) == original.labels(0)


def test_prepared_masks_know_the_whole_list_and_manifests_what_is_drawn(full):
    names, drawn = load_vocabulary("A847").names, load_vocabulary("A847", drawn=True).names
    name = drawn[-1]
    assert names.index(name) != drawn.index(name)
    raw = load_vocabulary("A847").raw_ids[names.index(name)]
    full.add_to_full("ADE_train_00000007", left=raw)
    archive = prepared(full)
    data = archive.read("annotations_detectron2/training/ADE_train_00000007.tif")
    assert np.asarray(Image.open(io.BytesIO(data)))[0, 0] == names.index(name)
    manifest = full.derive("A847", prepared=True, drawn=True)
    assert manifest.name(0) == "ADE_train_00000007" and manifest.labels(0) == (drawn.index(name),)
    assert manifest.mask(0)[0, 0] == drawn.index(name)


def test_same_bytes_for_any_number_of_processes(full, monkeypatch):
    monkeypatch.setattr("larvseg.datasets.listing._CHUNK", 1)
    prepared(full)
    one = PREPARED.read_bytes()
    prepare(prepare_config(threads=2), full.archives("A847"), {"archive": PREPARED}, Path("other"))
    assert PREPARED.read_bytes() == one


def test_an_image_that_cannot_be_read_stops_it(full):
    for member in [name for name in full.full if SMALL in name and "/instance" not in name and "parts" not in name]:
        whole = full.full[member]
        full.full[member] = whole[: len(whole) // 2]
        with pytest.raises(LarvSegError, match=f"{SMALL}: not a readable image"):
            prepared(full)
        full.full[member] = whole
    full.full[member] = full.full[f"ADE20K_2021_17_01/images/ADE/validation/urban/street/{LARGE}_seg.png"]
    with pytest.raises(LarvSegError, match=f"{SMALL}: the image has 96×72 pixels, its mask 800×600"):
        prepared(full)


def test_missing_archive(world):
    with pytest.raises(LarvSegError, match="A847 needs the archive ADE20K_2021_17_01.zip"):
        prepare(prepare_config(), {}, {"archive": PREPARED}, Path("prepare"))


@pytest.mark.parametrize(
    "size, expected",
    [((800, 600), (683, 512)), ((600, 800), (512, 683)), ((513, 513), (512, 512)), ((2000, 512), (2000, 512)), ((500, 900), (500, 900))],
)
def test_only_the_short_side_is_limited(size, expected):
    assert shrunk_size(*size, 512) == expected


def test_images_are_interpolated_between_pixel_centres():
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    expected = np.zeros((3, 5, 3))
    for y in range(3):
        for x in range(5):
            down, across = (y + 0.5) * 7 / 3 - 0.5, (x + 0.5) * 9 / 5 - 0.5
            for row, column in [(int(down) + i, int(across) + j) for i in (0, 1) for j in (0, 1)]:
                expected[y, x] += (1 - abs(down - row)) * (1 - abs(across - column)) * image[min(row, 6), min(column, 8)]
    assert np.abs(shrink(image, (5, 3)) - expected).max() <= 0.51


def test_labels_are_taken_from_the_pixel_at_or_before():
    labels = np.arange(6 * 5, dtype=np.int16).reshape(6, 5)
    assert shrink_labels(labels, (3, 4)).tolist() == [[row * 5 + column for column in (0, 1, 3)] for row in (0, 1, 3, 4)]
