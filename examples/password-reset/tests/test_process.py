"""The service as a process: restart, stop, what it keeps, bad configuration."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

from accounts.migrations import MIGRATIONS

from .helpers import ROOT, WAIT_SECONDS, ServiceTest


class ProcessTest(ServiceTest):
    def test_accounts_and_sessions_outlive_a_restart(self) -> None:
        address = self.register()
        token = self.login(address)
        self.service.restart()
        self.assertEqual(self.service.get("/me", token).json, {"email": address})
        self.login(address)

    def test_sigterm_ends_the_process_with_an_idle_connection_open(self) -> None:
        with socket.create_connection(("127.0.0.1", self.service.port), WAIT_SECONDS) as idle:
            self.service.get("/health")  # the service has the idle connection by now
            self.assertEqual(self.service.stop(), 0)
            self.assertEqual(idle.recv(1), b"")
        self.assertRegex(self.service.log, r" stopped\n$")
        self.service.start()

    def test_database_has_no_passwords_and_no_tokens(self) -> None:
        token = self.login(self.register("secret password"), "secret password")
        content = b"".join(
            path.read_bytes() for path in self.service.database_path.parent.glob("accounts.db*")
        )
        self.assertNotIn(b"secret password", content)
        self.assertNotIn(token.encode("ascii"), content)

    def test_database_is_at_the_last_step_in_wal_mode(self) -> None:
        with closing(sqlite3.connect(self.service.database_path)) as db:
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (len(MIGRATIONS),))
            self.assertEqual(db.execute("PRAGMA journal_mode").fetchone(), ("wal",))

    def test_bad_configuration(self) -> None:
        for variables in ({"PORT": "http"}, {"SMTP_PORT": "65536"}):
            with self.subTest(variables):
                result = subprocess.run(
                    [sys.executable, "-m", "accounts"],
                    cwd=ROOT,
                    env={**os.environ, **variables},
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=WAIT_SECONDS,
                )
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"cannot start: {list(variables)[0]} must be", result.stderr)
