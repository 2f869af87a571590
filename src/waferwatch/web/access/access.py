"""Whether a request may come in, and who it is that asks."""

from __future__ import annotations

import ipaddress
import secrets
from hmac import compare_digest

from starlette.requests import HTTPConnection

from waferwatch.errors import InputError, TooManyError
from waferwatch.settings import Settings
from waferwatch.web.access.limits import Limiter
from waferwatch.web.access.peers import peer_of
from waferwatch.web.access.session import Sessions
from waferwatch.web.shell.faults import UnauthorizedError

LOCAL = "local"  # who asks when no token is needed
PROGRAM = "program"  # who asks with the token in a header
LEAST_TOKEN = 16  # characters: too many to guess, for wrong ones are limited and the right one is always let through
_TOKEN_BYTES = 24
_FAILED_PER_MINUTE = 10


class Access:
    """The door of one server.

    A token is needed as soon as the server can be reached beyond this machine: it listens beyond loopback, or answers
    to a reverse proxy's name. Without one in the settings a new one is made at each start.

    Raises:
        InputError: when the token of the settings is too short.
    """

    def __init__(self, settings: Settings) -> None:
        chosen = _chosen(settings)
        beyond = not is_loopback(settings.host) or bool(settings.allowed_hosts.strip())
        self.generated = beyond and not chosen
        self.token = secrets.token_urlsafe(_TOKEN_BYTES) if self.generated else chosen
        self.needed = bool(self.token)
        self.sessions = Sessions(self.token or secrets.token_urlsafe(_TOKEN_BYTES), settings.port)
        self._failed = Limiter(_FAILED_PER_MINUTE)

    def shows_token(self, request: HTTPConnection) -> bool:
        """Whether a program shows the token in the Authorization header; False when it shows none there.

        Raises:
            UnauthorizedError: for a wrong token.
            TooManyError: for a wrong token after too many others.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return False
        if self.opens(token.strip(), request):
            return True
        raise wrong_token()

    def opens(self, token: str, request: HTTPConnection) -> bool:
        """Whether this is the token. The right one always is; wrong ones are counted, and refused when too many came.

        They are counted by the address that is connected, because any client can invent the address that a proxy
        would name.

        Raises:
            TooManyError: for a wrong token after too many others.
        """
        if compare_digest(token.encode(errors="replace"), self.token.encode(errors="replace")):
            return True
        seconds = self._failed.count(peer_of(request))
        if seconds:
            raise TooManyError(
                "Too many wrong tokens came from this address.", hint="Try again in {seconds} seconds.", seconds=seconds
            )
        return False


def is_loopback(host: str) -> bool:
    """Whether a server that listens on ``host`` can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def wrong_token() -> UnauthorizedError:
    return UnauthorizedError(
        "The token is wrong.",
        hint="It was printed when the server started, or is what WAFERWATCH_TOKEN says.",
        field="token",
    )


def no_token() -> UnauthorizedError:
    return UnauthorizedError(
        "This server asks for a token.",
        hint="Send it as Authorization: Bearer TOKEN, or open /login in a browser.",
    )


def _chosen(settings: Settings) -> str:
    given = settings.token.get_secret_value()
    token = given.strip()  # a header and the login page cannot show spaces at its ends
    if given and len(token) < LEAST_TOKEN:
        raise InputError(
            "The token of WAFERWATCH_TOKEN is too short: it has {length} characters, and {least} are the fewest.",
            hint="Choose a longer one, for example with: openssl rand -base64 24. "
            "WAFERWATCH_TOKEN_FILE can name a file that holds it.",
            field="token",
            length=len(token),
            least=LEAST_TOKEN,
        )
    return token
