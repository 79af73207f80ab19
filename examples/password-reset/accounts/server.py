"""The HTTP server: a thread for each connection, JSON in every answer."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Optional, Set

from . import clock, log
from .app import App
from .router import respond
from .web import HttpError, Request, Response

BODY_LIMIT = 16 * 1024

_IDLE_SECONDS = 30
_DISCARD_LIMIT = 8 * 1024 * 1024
_DISCARD_SECONDS = 2


class Server(socketserver.ThreadingTCPServer):
    # Not http.server.HTTPServer: that one asks the DNS for the host's name.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, app: App) -> None:
        self.app = app
        self._connections: Set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def port(self) -> int:
        return self.server_address[1]

    def stop(self) -> None:
        """Takes no more requests and returns when those at work are answered."""
        self.shutdown()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # wakes the idle ones
        self.server_close()  # waits for the threads

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the client left
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # for answers to unreadable requests
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        self.path = self.path.partition("?")[0]
        try:
            length = self._body_length()
        except HttpError as error:
            self._refuse(error.response)
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the client left
            self.close_connection = True
            return
        self._send(respond(self.server.app, Request(self.command, self.path, self.headers, body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _body_length(self) -> int:
        if "Transfer-Encoding" in self.headers:
            raise HttpError(411, "the body needs a Content-Length")
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit()):
            raise HttpError(400, "Content-Length is not a number")
        # A number of 20 digits or more is too large; int() would be slow on a long one.
        if len(text) >= 20 or int(text) > BODY_LIMIT:
            raise HttpError(413, f"the body is longer than {BODY_LIMIT} bytes")
        return int(text)

    def _refuse(self, response: Response) -> None:
        """Answers without reading the body, and ends the connection."""
        self.close_connection = True
        self._send(response)
        # Closing while the client still sends would make it lose the answer.
        self.connection.settimeout(_DISCARD_SECONDS)
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(0, _DISCARD_LIMIT, BODY_LIMIT):
                if not self.rfile.read1(BODY_LIMIT):
                    break

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        payload = b""
        if response.body is not None:
            payload = json.dumps(response.body).encode("ascii") + b"\n"
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def send_error(
        self, code: int, message: Optional[str] = None, explain: Optional[str] = None
    ) -> None:
        """The base class calls this for requests it cannot read."""
        self.path = "-"
        self.command = self.command or "-"
        self._refuse(Response(code, {"error": HTTPStatus(code).phrase.lower()}))

    def version_string(self) -> str:
        return "accounts"

    def date_time_string(self, timestamp: Optional[float] = None) -> str:
        return super().date_time_string(clock.now() if timestamp is None else timestamp)

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        # The path is without its query, which may have a token in it.
        path = self.path.encode("unicode_escape").decode("ascii")
        log.line(f"{self.command} {path} {int(code)}")

    def log_message(self, format: str, *args: Any) -> None:
        """The base class reports timeouts here; the service logs requests only."""
