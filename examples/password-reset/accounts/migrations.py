"""The database schema, as a list of numbered steps.

To change the schema, append a step to MIGRATIONS. Never edit a step that has
been released: databases that already took it would not take it again. The
number of the last step taken is in the database itself (PRAGMA user_version),
and every start of the service takes the steps that are missing.
"""

from __future__ import annotations

from typing import Sequence

from .database import Database

MIGRATIONS: Sequence[Sequence[str]] = (
    # 1: accounts and their sessions; times are seconds since 1970, in UTC
    (
        """
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY,
            email TEXT NOT NULL UNIQUE,
            password_hash TEXT NOT NULL,
            created_at REAL NOT NULL
        )
        """,
        """
        CREATE TABLE sessions (
            token_hash TEXT PRIMARY KEY,
            account_id INTEGER NOT NULL REFERENCES accounts (id),
            expires_at REAL NOT NULL
        )
        """,
        "CREATE INDEX sessions_by_account ON sessions (account_id)",
    ),
)


class MigrationError(Exception):
    """The database was written by a newer version of the service."""


def migrate(database: Database) -> None:
    """Brings the database up to the last step, all missing steps or none."""
    with database.connection() as db:
        db.execute("PRAGMA journal_mode = WAL")
    with database.transaction() as db:
        (taken,) = db.execute("PRAGMA user_version").fetchone()
        if taken > len(MIGRATIONS):
            raise MigrationError(
                f"the database is at step {taken}, this program knows {len(MIGRATIONS)}"
            )
        for statements in MIGRATIONS[taken:]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
