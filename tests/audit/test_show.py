"""The chain of one number, from its cell to the archive."""

import json
from pathlib import Path

import pytest

from larvseg.audit.show import show
from larvseg.errors import LarvSegError
from larvseg.files import sealed, sha256_of, unsealed
from larvseg.lineage import records

TABLE = Path("results/table3.csv")


def test_the_chain_ends_at_the_archive(toy):
    chain = json.loads(show(TABLE, {"run": "r2"}, "novel", as_json=True))
    paths = [step["path"] for step in chain["steps"]]
    assert paths[0] == "results/table3.csv" and paths[-1] == "data/toy/archives/a.zip"
    assert set(paths[1:-1]) == {
        "results/toy/r2/metrics.json",
        "results/toy/r2/confusion.arrow",
        "results/toy/runs/r2/model",
        "data/toy/manifests/A150.arrow",
    }
    assert all(step["sha256"] == sha256_of(Path(step["path"])) and step["state"] == "checked" for step in chain["steps"])
    (source,) = chain["sources"]
    assert source["pointer"] == "/novel"
    assert source["recounted"] == chain["raw"] == json.loads(Path(source["path"]).read_text())["novel"]
    assert chain["steps"][-1]["origin"] == {"drawn": {"seed": 0}}


def test_the_text_says_the_same(toy):
    text = show(TABLE, {"model": "LarvSeg", "benchmark": "A150", "training_data": "C171, WA150"}, "novel")
    lines = text.splitlines()
    assert lines[0].startswith("results/table3.csv, row 2: model=LarvSeg, benchmark=A150, training_data=C171, WA150")
    assert f"checked   {sha256_of(Path('data/toy/archives/a.zip'))}  data/toy/archives/a.zip" in text
    assert "/r1/" not in text and 'world={"seed": 0}' in text and "counted again" in text
    assert lines[-1].startswith("environment: numpy==")


def test_a_fetched_archive_shows_its_address_and_licence(toy):
    file = Path("data/toy/archives/a.zip.lineage.json")
    record = unsealed(file.read_text())
    source = {"url": "https://example.org/a.zip", "licence": "CC BY 4.0", "access": "open"}
    record["recipe"]["config"] = {"name": "a", "world": None, "sources": {"a.zip": source}}
    file.write_text(sealed(record))
    assert "https://example.org/a.zip, CC BY 4.0" in show(TABLE, {"run": "r2"}, "novel")


def test_a_published_number_comes_from_its_file(toy):
    text = show(TABLE, {"run": "r2"}, "published_novel")
    assert "published_novel = 26.8\n  from data/reference/published/table3.csv, /1/novel" in text
    assert "evaluate" not in text


def test_several_rows_are_listed(toy):
    text = show(TABLE, {"benchmark": "A150"}, "novel")
    assert text.startswith("2 rows of results/table3.csv fit")
    assert "model=Baseline" in text and "run=r2" in text and "benchmark=" not in text
    assert [row["run"] for row in json.loads(show(TABLE, {"benchmark": "A150"}, "novel", as_json=True))] == ["r1", "r2"]


def test_no_row_no_column_no_table(toy):
    with pytest.raises(LarvSegError, match="--where model=LarfSeg: no such row; did you mean 'LarvSeg'"):
        show(TABLE, {"model": "LarfSeg"}, "novel")
    with pytest.raises(LarvSegError, match="--where modell: no such column; did you mean 'model'"):
        show(TABLE, {"modell": "LarvSeg"}, "novel")
    with pytest.raises(LarvSegError, match="no column 'nowel'; did you mean 'novel'"):
        show(TABLE, {"run": "r1"}, "nowel")
    with pytest.raises(LarvSegError, match="results/table4.csv: no such file"):
        show(Path("results/table4.csv"), {}, "novel")


def test_changed_and_unread_files_are_said_to_be(toy, flip, monkeypatch):
    flip("data/toy/archives/a.zip")
    assert "MODIFIED  " in show(TABLE, {"run": "r2"}, "novel")
    monkeypatch.setattr(records, "SMALL", 0)
    text = show(TABLE, {"run": "r2"}, "novel")
    assert "recorded  " in text and "MODIFIED" not in text
    records.content_hash(Path("data/toy/archives/a.zip"))
    assert "MODIFIED  " in show(TABLE, {"run": "r2"}, "novel")
    Path("data/toy/archives/a.zip").unlink()
    assert "MISSING   " in show(TABLE, {"run": "r2"}, "novel")
