"""Whether a request may come in, and who it is that asks."""

from __future__ import annotations

import ipaddress
import secrets
from hmac import compare_digest

from starlette.requests import HTTPConnection

from waferwatch.errors import TooManyError
from waferwatch.settings import Settings
from waferwatch.web.faults import UnauthorizedError
from waferwatch.web.limits import Limiter, client_of
from waferwatch.web.login.session import Sessions

LOCAL = "local"  # who asks when no token is needed
PROGRAM = "program"  # who asks with the token in a header
_TOKEN_BYTES = 24
_FAILED_PER_MINUTE = 10


class Access:
    """The door of one server.

    A token is needed as soon as the server can be reached beyond this machine: it listens beyond loopback, or answers
    to a reverse proxy's name. Without one in the settings a new one is made at each start.
    """

    def __init__(self, settings: Settings) -> None:
        chosen = settings.token.get_secret_value()
        beyond = not is_loopback(settings.host) or bool(settings.allowed_hosts.strip())
        self.generated = beyond and not chosen
        self.token = secrets.token_urlsafe(_TOKEN_BYTES) if self.generated else chosen
        self.needed = bool(self.token)
        self.sessions = Sessions(self.token or secrets.token_urlsafe(_TOKEN_BYTES), settings.port)
        self._failed = Limiter(_FAILED_PER_MINUTE)

    def user(self, request: HTTPConnection) -> str | None:
        """Who asks; None for somebody who has not shown the token.

        Raises:
            UnauthorizedError: for a wrong token in the Authorization header.
            TooManyError: after too many wrong tokens.
        """
        if not self.needed:
            return LOCAL
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            if self.opens(token.strip(), request):
                return PROGRAM
            raise wrong_token()
        return self.sessions.read(request.cookies.get(self.sessions.cookie))

    def opens(self, token: str, request: HTTPConnection) -> bool:
        """Whether this is the token. Wrong ones are counted, and after too many even the right one has to wait.

        Raises:
            TooManyError: after too many wrong tokens.
        """
        client = client_of(request)
        seconds = self._failed.wait(client)
        if seconds:
            raise TooManyError(
                "Too many wrong tokens came from this address.", hint="Try again in {seconds} seconds.", seconds=seconds
            )
        if compare_digest(token.encode(errors="replace"), self.token.encode()):
            return True
        self._failed.count(client)
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
