"""The service's only source of time.

Tests move the time with a file: when the environment variable
CLOCK_OFFSET_FILE names an existing file, the number of seconds in it is added
to the real time. The file is read again on every call. To change it while the
service runs, write another file and rename it over this one, so that no
half-written number is ever read.
"""

from __future__ import annotations

import os
import time


def now() -> float:
    """The time in seconds since 1970-01-01 00:00 UTC."""
    return time.time() + _offset()


def _offset() -> float:
    path = os.environ.get("CLOCK_OFFSET_FILE")
    if not path:
        return 0.0
    try:
        with open(path, encoding="ascii") as file:
            return float(file.read().strip() or 0)
    except FileNotFoundError:
        return 0.0
