import json
import statistics
from pathlib import Path

import pytest

from larvseg.config.grouping import Table1Config, Table1Row
from larvseg.errors import LarvSegError
from larvseg.reporting.cells import pointed, read_cells
from larvseg.reporting.layout import layout_of
from larvseg.reporting.rendering import as_text
from larvseg.reporting.table1 import table1
from larvseg.reporting.tables import read_csv

DENSE = Table1Row(model="DenseCLIP", benchmark="A847", training_data="ITPair", run="denseclip-a847")
BASIC = Table1Row(model="Basic Segmenter", benchmark="A150", training_data="C171", run="supervised-c171")
CONTROL = Table1Row(model="Backbone alone", benchmark="A150", training_data="I21K", run="backbone", published=False)
COLUMNS = "model,benchmark,training_data,categories,rule,novel_classes,novel,novel_std,published_novel,status,draws,profile,seeds,run"


@pytest.fixture
def write(tmp_path):
    def write(rows, draws, seeds=(0,), **changes):
        """Make the table; `draws[run]`: mIoU of each draw, plus 1 for each further seed; a row that the paper lacks has the first alone."""
        inputs = {}
        for row in rows:
            for seed in seeds if row.published else seeds[:1]:
                values = [value + seed for value in draws[row.run]]
                rule, other = ("P", "S") if row.benchmark == "A150" else ("S", "P")
                rules = {
                    rule: {"novel_classes": 20, "draws": values, "mean": statistics.fmean(values)},
                    other: {"novel_classes": 3, "draws": [0.0] * len(values)},
                }
                about = {"run": row.run, "seed": seed, "profile": "mini", "benchmark": row.benchmark, "rule": rule, "rules": rules}
                path = inputs[f"{row.run}.seed{seed}"] = tmp_path / f"{row.run}.{seed}.json"
                path.write_text(json.dumps(about | changes))
        outputs = {"table": tmp_path / "table1.csv", "cells": tmp_path / "table1.cells.jsonl"}
        table1(Table1Config(table="table1", profile="mini", seeds=seeds, rows=rows), inputs, outputs, tmp_path / "work")
        return outputs["table"]

    return write


def test_rows_stand_beside_the_published_ones(write):
    draws = {"denseclip-a847": [12.34], "supervised-c171": [40.0, 42.0, 41.0], "backbone": [20.0, 20.0, 20.3]}
    assert write((DENSE, BASIC, CONTROL), draws).read_text().splitlines() == [
        COLUMNS,
        "DenseCLIP,A847,ITPair,A847-C171,S,20,12.3,,11.2,measured,1,mini,0,denseclip-a847",
        "Basic Segmenter,A150,C171,A150-C171,P,20,41.0,1.0,48.6,measured,3,mini,0,supervised-c171",
        "Backbone alone,A150,I21K,A150-C171,P,20,20.1,0.2,,measured,3,mini,0,backbone",
    ]


def test_cells_point_to_each_draw_of_each_seed(write):
    path = write((BASIC,), {"supervised-c171": [40.0, 42.0]}, seeds=(0, 2))
    cells = {cell.column: cell for cell in read_cells(path.with_name("table1.cells.jsonl"))}
    assert list(cells) == list(read_csv(path)[0])
    mean = cells["novel"]
    assert (mean.raw, mean.value, mean.aggregate) == (42.0, "42.0", "mean")
    numbers = [pointed(json.loads(Path(each.path).read_text()), each.pointer) for each in mean.sources]
    assert numbers == [40.0, 42.0, 42.0, 44.0]
    assert cells["novel_std"].aggregate == "std"
    spread = [pointed(json.loads(Path(each.path).read_text()), each.pointer) for each in cells["novel_std"].sources]
    assert spread == [41.0, 43.0] and cells["novel_std"].value == "1.4"  # of the seeds, not of all draws
    (cited,) = cells["published_novel"].sources
    line, column = cited.pointer.split("/")[1:]
    assert read_csv(Path(cited.path))[int(line)][column] == cells["published_novel"].value == "48.6"


def test_a_row_may_have_fewer_seeds_than_others(write):
    path = write((CONTROL, BASIC), {"supervised-c171": [40.0, 42.0], "backbone": [20.0, 21.0]}, seeds=(0, 1, 2))
    control, basic = read_csv(path)
    assert (control["seeds"], control["novel"], control["novel_std"]) == ("0", "20.5", "0.7")
    assert (basic["seeds"], basic["novel"], basic["draws"]) == ("0 1 2", "42.0", "2")
    notes = layout_of(path).notes
    assert (
        "profile mini, seeds 0; Basic Segmenter: 0 1 2" in notes and "±: over seeds; of one seed: over 2 draws of the known pixels" in notes
    )


def test_a_row_without_groupings_is_refused(write, tmp_path):
    config = Table1Config(table="table1", profile="mini", seeds=(0,), rows=(BASIC,))
    with pytest.raises(LarvSegError, match="table1: no groupings of supervised-c171 are among the inputs"):
        table1(config, {}, {"table": tmp_path / "t.csv", "cells": tmp_path / "t.jsonl"}, tmp_path)


def test_printed_table(write):
    draws = {"denseclip-a847": [12.34], "supervised-c171": [40.0, 42.0, 41.0], "backbone": [20.0, 20.0, 20.3]}
    lines = as_text(layout_of(write((DENSE, BASIC, CONTROL), draws))).splitlines()
    assert lines[0].startswith("Table 1: ")
    assert lines[2].split() == ["categories", "model", "training", "data", "classes", "ours", "published"]
    assert lines[4].split() == ["A847-C171", "DenseCLIP", "ITPair", "20", "12.3", "11.2"]
    assert lines[5].split() == ["A150-C171", "Basic", "Segmenter", "C171", "20", "41.0", "±", "1.0", "48.6"]
    assert lines[6].split()[-1] == "–"
    assert lines[4].index("12.3") == lines[5].index("41.0") == lines[6].index("20.1")  # with and without a spread
    notes = "\n".join(lines[8:])
    assert "A150-C171: alignment rule P, A847-C171: alignment rule S" in notes and "profile mini, seeds 0" in notes
    assert "±: over 3 draws of the known pixels" in notes and "published: the numbers of the paper" in notes


def test_printed_places_are_those_of_the_csv(write):
    path = write((DENSE, BASIC, CONTROL), {"denseclip-a847": [12.34], "supervised-c171": [40.0, 42.0], "backbone": [20.0]})
    rows, layout = read_csv(path), layout_of(path)
    assert layout.breaks == (1,)
    for entry in (entry for row in layout.rows for entry in row):
        number, column = entry.at
        assert (entry.text, entry.spread) == (rows[number][column] or "–", rows[number].get(f"{column}_std", ""))


def test_a_row_that_the_paper_lacks_is_refused(write):
    row = BASIC.model_copy(update={"training_data": "A847"})
    with pytest.raises(LarvSegError, match="no row Basic Segmenter / 'A847'; known: DenseCLIP / ITPair, Basic Segmenter / C171"):
        write((row,), {"supervised-c171": [1.0]})


@pytest.mark.parametrize("changes", [{"run": "other"}, {"seed": 4}, {"profile": "smoke"}, {"benchmark": "A847"}])
def test_groupings_of_something_else_are_refused(write, changes):
    with pytest.raises(LarvSegError, match=f"{next(iter(changes))} is .*the table wants"):
        write((BASIC,), {"supervised-c171": [1.0]}, **changes)
