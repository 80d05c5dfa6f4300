"""The service's database: one file, one connection, whole transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError
from genconvit.core.text import first_line, printable

VERSION = 1
"""Version of the tables, in the file's ``user_version``."""

_TABLES = """
CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  uploaded INTEGER NOT NULL,
  detector TEXT NOT NULL,
  options TEXT NOT NULL,
  webhook TEXT,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL,
  started REAL,
  finished REAL,
  status TEXT,
  label TEXT,
  fake_probability REAL,
  error TEXT,
  report TEXT NOT NULL DEFAULT 'none',
  result TEXT -- the last one: what stands behind it cannot be read without it
);
CREATE INDEX jobs_by_state ON jobs (state, owner);
CREATE INDEX jobs_by_owner ON jobs (owner, seq);
CREATE INDEX jobs_by_end ON jobs (finished);
CREATE INDEX jobs_to_report ON jobs (finished) WHERE report = 'pending';
CREATE TABLE turns (owner TEXT PRIMARY KEY, turn INTEGER NOT NULL);
CREATE TABLE feedback (job TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL, entry TEXT NOT NULL);
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  job TEXT NOT NULL,
  owner TEXT NOT NULL,
  url TEXT NOT NULL,
  receiver TEXT NOT NULL,
  body TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL
);
CREATE INDEX deliveries_by_due ON deliveries (due);
"""


class Database(Closeable):
    """A SQLite file in WAL mode; safe to call from several threads, which take turns.

    What is committed outlasts a crash of the program and of the machine.

    Args:
        path: path of the file, which is made where it is not there.

    Raises:
        ConfigError: it cannot be opened, or is of a later version.
    """

    def __init__(self, path: Path) -> None:
        self._turn = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute("PRAGMA secure_delete=ON")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
        except sqlite3.Error as error:
            raise ConfigError(
                f"{printable(str(path))} is no database of jobs ({first_line(error)}); give another folder (--data)"
            ) from error
        if version > VERSION:
            raise ConfigError(
                f"{printable(str(path))} is of version {version}, and this library knows {VERSION}; give another "
                "folder (--data), or install a later version"
            )

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of one query, which is a transaction of its own."""
        with self._turn:
            return self._connection.execute(query, values).fetchall()

    def run(self, query: str, values: Sequence[Any] = ()) -> int:
        """Run one statement, which is a transaction of its own, and give the number of rows that it changed."""
        with self._turn:
            return self._connection.execute(query, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let everything in the block happen, or nothing."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite may have ended it, as where the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file; more than once is fine."""
        with self._turn:
            self._connection.close()
