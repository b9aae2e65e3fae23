"""The official label encodings, and pictures of every kind."""

import gzip
import io

import numpy as np
import pytest
from PIL import Image

from larvseg.errors import LarvSegError
from larvseg.sources.encodings import decode_image, decode_mask, image_size
from larvseg.vocabulary import load_vocabulary


def encode(values, kind="PNG", mode=None) -> bytes:
    data = io.BytesIO()
    picture = Image.fromarray(np.asarray(values, np.uint8))
    (picture.convert(mode) if mode else picture).save(data, kind)
    return data.getvalue()


def full(ids) -> bytes:
    ids = np.asarray(ids)
    return encode(np.dstack([ids // 256 * 10, ids % 256, np.full(ids.shape, 77)]))


@pytest.mark.parametrize(
    "dataset, encoding, unlabelled", [("C171", "coco-stuff", 255), ("A150", "ade-challenge", 0), ("A847", "ade-full", 0)]
)
def test_every_class_of_the_official_lists(dataset, encoding, unlabelled):
    raw_ids = load_vocabulary(dataset).raw_ids
    values = np.array([[*raw_ids, unlabelled]])
    labels = decode_mask(full(values) if encoding == "ade-full" else encode(values), encoding, raw_ids, "x")
    assert labels.dtype == np.int16
    assert labels.tolist() == [[*range(len(raw_ids)), -1]]


def test_class_255_of_a847_is_a_class():
    raw_ids = load_vocabulary("A847").raw_ids
    assert decode_mask(full([[raw_ids[255]]]), "ade-full", raw_ids, "x").tolist() == [[255]]


def test_classes_outside_a_restricted_vocabulary_are_ignored():
    assert decode_mask(encode([[3, 1, 150, 0]]), "ade-challenge", (1, 3), "x").tolist() == [[1, 0, -1, -1]]
    assert decode_mask(full([[2978, 1, 3688]]), "ade-full", (2978,), "x").tolist() == [[0, -1, -1]]


def test_last_digit_of_red_and_blue_do_not_count():
    mask = encode(np.array([[[119, 2978 - 11 * 256, 5]]]))
    assert decode_mask(mask, "ade-full", (2978,), "x").tolist() == [[0]]


@pytest.mark.parametrize(
    "encoding, mask, complaint",
    [
        ("ade-challenge", encode([[1, 167]]), "ADE_train_00000012: label id 167 is outside the encoding ade-challenge (0..150)"),
        ("coco-stuff", encode([[0, 11]]), "label id 11 is outside the encoding coco-stuff"),
        ("coco-stuff", encode([[0, 182]]), "label id 182 is outside"),
        ("ade-full", full([[0, 3689]]), "label id 3689 is outside the encoding ade-full (0..3688)"),
        ("ade-full", encode([[1, 2]]), "the mask is a L picture"),
        ("ade-challenge", full([[1, 2]]), "the mask is a RGB picture"),
        ("ade-challenge", encode(np.arange(900).reshape(30, 30) % 150)[:-80], "not a readable picture"),
        ("ade-challenge", b"nonsense", "not a readable picture (unknown picture format)"),
    ],
    ids=range(8),
)
def test_bad_masks_name_the_picture(encoding, mask, complaint):
    with pytest.raises(LarvSegError) as error:
        decode_mask(mask, encoding, (1,) if encoding != "coco-stuff" else (0,), "ADE_train_00000012")
    assert complaint in str(error.value) and str(error.value).startswith("ADE_train_00000012: ") and "\n" not in str(error.value)


def test_palette_masks_count_indices():
    picture = Image.fromarray(np.array([[2, 1]], np.uint8), "P")
    picture.putpalette([9, 9, 9] * 256)
    data = io.BytesIO()
    picture.save(data, "PNG")
    assert decode_mask(data.getvalue(), "ade-challenge", (1, 2), "x").tolist() == [[1, 0]]


@pytest.mark.parametrize("kind, mode", [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("GIF", "P"), ("JPEG", "RGB")])
def test_every_picture_becomes_rgb(kind, mode):
    data = encode(np.full((6, 9, 3), 100), kind, mode)
    for stored in (data, gzip.compress(data)):
        picture = decode_image(stored, "x")
        assert picture.shape == (6, 9, 3) and picture.dtype == np.uint8
        assert np.abs(picture.astype(int) - 100).max() <= 3
        assert image_size(stored, "x") == (9, 6)


TRUNCATED, FOREIGN = encode(np.zeros((40, 40, 3)), "JPEG")[:-200], encode(np.zeros((40, 40)), "BMP")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x1f\x8bnonsense", TRUNCATED, FOREIGN], ids=range(5))
def test_unreadable_pictures(data):
    with pytest.raises(LarvSegError, match="^n01_7: not a readable picture"):
        decode_image(data, "n01_7")
