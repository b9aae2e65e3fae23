"""A page in pixels: what is drawn is where it was asked for, and the same again."""

import numpy as np
import pytest

from larvseg.reporting.canvas import Page, tint, within
from larvseg.reporting.drawing import BASE, NOVEL
from larvseg.reporting.label_maps import classes_of, draw_labels, over
from tests.reporting.pages import collisions, pixels, words


def where(picture, colour):
    """left, top, right, bottom of the pixels of `colour`."""
    rows, columns = np.nonzero((picture == colour).all(2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_places_are_pixels_from_the_top_left(tmp_path):
    page = Page(300, 200)
    page.box((20, 30, 120, 80), BASE, radius=0)
    page.picture((150, 100, 210, 140), np.full((4, 6, 3), 99, np.uint8), NOVEL)
    picture = pixels(page, tmp_path / "a.png")
    assert picture.shape == (200, 300, 3)
    assert where(picture, BASE) == pytest.approx((20, 30, 120, 80), abs=1)
    assert where(picture, (99, 99, 99)) == pytest.approx((151, 101, 209, 139), abs=1)
    assert (picture[:20] == 255).all()


def test_a_page_is_saved_as_the_same_bytes(tmp_path):
    for name in "ab":
        page = Page(200, 100)
        page.heading("Ünïcode × 2", ["and a formula $\\lambda_{cls}$"], 5)
        page.arrow((10, 90), (90, 90), dashed=True)
        page.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"matplotlib" not in (tmp_path / "a").read_bytes().lower()  # its version would be another hash


def test_later_things_lie_above(tmp_path):
    page = Page(100, 100)
    page.box((10, 10, 90, 90), BASE, radius=0)
    page.picture((20, 20, 80, 80), np.full((2, 2, 3), 7, np.uint8))
    page.box((30, 30, 70, 70), NOVEL, radius=0)
    picture = pixels(page, tmp_path / "a.png")
    assert [tuple(picture[place, place]) for place in (15, 25, 50)] == [BASE, (7, 7, 7), NOVEL]


def test_cells_are_counted_row_by_row(tmp_path):
    page = Page(100, 100)
    page.cells((0, 0, 100, 100), (2, 4), [6], (0, 0, 0))
    assert where(pixels(page, tmp_path / "a.png"), (0, 0, 0)) == pytest.approx((49, 49, 76, 100), abs=2)


def test_pills_go_on_in_the_next_line_and_stop_where_there_is_no_room():
    page = Page(300, 100)
    page.pills(
        (10, 10, 180, 70), [("television receiver", NOVEL), ("floor", BASE), ("wall", BASE), ("swimming pool", NOVEL), ("sky", BASE)], 15
    )
    assert words(page) == ["television receiver", "floor", "wall"] or "sky" not in words(page)
    assert not collisions(page)


def test_frames_keep_the_ratio_of_pictures():
    assert within((50, 50), (80, 80), (30, 60, 3)) == (10, 30, 90, 70)
    assert within((50, 50), (80, 80), (60, 30)) == (30, 10, 70, 90)
    assert tint((0, 100, 200), 0) == (255, 255, 255) and tint((0, 100, 200), 1) == (0, 100, 200)


def test_label_maps_name_large_regions_and_outline_novel_ones(tmp_path):
    labels = np.zeros((40, 60), np.int16)
    labels[:20], labels[25:38, 5:40], labels[39, 59] = 1, 2, 3
    classes = classes_of(["floor", "wall", "sofa", "lamp"], [False, False, True, True], ["wall", "floor"])
    page = Page(400, 300)
    draw_labels(page, (20, 20, 380, 260), np.full((40, 60, 3), 128, np.uint8), labels, classes, 14)
    assert sorted(words(page)) == ["floor", "sofa", "wall"]  # one pixel of lamp is too small to be named
    assert not collisions(page)
    picture = pixels(page, tmp_path / "a.png")
    left, top, right, bottom = where(picture, NOVEL)
    assert (left, top, right, bottom) == pytest.approx((50, 170, 260, 248), abs=4)


def test_colours_of_classes_are_those_of_the_benchmark():
    benchmark = ["wall", "sofa"]
    one = classes_of(["sofa", "horse", "wall"], [True, False, False], benchmark)
    other = classes_of(benchmark, [False, True], benchmark)
    assert one.colours[0] == other.colours[1] and one.colours[2] == other.colours[0]
    assert len(set(one.colours)) == 3


def test_colours_lie_over_a_grey_picture():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[..., 0] = 255
    seen = over(picture, np.full((2, 2, 3), (0, 0, 255), np.uint8))
    assert seen.shape == (4, 4, 3) and seen[0, 0, 0] == seen[0, 0, 1]  # no red is left
    assert seen[0, 0, 2] > 180
