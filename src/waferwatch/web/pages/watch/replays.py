"""Data sets played as live sources: live monitoring without a tool."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.live.scoring.watched import Watch
from waferwatch.live.sources.replay import ReplaySource
from waferwatch.live.sources.source import source_named
from waferwatch.web.shell.answers import JsonAnswer
from waferwatch.web.shell.context import Parts, parts, read_body, user_of
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.shell.schemas import DataRequest, Name
from waferwatch.web.shell.work import dataset_of

_MOST_ROWS = 500_000


class PlayRequest(DataRequest):
    source: Annotated[str, Field(min_length=1, max_length=200)] = Field("replay", description="Name of the source.")
    speed: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = Field(
        1.0, description="Times as fast as it was recorded; 0: as fast as can be."
    )
    monitor: Name | None = Field(None, description="Monitor that scores this source from now on.")


class PlayAnswer(BaseModel):
    source: str
    rows: int


async def play_dataset(request: Request) -> Response:
    """Hand the rows of a data set in as if they came now."""
    body, app = await read_body(request, PlayRequest), parts(request)
    replay = await app.work.draw(_play, app, body)
    detail = {"source": body.source, "speed": body.speed}
    await app.work.read(app.store.audit.add, user_of(request), "play data set", dataset_of(body.dataset), **detail)
    return JsonAnswer({"source": replay.name, "rows": replay.rows}, status_code=202)


def _play(app: Parts, body: PlayRequest) -> ReplaySource:
    source = source_named(body.source)
    live, table = app.live.parts, app.store.datasets.table(dataset_of(body.dataset))
    if len(table.frame) > _MOST_ROWS:
        raise InputError(
            "The data set has more than {most} rows.",
            hint="Play it with: waferwatch replay FILE",
            field="dataset",
            most=_MOST_ROWS,
        )
    if body.monitor is not None:
        app.live.watch(Watch(source, "*", body.monitor))
    return live.replays.play(source, dataset_of(body.dataset), table, body.speed)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/live/replays",
        play_dataset,
        "Play a data set as a live source.",
        PlayAnswer,
        202,
        body=PlayRequest,
        failures=(400, 404, 413, 415, 422, 429, 503),
    ),
)
