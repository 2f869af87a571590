"""Requests of the Runs page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from waferwatch.web.shell.schemas import Query


class ExportQuery(Query):
    """What to export of a detection, and as what."""

    what: Annotated[str, Field(pattern="^(rows|events)$")] = Field(
        "rows", description="`rows`: every input row with its score, flag and event; `events`: with their verdicts."
    )
    format: Annotated[str, Field(pattern="^(csv|parquet|json)$")] = Field(
        "csv", description="`csv`; `parquet` for rows; `json` for events."
    )
