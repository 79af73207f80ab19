"""Opens, finds and closes sessions. The database only has hashes of tokens."""

from __future__ import annotations

import sqlite3
from typing import Optional

from . import clock
from .tokens import new_token, token_hash

LIFETIME_SECONDS = 12 * 60 * 60


def open_session(db: sqlite3.Connection, account_id: int) -> str:
    """Returns the new session's token; clears out expired sessions as well."""
    token, now = new_token(), clock.now()
    db.execute("DELETE FROM sessions WHERE expires_at <= ?", (now,))
    db.execute(
        "INSERT INTO sessions (token_hash, account_id, expires_at) VALUES (?, ?, ?)",
        (token_hash(token), account_id, now + LIFETIME_SECONDS),
    )
    return token


def account_of_session(db: sqlite3.Connection, token: str) -> Optional[sqlite3.Row]:
    """The account of an open session, or None if there is no such session."""
    return db.execute(
        "SELECT accounts.* FROM sessions JOIN accounts ON accounts.id = account_id"
        " WHERE token_hash = ? AND expires_at > ?",
        (token_hash(token), clock.now()),
    ).fetchone()


def close_session(db: sqlite3.Connection, token: str) -> None:
    db.execute("DELETE FROM sessions WHERE token_hash = ?", (token_hash(token),))
