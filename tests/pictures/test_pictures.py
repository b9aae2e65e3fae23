import io
import os
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from larvseg.errors import LarvSegError
from larvseg.pictures import pictures
from larvseg.pictures.pictures import picture_of, read
from larvseg.sources.encodings import decode_image


@pytest.fixture
def colours():
    """Smooth colours, none of them at the ends."""
    coarse = np.random.default_rng(0).integers(20, 236, (5, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize((70, 50), Image.Resampling.BICUBIC)


def whole(path):
    """The picture in the file, in its own size."""
    picture = read(path)
    return picture.resized(picture.size)


@pytest.mark.parametrize(
    ("mode", "name", "note"),
    [
        ("RGB", "a.png", None),
        ("RGB", "a.jpg", None),
        ("RGB", "a.webp", None),
        ("RGB", "a.bmp", None),
        ("CMYK", "a.jpg", None),
        ("L", "a.png", None),
        ("1", "a.png", None),
        ("P", "a.png", None),
        ("P", "a.gif", None),
        ("RGBA", "a.png", "without its transparency"),
        ("LA", "a.png", "without its transparency"),
    ],
)
def test_pixels_are_those_that_the_evaluation_reads(colours, tmp_path, mode, name, note):
    colours.convert(mode).save(tmp_path / name)
    assert np.array_equal(whole(tmp_path / name), decode_image((tmp_path / name).read_bytes(), name))
    assert read(tmp_path / name).notes == ((note,) if note else ())


def test_of_16_bits_the_upper_eight_count(tmp_path):
    values = np.random.default_rng(0).integers(0, 2**16, (30, 40)).astype(np.uint16)
    for name in ("a.png", "a.tif"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(whole(tmp_path / name), np.repeat((values >> 8).astype(np.uint8)[..., None], 3, 2))
        assert read(tmp_path / name).notes == ("the upper 8 of 16 bits",)


def test_a_palette_with_transparency_keeps_its_colours(colours, tmp_path):
    colours.quantize(16).save(tmp_path / "a.png", transparency=bytes(range(16)))
    with Image.open(tmp_path / "a.png") as image:
        expected = np.asarray(image.convert("RGBA"))[..., :3]
    assert np.array_equal(whole(tmp_path / "a.png"), expected)
    assert read(tmp_path / "a.png").notes == ("without its transparency",)


def test_of_an_animation_the_first_frame_is_taken(colours, tmp_path):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "lime")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (whole(tmp_path / "a.gif") == (255, 0, 0)).all()
    assert read(tmp_path / "a.gif").notes == ("the first of 3 frames",)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("large", [False, True])
def test_exif_says_what_is_up(colours, tmp_path, monkeypatch, orientation, large):
    if large:
        monkeypatch.setattr(pictures, "CONVERTED", 1)
    exif = Image.Exif()
    exif[0x112] = orientation
    colours.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    picture = read(tmp_path / "a.png")
    assert picture.size == expected.shape[:2]
    assert np.array_equal(picture.resized(picture.size), expected)
    assert np.array_equal(picture.shrunk(1000), expected)
    assert picture.notes == (() if orientation == 1 else ("turned as its EXIF says",))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16"])
def test_large_pictures_are_resized_to_the_same_pixels(colours, tmp_path, monkeypatch, mode):
    if mode == "I;16":
        colours = Image.fromarray(np.asarray(colours.convert("L")).astype(np.uint16) * 256 + 77)
    else:
        colours = colours.convert(mode)
    colours.save(tmp_path / "a.png")
    small = read(tmp_path / "a.png").resized((33, 41))
    monkeypatch.setattr(pictures, "CONVERTED", 1)
    monkeypatch.setattr(pictures, "_BAND", 200)
    assert np.array_equal(read(tmp_path / "a.png").resized((33, 41)), small)


def test_shrunk_pictures_are_averages(colours, tmp_path):
    picture = picture_of(np.asarray(colours))
    small = picture.shrunk(35)
    assert small.shape == (25, 35, 3)
    expected = np.asarray(colours).reshape(25, 2, 35, 2, 3).mean((1, 3))
    assert np.abs(small - expected).max() <= 1


def bomb():
    """The header of a picture of 60 000 × 60 000 pixels."""
    data = bytearray(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60000).to_bytes(4) * 2 + b"\x08\x02\0\0\0")
    return bytes(data) + zlib.crc32(data[12:]).to_bytes(4) + b"\0\0\0\0IDAT" + zlib.crc32(b"IDAT").to_bytes(4)


def png(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda image: png(image)[:-600], "truncated"),
        (lambda image: b"hello", "none of AVIF, BMP"),
        (lambda image: b"", "none of AVIF, BMP"),
        (lambda image: b"%!PS-Adobe-3.0 EPSF-3.0\n", "none of AVIF, BMP"),  # no program is ever started for a picture
        (lambda image: bomb(), "60000×60000 pixels; from 1 to 268435456 are read"),
    ],
)
def test_what_is_no_picture_is_told_in_one_line(colours, tmp_path, content, said):
    path = tmp_path / "a\nb.png"
    path.write_bytes(content(colours))
    with pytest.raises(LarvSegError, match=said) as raised:
        read(path)
    assert len(str(raised.value).splitlines()) == 1 and "a b.png: not a readable picture" in str(raised.value)


def test_floating_point_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(LarvSegError, match="floating-point"):
        read(tmp_path / "a.tif")


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(LarvSegError, match="nix.png: not a readable picture .there is no such file"):
        picture_of(tmp_path / "nix.png")
    with pytest.raises(LarvSegError, match="it is a folder"):
        picture_of(str(tmp_path))
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(LarvSegError, match="it is no file"):
        read(tmp_path / "pipe.png")


def test_larger_pictures_than_pillow_allows_are_read_and_its_limit_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("RGB", (40, 30), "lime").save(tmp_path / "a.png")
    assert (whole(tmp_path / "a.png") == (0, 255, 0)).all()
    assert Image.MAX_IMAGE_PIXELS == 100


def test_arrays_and_images_are_pictures_too(colours):
    array = np.asarray(colours)
    for each in (array, colours, colours.convert("RGBA")):
        picture = picture_of(each)
        assert np.array_equal(picture.resized(picture.size), array)
    for wrong in (array[..., 0], array.astype(np.float32), array[:0]):
        with pytest.raises(LarvSegError, match="expected an RGB image"):
            picture_of(wrong)
    with pytest.raises(LarvSegError, match="the image: not a readable picture .its pixels are floating-point"):
        picture_of(Image.new("F", (4, 4)))
