"""Opens SQLite connections in the way every part of the service needs them.

A connection belongs to the `with` block that opened it and is never shared
between threads. The database is in WAL mode, so readers do not wait for a
writer, and a writer waits up to BUSY_SECONDS for another one.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import Iterator

BUSY_SECONDS = 10


class Database:
    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading; each statement stands on its own."""
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA foreign_keys = ON")
            yield db
        finally:
            db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection for writing: all of the block happens, or none of it.

        The write lock is taken at the start, so what the block reads stays
        true until it commits. Do slow work (mail, password hashing) outside.
        """
        with self.connection() as db:
            db.execute("BEGIN IMMEDIATE")
            with db:  # commits, or rolls back on an exception
                yield db
