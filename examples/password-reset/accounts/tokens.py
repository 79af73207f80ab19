"""Makes secret tokens, and the hash of one that is safe to store.

A token is random and long, so a plain SHA-256 is enough: unlike a password it
cannot be found by trying.
"""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """32 random bytes in base64url without padding (43 characters)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
