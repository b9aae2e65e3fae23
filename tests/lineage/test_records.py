"""A stage runs only on inputs that are what their records say, and leaves a record beside each output or nothing at all."""

import errno
import json
import os
import sqlite3
import sys
import time
import types
from pathlib import Path

import pytest

from larvseg.config import FigureConfig
from larvseg.errors import LarvSegError
from larvseg.files import host, sha256_of
from larvseg.lineage import kernels, records
from larvseg.lineage.inputs import check_inputs
from larvseg.lineage.kept import keep
from larvseg.lineage.recipes import Recipe
from larvseg.lineage.records import content_hash, known_hash, linked, read_record, record_path
from larvseg.pipeline.execute import execute
from larvseg.pipeline.stage import Stage
from larvseg.pipeline.stages import STAGES

CONFIG = {"figure": "f", "profile": "smoke"}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A stage `copy` that writes its input, doubled, in an empty folder; the config may ask it to fail, or to `meddle` with its input.

    It goes on from what an attempt before has read, which it keeps in its folder.
    """
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("larvseg_test_stage")

    def copy(config, inputs, outputs, work):
        source, meddle, state = inputs.get("source"), run.meddle, work / "state"
        text = source.read_text() if source else config.figure
        if config.profile == "meddles" and meddle:
            meddle(source)
        if not state.exists():
            check_inputs(work)
            state.write_text(source.read_text() if source and source.exists() else text)
        outputs["result"].write_text(state.read_text() * 2)
        if config.profile == "fails":
            raise LarvSegError("asked to fail")

    module.copy = copy
    monkeypatch.setitem(sys.modules, "larvseg_test_stage", module)
    copied = Stage("Copy.", ("Copy", "Twice."), FigureConfig, "larvseg_test_stage:copy", "{name}", {"result": "{name}"}, "report")
    monkeypatch.setitem(STAGES, "copy", copied)

    def run(target: str, source: str | None = None, config: dict = CONFIG):
        inputs = {"source": source} if source else {}
        recipe = Recipe("copy", target, config, {"larvseg.files": {"f": "0"}}, inputs, {"result": target})
        recipe.write(Path("recipe.json"))
        execute(Path("recipe.json"), "copy")

    run.meddle = None
    return run


def test_records_chain_by_content(stage):
    stage("a/one.txt")
    stage("a/two.txt", "a/one.txt")
    record = read_record(Path("a/two.txt"))
    assert record["artifact"]["sha256"] == sha256_of(Path("a/two.txt"))
    assert record["inputs"] == [{"role": "source", "path": "a/one.txt", "sha256": sha256_of(Path("a/one.txt"))}]
    assert record["recipe"]["config"] == CONFIG


@pytest.mark.parametrize(("config", "told"), [(CONFIG, "avx2"), (CONFIG | {"runtime": {"kernels": "native"}}, "native")])
def test_a_stage_runs_with_the_kernels_of_its_configuration(stage, monkeypatch, config, told):
    chosen = []
    monkeypatch.setattr("larvseg.pipeline.execute.choose", chosen.append)
    monkeypatch.setattr("larvseg.pipeline.execute.parse", lambda *arguments: FigureConfig(**CONFIG))
    monkeypatch.setattr("larvseg.pipeline.execute.environment", lambda code: ["numpy==1", "torch==2"])
    stage("one.txt", config=config)
    assert chosen == [told]
    pin, *packages = read_record(Path("one.txt"))["recipe"]["environment"]
    assert pin == f"cpu-kernels=={kernels.path(told)}" and packages == ["numpy==1", "torch==2"]


def test_a_record_is_the_same_whenever_it_is_written(stage):
    stage("one.txt")
    first = record_path(Path("one.txt")).read_bytes()
    stage("one.txt")
    assert record_path(Path("one.txt")).read_bytes() == first
    assert str(Path.cwd()).encode() not in first


def test_a_changed_input_is_refused(stage):
    stage("one.txt")
    text = Path("one.txt").read_text()
    Path("one.txt").write_text(text.replace("f", "g"))
    with pytest.raises(LarvSegError, match="one.txt was changed after it was made: expected sha256"):
        stage("two.txt", "one.txt")
    Path("one.txt").write_text("longer than before")
    with pytest.raises(LarvSegError, match=f"expected {len(text)} bytes, found 18"):
        stage("two.txt", "one.txt")
    assert not Path("two.txt").exists() and not record_path(Path("two.txt")).exists()


def edited(path: Path) -> None:
    path.write_text(path.read_text().replace("f", "g"))


def replaced(path: Path) -> None:
    path.with_name("other").write_text("g" * path.stat().st_size)
    os.replace(path.with_name("other"), path)


def garbled(path: Path) -> None:
    replaced(path)
    raise ValueError("what was read then meant nothing")


@pytest.mark.parametrize("meddle", [edited, replaced, garbled])
def test_an_input_that_changes_under_a_job_is_told_and_nothing_is_made_of_it(stage, meddle):
    stage("one.txt")
    sound, config = Path("one.txt").read_text(), {"figure": "f", "profile": "meddles"}
    stage.meddle = meddle
    with pytest.raises(LarvSegError, match="^one.txt was changed while copy two.txt ran, so .* is dropped; delete the file"):
        stage("two.txt", "one.txt", config)
    assert not Path("two.txt").exists() and not record_path(Path("two.txt")).exists()
    assert [*Path("work").iterdir()] == [Path("work/kept")], "no state of what was read meanwhile"
    stage.meddle = None
    Path("one.txt").write_text(sound)
    stage("two.txt", "one.txt", config)
    assert Path("two.txt").read_text() == sound * 2


def linked_to(path: Path) -> None:
    os.link(path, path.with_name("link"))


def made_again(path: Path) -> None:
    path.with_name("other").write_bytes(path.read_bytes())
    os.replace(path.with_name("other"), path)


@pytest.mark.parametrize("meddle", [Path.unlink, linked_to, made_again])
def test_an_input_that_has_the_same_bytes_afterwards_or_is_gone_was_read_as_it_was(stage, meddle):
    stage("one.txt")
    stage.meddle = meddle
    stage("two.txt", "one.txt", {"figure": "f", "profile": "meddles"})
    assert Path("two.txt").read_text() == "ffff"


def test_a_missing_input_and_a_missing_record_are_named(stage):
    with pytest.raises(LarvSegError, match="one.txt: missing; run `snakemake --cores all one.txt`"):
        stage("two.txt", "one.txt")
    Path("one.txt").write_text("x")
    with pytest.raises(LarvSegError, match="one.txt: has no record"):
        stage("two.txt", "one.txt")


def test_a_failed_stage_leaves_the_old_output_without_a_record_and_nothing_else(stage):
    stage("one.txt")
    with pytest.raises(LarvSegError, match="asked to fail"):
        stage("one.txt", config={"figure": "f", "profile": "fails"})
    assert sorted(path.name for path in Path(".").iterdir()) == ["one.txt", "one.txt.run.json", "recipe.json", "work"]


def test_leftovers_of_other_hosts_stay(stage):
    Path("a").mkdir()
    mine, other = Path(f"a/.one.txt.1@{host()}.tmp"), Path("a/.one.txt.1@node7.tmp")
    mine.touch()
    other.touch()
    stage("a/one.txt")
    assert not mine.exists() and other.exists()


@pytest.fixture
def hashed(monkeypatch) -> list[Path]:
    """The files that are read for their hash, where every size is a large one."""
    read = []
    monkeypatch.setattr(records, "SMALL", 0)
    monkeypatch.setattr(records, "sha256_of", lambda path: read.append(path) or sha256_of(path))
    return read


def test_a_kept_file_is_hashed_once(stage, hashed):
    stage("one.txt")
    assert hashed == [Path("one.txt")]
    assert Path("one.txt").stat().st_nlink == 2  # the other one is in work/kept
    stage("two.txt", "one.txt")
    assert hashed == [Path("one.txt"), Path("two.txt")]
    hashed.clear()
    Path("two.txt").unlink()
    stage("two.txt", "one.txt")  # taken from what was kept, whose ctime the deletion has changed
    assert [path.parts[:2] for path in hashed] == [("work", "kept")]
    stage("three.txt", "two.txt")
    assert hashed[1:] == [Path("three.txt")]


def test_an_edit_is_seen_whatever_it_does_to_times(stage, hashed):
    stage("one.txt")
    before, text = Path("one.txt").stat(), Path("one.txt").read_text()
    time.sleep(0.02)  # as exact as ctime is
    Path("one.txt").write_text(text.replace("f", "g"))
    os.utime("one.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(LarvSegError, match="one.txt was changed after it was made"):
        stage("two.txt", "one.txt")
    os.link("one.txt", "link.txt")
    with pytest.raises(LarvSegError, match="one.txt was changed after it was made"):
        stage("two.txt", "one.txt")


def test_an_edit_before_a_link_is_not_hidden_by_it(stage, hashed):
    stage("one.txt")
    before, text = Path("one.txt").stat(), Path("one.txt").read_text()
    time.sleep(0.02)
    Path("one.txt").write_text(text.replace("f", "g"))
    os.utime("one.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    with linked(Path("one.txt"), Path("link.txt")):
        os.link("one.txt", "link.txt")
    assert known_hash(Path("one.txt")) is None and known_hash(Path("link.txt")) is None


def test_what_is_edited_while_it_is_hashed_is_not_remembered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(records, "SMALL", 0)
    path = Path("one.txt")
    path.write_text("old")

    def slow(path):
        found = sha256_of(path)
        path.write_text("newer")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(records, "sha256_of", slow)
        content_hash(path)
    assert content_hash(path) == sha256_of(path)


def test_a_recipe_of_another_rule_or_schema_is_refused(stage, tmp_path):
    stage("one.txt")
    with pytest.raises(LarvSegError, match="a recipe of copy, not of train"):
        execute(Path("recipe.json"), "train")
    recipe = json.loads(Path("recipe.json").read_text())
    Path("recipe.json").write_text(json.dumps({**recipe, "schema": "other"}))
    with pytest.raises(LarvSegError, match="recipe.json: not a recipe"):
        execute(Path("recipe.json"), "copy")


@pytest.mark.parametrize("old, new", [("smoke", "smokE"), ('"f": "0"', '"f": "1"'), ("one.txt", "two.txt"), ("{", "["), ("\n", "")])
def test_a_recipe_that_was_changed_after_it_was_written_is_refused(stage, old, new):
    stage("one.txt")
    text = Path("recipe.json").read_text()
    Path("recipe.json").write_text(text.replace(old, new))
    with pytest.raises(LarvSegError, match="^recipe.json: not a recipe .*; delete it, the next snakemake call writes it again"):
        execute(Path("recipe.json"), "copy")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_damaged_settings_of_speed_are_refused(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = Path("work/speed/smoke.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(LarvSegError, match=f"^{path}: not settings of speed .*; delete it"):
        Recipe.speed(Path("work/recipes/smoke/copy/x.json"))


def test_a_damaged_memory_of_hashes_refuses_no_sound_file(stage, hashed):
    stage("one.txt")
    with sqlite3.connect(records.HASHES) as memory:
        memory.execute("update hashes set sha256 = 'damaged'")
    stage("two.txt", "one.txt")
    assert content_hash(Path("one.txt")) == sha256_of(Path("one.txt"))


@pytest.mark.parametrize("damaged", ["result", "result.lineage.json"])
def test_what_was_kept_and_is_damaged_is_made_again(stage, damaged):
    stage("one.txt")
    made = {path: path.read_bytes() for path in (Path("one.txt"), record_path(Path("one.txt")))}
    for path in made:
        path.unlink()
    (kept,) = Path("work/kept").glob(f"*/*/{damaged}")
    kept.write_bytes(kept.read_bytes().replace(b"f", b"g"))
    stage("one.txt")
    assert {path: path.read_bytes() for path in made} == made


def test_a_state_is_removed_also_where_the_attempt_ended_when_it_had_kept_everything(stage, monkeypatch):
    def at_the_last_moment(outputs):
        keep(outputs)
        state.mkdir(parents=True)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    recipe = Recipe("copy", "one.txt", CONFIG, {"larvseg.files": {"f": "0"}}, {}, {"result": "one.txt"})
    state = Path("work") / recipe.hash
    with monkeypatch.context() as failing, pytest.raises(OSError):
        failing.setattr("larvseg.pipeline.execute.keep", at_the_last_moment)
        stage("one.txt")
    assert state.is_dir()
    Path("one.txt").unlink()
    stage("one.txt")
    assert Path("one.txt").is_file() and not state.exists()


def test_what_a_killed_process_has_left_among_the_kept_is_removed(stage):
    stage("one.txt")
    (kept,) = Path("work/kept").glob("*/*/result")
    leftover = kept.with_name(f".result.1@{host()}.tmp")
    leftover.touch()
    keep({"result": Path("one.txt")})
    assert not leftover.exists()


def test_an_unchanged_recipe_keeps_its_time(stage):
    recipe = Recipe("copy", "x", CONFIG, {}, {}, {})
    recipe.write(Path("r.json"))
    before = Path("r.json").stat().st_mtime_ns
    recipe.write(Path("r.json"))
    assert Path("r.json").stat().st_mtime_ns == before
