"""What stands around every request: its id, the reader's language, who may ask, safe headers, the last safety net."""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
import socket
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waferwatch.errors import WaferwatchError
from waferwatch.web.faults import ForbiddenError, MalformedError, error_answer, unexpected
from waferwatch.web.language import COOKIE, choose_language
from waferwatch.web.telemetry import Telemetry

_log = logging.getLogger("waferwatch.web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_READING = ("GET", "HEAD", "OPTIONS")
# Plotly writes style attributes and a style element; it runs without eval as long as no WebGL trace is used.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """The outermost ASGI layer. Sets ``request_id`` and ``language`` in the request's state."""

    def __init__(self, app: ASGIApp, host: str, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._names = allowed_names(host)
        self._everywhere = host in ("0.0.0.0", "::", "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request = Request(scope)
        answered = _Answered(send, _prepare(request))
        try:
            refusal = self._refusal(Headers(scope=scope), scope["method"])
            if refusal is not None:
                await error_answer(refusal, request.state.request_id, request.state.language)(scope, receive, answered)
            else:
                await self._app(scope, receive, answered)
        except Exception:
            _log.exception("request %s: %s %s failed", request.state.request_id, scope["method"], scope["path"])
            if answered.status:
                raise
            await error_answer(unexpected(), request.state.request_id, request.state.language)(scope, receive, answered)
        finally:
            self._count(scope, answered.status, time.perf_counter() - began)

    def _refusal(self, headers: Headers, method: str) -> WaferwatchError | None:
        """Why the request must not be answered: a name that is not ours (DNS rebinding), or another site's page."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return MalformedError(
                "This server does not answer to the name {host}.",
                hint="Open it as http://localhost, or start it with --host and the name that you use.",
                host=host[:100],
            )
        if method in _READING:
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = site in ("cross-site", "same-site") or (origin is not None and urlsplit(origin).netloc != host)
        if not foreign:
            return None
        return ForbiddenError("Another web site asked for this.", hint="Use the page of this server, or a program.")

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        return name in self._names or (self._everywhere and (_is_address(name) or (bool(name) and "." not in name)))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in (*_READING, "POST", "DELETE") else "other"
        self._telemetry.count("waferwatch_requests_total", route=route, method=method, status=str(status or 500))
        self._telemetry.count("waferwatch_request_seconds_total", seconds, route=route)


class _Answered:
    """Adds our headers to the answer on its way out, and remembers its status."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            headers.add_vary_header("Accept-Language, Cookie")
        await self._send(message)


def _prepare(request: Request) -> dict[str, str]:
    """Give the request its id and language. Returns the headers that every answer carries."""
    given = request.headers.get("x-request-id", "")
    request.state.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request.state.language = choose_language(request.cookies.get(COOKIE), request.headers.get("accept-language", ""))
    return {**_HEADERS, "X-Request-ID": request.state.request_id}


def allowed_names(host: str) -> frozenset[str]:
    """Host names that a server listening on ``host`` answers to. Beyond loopback, also this machine's own names."""
    names = {"127.0.0.1", "localhost", "::1", host.lower()}
    if host in ("0.0.0.0", "::", ""):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    return frozenset(names)


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
