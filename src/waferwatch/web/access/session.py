"""Sessions: a signed cookie that says who has shown the token, and when."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

from waferwatch.errors import InputError

SESSION_S = 7 * 24 * 3600
NAMELESS = "visitor"
_CLOCK_SLIP_S = 24 * 3600  # a cookie may be this much younger than now: the clock was set back since
_LONGEST_NAME = 60
_ID_BYTES = 16
# Names that the server writes into the audit log itself, or that would pass for the person who runs it.
_RESERVED = frozenset({"admin", "administrator", "local", "program", "root", "server", "system", "waferwatch"})


@dataclass(frozen=True)
class Session:
    """One log-in of one browser."""

    id: str
    user: str
    until: datetime  # when the cookie is too old, UTC


class Sessions:
    """Makes and reads the cookie. The key comes from the token, so another token ends every session."""

    def __init__(self, token: str, port: int) -> None:
        self.cookie = f"waferwatch-session-{port}"  # cookies know no ports: two servers on one machine must not collide
        self._serializer = URLSafeTimedSerializer(
            _key_of(token), salt="waferwatch session", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def open(self, name: str) -> str:
        """The cookie's text for a visitor who has shown the token."""
        return str(self._serializer.dumps([secrets.token_hex(_ID_BYTES), shown_name(name)]))

    def read(self, text: str | None) -> Session | None:
        """The session of a cookie; None when the text is not ours, was changed, or is too old.

        Whether the visitor has logged out since is for :class:`waferwatch.store.sessions.EndedSessions` to say.
        """
        if not text:
            return None
        try:
            content, signed = self._serializer.loads(text, return_timestamp=True)
        except BadSignature:
            return None
        age = datetime.now(UTC) - signed
        if not timedelta(seconds=-_CLOCK_SLIP_S) <= age <= timedelta(seconds=SESSION_S):
            return None
        match content:
            case [str(session), str(user)]:
                return Session(session, user, signed + timedelta(seconds=SESSION_S))
        return None


def shown_name(name: str) -> str:
    """A name as the audit log keeps it: printable, short, never empty."""
    shown = "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_NAME].strip()
    return shown or NAMELESS


def own_name(name: str) -> str:
    """The name that a visitor chose, as the audit log keeps it.

    Raises:
        InputError: for a name that the audit log keeps for the server itself.
    """
    shown = shown_name(name)
    if unicodedata.normalize("NFKC", shown).casefold().strip() in _RESERVED:
        raise InputError(
            "The name {name} is kept for the server itself.", hint="Use your own name.", field="name", name=shown
        )
    return shown


def _key_of(token: str) -> bytes:
    """The key of the cookies. Slow to compute on purpose: whoever has one cookie could else try tokens at leisure."""
    return hashlib.scrypt(token.encode(errors="replace"), salt=b"waferwatch session", n=2**14, r=8, p=1, dklen=32)
