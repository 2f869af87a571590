"""Which requests this server is meant for: the names it answers to, and the pages that may use it."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from waferwatch.errors import WaferwatchError
from waferwatch.settings import Settings
from waferwatch.web.access.peers import comes_from_elsewhere
from waferwatch.web.shell.faults import ForbiddenError, MalformedError

READING = ("GET", "HEAD", "OPTIONS")
_EVERYWHERE = ("0.0.0.0", "::", "")


class Hosts:
    """Refuses what is addressed to another name (DNS rebinding), sent by another site's page, or passed on to a
    server that asks for no token.

    Args:
        guarded: whether the server asks for a token.
    """

    def __init__(self, settings: Settings, *, guarded: bool) -> None:
        self._names = allowed_names(settings)
        self._everywhere = settings.host in _EVERYWHERE
        self._guarded = guarded

    def refusal(self, request: HTTPConnection) -> WaferwatchError | None:
        """Why the request must not be answered; None for one that may be."""
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            return MalformedError(
                "This server does not answer to the name {host}.",
                hint="Open it as http://localhost, or give WAFERWATCH_ALLOWED_HOSTS the name that you use.",
                host=host[:100],
            )
        if not self._guarded and comes_from_elsewhere(request):
            return ForbiddenError(
                "This request came through a proxy or from another machine, and this server asks for no token.",
                hint="Set WAFERWATCH_ALLOWED_HOSTS to the proxy's name, or WAFERWATCH_TOKEN to a token of your own, "
                "and start the server again. Visitors then log in.",
            )
        return self._foreign_page(request, host)

    def _foreign_page(self, request: HTTPConnection, host: str) -> WaferwatchError | None:
        """A page may use a web socket as little as write, for browsers let it read what comes through one."""
        if request.scope["type"] == "http" and request.scope["method"] in READING:
            return None
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site not in ("cross-site", "same-site") and (origin is None or _place_of(origin) == host):
            return None
        return ForbiddenError("Another web site asked for this.", hint="Use the page of this server, or a program.")

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        return name in self._names or (self._everywhere and (_is_address(name) or (bool(name) and "." not in name)))


def allowed_names(settings: Settings) -> frozenset[str]:
    """Host names that a server answers to: its own, those of the settings and, beyond loopback, this machine's."""
    names = {"127.0.0.1", "localhost", "::1", settings.host.lower()}
    names |= {name for part in settings.allowed_hosts.split(",") if (name := part.strip().lower())}
    if settings.host in _EVERYWHERE:
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return frozenset(names)


def _place_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # "http://["
        return ""


def _without_port(host: str) -> str:
    name, _, port = host.lower().rpartition(":")
    if name and port.isdigit() and (":" not in name or name.endswith("]")):
        return name.strip("[]")
    return host.lower().strip("[]")


def _is_address(name: str) -> bool:
    """An IP address needs no resolving, so no DNS trick can stand behind it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
