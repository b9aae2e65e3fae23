"""A cache in SQLite is never an error: damaged it is started anew, and where no database works one does without."""

import sqlite3
from pathlib import Path

import pytest

from larvseg.lineage import memory
from larvseg.lineage.memory import Memory

SCHEMA = "create table if not exists hashes (key text primary key, sha256 text)"
ADD, ALL = "insert or replace into hashes values (?, ?)", "select key from hashes order by key"


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """Where a memory of some thousand rows lies."""
    monkeypatch.setattr(memory, "_useless", set())
    with Memory(tmp_path / "work/hashes.sqlite", SCHEMA) as known:
        known.add(ADD, [(f"{number:04}", "x" * 64) for number in range(2000)])
    return tmp_path / "work/hashes.sqlite"


def remembered(path: Path) -> list[str]:
    with Memory(path, SCHEMA) as known:
        known.add(ADD, [("new", "y")])
        return [key for (key,) in known.rows(ALL)]


def test_what_was_added_is_found_by_the_next_process(path):
    assert len(remembered(path)) == 2001 and remembered(path)[-1] == "new"


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_one_is_started_anew(path, content, capsys):
    path.write_bytes(content)
    assert remembered(path) == ["new"]
    told = capsys.readouterr().err
    assert told.startswith(f"{path}: damaged (") and told.count("\n") == 1
    assert remembered(path) == ["new"] and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "statement",
    ["alter table hashes rename column sha256 to other", "alter table hashes add column more text not null default ''"],
    ids=["renamed", "one more"],
)
def test_a_table_of_another_form_is_started_anew(path, statement, capsys):
    with sqlite3.connect(path) as database:
        database.execute(statement)
    with Memory(path, SCHEMA) as known:
        known.rows("select sha256 from hashes where key = 'new'")
        known.add(ADD, [("new", "y")])
        assert known.rows("select * from hashes") == [("new", "y")]
    assert capsys.readouterr().err.startswith(f"{path}: damaged (")


def test_text_that_is_no_text_is_started_anew(path, capsys):
    with sqlite3.connect(path) as database:
        database.execute("insert into hashes values (cast(x'ff' as text), '')")
    assert remembered(path) == []
    assert remembered(path) == ["new"]
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("size", [0, 50, 4096, 10000, 100000])
def test_one_that_was_cut_is_no_error(path, size, capsys):
    path.write_bytes(path.read_bytes()[:size])
    remembered(path)
    assert capsys.readouterr().err.count("\n") <= 1
    memory._useless.clear()
    assert remembered(path) == ["new"]  # the next process finds a sound one


def test_one_that_another_process_never_lets_go_of(path, monkeypatch, capsys):
    monkeypatch.setattr(memory, "WAIT", 0.01)
    with sqlite3.connect(path) as other:
        other.execute("begin exclusive")
        assert remembered(path) == []
        assert remembered(path) == []  # not waited for again
    assert capsys.readouterr().err == f"{path}: cannot be used (database is locked); nothing is remembered there this time\n"


def test_a_folder_in_which_nothing_can_be_made(path, capsys):
    place = path / "hashes.sqlite"  # a file is no folder
    assert remembered(place) == []
    assert capsys.readouterr().err.startswith(f"{place}: cannot be used (")


def test_a_disk_without_its_locks(path, monkeypatch, capsys):
    def connect(*_, **__):
        problem = sqlite3.OperationalError("locking protocol")
        problem.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
        raise problem

    monkeypatch.setattr(sqlite3, "connect", connect)
    assert remembered(path) == []
    assert capsys.readouterr().err == f"{path}: cannot be used (locking protocol); nothing is remembered there this time\n"
