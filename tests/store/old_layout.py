"""Folders as version 0.3.0 wrote them: a moved threshold writes everything again, and nothing has a checksum."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import pandas as pd

from waferwatch.scoring.result import Detection
from waferwatch.read.table import Table

_ARRAYS = ("scores", "flags", "contributions", "event_ids")


def write_result(folder: Path, found: Detection) -> None:
    folder.mkdir(parents=True)
    parts = {f"contribution_{at}": found.contributions[:, at] for at in range(len(found.features))}
    frame = pd.DataFrame({"score": found.scores, "flag": found.flags, "event": found.event_ids, **parts})
    frame.to_parquet(folder / "rows.parquet", index=False, compression="zstd")
    plain = {field.name: getattr(found, field.name) for field in fields(Detection) if field.name not in _ARRAYS}
    about = {
        **plain,
        "events": [event.to_dict() for event in found.events],
        "runs": [asdict(run) for run in found.runs],
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "budget": None if found.budget is None else asdict(found.budget),
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
