"""Figures inside the page: sharp where they are lines, and together no larger than a page may be."""

import base64
import io

import pytest
from PIL import Image, ImageChops, ImageDraw

from larvseg.reporting.page import images
from larvseg.reporting.page.images import embedded


@pytest.fixture
def drawing(tmp_path):
    image = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(image).line([(0, 0), (399, 199)], "navy", 3)
    image.save(tmp_path / "drawing.png")
    return tmp_path / "drawing.png"


@pytest.fixture
def noise(tmp_path):
    Image.effect_noise((500, 900), 90).save(tmp_path / "noise.png")
    return tmp_path / "noise.png"


def content(image) -> bytes:
    return base64.b64decode(image.uri.partition("base64,")[2])


def test_a_drawing_loses_nothing_and_is_smaller_than_its_file(drawing):
    (image,) = embedded([drawing])
    assert len(content(image)) < drawing.stat().st_size and (image.width, image.height, image.tall) == (400, 200, False)
    difference = ImageChops.difference(Image.open(io.BytesIO(content(image))).convert("RGB"), Image.open(drawing))
    assert difference.getbbox() is None


def test_the_same_files_give_the_same_bytes(drawing, noise):
    assert embedded([drawing, noise]) == embedded([drawing, noise])


def test_images_lose_quality_when_all_together_are_too_large(drawing, noise, monkeypatch):
    line, best = embedded([drawing, noise])
    assert best.tall
    monkeypatch.setattr(images, "ROOM", len(line.uri) + len(best.uri) - 1)
    again, smaller = embedded([drawing, noise])
    assert again == line and len(smaller.uri) < len(best.uri)
    monkeypatch.setattr(images, "ROOM", 0)
    assert len(embedded([drawing, noise])[1].uri) < len(smaller.uri)  # the lowest quality, where nothing fits
