"""Signatures of webhooks, as Standard Webhooks has them (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from waferwatch.errors import InputError

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
_NEW_BYTES = 32


def new_secret() -> str:
    """A secret nobody else has."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key that signs.

    Raises:
        InputError: for what is no secret; it is not repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise InputError(
            "This is not a valid webhook secret.",
            hint="Write whsec_ followed by {least} to {most} bytes in Base64, or leave it out for a new one.",
            field="secret",
            least=LEAST_BYTES,
            most=MOST_BYTES,
        )
    return key


def signatures(keys: Sequence[str], message: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``: one signature by each secret."""
    signed = f"{message}.{timestamp}.".encode() + body
    made = (hmac.digest(key_of(one), signed, hashlib.sha256) for one in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)
