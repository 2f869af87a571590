"""/openapi.json: OpenAPI 3.1, made from the table of endpoints and the models of requests and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.shell.schemas import ProblemAnswer

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_READING = ("GET", "HEAD")
Handler = Callable[[Request], Awaitable[Response]]
_Mode = Literal["validation", "serialization"]
_References = Mapping[tuple[Any, _Mode], dict[str, Any]]  # model and use -> its $ref
_REFERENCE = "#/components/schemas/{model}"
_FAILURES = {
    400: "The request cannot be read.",
    401: "The token is missing or wrong.",
    403: "Another web site asked, or a proxy did and the server asks for no token.",
    404: "Something that the request names does not exist.",
    409: "The work was stopped.",
    410: "Its files on the server are damaged.",
    413: "Too large.",
    415: "The body is of a wrong kind.",
    422: "The data or an option cannot be used.",
    429: "Too many requests, or too many runs wait; Retry-After says when to try again.",
    500: "A fault of the server.",
    501: "An optional extra is not installed.",
    503: "The model cannot be loaded, or the store or too many downloads keep the server busy.",
    507: "The disk of the server is full or cannot be written.",
}

DETECTING = (400, 403, 404, 409, 413, 415, 422, 500, 501, 503)  # what a detection may end in


@dataclass(frozen=True)
class Endpoint:
    """One address and method: the route and its description at once."""

    method: str
    path: str  # as Starlette writes it
    handler: Handler
    summary: str
    answer: type[BaseModel] | str  # model of a JSON answer, or the media types of another; "" for no body
    status: int = 200
    body: type[BaseModel] | str | None = None  # model of a JSON body, or the media type of another
    query: type[BaseModel] | None = None
    body_type: str = JSON  # media type of a body that has a model
    form_fields: Mapping[str, str] = field(default_factory=dict)  # texts that may stand next to a file, described
    failures: Sequence[int] = field(default=())  # besides those that every address has
    redirects: bool = False  # may answer 303 instead
    open: bool = False  # needs no token
    page: bool = False  # a browser gets a page instead of JSON

    @property
    def described_path(self) -> str:
        return self.path.replace(":path}", "}")

    @property
    def all_failures(self) -> list[int]:
        """What can go wrong here: what is declared, and what the guard answers."""
        found = {400, 403, 500, *self.failures}
        if not self.open:
            found |= {401, 503}
        if not self.open or self.method not in _READING:
            found.add(429)
        if self.method not in _READING:
            found.add(507)
        if 404 in found:
            found.add(410)
        return sorted(found)


def describe(endpoints: Sequence[Endpoint], version: str, cookie: str) -> dict[str, Any]:
    """The OpenAPI document.

    Args:
        cookie: name of the cookie that keeps a visitor logged in.
    """
    references, schemas = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.described_path, {})[one.method.lower()] = _operation(one, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "waferwatch",
            "version": version,
            "description": "Finds anomalies in semiconductor process data with the MOMENT foundation model.",
        },
        "paths": paths,
        "security": [{"token": []}, {"session": []}, {}],
        "components": {"schemas": schemas, "securitySchemes": _security(cookie)},
    }


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[_References, dict[str, Any]]:
    """Every model that is used, by the name that pydantic gives it: two of one name get longer ones."""
    used: dict[tuple[type[BaseModel], _Mode], None] = {(ProblemAnswer, "serialization"): None}
    for one in endpoints:
        if isinstance(one.answer, type):
            used[one.answer, "serialization"] = None
        used |= {(model, "validation"): None for model in (one.body, one.query) if isinstance(model, type)}
    references, schemas = models_json_schema(list(used), ref_template=_REFERENCE)
    return {key: dict(one) for key, one in references.items()}, schemas["$defs"]


def _security(cookie: str) -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "The server's token, when it has one."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": "The cookie that /login gives."},
    }


def _operation(endpoint: Endpoint, references: _References) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": _answers(endpoint, references),
    }
    parameters = _parameters(endpoint)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _body(endpoint, references)}
    if endpoint.open:
        operation["security"] = []
    return operation


def _answers(endpoint: Endpoint, references: _References) -> dict[str, Any]:
    answers = {str(endpoint.status): _answer(endpoint, references)}
    if endpoint.redirects or endpoint.page or endpoint.answer == "text/html":
        answers["303"] = {"description": "Go on to another page."}
    return answers | {str(code): _failure(code, references) for code in endpoint.all_failures}


def _answer(endpoint: Endpoint, references: _References) -> dict[str, Any]:
    if not endpoint.answer:
        return {"description": "Done."}
    if isinstance(endpoint.answer, str):
        content = {kind: {"schema": _schema(kind)} for kind in endpoint.answer.split(", ")}
        return {"description": endpoint.summary, "content": content}
    content = {JSON: {"schema": references[endpoint.answer, "serialization"]}}
    if endpoint.page:
        content["text/html"] = {"schema": {"type": "string"}}
    return {"description": endpoint.summary, "content": content}


def _schema(kind: str) -> dict[str, Any]:
    return {} if kind == JSON else {"type": "string"}


def _failure(code: int, references: _References) -> dict[str, Any]:
    """JSON for programs, a page for a browser that asks for one."""
    program = {"schema": references[ProblemAnswer, "serialization"]}
    page = {"schema": {"type": "string"}}
    return {"description": _FAILURES[code], "content": {JSON: program, "text/html": page}}


def _body(endpoint: Endpoint, references: _References) -> dict[str, Any]:
    if isinstance(endpoint.body, type):
        return {endpoint.body_type: {"schema": references[endpoint.body, "validation"]}}
    # Generators of clients know a file by its format, JSON Schema by its media type.
    file = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    texts = {name: {"type": "string", "description": said} for name, said in endpoint.form_fields.items()}
    properties = {"file": file} | texts
    schema = {"type": "object", "properties": properties, "required": ["file"], "additionalProperties": False}
    return {str(endpoint.body): {"schema": schema}}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in endpoint.described_path.split("/") if part.startswith("{")]
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema(ref_template=_REFERENCE)
        found += [{"name": name, "in": "query", "schema": one} for name, one in schema["properties"].items()]
    return found
