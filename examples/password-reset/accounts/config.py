"""Reads the configuration, which comes from environment variables only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping


class ConfigError(Exception):
    """A variable has a value the service cannot work with."""


@dataclass(frozen=True)
class Config:
    port: int
    database: str
    smtp_host: str
    smtp_port: int
    mail_from: str
    public_url: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Config:
        port = _port(environ, "PORT", 8000)
        public_url = environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}")
        return cls(
            port=port,
            database=environ.get("DATABASE", "accounts.db"),
            smtp_host=environ.get("SMTP_HOST", "127.0.0.1"),
            smtp_port=_port(environ, "SMTP_PORT", 25),
            mail_from=environ.get("MAIL_FROM", "accounts@localhost"),
            public_url=public_url.rstrip("/"),
        )


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ConfigError(f"{name} must be a port number, not {text!r}")
    return int(text)
