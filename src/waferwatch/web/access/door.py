"""What every request meets first when the server asks for a token."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from waferwatch.web.access.access import LOCAL, PROGRAM, no_token, wrong_token
from waferwatch.web.access.peers import client_of
from waferwatch.web.access.session import NAMELESS, SESSION_S, Session
from waferwatch.web.shell.context import Parts, parts
from waferwatch.web.shell.error_page import wants_page
from waferwatch.web.shell.faults import UnauthorizedError

PROBES = ("/healthz", "/readyz")
OPEN = ("/login", "/logout", *PROBES)  # and static files: a probe and the login page need no token
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-~]*")  # a second slash would name another host


async def enter(request: Request) -> Response | None:
    """Set ``request.state.user``: who asks, None where nobody needs to be known.

    Returns:
        None for a request that may go on; else where to log in.

    Raises:
        UnauthorizedError, TooManyError: for a program without the token, and for a wrong one.
        StoreError: when the database cannot say whether the visitor has logged out.
    """
    app, path = parts(request), request.scope["path"]
    request.state.user = None if app.access.needed else LOCAL
    if path in PROBES or path.startswith("/static/"):  # these must answer when the database does not
        return None
    reading = request.method in ("GET", "HEAD")
    if path not in OPEN and app.access.needed and reading and "token" in request.query_params:
        return await _by_address(app, request)
    if path in OPEN:
        request.state.user = await _visitor(app, request)
        return None
    request.state.user = await known_user(app, request)
    if request.state.user is not None:
        return None
    if reading and wants_page(request):
        return RedirectResponse(login_address(request), 303)
    raise no_token()


async def known_user(app: Parts, request: HTTPConnection) -> str | None:
    """Who asks; None for somebody who has not shown the token.

    Raises:
        UnauthorizedError, TooManyError: for a wrong token in the Authorization header.
        StoreError: when the database cannot say whether the visitor has logged out.
    """
    if not app.access.needed:
        return LOCAL
    try:
        if app.access.shows_token(request):
            return PROGRAM
    except UnauthorizedError:
        await record_audit(app, request, "failed log in")
        raise
    return await _visitor(app, request)


def cookie_session(app: Parts, request: HTTPConnection) -> Session | None:
    """What the cookie says, whether or not the visitor has logged out since."""
    return app.access.sessions.read(request.cookies.get(app.access.sessions.cookie))


async def _visitor(app: Parts, request: HTTPConnection) -> str | None:
    if not app.access.needed:
        return LOCAL
    session = cookie_session(app, request)
    if session is None or await app.work.read(app.store.ended_sessions.holds, session.id):
        return None
    return session.user


async def _by_address(app: Parts, request: Request) -> Response:
    """The token of the address becomes a cookie, and the same page opens without it."""
    if not app.access.opens(request.query_params["token"].strip(), request):
        await record_audit(app, request, "failed log in")
        raise wrong_token()
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    target = request.scope["path"] + ("?" + urlencode(query) if query else "")
    await record_audit(app, request, "log in", NAMELESS)
    return with_session(app, request, RedirectResponse(local_path(target), 303), NAMELESS)


def with_session(app: Parts, request: Request, answer: Response, name: str) -> Response:
    """The answer with the cookie that keeps the visitor logged in."""
    answer.set_cookie(
        app.access.sessions.cookie,
        app.access.sessions.open(name),
        max_age=SESSION_S,
        httponly=True,
        samesite="lax",  # strict would ask again after each link from a mail; writing from elsewhere is refused anyway
        secure=request.url.scheme == "https",
    )
    return answer


def local_path(wanted: str) -> str:
    """A path of this server, with its query; the first page for anything that could lead elsewhere."""
    parts_of = urlsplit(wanted) if _LOCAL_PATH.fullmatch(wanted) and "\\" not in wanted else None
    return wanted if parts_of is not None and not parts_of.scheme and not parts_of.netloc else "/"


def login_address(request: Request) -> str:
    """The login page that leads back to what was asked for."""
    wanted = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
    return "/login" if wanted == "/" else "/login?" + urlencode({"next": wanted})


async def record_audit(app: Parts, request: HTTPConnection, action: str, user: str = NAMELESS) -> None:
    """A line in the audit log about somebody at the door."""
    await app.work.read(app.store.audit.add, user, action, client_of(request))
