"""A database and folders as version 0.3.0 wrote them: nothing has a checksum, and flags stand beside the scores."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Table
from waferwatch.scoring.result import Detection
from waferwatch.store.database.connection import Database

OLD_ID = "0123456789abcdef"
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
_ARRAYS = ("scores", "flags", "contributions", "event_ids")
_LATER = ("promise", "model_digest", "layout", "problems", "wafers", "limits")
_OF_RUN = ("key", "start_row", "rows", "score", "flagged")
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
    runs = [RunScore(**{name: getattr(run, name) for name in _OF_RUN}) for run in found.runs]
    found = replace(found, runs=runs, problems=[], wafers=None)
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
        "runs": [
            {name: getattr(run, name) for name in ("key", "start_row", "rows", "score", "flagged")}
            for run in found.runs
        ],
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


def make_tables(database: Database, revision: str = "0001") -> None:
    """The empty tables of 0.3.0; those of 0.4.0 are of the revision 0003."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("waferwatch.store") / "migrations"))
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def insert(database: Database, table: str, row: dict[str, Any]) -> None:
    """One row, by the columns that the table had then."""
    columns, places = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
    with database.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({places})"), values)


def run_row(**values: Any) -> dict[str, Any]:
    """A detection on the demo that waits for a process which is gone."""
    return {
        "id": OLD_ID,
        "kind": "detection",
        "dataset": "demo",
        "dataset_name": "",
        "options": {"dataset": "demo"},
        "fingerprint": "f" * 64,
        "state": "running",
        "progress": 0.25,
        "created": LONG_AGO,
        "user": "kim",
        "worker": f"{socket.gethostname()}:1:1767225600.00",
        "touched": LONG_AGO,
    } | values
