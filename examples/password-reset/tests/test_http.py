"""The HTTP side: paths, methods, malformed requests, the log."""

from __future__ import annotations

import http.client
import re
import socket

from .helpers import WAIT_SECONDS, ServiceTest


class HttpTest(ServiceTest):
    def test_health(self) -> None:
        answer = self.service.get("/health")
        self.assertEqual((answer.status, answer.json), (200, {"status": "ok"}))

    def test_unknown_path(self) -> None:
        for path in ("/", "/nothing", "/health/", "/health/x", "/HEALTH"):
            with self.subTest(path):
                self.assertError(self.service.get(path), 404)

    def test_wrong_method(self) -> None:
        for method, path, allowed in (
            ("GET", "/register", "POST"),
            ("DELETE", "/me", "GET"),
            ("PUT", "/login", "POST"),
            ("POST", "/health", "GET"),
        ):
            with self.subTest(f"{method} {path}"):
                answer = self.service.request(method, path)
                self.assertError(answer, 405)
                self.assertEqual(answer.headers["Allow"], allowed)

    def test_malformed_json(self) -> None:
        for body in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 10_000):
            with self.subTest(body[:10]):
                self.assertError(self.service.request("POST", "/login", body), 400)

    def test_body_limit(self) -> None:
        self.assertError(self.service.request("POST", "/login", b" " * 16 * 1024), 400)
        self.assertError(self.service.request("POST", "/login", b" " * (16 * 1024 + 1)), 413)
        self.assertError(self.service.request("POST", "/login", b" " * 2_000_000), 413)

    def test_malformed_length(self) -> None:
        for headers, status in (
            ({"Content-Length": "-1"}, 400),
            ({"Content-Length": "ten"}, 400),
            ({"Content-Length": "9" * 5000}, 413),
            ({"Transfer-Encoding": "chunked"}, 411),
        ):
            with self.subTest(headers):
                self.assertError(self.service.request("POST", "/login", headers=headers), status)

    def test_unreadable_request(self) -> None:
        for request, status in ((b"nonsense\r\n\r\n", 400), (b"BREW /me HTTP/1.1\r\n\r\n", 501)):
            with self.subTest(request), self._connect() as connection:
                connection.sendall(request)
                head, _, body = _read_all(connection).partition(b"\r\n\r\n")
                self.assertRegex(head, rb"HTTP/1\.1 %d " % status)
                self.assertRegex(body, rb'^{"error": "[a-z ]+"}\n$')

    def test_connection_is_kept_open(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port)
        self.addCleanup(connection.close)
        sockets = set()
        for method, path, body in (
            ("GET", "/health", b""),
            ("POST", "/nothing", b"{}"),
            ("POST", "/login", b"{"),
            ("GET", "/health", b""),
        ):
            connection.request(method, path, body)
            connection.getresponse().read()
            sockets.add(connection.sock)
        self.assertEqual(len(sockets), 1)

    def test_log_has_a_line_for_each_request_and_no_secrets(self) -> None:
        address = self.register("secret password")
        token = self.login(address, "secret password")
        self.service.get("/me?token=" + token, token)
        self.service.restart()  # the log is complete up to here
        for entry in ("POST /register 201", "POST /login 200", "GET /me 200"):
            self.assertRegex(self.service.log, re.compile(rf"^\S+Z {entry}$", re.MULTILINE))
        self.assertNotIn("secret password", self.service.log)
        self.assertNotIn(token, self.service.log)

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.service.port), WAIT_SECONDS)


def _read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(4096), b""))
