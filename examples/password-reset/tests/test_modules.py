"""Modules on their own, where going through HTTP would hide the point."""

from __future__ import annotations

import os
import socket
import sqlite3
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from accounts import clock, migrations, passwords, store
from accounts.database import Database
from accounts.mailer import Mailer, MailError

from .helpers import MailServer


class ClockTest(unittest.TestCase):
    def test_offset_file_is_read_on_every_call(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "offset")
            with mock.patch.dict(os.environ, CLOCK_OFFSET_FILE=str(path)):
                self.assertAlmostEqual(clock.now(), time.time(), delta=5)
                for text, offset in (("3600\n", 3600), ("-7200.5", -7200.5), ("", 0)):
                    path.write_text(text)
                    self.assertAlmostEqual(clock.now(), time.time() + offset, delta=5)


class PasswordTest(unittest.TestCase):
    def test_hash_verifies_its_own_password_only(self) -> None:
        stored = passwords.hash_password("päss word")
        self.assertTrue(passwords.verify_password("päss word", stored))
        self.assertFalse(passwords.verify_password("pass word", stored))
        self.assertNotEqual(passwords.hash_password("päss word"), stored)

    def test_without_scrypt(self) -> None:
        with mock.patch.object(passwords, "hashlib", mock.Mock(spec=["pbkdf2_hmac"])) as library:
            library.pbkdf2_hmac.return_value = b"digest"
            stored = passwords.hash_password("password")
            self.assertTrue(passwords.verify_password("password", stored))
        self.assertRegex(stored, r"^pbkdf2\$600000\$[0-9a-f]{32}\$[0-9a-f]+$")


class MigrationTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.database = Database(str(Path(directory.name, "test.db")))

    def test_new_step_is_taken_once_and_keeps_the_data(self) -> None:
        migrations.migrate(self.database)
        with self.database.transaction() as db:
            store.add_account(db, "ann@example.test", "hash")
        step = ("CREATE TABLE extra (id INTEGER)",)
        with mock.patch.object(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, step)):
            migrations.migrate(self.database)
            migrations.migrate(self.database)
        with self.database.connection() as db:
            self.assertIsNotNone(store.account_by_email(db, "ann@example.test"))
            self.assertEqual(db.execute("SELECT * FROM extra").fetchall(), [])

    def test_failing_step_leaves_the_database_as_it_was(self) -> None:
        broken = ("CREATE TABLE extra (id INTEGER)", "nonsense")
        with mock.patch.object(migrations, "MIGRATIONS", (broken,)):
            with self.assertRaises(sqlite3.OperationalError):
                migrations.migrate(self.database)
        with self.database.connection() as db:
            self.assertEqual(db.execute("PRAGMA user_version").fetchone()[0], 0)
            self.assertEqual(db.execute("SELECT * FROM sqlite_master").fetchall(), [])

    def test_database_of_a_newer_program(self) -> None:
        migrations.migrate(self.database)
        with mock.patch.object(migrations, "MIGRATIONS", ()):
            with self.assertRaises(migrations.MigrationError):
                migrations.migrate(self.database)


class MailerTest(unittest.TestCase):
    def test_long_link_stays_whole(self) -> None:
        server = MailServer()
        self.addCleanup(server.stop)
        link = "http://accounts.example.test/" + "x=" * 100
        mailer = Mailer("127.0.0.1", server.port, "Accounts <accounts@example.test>")
        mailer.send("ann@example.test", "Link", f"Hello\n{link}\n.\n")
        mail = server.wait_for_mail(to="ann@example.test")
        self.assertEqual(mail.get_payload(), f"Hello\n{link}\n.\n".replace("\n", "\r\n"))

    def test_no_mail_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed_soon:
            port = closed_soon.getsockname()[1]
        mailer = Mailer("127.0.0.1", port, "accounts@example.test")
        with self.assertRaisesRegex(MailError, "^ConnectionRefusedError$"):
            mailer.send("ann@example.test", "Subject", "Text")
