"""Requests, responses and errors as the handlers see them, without sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional


@dataclass(frozen=True)
class Response:
    status: int
    body: Optional[Mapping[str, Any]] = None
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """Ends a request with an error answer: {"error": message}."""

    def __init__(
        self, status: int, message: str, headers: Optional[Mapping[str, str]] = None
    ) -> None:
        super().__init__(message)
        self.response = Response(status, {"error": message}, headers or {})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def text_fields(self, *names: str) -> List[str]:
        """The named members of the JSON object in the body, all of them strings."""
        try:
            document = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise HttpError(400, "the body is not valid JSON") from None
        if not isinstance(document, dict):
            raise HttpError(400, "the body is not a JSON object")
        return [_text(document, name) for name in names]

    def bearer_token(self) -> Optional[str]:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise HttpError(400, f'"{name}" is missing or not a string')
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, such as "\ud800"
        raise HttpError(400, f'"{name}" is not valid Unicode') from None
    return value
