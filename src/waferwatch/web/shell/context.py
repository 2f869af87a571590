"""What every handler needs: the running application's parts, the reader's language, the checked body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request

from waferwatch.errors import TooLargeError
from waferwatch.jobs.jobs import Jobs
from waferwatch.live.alarms.service import AlarmService
from waferwatch.live.service import LiveService
from waferwatch.settings import Settings
from waferwatch.store.store import Store
from waferwatch.web.access.access import Access
from waferwatch.web.html.language import Translator
from waferwatch.web.process.telemetry import Telemetry
from waferwatch.web.shell.faults import MalformedError, MediaTypeError, from_validation
from waferwatch.web.shell.work import Work

_MOST_BODY_BYTES = 4_000_000
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Parts:
    """The parts of one running application."""

    settings: Settings
    store: Store
    jobs: Jobs
    telemetry: Telemetry
    work: Work
    access: Access
    live: LiveService
    alarms: AlarmService


def parts(request: HTTPConnection) -> Parts:
    return cast(Parts, request.scope["app"].state.parts)


def translator(request: Request) -> Translator:
    """Sentences in the language of the request's reader."""
    return Translator(request.state.language)


def user_of(request: Request) -> str:
    """Who asks, for the audit log."""
    return str(getattr(request.state, "user", "local"))


async def read_body(request: Request, model: type[Model]) -> Model:
    """The JSON body as a checked model.

    Raises:
        MediaTypeError, MalformedError, TooLargeError: when it is no readable JSON.
        InputError: naming the field that cannot be used.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise MediaTypeError("The body is not JSON.", hint="Send it with the header Content-Type: application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise TooLargeError(
                "The body is larger than {limit} MB.",
                hint="Leave out what is not needed.",
                limit=_MOST_BODY_BYTES / 1e6,
            )
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedError("The body is not valid JSON.", hint="Check quotes, commas and braces.") from error
        raise from_validation(error, list(model.model_fields)) from error


def read_query(request: Request, model: type[Model]) -> Model:
    """The query as a checked model.

    Raises:
        InputError: naming the parameter that cannot be used.
    """
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise from_validation(error, [one.alias or name for name, one in model.model_fields.items()]) from error
