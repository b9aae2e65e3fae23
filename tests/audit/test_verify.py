"""Each kind of damage is found with its word, its file and the cells it reaches; a sound tree has none."""

import json
import shutil
from pathlib import Path

import pytest

from larvseg.audit.show import show
from larvseg.audit.verify import report, verify
from larvseg.errors import LarvSegError
from larvseg.files import json_text, sha256_of
from larvseg.lineage.kept import KEPT
from larvseg.lineage.records import record_path
from tests.audit import conftest
from tests.audit.conftest import LIST, PUBLISHED

MANIFEST = "data/toy/manifests/A150.arrow"
BOTH = ("6 cells of results/table3.csv: all, base, novel of r1, r2",)
SECOND = ("3 cells of results/table3.csv: all, base, novel of r2",)


def only(findings):
    assert len(findings) == 1, [finding.text for finding in findings]
    return findings[0]


def test_a_sound_tree_has_no_findings(toy):
    tree = toy.tree()
    assert verify(tree) == []
    assert report([], tree) == "12 files are what their records say, and every printed number follows from them"


def test_nothing_made_is_said_in_one_line(unmade):
    with pytest.raises(LarvSegError, match="nothing is made yet"):
        verify(unmade.tree())


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        ("data/toy/archives/a.zip", BOTH),
        (MANIFEST, BOTH),
        ("results/toy/runs/r2/model", SECOND),
        ("results/toy/r2/confusion.arrow", SECOND),
        ("results/toy/r2/metrics.json", SECOND),
        ("results/toy/runs/r2/card.md", ()),
    ],
)
def test_a_flipped_bit_with_size_and_time_kept(toy, flip, path, reaches):
    flip(path)
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths, finding.reaches) == ("MODIFIED", (path,), reaches)
    assert "its record says" in finding.detail


@pytest.mark.parametrize(
    ("path", "reaches"),
    [
        (MANIFEST, BOTH),
        ("results/toy/r2/metrics.json", SECOND),
        ("reports/tables/table3.tex", ("reports/tables/table3.tex",)),
    ],
)
def test_a_table_that_is_set_in_type_is_told_once(toy, flip, path, reaches):
    toy.renders = True
    assert toy.make() == ["render table3"]
    assert verify(toy.tree()) == []
    flip(path)
    assert only(verify(toy.tree())).reaches == reaches


@pytest.mark.parametrize("renders", [False, True])
def test_an_edited_digit_of_a_table_names_the_cell_and_both_texts(toy, renders):
    toy.renders = renders
    toy.make()
    table = Path("results/table3.csv")
    table.write_text(table.read_text().replace("26.8", "27.8"))
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths) == ("MODIFIED", ("results/table3.csv",))
    assert finding.reaches == ("1 cell of results/table3.csv: published_novel of r2 (made as '26.8', now '27.8')",)


def test_a_table_that_is_no_table_any_more(toy):
    Path("results/table3.csv").write_bytes(b"\xff\xfe")
    finding = only(verify(toy.tree()))
    assert finding.word == "MODIFIED" and finding.reaches[0].startswith("32 cells of results/table3.csv")


def test_a_forged_table_is_compared_with_its_cells(toy, forge):
    text = Path("results/table3.csv").read_text()
    forge("results/table3.csv", text.replace("26.8", "27.8"))
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths) == ("MODIFIED", ("results/table3.csv",))
    assert finding.detail.startswith("differs from results/toy/table3.cells.jsonl in 1 cell")


def test_forged_cells_are_computed_again(toy, forge):
    cells = Path("results/toy/table3.cells.jsonl")
    lines = [json.loads(line) for line in cells.read_text().splitlines()]
    cell = next(line for line in lines if line["column"] == "novel" and line["key"]["run"] == "r2")
    cell |= {"raw": 99.0, "value": "99.0"}
    forge(str(cells), "".join(json.dumps(line) + "\n" for line in lines))
    details = [(finding.paths, finding.detail) for finding in verify(toy.tree())]
    assert any(paths == (str(cells),) and detail.startswith("novel of r2 is 99.0, mean of its sources is") for paths, detail in details)


@pytest.mark.parametrize("content", [b"no JSON", b"\xff", b"5", b"[" * 10**5])
def test_a_cell_of_which_a_file_is_the_source_that_holds_no_numbers(toy, forge, content):
    cells, other = Path("results/toy/table3.cells.jsonl"), Path("results/toy/other.json")
    other.write_bytes(content)
    lines = [json.loads(line) for line in cells.read_text().splitlines()]
    cell = next(line for line in lines if line["column"] == "novel" and line["key"]["run"] == "r2")
    cell["sources"] = [{"path": str(other), "pointer": "/novel", "sha256": sha256_of(other)}]
    forge(str(cells), "".join(json.dumps(line) + "\n" for line in lines))
    found = next(finding for finding in verify(toy.tree()) if finding.paths == (str(cells),))
    assert found.detail == f"novel of r2 points to /novel of {other}, where nothing is"
    assert "counted again" not in show(Path("results/table3.csv"), {"run": "r2"}, "novel")


def test_metrics_that_do_not_follow_from_the_counts(toy, monkeypatch):
    path = Path("results/toy/r2/metrics.json")
    true = json.loads(path.read_text())["novel"]

    def wrong(config, inputs, outputs, work):
        conftest.evaluate(config, inputs, outputs, work)
        outputs["metrics"].write_text(json_text(json.loads(outputs["metrics"].read_text()) | {"novel": 99.0}))

    monkeypatch.setattr("toy.evaluate", wrong)
    shutil.rmtree(KEPT)
    toy.run(toy.job("evaluate r2"))
    toy.run(toy.job("table table3"))
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths, finding.reaches) == ("MODIFIED", (str(path),), SECOND)
    assert finding.detail == f"novel is 99.0, the confusion counts give {true}"


def test_the_permuted_control_is_computed_again(toy, monkeypatch):
    path = Path("results/toy/r2/metrics.json")

    def wrong(config, inputs, outputs, work):
        conftest.evaluate(config, inputs, outputs, work)
        metrics = json.loads(outputs["metrics"].read_text())
        metrics["permuted_vocabulary"]["novel"] = 0.0
        outputs["metrics"].write_text(json_text(metrics))

    monkeypatch.setattr("toy.evaluate", wrong)
    shutil.rmtree(KEPT)
    toy.run(toy.job("evaluate r2"))
    toy.run(toy.job("table table3"))
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths) == ("MODIFIED", (str(path),))
    assert finding.detail == "permuted_vocabulary is other values, the confusion counts give others"


def test_a_forged_record_does_not_fit_what_was_made_of_it(toy, forge):
    forge(MANIFEST, "another manifest")
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths, finding.reaches) == ("MODIFIED", (MANIFEST,), BOTH)
    assert "although its record fits" in finding.detail


def test_what_was_not_made_again_after_its_input_is_stale(toy):
    toy.world = {"seed": 1}
    toy.run(toy.job("fetch a"))
    toy.run(toy.job("derive A150"))
    findings = verify(toy.tree())
    assert {finding.word for finding in findings} == {"STALE"}
    assert {finding.paths[0] for finding in findings} == {
        f"results/toy/runs/{run}/{file}" for run in ("r1", "r2") for file in ("model", "card.md")
    }
    assert f"made of another {MANIFEST}" in findings[0].detail


def test_a_parameter_by_its_dotted_name(toy):
    toy.lr["r2"] = 0.05
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths) == ("STALE", ("results/toy/runs/r2/model", "results/toy/runs/r2/card.md"))
    assert (finding.detail, finding.reaches) == ("lr: 0.2 → 0.05", SECOND)
    toy.world = {"seed": 3}
    assert verify(toy.tree())[0].detail == "world.seed: 0 → 3"


def test_another_number_of_seeds_is_said_with_what_to_do(toy):
    toy.seeds = 3
    tree = toy.tree()
    finding = only(verify(tree))
    assert (finding.word, finding.paths[0], finding.detail.splitlines()[0]) == ("STALE", "results/table3.csv", "seeds.1: (absent) → 1")
    lines = report([finding], tree).splitlines()
    assert lines[-1] == "results/table3.csv was made with seeds=1, selected is seeds=3: larvseg audit verify --seeds 1"
    toy.seeds, toy.lr["r2"] = 1, 0.05
    assert "seeds" not in report(verify(toy.tree()), toy.tree())


def test_a_function_by_its_name(toy):
    toy.code["train"] = "1"
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.detail, finding.reaches) == ("STALE", "function larvseg.toy.train.train changed", BOTH)
    assert len(finding.paths) == 4 and "and 1 more" in finding.text


def test_a_reference_file(toy):
    Path(LIST).write_text("name\nsky\n")
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths, finding.detail) == ("STALE", (MANIFEST,), f"{LIST} changed")
    Path(LIST).write_text("name\nwall\n")
    Path(PUBLISHED).write_text(Path(PUBLISHED).read_text().replace("26.8", "26.9"))
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.detail) == ("STALE", f"{PUBLISHED} changed")


def test_another_package(toy, monkeypatch):
    monkeypatch.setattr("larvseg.audit.verify.metadata.version", lambda name: "0.1")
    finding = only(verify(toy.tree()))
    assert finding.word == "DRIFTED" and finding.detail.startswith("numpy ") and finding.detail.endswith(" → 0.1")
    assert len(finding.paths) == 12 and "all, base, novel" in finding.reaches[0]
    assert verify(toy.tree(), ignore_environment=True) == []


def test_another_kind_of_cpu(moved):
    finding = only(verify(moved.tree()))
    assert (finding.word, finding.detail) == ("DRIFTED", "made on another kind of CPU (native (avx512f) → avx2)")
    assert finding.paths == tuple(f"results/toy/runs/{run}/{file}" for run in ("r1", "r2") for file in ("model", "card.md"))
    assert "all, base, novel" in finding.reaches[0]
    assert verify(moved.tree(), ignore_environment=True) == []


@pytest.mark.parametrize("what", ["artifact", "record", "both"])
def test_missing_things_are_root_causes_once(toy, what):
    path = Path("results/toy/runs/r2/model")
    for file in {"artifact": [path], "record": [record_path(path)], "both": [path, record_path(path)]}[what]:
        file.unlink()
    finding = only(verify(toy.tree()))
    assert (finding.word, finding.paths, finding.reaches) == ("MISSING", (str(path),), SECOND)
    assert ("has no record" if what == "record" else "not there") in finding.detail


def test_what_is_missing_because_its_input_is_missing_is_no_cause(toy):
    for path in (MANIFEST, "results/toy/runs/r1/model", "results/table3.csv"):
        Path(path).unlink()
    first, second = verify(toy.tree())
    assert (first.paths, second.paths) == ((MANIFEST,), ("results/table3.csv",))


def test_findings_come_in_the_order_of_making(toy, flip):
    flip("results/toy/r1/metrics.json")
    flip("data/toy/archives/a.zip")
    toy.lr["r1"] = 1.0
    findings = verify(toy.tree())
    assert [finding.paths[0] for finding in findings] == [
        "data/toy/archives/a.zip",
        "results/toy/r1/metrics.json",
        "results/toy/runs/r1/model",
    ]
    assert report(findings, toy.tree()).endswith("2 MODIFIED, 1 STALE")
