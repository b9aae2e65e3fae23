"""SQLite files in which the project remembers what it computed: damaged, or of another form."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from larvseg.audit.image_hashes import BITS, SCHEMA, Hashes
from larvseg.lineage import memory
from larvseg.lineage.memory import Memory
from tests.fuzz.damage import TEXT_TOKENS, damaged
from tests.fuzz.kind import Kind

_TOKENS = (b"SQLite format 3\0", b"create table", b"images", b"offset", b"without rowid", b"\xff" * 9, *TEXT_TOKENS)
_IMAGES = [("a" * 64, number, bytes([number]) * 32, bytes([number]) * (BITS // 8)) for number in range(60)]
_ADD, _FIND = "insert or replace into images values (?, ?, ?, ?)", "select offset, digest, perceptual from images where archive = ?"


def _database(statements: Sequence[str] = (), schema: str = SCHEMA) -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(schema)
        database.executemany(_ADD, _IMAGES)
        for statement in statements:
            database.execute(statement)
        database.commit()
        return database.serialize()


_SOUND = (
    _database(),
    _database(["update images set digest = 'text', perceptual = null where offset % 2"]),
    _database(["update images set archive = cast(x'ff' as text)"]),
    _database(["alter table images rename column digest to hash"]),
    _database(["alter table images add column more text not null default ''"]),
    _database(schema=SCHEMA.replace("blob", "integer").replace(" without rowid", "")),
    _database(["create table other as select * from images", "drop table images", "create view images as select * from other"]),
    _database(["pragma user_version = 7", "pragma application_id = 7"]),
)


def _remembers(data: bytes, folder: Path) -> None:
    """Reading and writing never fail, and what was written in a sound or a new file is found."""
    path = folder / "hashes.sqlite"
    path.write_bytes(data)
    with contextlib.redirect_stderr(io.StringIO()) as said:
        for _ in range(2):  # the second time as the next process
            memory._useless.clear()
            with Memory(path, SCHEMA) as known:
                all(Hashes.are(*pair) for _, *pair in known.rows(_FIND, ("a" * 64,)))
                known.add(_ADD, [("new", 1, b"x" * 32, b"y" * (BITS // 8))])
                found = known.rows(_FIND, ("new",))
    assert all(line.startswith(str(path)) and line.isprintable() for line in said.getvalue().splitlines())
    assert path in memory._useless or found == [(1, b"x" * 32, b"y" * (BITS // 8))], f"{found}, {said.getvalue()}"


KINDS = (
    Kind(
        "memories of hashes",
        "SQLite: pages, schemas, types",
        damaged(_SOUND, _TOKENS),
        _remembers,
        "hashes.sqlite",
    ),
)
