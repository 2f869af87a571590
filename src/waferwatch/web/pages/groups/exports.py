"""The tables of the Groups page as files: groups with their differences, and the flagged runs of an overlay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.export.tables import write_tables
from waferwatch.store.runs import Run
from waferwatch.web.pages.groups.schemas import GroupsExportQuery, OverlayExportQuery
from waferwatch.web.results.finished import finished_detection
from waferwatch.web.shell.context import Parts, parts, user_of
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

Answer = Callable[[Run], dict[str, Any]]


async def export_answer(
    request: Request, query: GroupsExportQuery | OverlayExportQuery, what: str, answer: Answer
) -> Response:
    """A table of the page as a file.

    Args:
        what: its name: groups or overlay.
        answer: what the page is answered for a run.
    """
    app: Parts = parts(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    found = await app.work.draw(answer, run)
    await app.work.read(app.store.audit.add, user_of(request), f"export {what}", run.id)
    tables = _groups(found) if what == "groups" else {"runs": pd.DataFrame(found["flagged"], columns=list(_RUN))}
    write = partial(_write, tables, query.format)
    name = file_name(run.dataset_name or "demo", f"{what}.{query.format}")
    return await download(app, write, name, TABLE_MEDIA[query.format])


_RUN = ("name", "group", "score", "rows", "flagged", "first", "last")


def _groups(found: dict[str, Any]) -> dict[str, pd.DataFrame]:
    groups = pd.DataFrame(found["groups"]).rename(columns={"value": str(found["by"] or "value")})
    crossing = found["crossing"]
    if crossing is None:
        return {"groups": groups}
    return {"groups": groups, "two columns": _crossing(found, crossing)}


def _crossing(found: dict[str, Any], crossing: dict[str, Any]) -> pd.DataFrame:
    """One line for each pair of values that has rows."""
    first, second = _with_others(crossing, "first"), _with_others(crossing, "second")
    lines = [
        {found["by"]: one, found["second"]: other, "rows": rows, "anomalies": anomalies}
        for one, all_rows, all_anomalies in zip(first, crossing["rows"], crossing["anomalies"], strict=True)
        for other, rows, anomalies in zip(second, all_rows, all_anomalies, strict=True)
        if rows
    ]
    return pd.DataFrame(lines, columns=[found["by"], found["second"], "rows", "anomalies"])


def _with_others(crossing: dict[str, Any], side: str) -> Sequence[str]:
    values = [value or "" for value in crossing[side]]
    return [*values, "others"] if crossing[f"{side}_others"] else values


def _write(tables: dict[str, pd.DataFrame], kind: str, file: BinaryIO) -> None:
    write_tables(tables, file, kind)
