"""Decides what a well-formed e-mail address is, and how addresses compare."""

from __future__ import annotations

import re

MAXIMUM_LENGTH = 254

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The pattern of HTML's <input type=email>, but the domain needs a dot.
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})+")


def normalise(text: str) -> str:
    """The address in lower case: two addresses are the same if this is equal.

    Raises ValueError if the text is not a well-formed address.
    """
    if len(text) > MAXIMUM_LENGTH or not _ADDRESS.fullmatch(text):
        raise ValueError("not a well-formed e-mail address")
    return text.lower()
