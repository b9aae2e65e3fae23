import csv
from pathlib import Path

import pytest

from larvseg.audit.reach import name_of
from larvseg.errors import LarvSegError
from larvseg.files import sha256_of
from larvseg.reporting.cells import read_cells
from larvseg.reporting.tables import measured, read_csv
from tests.reporting.conftest import LARVSEG, SUPERVISED, TABLE6, row_of_table3, row_of_table6

COLUMNS = (
    "model,backbone,benchmark,training_data,all,base,novel,"
    "published_backbone,published_all,published_base,published_novel,status,profile,seeds,run,novel_by_name_alone"
)


def test_one_seed(write):
    path = write((LARVSEG, SUPERVISED), (0,), {"larvseg-a150": [(28.84999, 52.0, 15.349)], "supervised-a847": [(1, 2.26, None)]})
    assert path.read_bytes().decode().splitlines(keepends=True) == [
        COLUMNS + "\n",
        'LarvSeg,ViT 5×128,A150,"C171, WA150",28.8,52.0,15.3,ViT-B/16,32.4,41.3,26.8,measured,mini,0,larvseg-a150,blind\n',
        "Supervised,ViT 5×128,A847,A847,1.0,2.3,,ViT-B/16,18.6,40.6,15.9,measured,mini,0,supervised-a847,blind\n",
    ]


def test_several_seeds_give_mean_and_sample_standard_deviation(write):
    path = write((LARVSEG,), (0, 3), {"larvseg-a150": {0: (20.04, 1, 1), 3: (22.04, 1, 2)}})
    assert path.read_text().splitlines()[0] == COLUMNS.replace("all,base,novel,", "all,base,novel,all_std,base_std,novel_std,", 1)
    (row,) = csv.DictReader(path.open(newline=""))
    assert (row["all"], row["base"], row["novel"]) == ("21.0", "1.0", "1.5")
    assert (row["all_std"], row["base_std"], row["novel_std"]) == ("1.4", "0.0", "0.7")
    assert row["seeds"] == "0 3"


def test_numbers_are_rounded_once_from_the_unrounded_aggregate():
    assert measured("mean", [28.84999]) == (28.84999, "28.8")
    assert measured("mean", [20.04, 22.04]) == (21.04, "21.0")
    assert measured("std", [1.0, 3.0])[1] == "1.4"
    assert measured("mean", [2.25])[1] == "2.2" and measured("mean", [2.75])[1] == "2.8"
    assert measured("mean", [1.0, None]) == (None, "")
    assert measured("std", [1.0]) == (None, "")


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


def test_a_run_may_have_fewer_seeds_than_others(write):
    """What trains nothing is the same with every seed."""
    dense = row_of_table3("DenseCLIP", "A150", "ITPair", "denseclip-a150")
    path = write((dense, LARVSEG), (0, 1), {"denseclip-a150": [(10, 9, 11)], "larvseg-a150": [(20, 1, 1), (22, 1, 2)]})
    one, two = read_csv(path)
    assert (one["all"], one["all_std"], one["novel_std"], one["seeds"]) == ("10.0", "", "", "0")
    assert (two["all"], two["all_std"], two["seeds"]) == ("21.0", "1.4", "0 1")
    assert [cell.aggregate for cell in read_cells(path.with_suffix(".cells.jsonl")) if cell.column == "all_std"] == [None, "std"]


def test_a_run_without_any_seed_is_refused(write):
    with pytest.raises(LarvSegError, match="no metrics of larvseg-a150 are among the inputs"):
        write((LARVSEG,), (0,), {})


def test_a_quoted_row_has_the_published_numbers_alone(write):
    (row,) = read_csv(write((LARVSEG,), (0,), {}, quoted=("larvseg-a150",)))
    assert (row["all"], row["base"], row["novel"], row["status"]) == ("", "", "", "quoted")
    assert (row["published_all"], row["published_novel"]) == ("32.4", "26.8")


# ---- Table 6: a run in two rows, columns that the paper has not


SWEEP = (
    row_of_table6("memory_size", 20, 20, 40, "k40"),
    row_of_table6("top_k", 20, 20, 20, "k20"),
    row_of_table6("top_k", 40, 20, 40, "k40"),
)
SWEPT = {"k40": [(30, 50, 10)], "k20": [(31, 50, 11)]}


def test_a_run_in_two_rows_stands_beside_the_published_numbers_of_each(write):
    path = write(SWEEP, (0,), SWEPT, "table6", TABLE6)
    assert path.read_text().splitlines()[0] == (
        f"{','.join(TABLE6)},all,base,novel,published_all,published_base,published_novel,status,profile,seeds,run,novel_by_name_alone"
    )
    rows = read_csv(path)
    assert [(row["novel"], row["published_novel"], row["run"]) for row in rows] == [
        ("10.0", "26.7", "k40"),
        ("11.0", "26.8", "k20"),
        ("10.0", "26.1", "k40"),
    ]
    assert [(row["published_top_k"], row["top_k"]) for row in rows] == [("40", "8"), ("20", "4"), ("40", "8")]
    cells = [cell for cell in read_cells(path.with_suffix(".cells.jsonl")) if cell.column == "published_novel"]
    assert [cell.sources[0].pointer for cell in cells] == ["/1/novel", "/5/novel", "/6/novel"]
    # "k40" would not say which row
    assert [name_of(cell) for cell in cells] == ["memory_size / 20 / 20 / 40", "k20", "top_k / 40 / 20 / 40"]


def test_the_k_of_the_paper_identifies_a_row_and_not_ours(write):
    texts = SWEEP[1].texts | {"top_k": "1000"}
    assert read_csv(write((SWEEP[1].model_copy(update={"texts": texts}),), (0,), SWEPT, "table6", TABLE6))[0]["published_novel"] == "26.8"
    wrong = SWEEP[1].model_copy(update={"texts": SWEEP[1].texts | {"published_top_k": "10"}})
    with pytest.raises(LarvSegError, match=r"table6.csv has no row 'top_k / 20 / 20 / 10' .*; did you mean 'top_k / 20 / 20 / 20'"):
        write((wrong,), (0,), SWEPT, "table6", TABLE6)


def test_a_row_of_our_own_says_so(write):
    own = row_of_table6("memory_size", 5, 5, 40, "m5", published=False)
    path = write((SWEEP[0], own), (0,), SWEPT | {"m5": [(29, 49, 9)]}, "table6", TABLE6)
    row = read_csv(path)[1]
    assert (row["novel"], row["published_all"], row["published_novel"], row["status"]) == ("9.0", "", "", "not in the paper")
    assert not any(cell.sources for cell in read_cells(path.with_suffix(".cells.jsonl")) if cell.row == 1 and "published" in cell.column)


def test_a_table_that_the_paper_does_not_have(write):
    path = write((LARVSEG.model_copy(update={"published": False}),), (0,), {"larvseg-a150": [(30, 50, 10)]}, "mine")
    assert path.read_text().splitlines()[0] == COLUMNS.replace("published_backbone,", "")
    assert read_csv(path)[0]["published_novel"] == ""


def test_a_row_that_the_paper_lacks_names_the_nearest(write):
    row = row_of_table3("LarvSeg", "A150", "C171, WA15O", "larvseg-a150")
    with pytest.raises(LarvSegError, match="no row 'LarvSeg / A150 / C171, WA15O' .*; did you mean 'LarvSeg / A150 / C171, WA150'"):
        write((row,), (0,), {"larvseg-a150": [(1, 1, 1)]})


@pytest.mark.parametrize("changes", [{"run": "baseline-a150"}, {"seed": 4}, {"profile": "smoke"}, {"benchmark": "A847"}])
def test_metrics_of_something_else_are_refused(write, changes):
    with pytest.raises(LarvSegError, match=f"{next(iter(changes))} is .*the table wants"):
        write((LARVSEG,), (0,), {"larvseg-a150": [(1, 1, 1)]}, **changes)


def test_a_damaged_table_is_refused(tmp_path):
    with pytest.raises(LarvSegError, match="no such file"):
        read_csv(tmp_path / "table3.csv")
    (tmp_path / "table3.csv").write_text("model,all\nLarvSeg\n")
    with pytest.raises(LarvSegError, match="row 2"):
        read_csv(tmp_path / "table3.csv")
