import csv
import json
from pathlib import Path

import pytest

from larvseg.config import TableConfig, TableRow
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.reporting.cells import read_cells
from larvseg.reporting.tables import print_table, read_csv, table

COLUMNS = (
    "model,backbone,benchmark,training_data,all,base,novel,"
    "published_backbone,published_all,published_base,published_novel,status,profile,seeds,run"
)
LARVSEG = TableRow(model="LarvSeg", backbone="ViT 5×128", benchmark="A150", training_data="C171, WA150", run="larvseg-a150")
SUPERVISED = TableRow(model="Supervised", backbone="ViT 5×128", benchmark="A847", training_data="A847", run="supervised-a847")


@pytest.fixture
def write(tmp_path):
    def write(rows, seeds, values, **changes):
        """Make the table; `values[run][seed]` = (all, base, novel)."""
        inputs = {}
        for row in rows:
            for seed in seeds:
                means = dict(zip(("all", "base", "novel"), values[row.run][seed], strict=True))
                metrics = {"run": row.run, "seed": seed, "profile": "mini", "benchmark": row.benchmark} | means | changes
                path = inputs[f"{row.run}.seed{seed}"] = tmp_path / f"{row.run}.{seed}.json"
                path.write_text(json.dumps(metrics))
        config = TableConfig(table="table3", published="table3", profile="mini", seeds=seeds, rows=rows)
        outputs = {"table": tmp_path / "table3.csv", "cells": tmp_path / "table3.cells.jsonl"}
        table(config, inputs, outputs, tmp_path / "work")
        return tmp_path / "table3.csv"

    return write


def test_one_seed(write):
    path = write((LARVSEG, SUPERVISED), (0,), {"larvseg-a150": [(28.84999, 52.0, 15.349)], "supervised-a847": [(1, 2.26, None)]})
    assert path.read_bytes().decode().splitlines(keepends=True) == [
        COLUMNS + "\n",
        'LarvSeg,ViT 5×128,A150,"C171, WA150",28.8,52.0,15.3,ViT-B/16,32.4,41.3,26.8,measured,mini,0,larvseg-a150\n',
        "Supervised,ViT 5×128,A847,A847,1.0,2.3,,ViT-B/16,18.6,40.6,15.9,measured,mini,0,supervised-a847\n",
    ]


def test_several_seeds_give_mean_and_sample_standard_deviation(write):
    path = write((LARVSEG,), (0, 3), {"larvseg-a150": {0: (20.04, 1, 1), 3: (22.04, 1, 2)}})
    assert path.read_text().splitlines()[0] == COLUMNS.replace("all,base,novel,", "all,base,novel,all_std,base_std,novel_std,", 1)
    (row,) = csv.DictReader(path.open(newline=""))
    assert (row["all"], row["base"], row["novel"]) == ("21.0", "1.0", "1.5")
    assert (row["all_std"], row["base_std"], row["novel_std"]) == ("1.4", "0.0", "0.7")
    assert row["seeds"] == "0 3"


def test_every_cell_says_where_its_number_stands(write):
    table = write((LARVSEG,), (0, 3), {"larvseg-a150": {0: (20.04, 1, None), 3: (22.04, 1, 2)}})
    cells = {cell.column: cell for cell in read_cells(table.with_name("table3.cells.jsonl"))}
    assert list(cells) == list(read_csv(table)[0])
    mean, deviation, cited = cells["all"], cells["all_std"], cells["published_novel"]
    assert (mean.raw, mean.value, mean.aggregate) == (21.04, "21.0", "mean")
    assert (deviation.value, deviation.aggregate, deviation.sources) == ("1.4", "std", mean.sources)
    assert [(Path(source.path).name, source.pointer) for source in mean.sources] == [
        ("larvseg-a150.0.json", "/all"),
        ("larvseg-a150.3.json", "/all"),
    ]
    assert all(source.sha256 == sha256_of(Path(source.path)) for source in (*mean.sources, *cited.sources))
    assert (cells["novel"].raw, cells["novel"].value) == (None, "")
    assert cited.value == "26.8" and cited.sources[0].path == "data/reference/published/table3.csv"
    assert dict(mean.key) == {"model": "LarvSeg", "benchmark": "A150", "training_data": "C171, WA150", "run": "larvseg-a150"}
    line, column = cited.sources[0].pointer.split("/")[1:]
    assert read_csv(Path(cited.sources[0].path))[int(line)][column] == "26.8"


def test_printed_table_sets_ours_beside_the_published(write):
    values = {"larvseg-a150": [(28.8, 52.0, 15.3)], "supervised-a847": [(1, 2, None)]}
    lines = print_table(write((LARVSEG, SUPERVISED), (0,), values)).splitlines()
    assert lines[1].split() == ["benchmark", "model", "training", "data", *["all", "base", "novel", "place"] * 2]
    assert lines[3].split() == ["A150", "LarvSeg", "C171,", "WA150", *["28.8", "52.0", "15.3", "1"], *["32.4", "41.3", "26.8", "1"]]
    assert lines[4].split() == ["A847", "Supervised", "A847", *["1.0", "2.0", "–", "–"], *["18.6", "40.6", "15.9", "–"]]
    assert lines[0].split() == ["ours", "published"]
    assert lines[0].index("ours") == lines[1].index(" all")
    assert lines[0].index("published") == lines[1].rindex(" all")
    assert len({line.rindex(".") for line in (lines[3], lines[4])}) == 1
    assert lines[-3:] == ["profile mini, seeds 0", "ours: ViT 5×128", "published: ViT-B/16"]


def test_each_row_has_its_place_among_those_of_its_benchmark_that_have_both_numbers(write):
    names = {"DenseCLIP": "ITPair", "ReCo": "I1K, ITPair", "OpenSeg": "C171, LN, ITPair", "LarvSeg": "C171, WA150"}
    rows = [LARVSEG.model_copy(update={"model": model, "training_data": data, "run": model}) for model, data in names.items()]
    novel = {"DenseCLIP": 7.0, "ReCo": 5.0, "OpenSeg": 9.0, "LarvSeg": 7.0, "supervised-a847": 1.0}
    values = {run: [(1.0, 1.0, value)] for run, value in novel.items()}
    lines = print_table(write((*rows, SUPERVISED), (0,), values)).splitlines()
    ends = [line.split()[-8:] for line in lines[3:8]]  # all, base, novel and place, ours and published
    assert lines[-1] == "published: RN50x64; LarvSeg, Supervised: ViT-B/16; OpenSeg: EfficientNet-B7"
    assert [(end[3], end[7]) for end in ends] == [("1", "3"), ("3", "2"), ("–", "–"), ("1", "1"), ("1", "1")]


def test_printed_table_with_several_seeds(write):
    text = print_table(write((LARVSEG,), (0, 1), {"larvseg-a150": [(20, 1, 1), (22, 1, 2)]}))
    assert "21.0 ± 1.4" in text
    assert "seeds 0 1" in text


def test_a_quoted_row_has_the_published_numbers_alone(write, tmp_path):
    write((LARVSEG,), (0,), {"larvseg-a150": [(28.8, 52.0, 15.3)]})
    config = TableConfig(table="table3", published="table3", profile="paper", seeds=(0,), rows=(LARVSEG,), quoted=("larvseg-a150",))
    table(config, {}, {"table": tmp_path / "quoted.csv", "cells": tmp_path / "quoted.cells.jsonl"}, tmp_path / "work")
    (row,) = read_csv(tmp_path / "quoted.csv")
    assert (row["all"], row["base"], row["novel"], row["status"]) == ("", "", "", "quoted")
    assert (row["published_all"], row["published_novel"]) == ("32.4", "26.8")
    assert "rows without numbers of ours are quoted" in print_table(tmp_path / "quoted.csv")


def test_a_row_that_the_paper_lacks_names_the_nearest(write):
    row = LARVSEG.model_copy(update={"training_data": "C171, WA15O"})
    with pytest.raises(LarvSegError, match="no row 'LarvSeg / A150 / C171, WA15O'; did you mean 'LarvSeg / A150 / C171, WA150'"):
        write((row,), (0,), {"larvseg-a150": [(1, 1, 1)]})


@pytest.mark.parametrize("changes", [{"run": "baseline-a150"}, {"seed": 4}, {"profile": "smoke"}, {"benchmark": "A847"}])
def test_metrics_of_something_else_are_refused(write, changes):
    with pytest.raises(LarvSegError, match=f"{next(iter(changes))} is .*the table wants"):
        write((LARVSEG,), (0,), {"larvseg-a150": [(1, 1, 1)]}, **changes)


def test_a_damaged_table_is_refused(tmp_path):
    with pytest.raises(LarvSegError, match="no such file"):
        print_table(tmp_path / "table3.csv")
    (tmp_path / "table3.csv").write_text("model,all\nLarvSeg\n")
    with pytest.raises(LarvSegError, match="row 2"):
        print_table(tmp_path / "table3.csv")
