"""Sessions: a signed cookie that says who has shown the token, and when."""

from __future__ import annotations

import hashlib

from itsdangerous import BadSignature, URLSafeTimedSerializer

SESSION_S = 7 * 24 * 3600
_LONGEST_NAME = 60
NAMELESS = "visitor"


class Sessions:
    """Makes and reads the cookie. The key comes from the token, so another token ends every session."""

    def __init__(self, token: str, port: int) -> None:
        self.cookie = f"waferwatch-session-{port}"  # cookies know no ports: two servers on one machine must not collide
        self._serializer = URLSafeTimedSerializer(
            token, salt="waferwatch session", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )

    def open(self, name: str) -> str:
        """The cookie's text for a visitor who has shown the token."""
        return str(self._serializer.dumps(shown_name(name)))

    def read(self, text: str | None) -> str | None:
        """The visitor's name; None when the text is not ours, was changed, or is too old."""
        if not text:
            return None
        try:
            name = self._serializer.loads(text, max_age=SESSION_S)
        except BadSignature:
            return None
        return name if isinstance(name, str) else None


def shown_name(name: str) -> str:
    """A name as the audit log keeps it: printable, short, never empty."""
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_NAME]
    return shown or NAMELESS
