"""What stands around every request: its id, the reader's language, who may ask, safe headers, the last safety net."""

from __future__ import annotations

import logging
import re
import secrets
import time
from urllib.parse import parse_qs, urlsplit, urlunsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waferwatch.errors import TooManyError, WaferwatchError
from waferwatch.settings import Settings
from waferwatch.web.access.access import Access, no_token
from waferwatch.web.access.door import enter, known_user
from waferwatch.web.access.hosts import READING, Hosts
from waferwatch.web.access.limits import Limiter
from waferwatch.web.access.peers import client_of
from waferwatch.web.html.language import COOKIE, choose_language
from waferwatch.web.process.telemetry import Telemetry
from waferwatch.web.shell.context import parts
from waferwatch.web.shell.error_page import answer_error
from waferwatch.web.shell.faults import cut_short, unexpected

_log = logging.getLogger("waferwatch.web")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_LIVE_ROWS = re.compile(r"/live/[^/]+/rows")  # sources send all the time; they get 429 when too many rows wait
_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
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

    def __init__(self, app: ASGIApp, settings: Settings, telemetry: Telemetry, access: Access) -> None:
        self._app = app
        self._telemetry = telemetry
        self._hosts = Hosts(settings, guarded=access.needed)
        self._posts = Limiter(settings.posts_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope)
        answered = _Answered(send, _prepare(request), request.headers.get("host", ""))
        try:
            await (await self._stopped(request) or self._app)(scope, receive, answered)
        except ClientDisconnect:
            _log.info("request %s: the client went away before it had sent everything", request.state.request_id)
            await answer_error(request, cut_short())(scope, receive, answered)
        except Exception:
            _log.exception("request %s: %s %r failed", request.state.request_id, scope["method"], scope["path"])
            if answered.status:
                raise
            await answer_error(request, unexpected())(scope, receive, answered)
        finally:
            self._count(scope, answered.status, time.perf_counter() - began)

    async def _stopped(self, request: Request) -> Response | None:
        """What a request is answered that may not go on; None for one that may."""
        refusal = self._hosts.refusal(request)
        if refusal is not None:
            return answer_error(request, refusal)
        try:
            answer = await enter(request)
            counted = request.method == "POST" and not _LIVE_ROWS.fullmatch(request.url.path)
            seconds = self._posts.count(client_of(request)) if answer is None and counted else 0
            if seconds:
                raise TooManyError(
                    "Too many requests came from this address.", hint="Try again in {seconds} seconds.", seconds=seconds
                )
        except WaferwatchError as error:
            return answer_error(request, error)
        return answer

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A web socket meets the same questions as a request, before it is accepted."""
        request = HTTPConnection(scope)
        _prepare(request)
        try:
            refusal = self._hosts.refusal(request)
            if refusal is None:
                request.state.user = await known_user(parts(request), request)
                refusal = no_token() if request.state.user is None else None
        except WaferwatchError as error:
            refusal = error
        if refusal is None:
            await self._app(scope, receive, send)
            return
        _log.info("request %s: a web socket was refused: %s", request.state.request_id, refusal.message())
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refusal.code})

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in (*READING, "POST", "PUT", "PATCH", "DELETE") else "other"
        self._telemetry.count_request(route, method, status or 500, seconds)


class _Answered:
    """Adds our headers to the answer on its way out, and remembers its status."""

    def __init__(self, send: Send, headers: dict[str, str], host: str) -> None:
        self._send = send
        self._headers = headers
        self._host = host
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
            if "location" in headers:
                headers["location"] = _own_path(headers["location"], self._host)
            headers.setdefault("Cache-Control", "no-store")
            headers.add_vary_header("Accept, Accept-Language, Cookie")
        await self._send(message)


def _prepare(request: HTTPConnection) -> dict[str, str]:
    """Give the request its id and language. Returns the headers that every answer carries."""
    given = request.headers.get("x-request-id", "")
    request.state.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    chosen = parse_qs(request.scope["query_string"].decode("latin-1")).get("lang", [request.cookies.get(COOKIE)])[0]
    request.state.language = choose_language(chosen, request.headers.get("accept-language", ""))
    return {**_HEADERS, "X-Request-ID": request.state.request_id}


def _own_path(location: str, host: str) -> str:
    """A redirect to this server without its name: whoever asked may have sent a name that is not ours."""
    target = urlsplit(location)
    if not target.netloc or target.netloc != host:
        return location
    return "/" + urlunsplit(("", "", target.path, target.query, target.fragment)).lstrip("/\\")
