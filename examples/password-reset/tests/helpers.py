"""What the tests need: the service as a process, a mail server, an HTTP client.

    class MyTest(ServiceTest):
        def test_something(self):
            answer = self.service.post("/login", {"email": ..., "password": ...})
            self.assertEqual(answer.status, 200)
            mail = self.service.mail_server.wait_for_mail(to="ann@example.test")

Every test class has a service of its own, on a port the system chooses, with
its files in a temporary directory. Tests of one class share the service, so
each of them uses addresses of its own (`new_address`).
"""

from __future__ import annotations

import email
import email.policy
import http.client
import itertools
import json
import os
import re
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

ROOT = Path(__file__).resolve().parent.parent
PUBLIC_URL = "http://accounts.example.test"
WAIT_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mail over SMTP and keeps it. While `failing` is set, refuses it."""

    def __init__(self) -> None:
        self.failing = False
        self._mails: List[EmailMessage] = []
        self._arrived = threading.Condition()
        super().__init__(("127.0.0.1", 0), _SmtpConnection)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def mails(self, to: str) -> List[EmailMessage]:
        with self._arrived:
            return [mail for mail in self._mails if mail["To"] == to]

    def wait_for_mail(self, to: str, count: int = 1) -> EmailMessage:
        """The count-th mail to an address; waits for it if it is not here yet."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.mails(to)) >= count, WAIT_SECONDS):
                raise AssertionError(f"only {len(self.mails(to))} mails to {to}, not {count}")
            return self.mails(to)[count - 1]

    def take(self, data: bytes) -> None:
        mail = email.message_from_bytes(data, policy=email.policy.default)
        with self._arrived:
            self._mails.append(mail)
            self._arrived.notify_all()


class _SmtpConnection(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs that sends plain mail."""

    timeout = WAIT_SECONDS
    server: MailServer

    def handle(self) -> None:
        self._reply("220 test mail server")
        for line in self.rfile:
            verb = line.split()[0].upper() if line.strip() else b""
            if verb == b"QUIT":
                self._reply("221 bye")
                return
            if verb == b"DATA":
                self._reply("354 go ahead")
                self.server.take(self._data())
                self._reply("250 taken")
            elif verb == b"MAIL" and self.server.failing:
                self._reply("451 try again later")
            elif verb in (b"HELO", b"EHLO", b"MAIL", b"RCPT", b"RSET", b"NOOP"):
                self._reply("250 ok")
            else:
                self._reply("502 not known here")

    def _data(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line[1:] if line.startswith(b".") else line for line in lines)

    def _reply(self, text: str) -> None:
        self.wfile.write(text.encode("ascii") + b"\r\n")


class Service:
    """The service as a process, with its database, clock and mail server."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self.database_path = Path(self._directory.name, "accounts.db")
        self._clock_path = Path(self._directory.name, "clock-offset")
        self.mail_server = MailServer()
        self._log_lines: List[str] = []
        self._log_grew = threading.Condition()
        self._process: Optional[subprocess.Popen] = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "PORT": "0",
            "DATABASE": str(self.database_path),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.mail_server.port),
            "MAIL_FROM": "accounts@example.test",
            "PUBLIC_URL": PUBLIC_URL,
            "CLOCK_OFFSET_FILE": str(self._clock_path),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "accounts"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._ready = threading.Event()
        self.port = 0
        self._reader = threading.Thread(target=self._read_log, args=(self._process.stderr,))
        self._reader.start()
        if not self._ready.wait(WAIT_SECONDS) or self.port == 0:
            self.stop()
            raise AssertionError("the service did not start:\n" + self.log)

    def stop(self) -> int:
        """Stops the process with SIGTERM and returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join()
        self._process.stderr.close()
        self._process = None
        return code

    def restart(self) -> None:
        """Stops the process and starts another one on the same database."""
        self.stop()
        self.start()

    def close(self) -> None:
        if self._process is not None:
            self.stop()
        self.mail_server.stop()
        self._directory.cleanup()

    @property
    def log(self) -> str:
        """What the service logged so far; complete once it is stopped."""
        with self._log_grew:
            return "".join(self._log_lines)

    def wait_for_log(self, text: str) -> None:
        with self._log_grew:
            if not self._log_grew.wait_for(lambda: text in self.log, WAIT_SECONDS):
                raise AssertionError(f"{text!r} is not in the log:\n{self.log}")

    def set_clock(self, offset_seconds: float) -> None:
        """Moves the service's clock to the real time plus the offset."""
        new = self._clock_path.with_suffix(".new")
        new.write_text(str(offset_seconds))
        os.replace(new, self._clock_path)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Optional[Dict[str, str]] = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read().decode("utf-8"))
        finally:
            connection.close()

    def get(self, path: str, token: Optional[str] = None) -> Answer:
        return self.request("GET", path, headers=_authorization(token))

    def post(self, path: str, document: Any = None, token: Optional[str] = None) -> Answer:
        body = b"" if document is None else json.dumps(document).encode("utf-8")
        return self.request("POST", path, body, _authorization(token))

    def _read_log(self, stream: Any) -> None:
        for line in stream:
            with self._log_grew:
                self._log_lines.append(line)
                self._log_grew.notify_all()
            listening = re.search(r" listening on http://127\.0\.0\.1:(\d+)$", line)
            if listening:
                self.port = int(listening.group(1))
                self._ready.set()
        self._ready.set()  # the process ended


class ServiceTest(unittest.TestCase):
    """A test case with a running service in `self.service`."""

    service: Service
    _numbers = itertools.count(1)

    @classmethod
    def setUpClass(cls) -> None:
        cls.service = Service()
        cls.addClassCleanup(cls.service.close)
        cls.service.start()

    def new_address(self) -> str:
        return f"user{next(self._numbers)}@example.test"

    def register(self, password: str = "first password") -> str:
        """Registers a new account and returns its address."""
        address = self.new_address()
        answer = self.service.post("/register", {"email": address, "password": password})
        self.assertEqual(answer.status, 201, answer.text)
        return address

    def login(self, address: str, password: str = "first password") -> str:
        """Logs in and returns the session token."""
        answer = self.service.post("/login", {"email": address, "password": password})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["token"]

    def set_clock(self, offset_seconds: float) -> None:
        """Moves the service's clock until the end of the test."""
        self.addCleanup(self.service.set_clock, 0)
        self.service.set_clock(offset_seconds)

    def assertError(self, answer: Answer, status: int) -> None:
        self.assertEqual(answer.status, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(list(answer.json), ["error"])
        self.assertIsInstance(answer.json["error"], str)


def _authorization(token: Optional[str]) -> Dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}
