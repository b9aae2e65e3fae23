"""What was computed before, in an SQLite file. It is a cache: a damaged one is started anew, one that cannot be used is done without."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from larvseg.errors import in_one_line

WAIT = 60.0  # seconds for another process that writes
# What is no fault of the file: it is locked, read-only or of somebody else, the disk is full or away, its file system has no locks.
_SURROUNDINGS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
}
_useless: set[Path] = set()  # in this process, which need not wait for them again


class Memory:
    """The rows in the file `path`, of the tables that the statement `schema` creates; to be used in a `with`."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path, self._schema = path, schema
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What `query` finds; nothing where nothing can be remembered."""
        return self._tried(lambda database: database.execute(query, values).fetchall()) or []

    def add(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run `statement` with each of `rows`, and commit."""
        rows = list(rows)

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany(statement, rows)

        self._tried(write)

    def _tried(self, action: Callable[[sqlite3.Connection], Any]) -> Any:
        if self._path in _useless:
            return None
        try:
            try:
                return action(self._opened())
            except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:  # the latter: of a schema or of what it says of itself
                if getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _SURROUNDINGS:
                    raise
                self._start_anew(problem)
                return action(self._opened())
        except (sqlite3.Error, UnicodeDecodeError, OSError) as problem:
            self._close()
            _useless.add(self._path)
            print(f"{self._path}: cannot be used ({in_one_line(str(problem))}); nothing is remembered there this time", file=sys.stderr)
            return None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=WAIT)
            self._database.execute(self._schema)
        return self._database

    def _start_anew(self, problem: Exception) -> None:
        print(f"{self._path}: damaged ({in_one_line(str(problem))}); started anew", file=sys.stderr)
        self._close()
        for path in (self._path, *(self._path.with_name(f"{self._path.name}-{rest}") for rest in ("journal", "wal", "shm"))):
            path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None
