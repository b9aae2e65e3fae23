"""A diagram in pixels: what is drawn is where it was asked for."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from larvseg.figures.colours import BASE, NOVEL
from larvseg.figures.diagram import Classes, Diagram, framed, label_map, within
from larvseg.figures.images import show
from larvseg.figures.kit import page, styled
from tests.figures.pages import collisions, pixels, words


@pytest.fixture
def diagram():
    with styled():
        yield Diagram(page("", "", 200, 300))


def where(image, colour):
    """left, top, right, bottom of the pixels of `colour`."""
    rows, columns = (np.abs(image.astype(int) - np.round(np.array(to_rgb(colour)) * 255)).max(2) <= 1).nonzero()
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_places_are_pixels_from_the_top_left(diagram, tmp_path):
    diagram.box((20, 30, 120, 80), BASE, radius=0)
    show(diagram.panel((150, 100, 210, 140)), np.full((4, 6, 3), 99, np.uint8), edge=NOVEL)
    image = pixels(diagram.figure, tmp_path / "a.png")
    assert image.shape == (diagram.height, 300, 3)
    assert where(image, BASE) == pytest.approx((20, 30, 120, 80), abs=1)
    assert where(image, [99 / 255] * 3) == pytest.approx((151, 101, 209, 139), abs=1)
    assert (image[:20] == 255).all()


def test_later_things_lie_above(diagram, tmp_path):
    diagram.box((10, 10, 90, 90), BASE, radius=0)
    diagram.box((30, 30, 70, 70), NOVEL, radius=0)
    show(diagram.panel((40, 40, 60, 60)), np.full((2, 2, 3), 7, np.uint8))
    image = pixels(diagram.figure, tmp_path / "a.png")
    seen = [image[place, place] / 255 for place in (15, 35, 50)]
    assert np.abs(np.array(seen) - [to_rgb(BASE), to_rgb(NOVEL), [7 / 255] * 3]).max() < 0.01


def test_cells_are_counted_row_by_row(diagram, tmp_path):
    panel = diagram.panel((0, 0, 100, 100))
    show(panel, np.full((100, 100, 3), 255, np.uint8))
    framed(panel, (2, 4), [6], "black")
    assert where(pixels(diagram.figure, tmp_path / "a.png"), "black") == pytest.approx((49, 49, 76, 100), abs=2)


def test_pills_go_on_in_the_next_line_and_say_how_many_had_no_room(diagram):
    names = ["television receiver", "floor", "wall", "swimming pool", "sky"]
    diagram.pills((10, 10, 180, 66), [(name, NOVEL) for name in names], 13)
    assert words(diagram.figure) == ["television receiver", "floor", "wall", "and 2 more"]
    assert collisions(diagram.figure) == []


def test_frames_keep_the_ratio_of_images():
    assert within((50, 50), (80, 80), (30, 60, 3)) == (10, 30, 90, 70)
    assert within((50, 50), (80, 80), (60, 30)) == (30, 10, 70, 90)


def test_label_maps_name_large_regions_and_outline_novel_ones(diagram, tmp_path):
    labels = np.zeros((40, 60), np.int16)
    labels[:20], labels[25:38, 5:40], labels[39, 59] = 1, 2, 3
    classes = Classes(["floor", "wall", "sofa", "lamp"], [False, False, True, True], ["wall", "floor"])
    label_map(diagram.panel((0, 0, 300, 200)), np.full((40, 60, 3), 128, np.uint8), labels, classes, 12)
    assert sorted(words(diagram.figure)) == ["floor", "sofa", "wall"]  # one pixel of lamp is too small to be named
    assert collisions(diagram.figure) == []
    assert where(pixels(diagram.figure, tmp_path / "a.png"), NOVEL) == pytest.approx((25, 125, 200, 190), abs=4)
