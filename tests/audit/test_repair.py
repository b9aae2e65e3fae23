"""After a repair, making what is missing restores the same bytes, and sound work is not done twice."""

import fcntl
from pathlib import Path

import pytest

from larvseg.audit.repair import repair
from larvseg.audit.tree import Tree
from larvseg.audit.verify import verify
from larvseg.errors import LarvSegError
from larvseg.lineage.kept import KEPT
from larvseg.lineage.records import read_record
from tests.audit import conftest

MANIFEST = "data/toy/manifests/A150.arrow"


@pytest.fixture
def trained(monkeypatch):
    """The runs that are really trained from here on."""
    names, train = [], conftest.train

    def counted(config, *arguments):
        names.append(config.name)
        train(config, *arguments)

    monkeypatch.setattr("toy.train", counted)
    return names


@pytest.mark.parametrize(
    ("path", "trains"),
    [
        ("data/toy/archives/a.zip", []),
        (MANIFEST, []),
        ("results/toy/runs/r2/card.md", ["r2"]),
        ("results/toy/r2/confusion.arrow", []),
        ("results/table3.csv", []),
    ],
)
def test_the_same_bytes_come_back(toy, flip, snapshot, trained, path, trains):
    before = snapshot()
    flip(path)
    text = repair(toy.tree(), verify(toy.tree()))
    assert f"deleted {path}" in text
    assert not Path(path).exists() and not Path("results/table3.csv").exists()
    toy.make()
    assert snapshot() == before
    assert trained == trains
    assert verify(toy.tree()) == []


def test_the_same_file_in_incoming_is_not_taken_for_sound(toy, flip):
    archive, fetched = Path("data/toy/archives/a.zip"), Path("data/incoming/folder/a.zip")
    fetched.parent.mkdir(parents=True)
    flip(str(archive))
    fetched.hardlink_to(archive)
    text = repair(toy.tree(), verify(toy.tree()))
    assert f"renamed {fetched}, the same file as one of these, to a.zip.damaged" in text
    assert [path.name for path in fetched.parent.iterdir()] == ["a.zip.damaged"]


def test_what_all_does_not_ask_for_is_named(toy, flip):
    flip(MANIFEST)
    on_demand = Tree(toy.tree().recipes, wanted={"evaluate"})
    assert repair(on_demand, verify(on_demand)).endswith("`snakemake --cores all results/table3.csv` what these do not ask for")


def test_an_artifact_without_record_is_deleted_and_made_again(toy, snapshot):
    before = snapshot()
    Path(f"{MANIFEST}.lineage.json").unlink()
    repair(toy.tree(), verify(toy.tree()))
    assert toy.make()[0] == "derive A150"
    assert snapshot() == before


def test_work_that_stood_on_other_bytes_is_done_again(toy, flip, trained):
    flip(MANIFEST)
    repair(toy.tree(), verify(toy.tree()))
    toy.world = {"seed": 5}
    Path("data/toy/archives/a.zip").unlink()
    toy.make()
    assert trained == ["r1", "r2"]
    assert verify(toy.tree()) == []


def test_kept_work_that_was_edited_is_not_taken(toy, flip, trained, snapshot):
    before = snapshot()
    flip(MANIFEST)
    repair(toy.tree(), verify(toy.tree()))
    (kept,) = (path for path in KEPT.glob("*/*/model") if path.read_text().startswith("r1"))
    flip(str(kept))
    toy.make()
    assert trained == ["r1"]
    assert snapshot() == before


def test_what_comes_out_the_same_ends_the_work_there(toy, trained, snapshot):
    before = snapshot()
    toy.code["fetch"] = "another way to the same bytes"
    for path in [*Path("data").rglob("*"), *Path("results").rglob("*")]:
        if path.is_file() and "reference" not in path.parts:
            path.unlink()  # as Snakemake does behind a job that runs again
    assert toy.make()[:2] == ["fetch a", "derive A150"]
    assert trained == []
    assert {path: text for path, text in snapshot().items() if "a.zip" not in path} == {
        path: text for path, text in before.items() if "a.zip" not in path
    }


def test_other_packages_are_a_reason_to_compute(toy, trained, monkeypatch):
    monkeypatch.setattr("larvseg.pipeline.execute.environment", lambda name: ["numpy==0"])
    toy.run(toy.job("train r1"))
    assert trained == ["r1"]


def test_another_kind_of_cpu_is_a_reason_to_compute(moved, monkeypatch):
    moved.run(moved.job("train r1"))
    assert "cpu-kernels==avx2" in read_record(Path("results/toy/runs/r1/model"))["recipe"]["environment"]
    monkeypatch.setattr("toy.train", None)  # now it is taken from what was kept
    moved.run(moved.job("train r1"))


def test_only_the_last_work_of_a_job_is_kept(toy):
    toy.lr["r1"] = 5.0
    toy.run(toy.job("train r1"))
    assert sorted(path.read_text().split()[1] for path in KEPT.glob("*/*/model")) == ["0.2", "5.0"]


def test_stale_and_drifted_need_no_deletion(toy, snapshot):
    toy.lr["r1"] = 1.0
    before = snapshot()
    assert repair(toy.tree(), verify(toy.tree())) == "nothing to delete"
    assert snapshot() == before


def test_nothing_is_deleted_while_snakemake_works(toy, flip, snapshot):
    flip(MANIFEST)
    before = snapshot()
    with open("work/snakemake.flock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(LarvSegError, match="a Snakemake works here"):
            repair(toy.tree(), verify(toy.tree()))
    assert snapshot() == before
