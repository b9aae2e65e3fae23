"""Figures of classes and confusions: what is drawn where, the same bytes every time, and what is refused."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from PIL import Image

from larvseg.config.diagnostics import ClassesConfig, Compared, ConfusionConfig, GainsConfig, Measured, RunsFigureConfig, SharesConfig
from larvseg.errors import LarvSegError
from larvseg.figures import class_map, confusion, gains, tail
from larvseg.figures.class_map import Line, blocks_of, lines_of
from larvseg.figures.colours import BASE, NOVEL, shade
from larvseg.figures.gains import differences, signed
from larvseg.figures.kit import settle
from larvseg.figures.scatter import both_logarithmic, correlation, counted, dots, logarithmic
from larvseg.reporting.diagnostics.classes import ClassTable, classes
from larvseg.reporting.diagnostics.measured import counts_of
from larvseg.reporting.diagnostics.shares import Shares, shares
from tests.figures.pages import count

ABOUT = {"figure": "x", "profile": "mini", "benchmark": "A150", "weak": ("WA150",)}
OF_PAIRS = {key: value for key, value in ABOUT.items() if key != "weak"}


@pytest.fixture
def table(tmp_path, manifest, evaluated, run):
    """The table of classes of two runs: the second finds both novel categories better."""
    inputs = manifest("WA150", ["wall", "sofa", "person", "lamp"], [(0, 1)] * 30 + [(0, 2)] * 10 + [(3,)] * 5)
    inputs |= manifest("A150", ["wall", "sofa", "person", "lamp"], [], validation=[{0: 60, 1: 20, 2: 10}, {0: 50, 3: 2}])
    inputs |= evaluated("one", 0, [80, 10, 40, 0]) | evaluated("two", 0, [80, 60, 40, None])
    config = ClassesConfig(profile="mini", benchmark="A150", datasets=("WA150",), runs=(run("one"), run("two")))
    classes(config, inputs, {"table": tmp_path / "classes.csv"}, tmp_path)
    return {"classes": tmp_path / "classes.csv"}


def drawn(tmp_path, stage, config, inputs):
    """The image that `stage` draws, after it was drawn twice to the same bytes."""
    for name in ("first.png", "second.png"):
        stage.figure(config, inputs, {"figure": tmp_path / name}, tmp_path)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    return np.asarray(Image.open(tmp_path / "first.png").convert("RGB")).astype(int)


def test_the_map_has_a_cell_for_each_class_and_run(tmp_path, table, run):
    image = drawn(tmp_path, class_map, RunsFigureConfig(**ABOUT, runs=(run("one"), run("two"))), table)
    # wall: 80, 80; person: 40, 40; sofa: 10, 60
    walls, persons, low, high = (count(image, shade(*each)) for each in ((BASE, 80), (BASE, 40), (NOVEL, 10), (NOVEL, 60)))
    assert min(walls, persons) > 1.5 * max(low, high) and min(low, high) > 300
    one = drawn(tmp_path, class_map, RunsFigureConfig(**ABOUT, runs=(run("one"),)), table)
    assert count(one, shade(NOVEL, 60)) == 0 < count(one, shade(NOVEL, 10))


def test_lines_of_the_map_go_from_frequent_to_rare_base_first(table):
    lines = lines_of(ClassTable(table["classes"]), ["WA150"], ["one", "two"])
    assert [line.text for line in lines] == ["base", "wall", "person", "novel", "sofa", "lamp"]
    assert lines[4] == Line("sofa", True, ("30", "20"), (10, 60)) and lines[5] == Line("lamp", True, ("5", "2.0"), (0, None))


def test_blocks_of_the_map_keep_kinds_apart_where_they_are_about_as_many():
    base, novel = [Line("x", False)] * 20, [Line("y", True)] * 20
    assert blocks_of(base + novel) == [base, novel]
    assert [len(block) for block in blocks_of(base + 4 * novel)] == [50, 50]
    assert [len(block) for block in blocks_of(base + 12 * novel)] == [87, 87, 86]


def test_the_tail_has_a_panel_for_each_run(tmp_path, table, run):
    both = drawn(tmp_path, tail, RunsFigureConfig(**ABOUT, runs=(run("one"), run("two"))), table)[:500]
    one = drawn(tmp_path, tail, RunsFigureConfig(**ABOUT, runs=(run("one"),)), table)
    assert both.shape[1] == one.shape[1]

    def height(image, left, right):
        """The highest row below the rank correlation with the colour of the thirds of novel classes."""
        region = image[270:, left:right]
        return (np.abs(region - np.round(np.array(to_rgb(NOVEL)) * 255)).max(2) <= 1).any(1).argmax()

    half = both.shape[1] // 2
    assert height(both, half + 60, both.shape[1] - 60) < height(both, 80, half - 60)  # 60 % stands higher than 10 %


def test_a_class_that_is_only_predicted_has_no_place_among_sizes(tmp_path, table, run):
    text = table["classes"].read_text()
    table["classes"].write_text(text.replace(",20.00,10.00,", ",,0.00,"))  # the sofa: in no validation image, and yet predicted
    assert ",,0.00," in table["classes"].read_text()
    config = RunsFigureConfig(**ABOUT, runs=(run("one"),))
    without = drawn(tmp_path, tail, config, table)
    table["classes"].write_text(text)
    assert (without != drawn(tmp_path, tail, config, table)).any()


def test_ranks_of_place_and_value_are_correlated():
    rising = [("a", 1, 5.0, True), ("b", 2, 7.0, True), ("c", 30, 7.5, True)]
    assert correlation(rising) == "+1.00" and correlation([("d", 0.5, 9.0, True), *rising]) == "−0.20"
    assert correlation([(name, -place, value, novel) for name, place, value, novel in rising]) == "−1.00"
    assert correlation(rising[:1]) == correlation([(name, place, 0.0, novel) for name, place, _, novel in rising]) == "–"


def test_axes_have_few_round_numbers_and_zero_where_something_was_never_seen():
    def ticks(places, **options):
        axes = Figure().add_subplot()
        logarithmic(axes, places, **options)
        return [tick.get_text() for tick in axes.get_xticklabels()]

    assert ticks([8, 193]) == ["10", "20", "50", "100", "200"]
    assert ticks([3, 20000]) == ["10", "100", "1 000", "10 000"]
    assert ticks(counted([0, 4, 30])) == ["0", "1", "2", "5", "10", "20"]
    assert ticks([0.05, 2.0], never=False) == ["0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert ticks([0.5, 12.0], never=False) == ["0.5", "1", "2", "5", "10"]


def test_two_logarithmic_axes_are_the_same():
    axes = Figure().add_subplot()
    both_logarithmic(axes, [0.5, 40.0], [1.0, 60.0])
    assert (
        axes.get_xlim() == axes.get_ylim() == pytest.approx((0.5 / 1.3, 60 * 1.3))
        and (axes.get_xscale(), axes.get_yscale()) == ("log",) * 2
    )
    texts = [[tick.get_text() for tick in ticks] for ticks in (axes.get_xticklabels(), axes.get_yticklabels())]
    assert texts[0] == texts[1] == ["0.5", "2", "10", "50"]


def test_dots_have_the_colour_of_their_kind_and_none_lacks_place_or_value():
    axes = Figure().add_subplot()
    novel, by_name = [False, True, True, False, True, True], [False, False, False, False, False, True]
    dots(axes, [1, 2, None, 4, 5, 6], [10, 20, 30, None, 50, 60], novel, by_name)
    drawn = [part for part in axes.collections if len(part.get_offsets())]
    found = {(tuple(part.get_edgecolor()[0][:3]), len(part.get_facecolor()) > 0): part.get_offsets().tolist() for part in drawn}
    assert found == {(to_rgb(BASE), True): [[1, 10]], (to_rgb(NOVEL), True): [[2, 20], [5, 50]], (to_rgb(NOVEL), False): [[6, 60]]}


def test_gains_stand_above_losses(tmp_path, table, run, trained):
    inputs = table | trained("two", 0) | trained("one", 0)

    def panel(higher, lower):
        pair = Compared(title="a pair", run=run(higher), without=run(lower))
        image = drawn(tmp_path, gains, GainsConfig(**OF_PAIRS, pairs=(pair,)), inputs)[140:560, 90:]
        return (np.abs(image - np.round(np.array(to_rgb(NOVEL)) * 255)).max(2) <= 1).any(1).nonzero()[0].mean()

    assert panel("two", "one") < panel("one", "two")
    assert [signed(value) for value in (2.04, -4.25, -0.04, 0)] == ["+2.0", "−4.2", "+0.0", "+0.0"]
    assert differences([3.0, None, 1.0], [1.0, 2.0, None]) == [2.0, None, None]


def test_a_gain_needs_a_memory_bank(tmp_path, table, run, trained):
    pair = Compared(title="a pair", run=run("two"), without=run("one"))
    with pytest.raises(LarvSegError, match="two.seed0.model: keeps no memory bank; compare LarvSeg runs"):
        gains.figure(GainsConfig(**OF_PAIRS, pairs=(pair,)), table | trained("two", 0, banks=0), {"figure": tmp_path / "x.png"}, tmp_path)


def test_the_figures_ask_the_table_for_their_runs(tmp_path, table, run):
    for stage in (class_map, tail):
        with pytest.raises(LarvSegError, match=r"classes.csv: no column 'three'"):
            stage.figure(RunsFigureConfig(**ABOUT, runs=(run("three"),)), table, {"figure": tmp_path / "x.png"}, tmp_path)


def test_the_map_of_confusions_shows_what_is_swallowed(tmp_path, evaluated, run):
    ious = [1, 2, 3, 4]
    inputs = evaluated("one", 0, ious, [[60, 20, 0, 0], [30, 10, 0, 0], [0, 0, 20, 0], [0, 0, 0, 0]])
    inputs |= evaluated("two", 0, ious, [[80, 0, 0, 0], [20, 20, 0, 0], [0, 0, 20, 0], [0, 0, 0, 0]])
    runs = (run("one"), run("two"))
    shares(SharesConfig(profile="mini", benchmark="A150", runs=runs), inputs, {"table": tmp_path / "shares.csv"}, tmp_path)
    config = ConfusionConfig(**ABOUT, runs=runs, confused=run("one"))
    image = drawn(tmp_path, confusion, config, inputs | {"shares": tmp_path / "shares.csv"})
    assert count(image, shade(BASE, 75)) > 0.4 * 50 * 23  # sofa → wall


def test_long_names_of_runs_lie_on_nothing(evaluated, run, tmp_path):
    runs = tuple(
        run(name).model_copy(update={"title": title}) for name, title in (("one", "No image labels (control)"), ("two", "LarvSeg"))
    )
    found = {(each.run, kind): Shares(50.0, 20.0, 30.0, 40.0) for each in runs for kind in ("novel", "base")}
    inputs = evaluated("one", 0, [1, 2, 3, 4], [[60, 20, 0, 0], [30, 10, 0, 0], [0, 0, 20, 0], [0, 0, 0, 0]])
    sheet = confusion.draw(
        ConfusionConfig(**ABOUT, runs=runs, confused=runs[0]),
        found,
        counts_of(runs[0], inputs, SharesConfig(profile="mini", benchmark="A150", runs=runs)),
    )
    settle(sheet)
    boxes = [text.get_window_extent() for text in [*sheet.axes[0].texts, sheet.axes[0].get_legend()] if text.get_visible()]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_names_of_runs_leave_the_lines_of_classes_their_height():
    lines = [Line("base", False), *(Line(name, False, ("3", "9"), (20.0,)) for name in ["wall", "person"] * 6)]
    for title in ("LarvSeg", "No image labels (control)"):
        run = Measured(run="one", title=title, training_data="MSRCMasks, MSRCLabels", seeds=(0,))
        sheet = class_map.draw(RunsFigureConfig(**ABOUT, runs=(run,)), [lines])
        settle(sheet)
        assert sheet.axes[0].bbox.height / len(lines) > 0.8 * class_map.ROW


def test_bars_are_as_long_as_shares():
    found = [Shares(25.0, 0.0, 75.0, 20.0), Shares(50.0, float("nan"), 50.0, 40.0)]
    axes = Figure().add_subplot()
    confusion._bars(axes, "novel", found)
    bars = [(bar.get_y() // 1, to_hex(bar.get_facecolor()), bar.get_x(), bar.get_width()) for bar in axes.patches if bar.get_width()]
    assert bars == [(0, NOVEL, 0, 25), (0, BASE, 25, 75), (1, NOVEL, 0, 50), (1, BASE, 50, 50)]


def test_runs_of_several_benchmarks_have_no_figure_together(tmp_path, evaluated, run):
    inputs = evaluated("one", 0, [1, 2, 3, 4]) | evaluated("two", 0, [1, 2, 3, 4], says={"benchmark": "A847"})
    shares(SharesConfig(profile="mini", benchmark="A150", runs=(run("one"),)), inputs, {"table": tmp_path / "shares.csv"}, tmp_path)
    config = ConfusionConfig(**ABOUT, runs=(run("one"),), confused=run("two"))
    with pytest.raises(LarvSegError, match="two.seed0: benchmark is 'A847', the diagnostic wants 'A150'"):
        confusion.figure(config, inputs | {"shares": tmp_path / "shares.csv"}, {"figure": tmp_path / "x.png"}, tmp_path)
