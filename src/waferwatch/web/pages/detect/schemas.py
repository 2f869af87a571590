"""Requests and answers of the Detect page."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from waferwatch.web.shell.schemas import (
    DATASET_HELP,
    DEFAULT_POINTS,
    LEAST_POINTS,
    MOST_POINTS,
    Name,
    Place,
    Query,
)


class PlotQuery(Query):
    dataset: Name | None = Field(None, description=DATASET_HELP)
    start: Place | None = Field(None, description="First place shown: a time (ISO 8601), number or row.")
    end: Place | None = Field(None, description="Last place shown.")
    points: Annotated[int, Field(ge=LEAST_POINTS, le=MOST_POINTS)] = Field(
        DEFAULT_POINTS, description="Most points in the figure."
    )
    run: Name | None = Field(None, description="`run` of a /detect answer: its score, flags and events are drawn too.")
    view: Annotated[str, Field(pattern="^(time|distribution)$")] = Field(
        "time", description="`time`, or (with `run`) `distribution`: normal beside anomalous values."
    )


class FilterColumn(BaseModel):
    column: str
    role: str
    values: list[str] = Field(description="The first 500 values.")
    total: int


class FilterAnswer(BaseModel):
    columns: list[FilterColumn]
    sensors: list[str]
    first: str | None = Field(description="First time of the data.")
    last: str | None
