"""Writes log lines to stderr. Callers never pass passwords or tokens."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

from . import clock


def line(text: str) -> None:
    stamp = datetime.fromtimestamp(clock.now(), timezone.utc)
    # One write for the whole line, so that lines of two threads do not mix.
    sys.stderr.write(f"{stamp:%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stderr.flush()
