"""Reads and writes accounts. E-mail addresses come in normalised."""

from __future__ import annotations

import sqlite3
from typing import Optional

from . import clock


class DuplicateEmail(Exception):
    """The address already has an account."""


def add_account(db: sqlite3.Connection, email: str, password_hash: str) -> None:
    try:
        db.execute(
            "INSERT INTO accounts (email, password_hash, created_at) VALUES (?, ?, ?)",
            (email, password_hash, clock.now()),
        )
    except sqlite3.IntegrityError as error:
        raise DuplicateEmail from error


def account_by_email(db: sqlite3.Connection, email: str) -> Optional[sqlite3.Row]:
    return db.execute("SELECT * FROM accounts WHERE email = ?", (email,)).fetchone()
