"""A detection as it is kept: its scores as a frame, everything else as plain JSON types."""

from __future__ import annotations

import base64
import io
import zlib
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.evaluate.metrics import Metrics
from waferwatch.events.event import Event, Kind, SensorShare
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.indicators.problems.problem import problem_of
from waferwatch.indicators.verdicts import RunScore, run_of
from waferwatch.models.levels import LevelShift
from waferwatch.models.state import pack, unpack
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.promise import Promise
from waferwatch.series.layout import SeriesLayout

_FAST = 1  # of zlib: flags and ids are nearly all zeros
_ARRAYS = ("scores", "flags", "contributions", "event_ids")
_EVENT_BYTES = 2_000  # what one event takes in memory, about


def score_frame(found: Detection) -> pd.DataFrame:
    """What a moved threshold leaves as it is, one row for each row of the table."""
    parts = {f"contribution_{at}": found.contributions[:, at] for at in range(len(found.features))}
    return pd.DataFrame({"score": found.scores, **parts})


def describe_detection(found: Detection) -> dict[str, Any]:
    """Everything but the scores. Flags and event ids are packed: they are nearly all zeros."""
    plain = {field.name: getattr(found, field.name) for field in fields(Detection) if field.name not in _ARRAYS}
    return {
        **plain,
        "rows": len(found.flags),
        "flags": _pack(np.packbits(found.flags)),
        "event_ids": _pack(found.event_ids.astype("<i8")),
        "events": [event.to_dict() for event in found.events],
        "runs": [run.described() for run in found.runs],
        "limits": [asdict(one) for one in found.limits],
        "problems": [one.described() for one in found.problems],
        "wafers": None if found.wafers is None else _packed(found.wafers),
        "shifts": _packed(found.shifts) if found.shifts else None,
        "metrics": None if found.metrics is None else asdict(found.metrics),
        "promise": None if found.promise is None else asdict(found.promise),
        "layout": None if found.layout is None else found.layout.to_dict(),
        "notes": [{"template": note.template, "values": note.values} for note in found.notes],
    }


def restore_detection(frame: pd.DataFrame, about: dict[str, Any]) -> Detection:
    """The detection again.

    Args:
        frame: what ``score_frame`` gave; before 0.4.0 with the columns ``flag`` and ``event``.
        about: what ``describe_detection`` gave; before 0.4.0 without the flags and event ids.

    Raises:
        ValueError, KeyError, TypeError, zlib.error: when they are damaged or do not belong together.
    """
    flags, event_ids = flags_of(frame, about), event_ids_of(frame, about)
    if not len(frame) == len(flags) == len(event_ids):
        raise ValueError("scores and flags differ in length")
    parts = [frame[f"contribution_{at}"].to_numpy(np.float32) for at in range(len(about["features"]))]
    plain = {field.name: about[field.name] for field in fields(Detection) if field.name in about}
    return Detection(
        **{
            "threshold_by": "contamination",  # of results that do not say it, before 0.3.0
            **plain,
            "scores": frame["score"].to_numpy(np.float64),
            "flags": flags,
            "event_ids": event_ids,
            "contributions": np.stack(parts, axis=1) if parts else np.empty((len(frame), 0), np.float32),
            "events": events_of(about),
            "runs": runs_of(about),
            "limits": limits_of(about),
            "problems": [problem_of(one) for one in about.get("problems", [])],
            "wafers": wafers_of(about),
            "shifts": list(_unpacked(about["shifts"])) if about.get("shifts") else [],
            "metrics": None if about["metrics"] is None else Metrics(**about["metrics"]),
            "promise": None if about.get("promise") is None else Promise(**about["promise"]),
            "layout": None if about.get("layout") is None else SeriesLayout.from_dict(about["layout"]),
            "notes": tuple(Note(note["template"], note["values"]) for note in about["notes"]),
        }
    )


def is_old(about: dict[str, Any]) -> bool:
    """Whether this was kept before 0.4.0, with flags and event ids next to the scores."""
    return "event_ids" not in about


def flags_of(frame: pd.DataFrame, about: dict[str, Any]) -> NDArray[np.bool_]:
    if is_old(about):
        return frame["flag"].to_numpy(np.bool_)
    packed = np.frombuffer(_unpack(about["flags"]), np.uint8)
    return np.unpackbits(packed, count=about["rows"]).astype(np.bool_)


def event_ids_of(frame: pd.DataFrame, about: dict[str, Any]) -> NDArray[np.int64]:
    if is_old(about):
        return frame["event"].to_numpy(np.int64)
    return np.frombuffer(_unpack(about["event_ids"]), "<i8").astype(np.int64)


def events_of(about: dict[str, Any]) -> list[Event]:
    return [_event(event) for event in about["events"]]


def runs_of(about: dict[str, Any]) -> list[RunScore]:
    return [run_of(run) for run in about["runs"]]


def limits_of(about: dict[str, Any]) -> list[TypedLimit]:
    return [TypedLimit(**one) for one in about.get("limits", [])]


def wafers_of(about: dict[str, Any]) -> WaferModel | None:
    return None if about.get("wafers") is None else _unpacked_model(about["wafers"])


def detection_bytes(found: Detection) -> int:
    """Bytes that the detection takes in memory, about."""
    return int(sum(getattr(found, name).nbytes for name in _ARRAYS)) + _EVENT_BYTES * len(found.events)


def _event(about: dict[str, Any]) -> Event:
    sensors = tuple(SensorShare(**item) for item in about["sensors"])
    return Event(**{**about, "kind": Kind(about["kind"]), "sensors": sensors})


def _pack(values: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), _FAST)).decode()


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True))


def _packed(learnt: WaferModel | list[LevelShift]) -> dict[str, Any]:
    document, arrays = pack(learnt)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return {"document": document, "arrays": base64.b64encode(zlib.compress(buffer.getvalue(), _FAST)).decode()}


def _unpacked(about: dict[str, Any]) -> Any:
    with np.load(io.BytesIO(_unpack(about["arrays"])), allow_pickle=False) as file:
        return unpack(about["document"], {name: file[name] for name in file.files})


def _unpacked_model(about: dict[str, Any]) -> WaferModel:
    found = _unpacked(about)
    if not isinstance(found, WaferModel):
        raise ValueError("no limits of wafers")
    return found
