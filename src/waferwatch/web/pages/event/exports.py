"""The tables of one event as files: its sensors, its rows, events like it, and the other equipment."""

from __future__ import annotations

from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.scoring.output import with_result
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.pages.event.answer import event_answer
from waferwatch.web.pages.event.schemas import EventExportQuery
from waferwatch.web.results.finished import finished
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

_SENSORS = ("sensor", "share", "onset", "onset_row", "onset_time", "farthest_row", "measured", "expected")
_SIMILAR = (
    "run", "event", "same_stretch", "dataset_name", "detected", "start", "kind", "equipment", "lot", "likeness",
    "sensors", "verdict", "note", "by", "at",
)  # fmt: skip
_EQUIPMENT = ("equipment", "flagged", "peak_score", "events", "recipe", "step")


async def export_event(request: Request, number: int) -> Response:
    """One of them as CSV, or all as the sheets of a workbook."""
    app, query, run_id = parts(request), read_query(request, EventExportQuery), request.path_params["id"]
    run, tables = await app.work.draw(_tables, app, run_id, number, translator(request))
    await app.work.read(app.store.audit.add, user_of(request), "export event", run.id, event=number)
    chosen = {query.what: tables[query.what]} | tables  # CSV holds the first alone
    name = file_name(run.dataset_name or "demo", f"event-{number}-{query.what}.{query.format}")
    return await download(app, partial(_write, chosen, query.format), name, TABLE_MEDIA[query.format])


def _write(tables: dict[str, pd.DataFrame], kind: str, file: BinaryIO) -> None:
    write_tables(tables, file, kind)


def _tables(app: Parts, run_id: str, number: int, translate: Translator) -> tuple[Run, dict[str, pd.DataFrame]]:
    one = finished(app, run_id)
    answer = event_answer(app, one, number, translate)
    rows = with_result(one.table.frame, one.found)
    return one.run, {
        "sensors": pd.DataFrame([_sensor(each) for each in answer["sensors"]], columns=list(_SENSORS)),
        "rows": rows[rows["event_id"].eq(number).fillna(False)],
        "similar": pd.DataFrame([_like(each) for each in answer["similar"]], columns=list(_SIMILAR)),
        "equipment": pd.DataFrame([_sister(each) for each in answer["sisters"]["equipment"]], columns=list(_EQUIPMENT)),
    }


def _sensor(one: dict[str, Any]) -> dict[str, Any]:
    far = one["farthest"] or {}
    found = {"farthest_row": far.get("row"), "measured": far.get("measured"), "expected": far.get("expected")}
    return {name: one.get(name) for name in _SENSORS[:5]} | found


def _like(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"sensors": ", ".join(f"{each['sensor']} {each['share']:.0%}" for each in one["sensors"])}


def _sister(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"events": ", ".join(map(str, one["events"]))}
