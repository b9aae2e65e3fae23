import csv

import pytest

from larvseg.config import Table2Config
from larvseg.datasets.manifest import write_manifest
from larvseg.errors import LarvSegError
from larvseg.reporting import table2 as module
from larvseg.reporting.layout import layout_of
from larvseg.reporting.rendering import WIDTH, as_text
from larvseg.reporting.table2 import table2
from larvseg.reporting.tables import read_csv
from larvseg.vocabulary.datasets import committed
from tests.data import kind_of, load_vocabulary, novel

COLUMNS = (
    "notation,definition,images_training,images_validation,classes,novel_s,novel_p,published_images,published_classes,status,note,profile"
)
ROWS = ["C171", "A150", "A847", "A150-C171", "A847-C171", "WA150", "WA847", "I21K", "I124", "I585", "LN", "ITPair"]
SYNSETS = ("n00007846", "n02084071")


def classes_of(dataset: str, drawn: bool) -> tuple[str, ...]:
    if kind_of(dataset) == "caption":
        return ()
    return SYNSETS if dataset in ("I21K", "I1K") else load_vocabulary(dataset, drawn).names


@pytest.fixture
def build(tmp_path):
    def build(*datasets: str, drawn: bool = False, absent: tuple[str, ...] = (), held=None, **named: str) -> dict[str, dict[str, str]]:
        """The rows by notation, of manifests with two training images and, where there are masks, one for validation."""
        inputs = {}
        for dataset in datasets:
            splits = ["training", "training"] + ["validation"] * (kind_of(dataset) == "pixel")
            location = {"archive": "a.zip", "member": "m", "offset": 0, "length": 1, "method": 0, "size": 1}
            row = {"width": 1, "height": 1, "image": location, "mask": None, "labels": [0], "pixels": None, "synset": None}
            classes = [name for name in classes_of(dataset, drawn) if name not in absent]
            header = {"dataset": named.get(dataset, dataset), "classes": classes, "absent": list(absent), "archives": {"a.zip": "0"}}
            header |= {"kind": kind_of(dataset), "keys": {}, "encoding": None, "raw_ids": []}
            header["novel"] = novel(classes) if committed()[dataset].base else None
            inputs[dataset] = tmp_path / f"{dataset}.arrow"
            write_manifest(inputs[dataset], [{"name": str(i), "split": split, **row} for i, split in enumerate(splits)], header)
        data = committed()
        released = {name: data[name].released for name in datasets if data[name].released} | (held or {})
        listed = {name: len(data.vocabulary(name)) for name in datasets if data.has_names(name)}
        config = Table2Config(profile="tiny", datasets=datasets, drawn=drawn, released=released, listed=listed)
        table2(config, inputs, {"table": tmp_path / "table2.csv"}, tmp_path / "work")
        return {row["notation"]: row for row in read_csv(tmp_path / "table2.csv")}

    return build


ALL = ("C171", "A150", "A847", "WA150", "WA847", "I124", "I585")


def test_the_rows_of_the_paper_in_its_order(build, tmp_path):
    rows = build(*ALL)
    assert (tmp_path / "table2.csv").read_text().splitlines()[0] == COLUMNS
    assert list(rows) == ROWS and {row["profile"] for row in rows.values()} == {"tiny"}
    published = read_csv(module.PUBLISHED / "table2.csv")
    assert [(row["published_images"], row["published_classes"]) for row in rows.values()] == [
        (row["images"], row["classes"]) for row in published
    ]


def test_counts_and_novel_classes_under_both_rules(build):
    rows = build(*ALL, "I21K")
    counts = {name: tuple(row[column] for column in module.COUNTS) for name, row in rows.items()}
    assert counts == {
        "C171": ("2", "1", "171", "", ""),
        "A150": ("2", "1", "150", "92", "87"),
        "A847": ("2", "1", "847", "755", "753"),
        "A150-C171": ("", "1", "92", "92", "87"),
        "A847-C171": ("", "1", "755", "755", "753"),
        "WA150": ("2", "", "150", "92", "87"),
        "WA847": ("2", "", "847", "755", "753"),
        "I21K": ("2", "", "2", "", ""),
        "I124": ("2", "", "124", "69", "64"),
        "I585": ("2", "", "585", "504", "502"),
        "LN": ("", "", "", "", ""),
        "ITPair": ("", "", "", "", ""),
    }


def test_each_known_discrepancy_of_the_paper_has_a_note(build):
    notes = {name: row["note"] for name, row in build(*ALL).items()}
    expected = {
        "C171": ["171 labels", "160 distinct names under rule P", "159 under rule S"],
        "A847": ["20K", "25 574"],
        "WA847": ["20K", "25 574"],
        "A150-C171": ["87 are novel under rule P", "rule S, which has 92", "8 of 9 rows fit 58/92, of 0 rows 63/87"],
        "A847-C171": ["809", "81 names are in both lists", "755, rule S", "have 753"],
        "I21K": ["fall 2011 (21 841 synsets, 14 197 122 images)", "winter 2021 has 19 167 synsets and 13 151 276 images"],
        "I124": ["165 synsets for 124 of 150 categories", "31 categories have several", "reports/vocabulary/i124.csv"],
        "I585": ["585 synsets for 585 of 847 categories", "742 268"],
        "LN": ["652K", "849K"],
        "ITPair": ["Not public"],
    }
    for name, parts in expected.items():
        assert [part for part in parts if part not in notes[name]] == [], notes[name]


def test_what_has_no_manifest_is_not_built(build):
    rows = build("C171", "A150")
    status = {name: row["status"] for name, row in rows.items()}
    assert {name for name, value in status.items() if value == "measured"} == {"C171", "A150", "A150-C171"}
    assert set(status.values()) == {"measured", "not built"}
    assert rows["I21K"]["classes"] == "" and rows["I21K"]["note"].startswith("The paper counts")


def test_the_miniature_says_that_its_counts_are_its_own(build):
    rows = build(*ALL, "I21K", drawn=True)
    drawn = len(load_vocabulary("A847", drawn=True))
    for name in ("A847", "WA847", "A847-C171"):
        assert rows[name]["note"].endswith(f"Our counts are those of the drawn miniature: it has {drawn} of 847 categories.")
    assert rows["I21K"]["note"].endswith("it has 2 of 21 841 synsets.")
    assert "755" in rows["A847-C171"]["note"] and rows["A847-C171"]["novel_s"] != "755"
    assert "miniature" not in rows["LN"]["note"]


def test_captions_are_counted_where_they_have_a_manifest(build):
    rows = build("C171", "I1K", "LN", "ITPair")
    for name in ("LN", "ITPair"):
        assert tuple(rows[name][column] for column in module.COUNTS) == ("2", "", "", "", "") and rows[name]["status"] == "measured"
    assert rows["LN"]["note"].endswith("The official archives hold 118 287 images, the manifest 2.")
    assert "training images of COCO" in rows["LN"]["note"] and "I1K" not in rows
    rows = build(*ALL, "LN", "ITPair", drawn=True)
    assert rows["LN"]["note"].endswith("Our counts are those of the drawn miniature.")
    assert rows["ITPair"]["note"].startswith("Not public") and rows["ITPair"]["note"].endswith("the drawn miniature.")


def test_other_counts_than_the_official_ones_are_said(build):
    assert build("A847")["A847"]["note"].endswith("The official archives hold 25 574 + 2 000 images, the manifest 2 + 1.")
    assert build("WA150")["WA150"]["note"] == "The official archives hold 20 210 images, the manifest 2."
    assert build("A150", held={"A150": (2, 1)})["A150"]["note"] == ""


def test_categories_without_an_archive_are_said(build):
    assert "1 of the categories has no archive here." in build("I124", absent=("palm",))["I124"]["note"]


def test_the_same_bytes_again(build, tmp_path):
    build(*ALL)
    first = (tmp_path / "table2.csv").read_bytes()
    build(*ALL)
    assert (tmp_path / "table2.csv").read_bytes() == first and b"\r" not in first


def test_the_manifest_of_another_data_set_is_refused(build):
    with pytest.raises(LarvSegError, match="A150.arrow: the manifest of A847, not of A150"):
        build("A150", A150="A847")


def test_printed_table(build, tmp_path):
    build(*ALL)
    lines = as_text(layout_of(tmp_path / "table2.csv")).splitlines()[2:]
    assert lines[0].split() == ["ours", "published"]
    assert lines[0].index("ours") == lines[1].index("training") and lines[0].index("published") == lines[14].index("400M-800M")
    table = {line.split()[0]: line.split()[1:] for line in lines[3:15]}
    assert list(table) == ROWS
    assert table["A150-C171"] == ["–", "1", "92", "92", "87", "2K", "87", "measured"]
    assert table["LN"] == ["–"] * 5 + ["652K", "–", "not", "built"]
    assert "profile tiny" in lines and max(map(len, lines)) <= WIDTH
    rows = list(csv.DictReader((tmp_path / "table2.csv").open()))
    assert " ".join(" ".join(lines).split()).count("25 574") == sum(row["note"].count("25 574") for row in rows)
