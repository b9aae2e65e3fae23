import json

import pytest

from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.reporting.cells import Cell, pointed, read_cells, rows_of, source, write_cells


@pytest.mark.parametrize(
    ("pointer", "value"), [("", {"a/b": [1, {"~x": 2}]}), ("/a~1b/0", 1), ("/a~1b/1/~0x", 2)], ids=["whole", "index", "escapes"]
)
def test_json_pointers(pointer, value):
    assert pointed({"a/b": [1, {"~x": 2}]}, pointer) == value


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/x"])
def test_pointers_to_nothing(pointer):
    with pytest.raises((KeyError, IndexError, ValueError)):
        pointed({"a": [0, 1]}, pointer)


def test_cells_come_back_as_written_and_make_the_rows(tmp_path):
    metrics = tmp_path / "metrics.json"
    metrics.write_text("{}")
    from_metrics = source(metrics, "/novel")
    assert (from_metrics.path, from_metrics.sha256) == (metrics.as_posix(), sha256_of(metrics))
    cells = [
        Cell("t", 0, {"model": "é"}, "model", "é"),
        Cell("t", 0, {"model": "é"}, "novel", "1.3", 1.25, "mean", (from_metrics,)),
        Cell("t", 1, {"model": "B"}, "model", "B"),
        Cell("t", 1, {"model": "B"}, "novel", ""),
    ]
    path = tmp_path / "t.cells.jsonl"
    write_cells(path, cells)
    assert read_cells(path) == cells
    assert rows_of(cells) == [{"model": "é", "novel": "1.3"}, {"model": "B", "novel": ""}]
    assert [json.loads(line)["row"] for line in path.read_text().splitlines()] == [0, 0, 1, 1]


def test_a_damaged_file_is_refused_by_line(tmp_path):
    path = tmp_path / "t.cells.jsonl"
    with pytest.raises(LarvSegError, match="no such file"):
        read_cells(path)
    write_cells(path, [Cell("t", 0, {}, "a", "b")])
    path.write_text(path.read_text() + '{"table": "t"}\n')
    with pytest.raises(LarvSegError, match="line 2: not a cell"):
        read_cells(path)
    path.write_text("[]\n")
    with pytest.raises(LarvSegError, match="line 1: not a cell"):
        read_cells(path)


def test_a_separator_of_lines_within_a_name_ends_no_line(tmp_path):
    cells = [Cell("t", 0, {"model": "a\u2028b\x85c"}, "model", "a\u2028b\x85c")]
    write_cells(tmp_path / "t.cells.jsonl", cells)
    assert read_cells(tmp_path / "t.cells.jsonl") == cells
