"""The login page, and the way out."""

from __future__ import annotations

from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from waferwatch.errors import InputError, TooLargeError, TooManyError, WaferwatchError
from waferwatch.web.access.access import wrong_token
from waferwatch.web.access.door import cookie_session, local_path, record_audit, with_session
from waferwatch.web.access.session import own_name
from waferwatch.web.html.pages import bare_page, switched_language
from waferwatch.web.pages.login.schemas import LoginForm, LoginQuery
from waferwatch.web.shell.context import parts, read_query, translator
from waferwatch.web.shell.error_page import wants_page
from waferwatch.web.shell.faults import (
    MediaTypeError,
    error_body,
    error_headers,
    from_validation,
)
from waferwatch.web.shell.openapi import FORM, Endpoint

_MOST_BYTES = 16_384


async def login_page(request: Request) -> Response:
    """The page that asks for the token."""
    switched = switched_language(request)
    if switched is not None:
        return switched
    target = local_path(read_query(request, LoginQuery).next)
    if request.state.user is not None:
        return RedirectResponse(target, 303)
    return _page(request, target, "")


async def log_in(request: Request) -> Response:
    """Open a session for who shows the token."""
    form = await _read_form(request)
    app, target = parts(request), local_path(form.next)
    if not app.access.needed:
        return RedirectResponse(target, 303)
    try:
        name = own_name(form.name)
        if not app.access.opens(form.token.strip(), request):
            await record_audit(app, request, "failed log in", name)
            raise wrong_token()
    except (InputError, TooManyError) as error:
        if wants_page(request):
            return _page(request, target, form.name, error)
        raise
    await record_audit(app, request, "log in", name)
    return with_session(app, request, RedirectResponse(target, 303), name)


async def log_out(request: Request) -> Response:
    """End the session of this browser, for every copy of its cookie."""
    app = parts(request)
    session = cookie_session(app, request)
    if app.access.needed and session is not None and request.state.user is not None:
        await app.work.read(app.store.ended_sessions.add, session.id, session.until)
        await record_audit(app, request, "log out", request.state.user)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(app.access.sessions.cookie, httponly=True, samesite="lax")
    return answer


def _page(request: Request, target: str, name: str, error: WaferwatchError | None = None) -> Response:
    body = None if error is None else error_body(error, request.state.request_id, translator(request))
    status = 200 if error is None else error.status
    page = bare_page(request, "login.html", status=status, next=target, name=name, error=body)
    page.headers.update({} if error is None else error_headers(error))
    return page


async def _read_form(request: Request) -> LoginForm:
    """
    Raises:
        MediaTypeError, TooLargeError: when the body is no form, or far too long for this one.
        InputError: naming the field that cannot be used.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise MediaTypeError("The body is not a form.", hint="Send the fields token and name as a form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise TooLargeError("The form is too long.", hint="Send the fields token and name alone.")
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        return LoginForm.model_validate(fields)
    except ValidationError as error:
        raise from_validation(error, list(LoginForm.model_fields)) from error


ENDPOINTS = (
    Endpoint(
        "GET",
        "/login",
        login_page,
        "The page that asks for the token.",
        "text/html",
        query=LoginQuery,
        failures=(422,),
        redirects=True,
        open=True,
    ),
    Endpoint(
        "POST",
        "/login",
        log_in,
        "Open a session: a cookie for who shows the token.",
        "",
        status=303,
        body=LoginForm,
        body_type=FORM,
        failures=(401, 413, 415, 422, 503),
        open=True,
    ),
    Endpoint(
        "POST", "/logout", log_out, "End the session of this browser.", "", status=303, failures=(503,), open=True
    ),
)
