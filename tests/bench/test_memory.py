"""The memory of stages: how it is measured, and that it does not grow more than it must between ten and thirty thousand images."""

import os
import signal
from pathlib import Path

import pytest

from larvseg.bench import memory
from larvseg.bench.memory.figure import draw
from larvseg.bench.memory.growth import growths, markdown, text
from larvseg.bench.memory.measuring import Measured, measure, read, write
from larvseg.bench.memory.stages import PARTS, STAGES
from larvseg.bench.memory.watched import peak_of
from larvseg.errors import LarvSegError

ROOT = Path(__file__).parents[2]
SIZES = (10_000, 30_000)  # from ten thousand on buffers of some thousand rows are as large as they get
# bytes an image. What each took before it was mended is several times that; between two processes differs what is 20 bytes here
LIMITS = {
    "train: loader, captions": 60,
    "train: frozen features": 700,
    "audit verify: metrics": 300,
    "audit leaks: again": 400,
    "doctor: a data set": 60,
    "occurrence: sizes of classes": 600,
    "figure of the world": 300,
}


def take(megabytes: int) -> int:
    """Take so much for a moment."""
    return len(b"x" * (10**6 * megabytes))


def fail(images: int) -> None:
    raise ValueError("no such image")


def die(images: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def map_file(megabytes: int) -> bytes:
    """Read a file that is mapped."""
    import mmap

    with open("large", "w+b") as file:
        file.truncate(10**6 * megabytes)
        with mmap.mmap(file.fileno(), 0) as mapped:
            return mapped[:: mmap.PAGESIZE]


def test_the_peak_is_that_of_the_function_alone(tmp_path):
    small, large = (peak_of(take, megabytes, tmp_path) for megabytes in (0, 200))
    assert small.anonymous < 5e6 and 199e6 < large.resident - small.resident < 210e6
    assert large.anonymous < 210e6  # looked at every millisecond: what is shorter may be missed


def test_pages_of_files_are_told_from_others(tmp_path):
    peak = peak_of(map_file, 100, tmp_path)
    assert peak.anonymous < 10e6 and peak.resident > 95e6


@pytest.mark.parametrize("function, message", [(fail, "fail with 7 images: .*no such image"), (die, "die with 7 images was killed")])
def test_what_goes_wrong_is_told(tmp_path, function, message):
    with pytest.raises(LarvSegError, match=f"(?s)^{message}"):
        peak_of(function, 7, tmp_path)


def test_memory_grows_no_more_than_it_must():
    assert set(LIMITS) <= {stage.name for stage in STAGES}
    found = growths(measure([stage for stage in STAGES if stage.name in LIMITS], SIZES))
    grown = {growth.stage: growth.bytes_an_image for growth in found}
    assert {stage: f"{grown[stage]:.0f} B" for stage in grown if grown[stage] > LIMITS[stage]} == {}


FOUND = [
    Measured("index of an archive", "its name", 10_000, 12.5, 13.0, 0.1),
    Measured("index of an archive", "its name", 100_000, 102.5, 103.0, 1.0),
    Measured("table 2", "nothing", 10_000, 5.2, 6.0, 0.1),
    Measured("table 2", "nothing", 100_000, 5.2, 6.0, 0.2),
    Measured("table 2", "nothing", 1_000_000, 5.1, 60.0, 0.9),
]


def test_growth_is_the_slope_and_goes_on():
    index, table2 = growths(FOUND)
    assert index.bytes_an_image == 1000 and table2.bytes_an_image == 0
    assert index.at(100_000) == (102.5, True) and index.at(1_000_000) == (1002.5, False)
    assert markdown([index, table2]).splitlines() == [
        "| stage | what it must keep of an image | MB at 10⁴ | MB at 10⁵ | MB at 10⁶ | bytes an image |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| index of an archive | its name | 12 | 102 | ≈ 1 002 | 1 000 |",
        "| table 2 | nothing | 5.2 | 5.2 | 5.1 | < 1 |",
    ]
    assert text([index]).splitlines()[1].split()[-4:] == ["12", "102", "1", "000"]


def test_measurements_come_back(tmp_path):
    write(tmp_path / "memory.csv", FOUND)
    assert read(tmp_path / "memory.csv") == FOUND
    for content, message in (("a,b\n1,2\n", "not what larvseg bench --memory writes"), (",".join(Measured._fields), "no measurement")):
        (tmp_path / "other.csv").write_text(content)
        with pytest.raises(LarvSegError, match=message):
            read(tmp_path / "other.csv")
    with pytest.raises(LarvSegError, match="no such file; measure it first"):
        read(tmp_path / "none.csv")


def test_the_figure_names_each_stage_that_was_measured():
    figure = draw(growths(FOUND))
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(PARTS)
    names = [[each.get_text() for each in axes.texts if each.get_text().endswith(" B")] for axes in figure.axes]
    assert names == [["index of an archive  1 000 B"], [], [], ["table 2  < 1 B"]]
    dashed = [line.get_linestyle() for line in figure.axes[0].lines if line.get_linewidth() == 2.5]
    assert dashed == ["-", "--"]


def test_the_table_of_the_page_is_that_of_the_measurements():
    assert markdown(growths(read(ROOT / "docs" / memory.FILE))) in (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


def test_measurements_that_are_there_are_drawn(tmp_path):
    write(tmp_path / memory.FILE, FOUND)
    assert "index of an archive" in memory.main((), tmp_path, again=False)
    assert (tmp_path / memory.FIGURE).read_bytes()[:4] == b"\x89PNG"
