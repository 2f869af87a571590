"""Requests and answers of runs: over HTTP, of their page and of exports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from waferwatch.web.results.schemas import DetectRequest, RunAnswer
from waferwatch.web.shell.schemas import (
    DataRequest,
    Name,
    Names,
    Query,
    StrictRequest,
)


class RunRequest(DetectRequest):
    kind: Annotated[str, Field(pattern="^(detection|comparison|injection)$")] = Field(
        "detection", description="What to do: detection, comparison of detectors, or a test with injected faults."
    )
    detectors: Names | None = Field(None, description="Of a comparison or injection: detectors; left out: all.")
    faults: bool | None = Field(
        None, description="Of a comparison: test with injected faults too; left out: where there are no labels."
    )


class RepeatRequest(DataRequest):
    pass


class ThresholdRequest(StrictRequest):
    threshold: Annotated[float, Field(allow_inf_nan=False)] = Field(description="Rows that score above it are flagged.")


class RunsQuery(Query):
    dataset: Name | None = Field(None, description="Only runs on this data set.")
    kind: Name | None = Field(None, description="Only runs of this kind.")
    state: Name | None = Field(None, description="Only runs in this state.")
    search: Name | None = Field(None, description="Only runs whose data set, options, user or id hold this text.")
    limit: Annotated[int, Field(ge=1, le=500)] = Field(50, description="Most runs listed.")
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = Field(0, description="How many of the newest to leave out.")


class CorrelationQuery(Query):
    rows: Annotated[str, Field(pattern="^(normal|anomalous|difference)$")] = Field(
        "normal", description="Of the normal rows, of the anomalous ones, or what the latter differ by."
    )


class RunList(BaseModel):
    runs: list[RunAnswer]


class ExportQuery(Query):
    """What to export of a detection, and as what."""

    what: Annotated[str, Field(pattern="^(rows|events)$")] = Field(
        "rows", description="`rows`: every input row with its score, flag and event; `events`: with their verdicts."
    )
    format: Annotated[str, Field(pattern="^(csv|parquet|json|xlsx)$")] = Field(
        "csv", description="`csv`; `parquet` for rows; `json` or `xlsx` for events."
    )


class ChecksExportQuery(Query):
    """Which runs, as of the list of runs, and as what."""

    dataset: Name | None = Field(None, description="Only runs on this data set.")
    kind: Name | None = Field(None, description="Only runs of this kind.")
    state: Name | None = Field(None, description="Only runs in this state.")
    search: Name | None = Field(None, description="Only runs whose data set, options, user or id hold this text.")
    format: Literal["csv", "xlsx"] = "csv"
