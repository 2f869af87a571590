"""A table as a visitor sees it, made into a file: for tables of a page that no address of their own exports."""

from __future__ import annotations

from functools import partial
from typing import Annotated, BinaryIO, Literal

import pandas as pd
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.web.shell.context import parts, read_body, user_of
from waferwatch.web.shell.openapi import Endpoint
from waferwatch.web.shell.schemas import StrictRequest
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_MOST_ROWS, _MOST_COLUMNS, _LONGEST_CELL = 10_000, 500, 10_000
_SHEET = "table"

_Text = Annotated[str, Field(max_length=_LONGEST_CELL)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class ShownTableRequest(StrictRequest):
    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="Names the file.")
    format: Literal["csv", "xlsx"]
    columns: Annotated[list[_Text], Field(min_length=1, max_length=_MOST_COLUMNS)]
    rows: Annotated[
        list[Annotated[list[_Text | int | _Number | None], Field(max_length=_MOST_COLUMNS)]],
        Field(max_length=_MOST_ROWS),
    ] = Field(description="Cells of each row, as many as there are columns; what is missing is empty.")


async def export_shown(request: Request) -> Response:
    """The table that was sent, as CSV or as a workbook. Texts that a spreadsheet would run are made harmless."""
    body, app = await read_body(request, ShownTableRequest), parts(request)
    await app.work.read(app.store.audit.add, user_of(request), "export table", body.title)
    name = file_name(body.title, f"table.{body.format}")
    return await download(app, partial(_write, body), name, TABLE_MEDIA[body.format])


def _write(body: ShownTableRequest, file: BinaryIO) -> None:
    cells = {
        name: _alike([row[at] if at < len(row) else None for row in body.rows])
        for at, name in enumerate(_distinct(body.columns))
    }
    write_tables({_SHEET: pd.DataFrame(cells)}, file, body.format)


def _alike(cells: list[str | float | None]) -> pd.Series:
    """A column of numbers where all of its cells are some or empty, else of texts."""
    known = [cell for cell in cells if cell not in (None, "")]
    if known and not any(isinstance(cell, str) for cell in known):
        return pd.Series([None if cell == "" else cell for cell in cells], dtype="float64")
    return pd.Series(["" if cell is None else str(cell) for cell in cells], dtype=object)


def _distinct(names: list[str]) -> list[str]:
    """Each with its number where the same was there before, or where it is empty."""
    found: list[str] = []
    for at, name in enumerate(names, 1):
        known = name if name and name not in found else f"{name or 'column'} {at}"
        found.append(known)
    return found


ENDPOINTS = (
    Endpoint(
        "POST",
        "/tables/export",
        export_shown,
        "A table as a page shows it, as a file.",
        ", ".join(TABLE_MEDIA[kind] for kind in ("csv", "xlsx")),
        body=ShownTableRequest,
        failures=(400, 413, 415, 422, 429, 500, 503),
    ),
)
