"""Folders as version 0.3.0 wrote them: a moved threshold writes everything again, and nothing has a checksum."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import pandas as pd

from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection

_ARRAYS = ("scores", "flags", "contributions", "event_ids")
_LATER = ("promise", "model_digest", "layout")
_BUDGET = {
    "asked": 5000.0,
    "expected": 4800.0,
    "rows": 2000,
    "weeks": 0.003,
    "beyond": 1.0,
    "judged_weeks": 0.02,
    "achieved": 5100.0,
    "achieved_false": 4900.0,
}


def as_it_was(found: Detection) -> Detection:
    """What version 0.3.0 could know of a detection."""
    events = [replace(event, usual_every_hours=None) for event in found.events]
    return replace(found, events=events, promise=None, model_digest=None, layout=None, threshold_by="false_alarms")


def write_result(folder: Path, found: Detection) -> None:
    folder.mkdir(parents=True)
    parts = {f"contribution_{at}": found.contributions[:, at] for at in range(len(found.features))}
    frame = pd.DataFrame({"score": found.scores, "flag": found.flags, "event": found.event_ids, **parts})
    frame.to_parquet(folder / "rows.parquet", index=False, compression="zstd")
    names = [field.name for field in fields(Detection) if field.name not in (*_ARRAYS, *_LATER)]
    plain = {name: getattr(found, name) for name in names}
    about = {
        **plain,
        "events": [
            {name: value for name, value in event.to_dict().items() if name != "usual_every_hours"}
            for event in found.events
        ],
        "runs": [asdict(run) for run in found.runs],
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "budget": _BUDGET,
        "notes": [{"template": note.template, "values": note.values} for note in found.notes],
    }
    (folder / "detection.json").write_text(json.dumps(about, ensure_ascii=False, default=str), "utf-8")


def write_table(table: Table, folder: Path, name: str) -> None:
    table.frame.to_parquet(folder / f"{name}.parquet", index=False)
    about = {
        "roles": {column: role.value for column, role in table.roles.items()},
        "groups": table.groups,
        "first_row": table.first_row,
        "notes": [{"template": note.template, "values": note.values} for note in table.notes],
    }
    (folder / f"{name}.json").write_text(json.dumps(about, ensure_ascii=False, default=str), "utf-8")
