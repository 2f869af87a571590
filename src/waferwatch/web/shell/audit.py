"""The audit log over HTTP: who did what, and when."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import parts, read_query
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.shell.schemas import Query


class AuditQuery(Query):
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="Most acts in the answer.")
    before: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="Only acts older than the one with this id: the `next` of the page before."
    )


class AuditEntry(BaseModel):
    id: int = Field(description="Grows with each act.")
    at: str = Field(description="ISO 8601, UTC.")
    user: str
    action: str = Field(description="A verb and its object, such as `upload data set`.")
    subject: str = Field(description="Id or name of what it was done to; for logging in, the address that asked.")
    detail: dict[str, Any]


class AuditAnswer(BaseModel):
    entries: list[AuditEntry] = Field(description="Newest first.")
    next: int | None = Field(description="What `before` must be for the next page; null when nothing older is kept.")


async def audit(request: Request) -> Response:
    """Acts that changed something, the newest first."""
    query, app = read_query(request, AuditQuery), parts(request)
    found = await app.work.read(app.store.audit.recent, query.limit + 1, query.before)
    shown = found[: query.limit]
    following = shown[-1].id if len(found) > len(shown) else None
    return JsonAnswer({"entries": [asdict(entry) for entry in shown], "next": following})


ENDPOINTS = (
    Endpoint("GET", "/audit", audit, "Who did what, newest first.", AuditAnswer, query=AuditQuery, failures=(422, 503)),
)
