"""What stands around every request: its id, the reader's language, who may ask, safe headers, the last safety net."""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
import socket
import time
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waferwatch.errors import TooManyError, WaferwatchError
from waferwatch.settings import Settings
from waferwatch.web.error_page import answer_error
from waferwatch.web.faults import ForbiddenError, MalformedError, cut_short, unexpected
from waferwatch.web.language import COOKIE, choose_language
from waferwatch.web.limits import Limiter, client_of
from waferwatch.web.login.door import enter
from waferwatch.web.telemetry import Telemetry

_log = logging.getLogger("waferwatch.web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_READING = ("GET", "HEAD", "OPTIONS")
# Scripts only from here, none inline, no eval (Plotly needs none without WebGL traces). Plotly sets style attributes on
# what it draws and adds two style elements: one that is empty when it is checked, and one for its maps. The browser
# tests fail when another version of Plotly adds others; the browser's message tells the hash.
_PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {' '.join(_PLOTLY_STYLES)}",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send our own forms with "Origin: null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """The outermost ASGI layer. Sets ``request_id``, ``language`` and ``user`` in the request's state."""

    def __init__(self, app: ASGIApp, settings: Settings, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry
        self._names = allowed_names(settings)
        self._everywhere = settings.host in ("0.0.0.0", "::", "")
        self._posts = Limiter(settings.posts_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request = Request(scope)
        answered = _Answered(send, _prepare(request))
        try:
            await (await self._stopped(request) or self._app)(scope, receive, answered)
        except ClientDisconnect:
            _log.info("request %s: the client went away before it had sent everything", request.state.request_id)
            await answer_error(request, cut_short())(scope, receive, answered)
        except Exception:
            _log.exception("request %s: %s %s failed", request.state.request_id, scope["method"], scope["path"])
            if answered.status:
                raise
            await answer_error(request, unexpected())(scope, receive, answered)
        finally:
            self._count(scope, answered.status, time.perf_counter() - began)

    async def _stopped(self, request: Request) -> Response | None:
        """What a request is answered that may not go on; None for one that may."""
        refusal = self._refusal(request.headers, request.method)
        if refusal is not None:
            return answer_error(request, refusal)
        try:
            answer = await enter(request)
            seconds = self._posts.count(client_of(request)) if answer is None and request.method == "POST" else 0
            if seconds:
                raise TooManyError(
                    "Too many requests came from this address.", hint="Try again in {seconds} seconds.", seconds=seconds
                )
        except WaferwatchError as error:
            return answer_error(request, error)
        return answer

    def _refusal(self, headers: Headers, method: str) -> WaferwatchError | None:
        """Why the request must not be answered: a name that is not ours (DNS rebinding), or another site's page."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            return MalformedError(
                "This server does not answer to the name {host}.",
                hint="Open it as http://localhost, or give WAFERWATCH_ALLOWED_HOSTS the name that you use.",
                host=host[:100],
            )
        if method in _READING:
            return None
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = site in ("cross-site", "same-site") or (origin is not None and _place_of(origin) != host)
        if not foreign:
            return None
        return ForbiddenError("Another web site asked for this.", hint="Use the page of this server, or a program.")

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        return name in self._names or (self._everywhere and (_is_address(name) or (bool(name) and "." not in name)))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in (*_READING, "POST", "PUT", "PATCH", "DELETE") else "other"
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
            headers.add_vary_header("Accept, Accept-Language, Cookie")
        await self._send(message)


def _prepare(request: Request) -> dict[str, str]:
    """Give the request its id and language. Returns the headers that every answer carries."""
    given = request.headers.get("x-request-id", "")
    request.state.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    chosen = parse_qs(request.scope["query_string"].decode("latin-1")).get("lang", [request.cookies.get(COOKIE)])[0]
    request.state.language = choose_language(chosen, request.headers.get("accept-language", ""))
    return {**_HEADERS, "X-Request-ID": request.state.request_id}


def allowed_names(settings: Settings) -> frozenset[str]:
    """Host names that a server answers to: its own, those of the settings and, beyond loopback, this machine's."""
    names = {"127.0.0.1", "localhost", "::1", settings.host.lower()}
    names |= {name for part in settings.allowed_hosts.split(",") if (name := part.strip().lower())}
    if settings.host in ("0.0.0.0", "::", ""):
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
