"""The one error shape, and how each failure becomes it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError, TooManyError, WaferwatchError
from waferwatch.read.findings import finding_of
from waferwatch.web.html.language import Translator
from waferwatch.web.shell.answers import JsonAnswer


class MalformedError(InputError):
    """The request is not even readable."""

    status, code = 400, "malformed"


class UnauthorizedError(InputError):
    """Who asks has not shown the token."""

    status, code = 401, "unauthorized"


class ForbiddenError(InputError):
    """The request comes from a place that may not ask."""

    status, code = 403, "forbidden"


class NoSuchPageError(InputError):
    """No route has this path."""

    status, code = 404, "not_found"


class MethodError(InputError):
    """The route exists, the method does not."""

    status, code = 405, "method_not_allowed"


class MediaTypeError(InputError):
    """The body is of a kind that the route does not take."""

    status, code = 415, "unsupported_media_type"


class UnexpectedError(WaferwatchError):
    """A fault of ours."""


def error_answer(
    error: WaferwatchError, request_id: str, language: str, headers: dict[str, str] | None = None
) -> Response:
    """The error as a program gets it."""
    body = error_body(error, request_id, Translator(language))
    return JsonAnswer({"error": body}, status_code=error.status, headers=error_headers(error) | (headers or {}))


def error_body(error: WaferwatchError, request_id: str, translate: Translator) -> dict[str, Any]:
    """What is answered about an error, in JSON and on a page; with all findings where it is about a file."""
    body: dict[str, Any] = {
        "code": error.code,
        "message": error.message(translate),
        "hint": error.hint(translate),
        "field": error.field,
        "request_id": request_id,
    }
    findings = getattr(error, "findings", ()) or ((finding_of(error),) if error.upload else ())
    if findings:
        body["findings"] = [finding.to_dict(translate) for finding in findings]
    if error.upload:
        body["upload"] = error.upload
    return body


def error_headers(error: WaferwatchError) -> dict[str, str]:
    """Headers that belong to the status (RFC 9110, 11.6.1 and 10.2.3)."""
    if isinstance(error, UnauthorizedError):
        return {"WWW-Authenticate": 'Bearer realm="waferwatch"'}
    return {"Retry-After": str(error.seconds)} if isinstance(error, TooManyError) else {}


def unexpected() -> UnexpectedError:
    return UnexpectedError(
        "Something went wrong on the server.",
        hint="Try again. If it happens again, give the request id to the person who runs this server.",
    )


def cut_short() -> MalformedError:
    return MalformedError("The request ended too early.", hint="Send it again.")


def from_http(error: HTTPException, request: Request) -> WaferwatchError:
    """Starlette's own refusals in our words."""
    path = request.scope["path"][:200]
    if error.status_code == 404:
        return NoSuchPageError(
            "There is nothing at {path}.",
            hint="The page is at /, and /openapi.json lists every address.",
            path=path,
        )
    if error.status_code == 405:
        return MethodError(
            "{path} does not take the method {method}.",
            hint="/openapi.json lists the methods of every address.",
            path=path,
            method=request.method[:20],
        )
    return MalformedError("The request cannot be read.", hint="/openapi.json describes every request.")


def from_validation(error: ValidationError, known: list[str]) -> InputError:
    """The first complaint about a request as a sentence that names the field.

    Args:
        known: names of the fields that the request may have.
    """
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])[:200] or None
    values: dict[str, Any] = {"field": field, "name": field}
    kind, context = first["type"], first.get("ctx", {})
    limit = next((context[bound] for bound in ("gt", "ge", "lt", "le") if bound in context), "")
    if kind == "extra_forbidden":
        return InputError(
            "There is no field {name} here.", hint="The fields are: {known}.", known=", ".join(known), **values
        )
    if kind == "missing":
        return InputError("The field {name} is missing.", hint="Give it a value.", **values)
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _out_of_bounds(kind, limit, values)
    if kind in ("string_too_long", "too_long", "string_pattern_mismatch", "literal_error"):
        return _unwelcome(kind, context, values)
    if kind == "threshold":
        return InputError(
            "The threshold cannot be {value}.",
            hint="Give a number as the scores are, 0 or more, such as 3, or auto.",
            field=field,
            value=str(first["input"])[:60],
        )
    return _wrong_type(kind, values)


def _unwelcome(kind: str, context: dict[str, Any], values: dict[str, Any]) -> InputError:
    """A value of the right type that is too long, or none of those there are."""
    if kind == "string_too_long":
        most = context["max_length"]
        return InputError("{name} is longer than {limit} letters.", hint="Shorten it.", limit=most, **values)
    if kind == "too_long":
        most = context["max_length"]
        return InputError("{name} names more than {limit}.", hint="Leave some out.", limit=most, **values)
    # pydantic tells a pattern ("^(csv|json)$") or a list ("'csv' or 'json'")
    known = ", ".join(re.findall(r"[a-z_]+", str(context.get("pattern", "")))) or context.get("expected", "")
    return InputError("{name} is not a valid value.", hint="Choose one of: {known}.", known=known, **values)


def _out_of_bounds(kind: str, limit: Any, values: dict[str, Any]) -> InputError:
    match kind:
        case "greater_than":
            return InputError("{name} must be above {limit}.", hint="Choose a larger number.", limit=limit, **values)
        case "greater_than_equal":
            return InputError("{name} must be at least {limit}.", hint="Choose a larger number.", limit=limit, **values)
        case "less_than":
            return InputError("{name} must be below {limit}.", hint="Choose a smaller number.", limit=limit, **values)
        case _:
            return InputError("{name} must be at most {limit}.", hint="Choose a smaller number.", limit=limit, **values)


def _wrong_type(kind: str, values: dict[str, Any]) -> InputError:
    if kind.startswith("int"):
        return InputError("{name} must be a whole number.", hint="Write it without quotes and decimals.", **values)
    if kind.startswith(("float", "finite")):
        return InputError("{name} must be a number.", hint="Write it without quotes, with a decimal point.", **values)
    if kind == "string_too_short":
        return InputError("{name} is empty.", hint="Give it a value.", **values)
    if kind.startswith("string"):
        return InputError("{name} must be text.", hint="Write it in double quotes.", **values)
    if kind == "too_short":
        return InputError(
            "{name} is empty.", hint="Name at least one. A field that is not required can be left out.", **values
        )
    if kind.startswith(("list", "tuple")):
        return InputError("{name} must be a list.", hint='Write it as ["first", "second"].', **values)
    if kind.startswith("model"):
        return InputError(
            "The body must be one JSON object.", hint='Write it as {{"name": value, ...}}.', field=values["field"]
        )
    return InputError("{name} cannot be used as it is.", hint="/openapi.json describes every field.", **values)
