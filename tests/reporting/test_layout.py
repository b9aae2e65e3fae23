"""How tables of mIoU are laid out: what stands beside what, and where in the CSV it is from."""

import pytest

from larvseg.errors import LarvSegError
from larvseg.reporting.layout import Layout, layout_of
from larvseg.reporting.tables import read_csv
from tests.reporting.conftest import LARVSEG, SUPERVISED, TABLE6, row_of_table3, row_of_table6

SWEEP = (
    row_of_table6("memory_size", 10, 10, 40, "m10"),
    row_of_table6("memory_size", 20, 20, 40, "k40"),
    row_of_table6("top_k", 20, 20, 20, "k20"),
    row_of_table6("top_k", 40, 20, 40, "k40"),
    row_of_table6("top_k", 5, 20, 5, "k5", published=False),
)
SWEPT = {"m10": [(30, 50, 12)], "k40": [(30, 50, 10)], "k20": [(31, 50, 11)], "k5": [(31, 50, 20)]}


def column(layout: Layout, heading: str, group: str = "") -> list[str]:
    at = [(each.heading, each.group) for each in layout.columns].index((heading, group))
    return [row[at].text for row in layout.rows]


def test_ours_stand_beside_the_published_numbers(write):
    layout = layout_of(write((LARVSEG, SUPERVISED), (0,), {"larvseg-a150": [(28.8, 52, 15.3)], "supervised-a847": [(1, 2, None)]}))
    assert layout.groups == (("", 3), ("ours", 4), ("published", 4))
    assert [each.heading for each in layout.columns] == ["benchmark", "model", "training data", *["all", "base", "novel", "place"] * 2]
    one = [str(entry) for entry in layout.rows[0]]
    assert one == ["A150", "LarvSeg", "C171, WA150", "28.8", "52.0", "15.3", "1", "32.4", "41.3", "26.8", "1"]
    assert [str(entry) for entry in layout.rows[1]][3:] == ["1.0", "2.0", "–", "–", "18.6", "40.6", "15.9", "–"]
    assert layout.title.startswith("Table 3: ") and layout.breaks == (1,)
    assert layout.notes[-3:] == (
        "profile mini, seeds 0",
        "ours: ViT 5×128",
        "published: the numbers of the paper (arXiv 2501.06862), ViT-B/16",
    )


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_each_number_says_where_it_stands_in_the_csv(write, seeds):
    values = {row.run: [(20.0 + seed, 30.0, 10.0 + row_) for seed in seeds] for row_, row in enumerate(SWEEP)}
    path = write(SWEEP, seeds, values, "table6", TABLE6)
    rows, layout = read_csv(path), layout_of(path)
    computed = [entry for row in layout.rows for entry in row if entry.at is None]
    assert len(computed) == 2 * len(rows)  # the places
    for line, cells in zip(layout.rows, rows, strict=True):
        for entry, shown in zip(line, layout.columns, strict=True):
            if entry.at and shown.number:
                assert entry.text == (cells[entry.at[1]] or "–") and cells is rows[entry.at[0]]
                assert entry.spread == cells.get(f"{entry.at[1]}_std", "")
    assert any(entry.spread for row in layout.rows for entry in row) == (len(seeds) > 1)


def test_each_row_has_its_place_among_those_of_its_benchmark_that_have_both_numbers(write):
    names = {"DenseCLIP": "ITPair", "ReCo": "I1K, ITPair", "OpenSeg": "C171, LN, ITPair", "LarvSeg": "C171, WA150"}
    rows = [row_of_table3(model, "A150", data, model) for model, data in names.items()]
    novel = {"DenseCLIP": 7.0, "ReCo": 5.0, "OpenSeg": 9.0, "LarvSeg": 7.0, "supervised-a847": 1.0}
    layout = layout_of(write((*rows, SUPERVISED), (0,), {run: [(1.0, 1.0, value)] for run, value in novel.items()}))
    assert column(layout, "place", "ours") == ["1", "3", "–", "1", "1"]
    assert column(layout, "place", "published") == ["3", "2", "–", "1", "1"]
    assert layout.notes[-1].endswith("RN50x64; LarvSeg, Supervised: ViT-B/16; OpenSeg: EfficientNet-B7")


def test_the_halves_of_table_6_are_compared_each_for_itself(write):
    layout = layout_of(write(SWEEP, (0,), SWEPT, "table6", TABLE6))
    assert column(layout, "ablation") == ["memory size M"] * 2 + ["top-K"] * 3
    assert column(layout, "K in the paper") == ["40", "40", "20", "40", "5"] and column(layout, "K") == ["8", "8", "4", "8", "1"]
    assert column(layout, "place", "ours") == ["1", "2", "1", "2", "–"]
    assert column(layout, "place", "published") == ["2", "1", "1", "2", "–"]
    assert layout.breaks == (2,)
    notes = "\n".join(layout.notes)
    assert "all rows: benchmark A150, training data C171, WA150" in notes and "among rows of an ablation" in notes
    assert "rows without published numbers are not in the paper" in notes
    assert "smaller feature maps" in notes


def test_nothing_is_said_of_k_where_it_is_that_of_the_paper(write):
    same = tuple(row.model_copy(update={"texts": row.texts | {"top_k": row.texts["published_top_k"]}}) for row in SWEEP)
    assert "feature maps" not in "\n".join(layout_of(write(same, (0,), SWEPT, "table6", TABLE6)).notes)


def test_where_the_classifier_attends_is_said_in_words(write):
    texts = [{"cac_wa150": "0", "cac_i124": str(at), "benchmark": "A150"} for at in (0, 1)]
    rows = tuple(LARVSEG.model_copy(update={"texts": each, "run": f"r{at}"}) for at, each in enumerate(texts))
    path = write(rows, (0,), {"r0": [(30, 50, 10)], "r1": [(31, 50, 9)]}, "table4", ("cac_wa150", "cac_i124", "benchmark"))
    layout = layout_of(path)
    assert column(layout, "CAC on WA150") == ["no", "no"] and column(layout, "CAC on I124") == ["no", "yes"]
    assert column(layout, "all", "published") == ["31.3", "32.1"] and layout.breaks == ()
    assert not any(note.startswith("ours:") for note in layout.notes)  # the table has no backbones


def test_what_only_some_rows_have_is_said_with_their_names(write):
    dense = row_of_table3("DenseCLIP", "A150", "ITPair", "denseclip-a150", backbone="ResNet")
    rows = (dense, LARVSEG, row_of_table3("OpenSeg", "A150", "C171, LN, ITPair", "openseg-a150"))
    values = {"denseclip-a150": [(10, 9, 11)], "larvseg-a150": [(20, 1, 1), (22, 1, 2)]}
    notes = layout_of(write(rows, (0, 1), values, quoted=("openseg-a150",))).notes
    assert "profile mini, seeds 0 1; DenseCLIP: 0" in notes and "ours: ViT 5×128; DenseCLIP: ResNet" in notes
    assert "rows without numbers of ours are quoted: they are not run in this profile" in notes


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    for text in ("statement,verdict\na,holds\n", "model,all,base,novel\n"):
        path.write_text(text)
        with pytest.raises(LarvSegError, match="other.csv: not a table of mIoU"):
            layout_of(path)
    with pytest.raises(LarvSegError, match="no such file"):
        layout_of(tmp_path / "table6.csv")


def test_a_category_that_two_benchmarks_spell_otherwise_is_named_once(write):
    path = write((LARVSEG, SUPERVISED), (0,), {"larvseg-a150": [(1, 2, 3)], "supervised-a847": [(1, 2, 3)]})
    rows = read_csv(path)
    header, *lines = path.read_text().splitlines()
    assert header.endswith(",novel_by_name_alone") and len(lines) == len(rows) == 2
    names = ("windowpane;television receiver", "windowpane;television-receiver")
    path.write_text("\n".join([header, *(f"{line.rpartition(',')[0]},{own}" for line, own in zip(lines, names, strict=True))]) + "\n")
    assert "novel by name alone: windowpane, television receiver; the base has them under other names" in layout_of(path).notes
