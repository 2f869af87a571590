"""The events of a detection, with what engineers said of them, as rows or as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import pandas as pd

from waferwatch.export.csv_file import write_csv
from waferwatch.export.rows import arrow_table
from waferwatch.scoring.result import Detection

SENSORS = 5  # whose shares have columns of their own


@dataclass(frozen=True)
class Said:
    """What somebody said of an event."""

    verdict: str  # true_alarm, false_alarm or intended_change
    note: str
    user: str
    at: str  # ISO 8601, UTC


def write_events_csv(found: Detection, said: Mapping[int, Said], file: BinaryIO) -> None:
    """One line for each event, in order of start; texts that a spreadsheet would run are made harmless."""
    write_csv(arrow_table(events_frame(found, said)), file)


def events_frame(found: Detection, said: Mapping[int, Said]) -> pd.DataFrame:
    """(events, columns) One row for each event: what it is, where, its first sensors with their shares, its verdict.

    Args:
        said: event id -> what was said of it.
    """
    events, judged = found.events, [said.get(event.id) for event in found.events]
    context = list(dict.fromkeys(name for event in events for name in event.context))
    plain = ("start", "end", "peak", "start_row", "end_row", "peak_row", "rows", "peak_score", "equipment", "lot")
    columns: dict[str, list[Any]] = {
        "event_id": [event.id for event in events],
        "kind": [event.kind.value for event in events],
        **{name: [getattr(event, name) for event in events] for name in plain},
        **{f"context.{name}": [event.context.get(name) for event in events] for name in context},
    }
    for at in range(SENSORS):
        ranked = [event.sensors[at] if at < len(event.sensors) else None for event in events]
        columns[f"sensor_{at + 1}"] = [None if one is None else one.sensor for one in ranked]
        columns[f"share_{at + 1}"] = [None if one is None else one.share for one in ranked]
    for title, name in (("verdict", "verdict"), ("note", "note"), ("verdict_by", "user"), ("verdict_at", "at")):
        columns[title] = [None if one is None else getattr(one, name) for one in judged]
    return pd.DataFrame(columns)


def events_document(found: Detection, said: Mapping[int, Said], about: Mapping[str, Any]) -> dict[str, Any]:
    """The detection and its events as plain JSON types.

    Args:
        about: what else the document says, before everything.
    """
    whole = found.to_dict()
    events = [
        event.to_dict()
        | {
            "verdict": None if one is None else one.verdict,
            "note": "" if one is None else one.note,
            "verdict_by": None if one is None else one.user,
            "verdict_at": None if one is None else one.at,
        }
        for event, one in ((event, said.get(event.id)) for event in found.events)
    ]
    return {**about, **{name: value for name, value in whole.items() if name != "runs"}, "events": events}
