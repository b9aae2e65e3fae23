"""Layout: what is moved apart, where boxes are, what colours mean."""

import numpy as np
import pytest
from PIL import Image

from larvseg.reporting import drawing
from larvseg.reporting.diagnostics.page import BASE, FOOT, MARGIN, NOVEL, WIDTH, apart, boxes, page, part, shade


def test_words_move_as_little_as_they_must():
    assert apart([1, 5, 9], 2, 0, 10) == [1, 5, 9]
    assert apart([5, 5], 2, 0, 10) == [4, 6]
    assert apart([9.5, 1, 9.5], 2, 0, 10) == [8, 1, 10]
    assert apart([0, 0.5], 2, 0, 10) == [0, 2]
    assert apart([], 2, 0, 10) == []


def test_boxes_lie_beside_and_below_each_other_on_the_page():
    four = boxes(4, 100, 50, across=3)
    assert [top for _, top, _, _ in four] == [100, 100, 100, 260] and len({width for _, _, width, _ in four}) == 1
    assert four[0][0] == four[3][0] > MARGIN and four[2][0] + four[2][2] <= WIDTH - MARGIN
    assert all(one[0] + one[2] < other[0] for one, other in zip(four, four[1:3], strict=False))


def test_colours_are_those_of_the_other_figures(tmp_path):
    assert (BASE, NOVEL) == tuple(tuple(value / 255 for value in colour) for colour in (drawing.BASE, drawing.NOVEL))
    assert part(drawing.NOVEL, 1.0) == (1, 1, 1) and shade(BASE, 100) == pytest.approx(BASE)
    darker = [sum(shade(NOVEL, percent)) for percent in (0, 1, 10, 50, 100)]
    assert darker == sorted(darker, reverse=True) and darker[0] > 2.8


def test_a_page_has_the_pixels_that_it_is_given_and_no_settings_of_the_user(tmp_path):
    import matplotlib

    def draw(path):
        with page(path, 300, 120 + FOOT) as sheet:
            sheet.heading("Why?", ["because"])
            axes = sheet.axes(100, 80, 60, 20)
            axes.set_axis_off()
            axes.barh(0, 1, color=NOVEL)
            axes.set(xlim=(0, 1), ylim=(-0.1, 0.1))
        return path.read_bytes()

    first = draw(tmp_path / "one.png")
    with matplotlib.rc_context({"font.size": 40, "axes.facecolor": "black", "savefig.dpi": 10}):
        assert draw(tmp_path / "two.png") == first
    picture = np.asarray(Image.open(tmp_path / "one.png").convert("RGB"))
    assert picture.shape == (120 + FOOT, 300, 3)
    ys, xs = (picture == drawing.NOVEL).all(2).nonzero()
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (100, 159, 80, 99)
