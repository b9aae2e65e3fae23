import csv
import zipfile

import pytest

from larvseg.config import VocabularyConfig
from larvseg.errors import LarvSegError
from larvseg.miniature.ade_full import index
from larvseg.vocabulary import report
from larvseg.vocabulary.comparison import corrected_rows, listed_synsets
from larvseg.vocabulary.resolution import IndexSense, resolve

COLUMNS = (
    "category synonyms candidates chosen why gloss published published_gloss difference ade_index_synset"  # the first is asked for by name
).split()


@pytest.fixture(scope="module")
def ade_zip(tmp_path_factory):
    path = tmp_path_factory.mktemp("ade") / "ADE20K_2021_17_01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ADE20K_2021_17_01/index_ade20k.pkl", index([]))
    return path


@pytest.fixture(scope="module")
def reports(wordnet_zip, ade_zip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    outputs = {"i124": folder / "i124.csv", "i585": folder / "i585.csv"}
    report.vocabulary(VocabularyConfig(), {"wordnet.zip": wordnet_zip, "ADE20K_2021_17_01.zip": ade_zip}, outputs, folder / "work")
    tables = {}
    for role, path in outputs.items():
        with open(path, encoding="utf-8", newline="") as file:
            tables[role] = list(csv.DictReader(file))
    return tables


@pytest.mark.parametrize(("role", "size"), [("i124", 150), ("i585", 847)])
def test_one_row_for_each_category(reports, role, size):
    rows = reports[role]
    assert len(rows) == size and list(rows[0]) == COLUMNS
    assert [row["chosen"] for row in rows] == [row["wnid"] for row in corrected_rows(role.upper())]
    published = listed_synsets(role.upper(), "published")
    assert all(row["published"] == "; ".join(published.get(row["category"], ())) for row in rows)
    assert all(row["why"] and row["difference"] for row in rows)
    assert all(bool(row["gloss"]) == bool(row["chosen"]) for row in rows)


def test_a_row_says_what_was_chosen_and_why(reports):
    rows = {row["category"]: row for row in reports["i585"]}
    wall, sofa = rows["wall"], rows["sofa"]
    assert wall["candidates"].startswith("n04546855: wall; n04547592: wall; ") and wall["gloss"].startswith("an architectural partition")
    assert wall["published_gloss"] == "a difficult or awkward situation"
    assert wall["difference"].startswith("another synset: published holds a wrong sense: n14564779 is a difficult situation")
    assert (sofa["synonyms"], sofa["difference"], sofa["ade_index_synset"]) == ("sofa; couch; lounge", "same", "n04256520")
    assert rows["bleachers"]["published_gloss"] == "not a synset of ImageNet"
    assert {row["category"]: row for row in reports["i124"]}["lamp"]["published_gloss"].startswith("n03636248: an artificial source")


def test_a150_finds_its_categories_in_the_index_by_synonyms(ade_zip):
    senses = report.index_senses(ade_zip)
    assert senses["I124"]["sofa"] == senses["I585"]["sofa"]
    assert senses["I124"]["glass"] == senses["I585"]["drinking-glass"]
    assert senses["I124"]["pool table"] == senses["I585"]["pool-table"]
    assert "wall" not in senses["I124"]  # the miniature draws no synset of it


@pytest.mark.parametrize("dataset", ["I124", "I585"])
def test_no_index_changes_the_outcome(dataset, wordnet):
    plain = resolve(dataset, wordnet)
    contrary = {found.category: IndexSense(found.candidates[-1].wnid) for found in plain if found.candidates}
    assert [found.row() for found in resolve(dataset, wordnet, contrary)] == [found.row() for found in plain]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: [row | {"wnid": "n03115762"} if row["name"] == "sofa" else row for row in rows],
            "sofa: committed synset n03115762, resolved n04256520",
        ),
        (
            lambda rows: [row | {"wnid": ""} if row["name"] == "sofa" else row for row in rows],
            "sofa: committed synset none, resolved n04256520",
        ),
        (lambda rows: [row | {"candidates": ""} if row["name"] == "sofa" else row for row in rows], "sofa: .*differ in candidates"),
        (lambda rows: rows[:-1], "149 categories, not 150"),
    ],
)
def test_a_changed_corrected_list_is_refused(wordnet, monkeypatch, change, message):
    rows = tuple(change(corrected_rows("I124")))
    monkeypatch.setattr(report, "corrected_rows", lambda dataset: rows)
    with pytest.raises(LarvSegError, match=f"i124_corrected.csv: {message}"):
        report.check("I124", resolve("I124", wordnet))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda listed: dict(list(listed.items())[1:]), "123 classes, not 124"),
        (lambda listed: listed | {"sofa": ("n99999999",)}, "sofa: published n99999999"),
        (lambda listed: listed | {"sofa": ()}, "sofa: published nothing"),
    ],
)
def test_a_changed_published_list_is_refused(wordnet, monkeypatch, change, message):
    listed = change(listed_synsets("I124", "published"))
    monkeypatch.setattr(report, "listed_synsets", lambda dataset, synsets: listed)
    with pytest.raises(LarvSegError, match=f"i124_published.csv: {message}"):
        report.check("I124", resolve("I124", wordnet))


def test_nothing_is_written_when_a_list_differs(wordnet_zip, ade_zip, tmp_path, monkeypatch):
    rows = corrected_rows("I585")[:-1]
    monkeypatch.setattr(report, "corrected_rows", lambda dataset: rows if dataset == "I585" else corrected_rows(dataset))
    inputs = {"wordnet.zip": wordnet_zip, "ADE20K_2021_17_01.zip": ade_zip}
    with pytest.raises(LarvSegError, match="i585_corrected.csv"):
        report.vocabulary(VocabularyConfig(), inputs, {"i124": tmp_path / "i124.csv", "i585": tmp_path / "i585.csv"}, tmp_path / "work")
    assert not list(tmp_path.iterdir())


def test_update_writes_the_committed_lists(wordnet_zip, tmp_path):
    report.update(wordnet_zip, tmp_path)
    for name in ("i124_corrected.csv", "i585_corrected.csv"):
        assert (tmp_path / name).read_bytes() == (report.REFERENCE / "vocabularies" / name).read_bytes()
