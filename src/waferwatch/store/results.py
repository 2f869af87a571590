"""What runs have found, as files: a folder for each, that appears whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.errors import NotFoundError
from waferwatch.evaluate.metrics import Metrics
from waferwatch.events.event import Event, Kind, SensorShare
from waferwatch.read.table import Note
from waferwatch.scoring.budget import Budget
from waferwatch.scoring.result import Detection, RunScore
from waferwatch.settings import Settings
from waferwatch.store import folders
from waferwatch.store.recent import Recent

_RECENT_BYTES = 256 * 2**20
_EVENT_BYTES = 2_000  # what one event takes in memory, about
_ARRAYS = ("scores", "flags", "contributions", "event_ids")


class Results:
    """The results of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "runs"
        self._recent: Recent[str, Detection] = Recent(_RECENT_BYTES, _detection_bytes)

    def clean(self) -> None:
        folders.clean(self.folder)

    def put_detection(self, run_id: str, found: Detection) -> None:
        """Keep a detection, in place of an earlier one of the same run."""
        with folders.whole(self._replacing(run_id)) as folder:
            _rows(found).to_parquet(folder / "rows.parquet", index=False, compression="zstd")
            (folder / "detection.json").write_text(json.dumps(_about(found), ensure_ascii=False, default=str), "utf-8")
        self._recent.put(run_id, found)

    def detection(self, run_id: str) -> Detection:
        """
        Raises:
            NotFoundError: when nothing is kept under this name.
        """
        return self._recent.get(run_id, lambda: self._read(run_id))

    def events(self, run_id: str) -> list[Event]:
        """The events of a detection alone: its rows are not read for them.

        Raises:
            NotFoundError: when nothing is kept under this name.
        """
        kept = self._recent.find(run_id)
        if kept is not None:
            return kept.events
        try:
            about = json.loads((self.folder / run_id / "detection.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise _gone() from None
        return [_event(event) for event in about["events"]]

    def put_document(self, run_id: str, document: dict[str, Any]) -> None:
        """Keep the result of another kind of run: plain JSON types."""
        with folders.whole(self._replacing(run_id)) as folder:
            (folder / "document.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")

    def document(self, run_id: str) -> dict[str, Any]:
        """
        Raises:
            NotFoundError: when nothing is kept under this name.
        """
        try:
            return dict(json.loads((self.folder / run_id / "document.json").read_text("utf-8")))
        except (OSError, ValueError):
            raise _gone() from None

    def delete(self, run_id: str) -> None:
        folders.remove(self.folder / run_id)
        self._recent.forget(lambda key, _found: key == run_id)

    def _replacing(self, run_id: str) -> Path:
        folders.remove(self.folder / run_id)
        return self.folder / run_id

    def _read(self, run_id: str) -> Detection:
        folder = self.folder / run_id
        try:
            frame = pd.read_parquet(folder / "rows.parquet")
            about = json.loads((folder / "detection.json").read_text("utf-8"))
        except (OSError, ValueError):
            raise _gone() from None
        return _detection(frame, about)


def _rows(found: Detection) -> pd.DataFrame:
    parts = {f"contribution_{at}": found.contributions[:, at] for at in range(len(found.features))}
    return pd.DataFrame({"score": found.scores, "flag": found.flags, "event": found.event_ids, **parts})


def _about(found: Detection) -> dict[str, Any]:
    plain = {field.name: getattr(found, field.name) for field in fields(Detection) if field.name not in _ARRAYS}
    return {
        **plain,
        "events": [event.to_dict() for event in found.events],
        "runs": [asdict(run) for run in found.runs],
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "budget": None if found.budget is None else asdict(found.budget),
        "notes": [{"template": note.template, "values": note.values} for note in found.notes],
    }


def _detection(frame: pd.DataFrame, about: dict[str, Any]) -> Detection:
    parts = [frame[f"contribution_{at}"].to_numpy(np.float32) for at in range(len(about["features"]))]
    return Detection(
        scores=frame["score"].to_numpy(np.float64),
        flags=frame["flag"].to_numpy(np.bool_),
        event_ids=frame["event"].to_numpy(np.int64),
        contributions=np.stack(parts, axis=1) if parts else np.empty((len(frame), 0), np.float32),
        **{
            **about,
            "events": [_event(event) for event in about["events"]],
            "runs": [RunScore(**run) for run in about["runs"]],
            "metrics": None if about["metrics"] is None else Metrics(**about["metrics"]),
            "budget": None if about.get("budget") is None else Budget(**about["budget"]),
            "notes": tuple(Note(note["template"], note["values"]) for note in about["notes"]),
        },
    )


def _event(about: dict[str, Any]) -> Event:
    sensors = tuple(SensorShare(**item) for item in about["sensors"])
    return Event(**{**about, "kind": Kind(about["kind"]), "sensors": sensors})


def _gone() -> NotFoundError:
    return NotFoundError("This result is no longer kept.", hint="Detect again.", field="run")


def _detection_bytes(found: Detection) -> int:
    return int(sum(getattr(found, name).nbytes for name in _ARRAYS)) + _EVENT_BYTES * len(found.events)
