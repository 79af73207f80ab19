"""Hashes and verifies passwords with a salted, slow hash.

A stored hash names its algorithm and parameters, `scrypt$n$r$p$salt$hash` or
`pbkdf2$rounds$salt$hash` (salt and hash in hexadecimal), so hashes stay valid
when the defaults change. PBKDF2 is for Pythons built without scrypt.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

MINIMUM_LENGTH = 8

_SCRYPT = (2**14, 8, 1)
_PBKDF2_ROUNDS = 600_000


def hash_password(password: str) -> str:
    salt = secrets.token_bytes(16)
    if hasattr(hashlib, "scrypt"):
        n, r, p = _SCRYPT
        return f"scrypt${n}${r}${p}${salt.hex()}${_scrypt(password, salt, n, r, p).hex()}"
    digest = _pbkdf2(password, salt, _PBKDF2_ROUNDS)
    return f"pbkdf2${_PBKDF2_ROUNDS}${salt.hex()}${digest.hex()}"


def verify_password(password: str, stored: str) -> bool:
    algorithm, *numbers, salt, digest = stored.split("$")
    derive = {"scrypt": _scrypt, "pbkdf2": _pbkdf2}[algorithm]
    actual = derive(password, bytes.fromhex(salt), *map(int, numbers))
    return hmac.compare_digest(actual, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode("utf-8"), salt=salt, n=n, r=r, p=p)


def _pbkdf2(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, rounds)
