"""The official label encodings, and images of every kind."""

import gzip
import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from larvseg.errors import LarvSegError
from larvseg.sources import encodings
from larvseg.sources.encodings import (
    ENCODINGS,
    LARGEST_AREA,
    UnreadableImage,
    decode_image,
    decode_mask,
    image_size,
    label_counts,
    raw_counts,
)
from larvseg.sources.known_bad import known_bad
from tests.data import load_vocabulary

# what the mask of the public image ADE_train_00016869 holds: ade_id → pixels
STREET = {
    **{0: 89_604, 64: 1_198, 312: 786_669, 401: 46_628, 461: 43_609, 1563: 13_482, 1831: 17_746, 2131: 1_155_851, 2377: 6_826},
    **{2380: 19_539, 2420: 437_203, 2616: 4_167, 2836: 27_948, 2855: 495_258},
}


def encode(values, kind="PNG", mode=None) -> bytes:
    data = io.BytesIO()
    image = Image.fromarray(np.asarray(values, np.uint8))
    (image.convert(mode) if mode else image).save(data, kind, compress_level=1)
    return data.getvalue()


def full(ids) -> bytes:
    ids = np.asarray(ids)
    return encode(np.dstack([ids // 256 * 10, ids % 256, np.full(ids.shape, 77)]))


def prepared(values) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.asarray(values, np.uint16)).save(data, "TIFF")
    return data.getvalue()


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    """A PNG file of these chunks."""
    png = b"\x89PNG\r\n\x1a\n"
    for kind, data in parts:
        png += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png


def png_header(width, height, depth, colour) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


@pytest.mark.parametrize(
    "dataset, encoding, unlabelled", [("C171", "coco-stuff", 255), ("A150", "ade-challenge", 0), ("A847", "ade-full", 0)]
)
def test_every_class_of_the_official_lists(dataset, encoding, unlabelled):
    raw_ids = load_vocabulary(dataset).raw_ids
    values = np.array([[*raw_ids, unlabelled]])
    mask = full(values) if encoding == "ade-full" else encode(values)
    labels = decode_mask(mask, encoding, raw_ids, "x")
    assert labels.dtype == np.int16
    assert labels.tolist() == [[*range(len(raw_ids)), -1]]
    classes = len(raw_ids)
    assert label_counts(mask, encoding, raw_ids, "x") == ([*range(classes)], [1] * classes, (classes + 1, 1))
    assert raw_counts(mask, encoding, "x") == (dict.fromkeys(sorted([*raw_ids, unlabelled]), 1), (classes + 1, 1))


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
        ("ade-full", encode([[1, 2]]), "the mask is a L image"),
        ("ade-challenge", full([[1, 2]]), "the mask is a RGB image"),
        ("ade-challenge", encode(np.arange(900).reshape(30, 30) % 150)[:-80], "not a readable image"),
        ("ade-challenge", b"nonsense", "not a readable image (unknown image format)"),
    ],
    ids=range(8),
)
def test_bad_masks_name_the_image(encoding, mask, complaint):
    for function in (decode_mask, label_counts):
        with pytest.raises(LarvSegError) as error:
            function(mask, encoding, (1,) if encoding != "coco-stuff" else (0,), "ADE_train_00000012")
        assert complaint in str(error.value) and str(error.value).startswith("ADE_train_00000012: ") and "\n" not in str(error.value)


def test_published_preparation_holds_positions_in_the_list_of_847():
    mask = prepared([[0, 846, 65535], [5, 5, 7]])
    assert decode_mask(mask, "a847-prepared", tuple(range(847)), "x").tolist() == [[0, 846, -1], [5, 5, 7]]
    assert decode_mask(mask, "a847-prepared", (5, 846), "x").tolist() == [[-1, 1, -1], [0, 0, -1]]
    assert label_counts(mask, "a847-prepared", (5, 846), "x") == ([0, 1], [2, 1], (3, 2))
    assert raw_counts(mask, "a847-prepared", "x") == ({0: 1, 5: 2, 7: 1, 846: 1, 65535: 1}, (3, 2))
    big_endian = Image.fromarray(np.array([[5, 65535]], ">u2"))
    data = io.BytesIO()
    big_endian.save(data, "TIFF")
    assert decode_mask(data.getvalue(), "a847-prepared", (5,), "x").tolist() == [[0, -1]]


def test_tiff_is_for_that_encoding_alone():
    for data, encoding in ((prepared([[1]]), "ade-challenge"), (prepared([[1]]), "ade-full"), (encode([[1]]), "a847-prepared")):
        with pytest.raises(UnreadableImage, match="unknown image format"):
            decode_mask(data, encoding, (), "x")
    with pytest.raises(LarvSegError, match="x: label id 847 is outside the encoding a847-prepared"):
        decode_mask(prepared([[847]]), "a847-prepared", (), "x")


def test_the_public_image_of_ade_full():
    ids = np.repeat(list(STREET), list(STREET.values())).reshape(1536, 2048)
    mask = full(ids)
    assert raw_counts(mask, "ade-full", "ADE_train_00016869") == (STREET, (2048, 1536))
    vocabulary = load_vocabulary("A847")
    labels, pixels, _ = label_counts(mask, "ade-full", vocabulary.raw_ids, "ADE_train_00016869")
    found = {vocabulary.names[label]: count for label, count in zip(labels, pixels, strict=True)}
    expected = {"building": 786_669, "car": 46_628, "road": 1_155_851, "sky": 437_203, "tree": 495_258}
    assert {name: found[name] for name in expected} == expected


OFFICIAL = [name for name, encoding in ENCODINGS.items() if encoding.classes is not None]


@pytest.mark.parametrize("encoding", OFFICIAL)
def test_counting_agrees_with_decoding(encoding):
    rng = np.random.default_rng(0)
    classes = sorted(ENCODINGS[encoding].classes)
    for raw_ids in (tuple(classes), tuple(rng.permutation(classes)[:20].tolist()), ()):
        for patch in (1, 7):
            values = rng.choice([*classes, *ENCODINGS[encoding].unlabelled], (5, 9)).repeat(patch, 0).repeat(patch, 1)
            mask = {"ade-full": full, "a847-prepared": prepared}.get(encoding, encode)(values)
            labels = decode_mask(mask, encoding, raw_ids, "x")
            present, pixels = np.unique(labels[labels >= 0], return_counts=True)
            assert label_counts(mask, encoding, raw_ids, "x") == (present.tolist(), pixels.tolist(), (9 * patch, 5 * patch))
            present, pixels = np.unique(values, return_counts=True)
            assert raw_counts(mask, encoding, "x")[0] == dict(zip(present.tolist(), pixels.tolist(), strict=True))


def test_grey_levels_of_fewer_bits_are_no_labels():
    data = chunks(png_header(2, 1, 4, 0), (b"IDAT", zlib.compress(b"\0\x12")), (b"IEND", b""))
    with pytest.raises(LarvSegError, match="x: the mask has 4 bits a channel"):
        decode_mask(data, "ade-challenge", (1, 2), "x")
    data = chunks(png_header(1, 1, 16, 2), (b"IDAT", zlib.compress(bytes(7))), (b"IEND", b""))
    with pytest.raises(LarvSegError, match="x: the mask has 16 bits a channel"):
        decode_mask(data, "ade-full", (1, 2), "x")


def test_palette_masks_count_indices():
    image = Image.fromarray(np.array([[2, 1]], np.uint8), "P")
    image.putpalette([9, 9, 9] * 256)
    data = io.BytesIO()
    image.save(data, "PNG")
    assert decode_mask(data.getvalue(), "ade-challenge", (1, 2), "x").tolist() == [[1, 0]]


@pytest.mark.parametrize(
    "kind, mode",
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "LA"),
        ("PNG", "P"),
        ("GIF", "P"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_image_becomes_rgb(kind, mode):
    data = encode(np.full((6, 9, 3), 100), kind, mode)
    for stored in (data, gzip.compress(data)):
        image = decode_image(stored, "x")
        assert image.shape == (6, 9, 3) and image.dtype == np.uint8
        assert np.abs(image.astype(int) - 100).max() <= 3
        assert image_size(stored, "x") == (9, 6)


def test_orientation_is_not_applied():
    """Masks lie on the stored pixels."""
    pixels = np.zeros((8, 24, 3), np.uint8)
    pixels[:, :8] = 255
    for orientation in (1, 6):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, "JPEG", exif=exif)
        image = decode_image(data.getvalue(), "x")
        assert image.shape == (8, 24, 3) and image[4, 2].min() > 250 and image[4, 20].max() < 5
        assert image_size(data.getvalue(), "x") == (24, 8)


def test_sixteen_bits_and_transparency():
    data = io.BytesIO()
    Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)).save(data, "PNG")
    assert decode_image(data.getvalue(), "x")[0, :, 0].tolist() == [0, 0, 1, 255]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    data = io.BytesIO()
    palette.save(data, "PNG", transparency=b"\x00\x80")
    assert decode_image(data.getvalue(), "x").tolist() == [[[10, 20, 30], [40, 50, 60]]]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [int(LARGEST_AREA**0.5) + 1, 2**16])
def test_decompression_bombs_are_refused_unopened(side):
    data = chunks(png_header(side, side, 8, 0), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    for function in (decode_image, image_size):
        with pytest.raises(UnreadableImage, match="^x: .*limit"):
            function(data, "x")
    with pytest.raises(UnreadableImage, match="^x: .*limit"):
        label_counts(data, "ade-challenge", (), "x")


def test_gzip_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(encodings, "LARGEST_IMAGE", 2**12)
    with pytest.raises(UnreadableImage, match="truncated or oversized gzip data"):
        image_size(gzip.compress(encode(np.zeros((9, 9))) + bytes(2**12)), "x")


def test_unreadable_images_say_why_in_any_process():
    with pytest.raises(UnreadableImage) as error:
        decode_image(b"nonsense", "n01_7")
    copy = pickle.loads(pickle.dumps(error.value))
    assert str(copy) == str(error.value) and (copy.name, copy.reason) == ("n01_7", "unknown image format")


def test_known_bad_images():
    assert len(known_bad()) == 28 and {"n01678043_6448", "n02088094_294", "n12630763_8018"} <= known_bad()


TRUNCATED, FOREIGN = encode(np.zeros((40, 40, 3)), "JPEG")[:-200], encode(np.zeros((40, 40)), "TIFF")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x1f\x8bnonsense", TRUNCATED, FOREIGN], ids=range(5))
def test_unreadable_images(data):
    with pytest.raises(LarvSegError, match="^n01_7: not a readable image"):
        decode_image(data, "n01_7")


# ---- masks of one's own


def as_image(values, mode, kind="PNG") -> bytes:
    image = Image.fromarray(np.asarray(values))
    if mode == "P":
        image.putpalette([value // 3 for value in range(768)])
    assert image.mode == mode
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


IDS = [[7, 7, 200], [0, 9, 255]]
COLOURS = {7: (0, 0, 128), 9: (128, 64, 0), 200: (255, 255, 255), 0: (0, 0, 0), 255: (64, 0, 0)}


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_ids_grey_and_with_a_palette(kind):
    for values, mode in ((np.uint8(IDS), "L"), (np.uint8(IDS), "P"), *(((np.uint16(IDS), "I;16"),) if kind != "BMP" else ())):
        data = as_image(values, mode, kind)
        labels = decode_mask(data, "ids", (200, 7, 9), "x", (0, 255))
        assert labels.tolist() == [[1, 1, 0], [-1, 2, -1]]
        assert label_counts(data, "ids", (200, 7, 9), "x", (0, 255)) == ([0, 1, 2], [1, 2, 1], (3, 2))
        for function in (decode_mask, label_counts):
            with pytest.raises(
                LarvSegError, match="x: label id 0 is outside the encoding ids .the ids of the class list, and those ignored"
            ):
                function(data, "ids", (200, 7, 9), "x", (255,))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_colours(kind):
    def raw(value):
        red, green, blue = COLOURS[value]
        return 65536 * red + 256 * green + blue

    data = as_image(np.uint8([[COLOURS[value] for value in row] for row in IDS]), "RGB", kind)
    raw_ids, ignored = tuple(map(raw, (200, 7, 9))), tuple(map(raw, (0, 255)))
    assert decode_mask(data, "colours", raw_ids, "x", ignored).tolist() == [[1, 1, 0], [-1, 2, -1]]
    assert label_counts(data, "colours", raw_ids, "x", ignored) == ([0, 1, 2], [1, 2, 1], (3, 2))
    assert raw_counts(data, "colours", "x")[0] == {raw(0): 1, raw(7): 2, raw(255): 1, raw(9): 1, raw(200): 1}
    for function in (decode_mask, label_counts):
        with pytest.raises(LarvSegError, match=r"x: label id #400000 \(first in column 2, row 1, from 0\) is outside the encoding colours"):
            function(data, "colours", raw_ids, "x", ignored[:1])
        with pytest.raises(LarvSegError, match="the mask is a L image; the encoding colours needs RGB"):
            function(as_image(np.uint8(IDS), "L"), "colours", raw_ids, "x", ignored)
