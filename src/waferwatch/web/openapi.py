"""/openapi.json: OpenAPI 3.1, made from the table of endpoints and the models of requests and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.schemas import ProblemAnswer

Handler = Callable[[Request], Awaitable[Response]]
_REFERENCE = "#/components/schemas/{model}"
_FAILURES = {
    400: "The request cannot be read.",
    403: "Another web site asked.",
    404: "Something that the request names does not exist.",
    409: "The work was stopped.",
    413: "Too large.",
    415: "The body is of a wrong kind.",
    422: "The data or an option cannot be used.",
    500: "A fault of the server.",
    501: "An optional extra is not installed.",
    503: "The model cannot be loaded, or data cannot be stored.",
}

DETECTING = (400, 403, 404, 409, 413, 415, 422, 500, 501, 503)  # what a detection may end in


@dataclass(frozen=True)
class Endpoint:
    """One address and method: the route and its description at once."""

    method: str
    path: str  # as Starlette writes it
    handler: Handler
    summary: str
    answer: type[BaseModel] | str  # model of a JSON answer, or the media type of another; "" for no body
    status: int = 200
    body: type[BaseModel] | str | None = None  # model of a JSON body, or the media type of another
    query: type[BaseModel] | None = None
    failures: Sequence[int] = field(default=(400, 500))

    @property
    def described_path(self) -> str:
        return self.path.replace(":path}", "}")


def describe(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """The OpenAPI document."""
    models = {ProblemAnswer: "serialization"} | {
        model: "validation" if model in (one.body, one.query) else "serialization"
        for one in endpoints
        for model in (one.answer, one.body, one.query)
        if isinstance(model, type)
    }
    _, schemas = models_json_schema(
        [(model, mode) for model, mode in models.items()],  # type: ignore[misc]
        ref_template=_REFERENCE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in endpoints:
        paths.setdefault(one.described_path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "waferwatch",
            "version": version,
            "description": "Finds anomalies in semiconductor process data with the MOMENT foundation model.",
        },
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "responses": {str(endpoint.status): _answer(endpoint)}
        | {str(code): _failure(code) for code in endpoint.failures},
    }
    parameters = _parameters(endpoint)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _body(endpoint.body)}
    return operation


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    if not endpoint.answer:
        return {"description": "Done."}
    if isinstance(endpoint.answer, str):
        return {"description": endpoint.summary, "content": {endpoint.answer: {"schema": {"type": "string"}}}}
    return {"description": endpoint.summary, "content": _json(endpoint.answer)}


def _failure(code: int) -> dict[str, Any]:
    return {"description": _FAILURES[code], "content": _json(ProblemAnswer)}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _body(body: type[BaseModel] | str) -> dict[str, Any]:
    if not isinstance(body, str):
        return _json(body)
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    schema = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {body: {"schema": schema}}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in endpoint.described_path.split("/") if part.startswith("{")]
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if endpoint.query is not None:
        schema = endpoint.query.model_json_schema()
        found += [{"name": name, "in": "query", "schema": one} for name, one in schema["properties"].items()]
    return found
