"""The figure of the drawn and the real ADE20K: what it says of a small manifest, and what it refuses."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from larvseg.config import WorldConfig
from larvseg.datasets.manifest import write_manifest
from larvseg.errors import LarvSegError
from larvseg.reporting import drawing
from larvseg.reporting import world as stage
from larvseg.reporting.occurrence import Companion
from tests.data import novel

NAMES = ["wall", "bed", "windowpane", "person", "lamp", "pool table", "stool"]  # novel: the third, and the last three
PICTURES = [{0: 40, 1: 10, 4: 2}] * 6 + [{0: 30, 5: 20, 6: 3}] * 3 + [{3: 8, 2: 5}]


def draw(folder, pictures=PICTURES, dataset="A150", name="world.png"):
    """The figure of pictures of 10 × 10 pixels that show `pictures` (class → pixels)."""
    location = {"archive": "a.zip", "member": "m", "offset": 0, "length": 1, "method": 0, "size": 1}
    row = {"split": "training", "width": 10, "height": 10, "image": location, "mask": location, "synset": None}
    rows = [{"name": str(i), "labels": sorted(each), "pixels": [each[k] for k in sorted(each)], **row} for i, each in enumerate(pictures)]
    rows.append({**row, "name": "v", "split": "validation", "labels": [6], "pixels": [100]})  # does not count
    header = {"dataset": dataset, "classes": NAMES, "keys": {"S": NAMES}, "archives": {"a.zip": "0"}, "absent": [], "kind": "pixel"}
    header["novel"] = novel(NAMES)
    write_manifest(folder / "A150.arrow", rows, header | {"encoding": None, "raw_ids": []})
    config = WorldConfig(figure="world", profile="mini", dataset="A150", base="C171")
    stage.world(config, {"manifest": folder / "A150.arrow"}, {"figure": folder / name}, folder)
    return np.asarray(Image.open(folder / name).convert("RGB"))


@pytest.fixture
def texts(monkeypatch):
    """What is written on the figures that are drawn: the figures, whose texts can be asked for."""
    drawn = []
    save = Figure.savefig

    def savefig(figure, *arguments, **options):
        save(figure, *arguments, **options)
        drawn.append(figure)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return drawn


def written(figure):
    return [text for text in figure.findobj(lambda part: hasattr(part, "get_text")) if text.get_text() and text.get_visible()]


def test_the_same_bytes_again(tmp_path):
    first, second = draw(tmp_path), draw(tmp_path, name="second.png")
    assert (tmp_path / "world.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    assert (first == second).all() and (first == drawing.NOVEL).all(2).any() and first.shape[1] == 1240


def test_it_says_what_is_counted(tmp_path, texts):
    draw(tmp_path)
    words = " ".join(text.get_text() for text in written(texts[0]))
    assert "one of the 7 drawn classes" in words and "in the 10 drawn ones" in words and "20 210" in words
    assert "drawn 2.9" in words and "real 8.5" in words and "real, drawn classes alone 1.3" in words
    assert "median 100 %" in words and "profile mini" in words
    # lamps are where beds are, in all 6 of their pictures
    companions = next(axes for axes in texts[0].axes if "the other thing" in axes.get_xlabel())
    assert {tick.get_text() for tick in companions.get_yticklabels()} == {"windowpane", "lamp", "pool table", "stool"}
    assert [text.get_text() for text in companions.texts] == ["person", "bed", "stool", "pool table"]


def test_dots_stand_where_real_and_drawn_shares_are(tmp_path, texts):
    draw(tmp_path)
    pictures = texts[0].axes[0]
    places = {tuple(np.round(place, 2)) for dots in pictures.collections for place in dots.get_offsets().tolist()}
    assert (round(100 * 1906 / 20210, 2), 60) in places and (round(100 * 198 / 20210, 2), 30) in places
    assert pictures.get_xlim() == pictures.get_ylim()


def test_no_word_lies_on_another_one_or_beyond_the_page(tmp_path, texts):
    draw(tmp_path)
    figure = texts[0]
    boxes = [(text.get_text(), text.get_window_extent().padded(-1)) for text in written(figure)]
    width, height = figure.get_size_inches() * figure.dpi
    for number, (text, box) in enumerate(boxes):
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text
        assert not [other for other, there in boxes[number + 1 :] if box.overlaps(there)], text


def test_classes_that_no_picture_shows_have_no_dot(tmp_path, texts):
    assert stage.paired(["a", "b"], np.array([0.5, 0.5]), np.array([0.1, 0]), np.array([True, False]), np.array([True, False])) == [
        ("a", 50, 10, True, True)
    ]
    draw(tmp_path, [{0: 40}, {0: 10}])  # one class, and no thing at all
    assert [text.get_text() for text in written(texts[0])].count("ρ –; 1 of 1 within a factor of 2") == 3


def test_agreement_is_ranks_and_factors():
    assert stage.said([("a", 1, 2, True), ("b", 2, 5, False), ("c", 40, 20, True)]) == "ρ +1.00; 2 of 3 within a factor of 2"


def test_the_list_says_what_it_leaves_out():
    beside = [Companion(0, 1, share / 100, 0.1) for share in range(20)]
    assert stage.spread([]) == "" and stage.spread(beside[:3]) == "; median 1 %"
    assert stage.spread(beside) == "; the first 16 of 20; median 10 %"


def test_what_is_refused(tmp_path):
    with pytest.raises(LarvSegError, match="the manifest of A847, not of A150"):
        draw(tmp_path, dataset="A847")
    for pictures in ([], [{}]):
        with pytest.raises(LarvSegError, match=r"A150.arrow: no training picture shows a class"):
            draw(tmp_path, pictures)
