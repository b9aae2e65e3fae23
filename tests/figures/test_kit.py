"""The kit: a page has its size, its heading and the style of figures; words keep clear of each other; colours mean the same everywhere."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from larvseg.figures.arrays import read_arrays
from larvseg.figures.colours import BASE, NOVEL, UNLABELLED, class_colours, ink_on, shade, tint
from larvseg.figures.images import cover, faded, inside, outline, show
from larvseg.figures.kit import BETWEEN, MARGIN, heading_height, page, parted, save, settle, styled
from larvseg.figures.words import AROUND, CENTRE, Words, apart, pill
from larvseg.pipeline import Project
from larvseg.pipeline.dag import jobs_below
from larvseg.pipeline.stages import STAGES
from tests.figures.pages import collisions, count, pixels, place, words


@styled()
def sheet():
    """A page with one panel that is all NOVEL."""
    figure = page("Why?", "because of $\\lambda_{cls}$", 120, 300, "a note")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.imshow([[to_rgb(NOVEL)]], aspect="auto")
    return figure


def test_panels_fill_the_page_between_heading_and_notes(tmp_path):
    figure = sheet()
    image = pixels(figure, tmp_path / "a.png")
    assert image.shape == (heading_height(1) + 120 + 52, 300, 3)
    rows, columns = (np.abs(image.astype(int) - np.array(to_rgb(NOVEL)) * 255).max(2) < 1).nonzero()
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx(
        (heading_height(1), heading_height(1) + 119, MARGIN, 299 - MARGIN), abs=1
    )
    assert words(figure) == ["Why?", "because of $\\lambda_{cls}$", "a note"] and collisions(figure) == []


def test_the_same_page_gives_the_same_bytes_whatever_the_user_has_set(tmp_path):
    save(sheet(), tmp_path / "one.png")
    with matplotlib.rc_context({"font.size": 40, "axes.facecolor": "black", "savefig.dpi": 10, "text.color": "red"}):
        save(sheet(), tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert b"matplotlib" not in (tmp_path / "one.png").read_bytes().lower()  # its version would be another hash


@styled()
def test_parts_have_their_heights_and_stand_apart():
    figure, parts = parted("Why?", "", (100, 60), 300, apart=(0, 0))
    for part in parts:
        part.add_subplot().set_axis_off()
    settle(figure)
    boxes = [axes.bbox for axes in figure.axes]
    assert [box.height for box in boxes] == pytest.approx([100, 60], abs=0.01)
    assert boxes[0].y0 - boxes[1].y1 == pytest.approx(BETWEEN, abs=0.01)
    places = np.array([axes.get_position().bounds for axes in figure.axes])
    assert (places == places.round(9)).all()  # further digits are chance


def test_long_explanations_take_more_lines():
    figure = page("Why?", "because " * 40 + "rule S", 100, 600)
    lines = words(figure)[1:]
    assert len(lines) > 3 and figure.bbox.height == heading_height(len(lines)) + 100 + MARGIN
    assert "rule\u00a0S" in lines[-1] and collisions(figure) == []


def test_colours_say_how_much():
    assert (
        tint(NOVEL, 0) == (1, 1, 1) and tint(NOVEL, 1) == pytest.approx(to_rgb(NOVEL)) and shade(BASE, 100) == pytest.approx(to_rgb(BASE))
    )
    darker = [sum(shade(NOVEL, percent)) for percent in (0, 1, 10, 50, 100)]
    assert darker == sorted(darker, reverse=True) and darker[0] > 2.8
    assert ink_on("white") != "white" == ink_on(BASE)


def test_classes_have_the_colours_of_the_benchmark_and_differ():
    benchmark = ["wall", "sofa"]
    one, other = class_colours(["sofa", "horse", "wall"], benchmark), class_colours(benchmark, benchmark)
    assert (one[[0, 2]] == other[[1, 0]]).all() and tuple(one[-1]) == UNLABELLED
    many = class_colours([str(number) for number in range(150)], [])
    assert len(np.unique(many[:-1], axis=0)) == 150
    few = many[:30].astype(float)
    assert (np.linalg.norm(few[:, None] - few[None], axis=2) + 999 * np.eye(30)).min() > 30


def test_words_move_as_little_as_they_must():
    assert apart([1, 5, 9], 2, 0, 10) == [1, 5, 9]
    assert apart([5, 5], 2, 0, 10) == [4, 6]
    assert apart([9.5, 1, 9.5], 2, 0, 10) == [8, 1, 10]
    assert apart([0, 0.5], 2, 0, 10) == [0, 2]
    assert apart([], 2, 0, 10) == []


@pytest.fixture
def panel():
    with styled():
        figure = page("", "", 200, 300)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
        figure.set_layout_engine("none")
        yield axes


def test_names_leave_dots_and_each_other_free(panel):
    def where(*free):
        words = Words(panel)
        words.keep_free(free, 4.5)
        x, y = words.write("sofa", [(0.5, 0.5)], AROUND).get_position()
        return round(np.sign(round(x))), round(np.sign(round(y)))

    assert [where(), where((0.55, 0.5)), where((0.55, 0.5), (0.45, 0.5))] == [(1, 0), (-1, 0), (0, 1)]
    words = Words(panel)
    written = [words.write("sofa", [(0.5, 0.5), (0.2, 0.2)], (CENTRE,), **pill(NOVEL)) for _ in range(3)]
    assert [each and tuple(each.xy) for each in written] == [(0.5, 0.5), (0.2, 0.2), None]
    assert words.write("lamp", [(2, 2), (0.5, 0.5)], (CENTRE,), must=True).xy == (0.5, 0.5)  # on another one, but inside


def test_colours_lie_over_a_grey_image(panel, tmp_path):
    image = np.zeros((4, 8, 3), np.uint8)
    image[..., 0] = 255
    faded(panel, image)
    cover(panel, np.full((2, 4, 3), (0, 0, 255), np.uint8), opacity=np.kron([[0, 0.72], [0, 0.72]], np.ones((1, 2))))
    seen = pixels(panel.figure, tmp_path / "a.png")[place(panel.figure, panel)].astype(int)
    left, right = seen[:, 10:140].reshape(-1, 3), seen[:, 160:-10].reshape(-1, 3)
    assert (left == 76).all() and abs(right - (21, 21, 205)).max() <= 1  # no red is left


def test_an_outline_is_where_the_region_ends_and_not_at_the_edge_of_the_image(panel, tmp_path):
    region = np.zeros((20, 30), bool)
    show(panel, np.zeros((20, 30, 3), np.uint8))
    outline(panel, region)
    before = pixels(panel.figure, tmp_path / "a.png")
    region[5:, :15] = True
    outline(panel, region, NOVEL, "white")
    rows, columns = (pixels(panel.figure, tmp_path / "a.png") != before).any(2).nonzero()
    inside_of = place(panel.figure, panel)
    height, width = (part.stop - part.start for part in inside_of)
    assert rows.min() - inside_of[0].start == pytest.approx(height / 4, abs=5)
    assert columns.max() - inside_of[1].start == pytest.approx(width / 2, abs=5)
    changed = pixels(panel.figure, tmp_path / "a.png")[inside_of]
    assert (changed[height // 2 :, : width // 4] == 0).all()  # neither along the left nor along the lower edge


def test_the_middle_of_a_region_comes_first():
    region = np.zeros((10, 10), bool)
    region[:5, :5] = region[9, 9] = True
    points = inside(region)
    assert points[0].tolist() == [0.25, 0.25] and len(points) == 26 and points[-1].tolist() == [0.95, 0.95]


def test_arrays_are_read_as_they_were_written(tmp_path):
    import torch

    from larvseg.errors import LarvSegError
    from larvseg.training.checkpoint import save_tensors

    tensors = {"a": torch.arange(6).reshape(2, 3), "b": torch.tensor([True, False]), "c": torch.zeros(2, 2, dtype=torch.int16)}
    save_tensors(tmp_path / "x", tensors, {"images": ["ü"]})
    arrays, about = read_arrays(tmp_path / "x")
    assert about == {"images": ["ü"]}
    assert all((arrays[name] == tensor.numpy()).all() and arrays[name].dtype == tensor.numpy().dtype for name, tensor in tensors.items())
    with pytest.raises(LarvSegError, match="none: no such file"):
        read_arrays(tmp_path / "none")


def test_a_legend_has_a_patch_of_each_colour(panel, tmp_path):
    from larvseg.figures.kit import legend

    legend(panel, {"right": NOVEL, "base": BASE}, loc="center", bbox_to_anchor=None)
    image = pixels(panel.figure, tmp_path / "a.png")
    assert words(panel.figure)[-2:] == ["right", "base"] and count(image, NOVEL) > 50 and count(image, BASE) > 50


def test_a_change_of_the_style_draws_every_figure_again():
    drawn = [job for job in jobs_below(Project("mini")) if STAGES[job.rule].module.startswith("larvseg.figures.")]
    assert len(drawn) > 5 and all("larvseg/figures/style.mplstyle" in job.reference for job in drawn)
