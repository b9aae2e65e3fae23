"""The figure of the drawn and the real ADE20K: what it says of a small manifest, and what it refuses."""

import numpy as np
import pytest
from PIL import Image

from larvseg.config import WorldConfig
from larvseg.datasets.manifest import write_manifest
from larvseg.errors import LarvSegError
from larvseg.figures.colours import NOVEL
from larvseg.figures.world import figure
from larvseg.figures.world.data import Companion, paired
from larvseg.figures.world.data import read as read_world
from larvseg.figures.world.draw import draw as draw_world
from larvseg.figures.world.draw import said, spread
from tests.data import novel
from tests.figures.pages import collisions, count, words

NAMES = ["wall", "bed", "windowpane", "person", "lamp", "pool table", "stool"]  # novel: the third, and the last three
IMAGES = [{0: 40, 1: 10, 4: 2}] * 6 + [{0: 30, 5: 20, 6: 3}] * 3 + [{3: 8, 2: 5}]


def manifest(folder, images=IMAGES, dataset="A150"):
    """The manifest of images of 10 × 10 pixels that show `images` (class → pixels)."""
    location = {"archive": "a.zip", "member": "m", "offset": 0, "length": 1, "method": 0, "size": 1}
    row = {"split": "training", "width": 10, "height": 10, "image": location, "mask": location, "synset": None}
    rows = [{"name": str(i), "labels": sorted(each), "pixels": [each[k] for k in sorted(each)], **row} for i, each in enumerate(images)]
    rows.append({**row, "name": "v", "split": "validation", "labels": [6], "pixels": [100]})  # does not count
    header = {"dataset": dataset, "classes": NAMES, "keys": {"S": NAMES}, "archives": {"a.zip": "0"}, "absent": [], "kind": "pixel"}
    header["novel"] = novel(NAMES)
    write_manifest(folder / "A150.arrow", rows, header | {"encoding": None, "raw_ids": []})
    return folder / "A150.arrow"


CONFIG = WorldConfig(figure="world", profile="mini", dataset="A150", base="C171")


def draw(folder, *arguments, **options):
    """The page of a manifest."""
    return draw_world(CONFIG, read_world(CONFIG, manifest(folder, *arguments, **options)))


def test_the_same_bytes_again(tmp_path):
    for name in ("one.png", "two.png"):
        figure(CONFIG, {"manifest": manifest(tmp_path)}, {"figure": tmp_path / name}, tmp_path)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    image = np.asarray(Image.open(tmp_path / "one.png").convert("RGB"))
    assert image.shape[1] == 1240 and count(image, NOVEL) > 0


def test_it_says_what_is_counted(tmp_path):
    page = draw(tmp_path)
    text = " ".join(words(page))
    assert "one of the 7 drawn classes" in text and "in the 10 drawn ones" in text and "20 210" in text
    assert "drawn 2.9" in text and "real 8.5" in text and "real, drawn classes alone 1.3" in text
    assert "median 100 %" in text and "profile mini" in text
    # lamps are where beds are, in all 6 of their images
    companions = next(axes for axes in page.axes if "the other thing" in axes.get_xlabel())
    assert {tick.get_text() for tick in companions.get_yticklabels()} == {"windowpane", "lamp", "pool table", "stool"}
    assert [text.get_text() for text in companions.texts[1:]] == ["person", "bed", "stool", "pool table"]


def test_dots_stand_where_real_and_drawn_shares_are(tmp_path):
    page = draw(tmp_path)
    images = page.axes[0]
    places = {tuple(np.round(place, 2)) for dots in images.collections for place in dots.get_offsets().tolist()}
    assert (round(100 * 1906 / 20210, 2), 60) in places and (round(100 * 198 / 20210, 2), 30) in places
    assert images.get_xlim() == images.get_ylim()


def test_no_word_lies_on_another_one_or_beyond_the_page(tmp_path):
    assert collisions(draw(tmp_path)) == []


def test_classes_that_no_image_shows_have_no_dot(tmp_path):
    assert paired(["a", "b"], np.array([0.5, 0.5]), np.array([0.1, 0]), np.array([True, False]), np.array([True, False])) == [
        ("a", 50, 10, True, True)
    ]
    page = draw(tmp_path, [{0: 40}, {0: 10}])  # one class, and no thing at all
    assert words(page).count("ρ –; 1 of 1 within a factor of 2") == 3


def test_agreement_is_ranks_and_factors():
    assert said([("a", 1, 2, True), ("b", 2, 5, False), ("c", 40, 20, True)]) == "ρ +1.00; 2 of 3 within a factor of 2"


def test_the_list_says_what_it_leaves_out():
    beside = [Companion(0, 1, share / 100, 0.1) for share in range(20)]
    assert spread([]) == "" and spread(beside[:3]) == "; median 1 %"
    assert spread(beside) == "; the first 16 of 20; median 10 %"


def test_what_is_refused(tmp_path):
    with pytest.raises(LarvSegError, match="the manifest of A847, not of A150"):
        draw(tmp_path, dataset="A847")
    for images in ([], [{}]):
        with pytest.raises(LarvSegError, match=r"A150.arrow: no training image shows a class"):
            draw(tmp_path, images)
