"""What runs have found, as files: a folder for each, that appears whole or not at all.

A detection is ``scores-….parquet``, written once when the run ends, and ``detection.json`` with all that depends on the
threshold, which is swapped for a new one when the threshold moves. Folders of before 0.4.0 hold ``rows.parquet``
instead, with the flags of then; it stays as it is, and a moved threshold gives them the new ``detection.json``.
What was computed from them later may lie next to them (``indicators-….parquet``) and is not missed when it does not.
"""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.errors import DamagedError, NotFoundError, StorageFullError
from waferwatch.events.event import Event
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.indicators.indicators import IndicatorColumn, Indicators
from waferwatch.indicators.learnt.wafer_model import WaferModel
from waferwatch.indicators.verdicts import RunScore
from waferwatch.scoring.result import Detection
from waferwatch.settings import Settings
from waferwatch.store.detections import (
    describe_detection,
    detection_bytes,
    event_ids_of,
    events_of,
    is_old,
    limits_of,
    restore_detection,
    runs_of,
    score_frame,
    wafers_of,
)
from waferwatch.store.disk import folders
from waferwatch.store.disk.files import Stamp, Written, put, sha256_of, stamp_of
from waferwatch.store.disk.indicators import drop_indicators, load_indicators, save_indicators
from waferwatch.store.disk.sealed import guarded, put_json, read_json, read_parquet
from waferwatch.store.recent import Recent

_RECENT_BYTES = 256 * 2**20
_LOCKS = 64
_ABOUT = "detection.json"
_DOCUMENT = "document.json"
_OLD_ROWS = "rows.parquet"
_log = logging.getLogger("waferwatch.store")


@dataclass(frozen=True)
class FoundEvents:
    """The events of a detection, and the rows that they hold."""

    events: list[Event]
    event_ids: NDArray[np.int64]  # (rows,) id of the event that the row belongs to, 0 = none


@dataclass(frozen=True)
class FoundWafers:
    """The wafers of a detection without what was found in its rows."""

    runs: list[RunScore]
    model: WaferModel | None  # None where they have no limits
    limits: list[TypedLimit]


class Results:
    """The results of one store. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.data_dir / "runs"
        self._recent: Recent[tuple[str, Stamp], Detection] = Recent(_RECENT_BYTES, detection_bytes)
        self._locks = tuple(threading.RLock() for _ in range(_LOCKS))

    def clean(self) -> None:
        folders.clean(self.folder)

    def lock(self, run_id: str) -> threading.RLock:
        """Held while a result is read in order to be changed, so that changes of one result come one after the other.

        Some runs share a lock. It holds back other threads, not other processes: of two processes that move one
        threshold at the same moment, the later one counts.
        """
        return self._locks[hash(run_id) % _LOCKS]

    def put_detection(self, run_id: str, found: Detection) -> None:
        """Keep a detection, in place of an earlier one of the same run. It is on the disk when this returns.

        Raises:
            StorageFullError: when the disk is full or cannot be written; an earlier one stays as it is.
        """
        target = self.folder / run_id
        with self.lock(run_id):
            if target.is_dir():
                written = _write(target, found)
            else:
                with folders.whole(target) as folder:
                    written = _write(folder, found)
            self._remember(run_id, written.stamp, found)

    def put_threshold(self, run_id: str, found: Detection) -> None:
        """Keep a detection whose threshold was moved. Its scores are not written again: they are those of before.

        Raises:
            NotFoundError: when the result was deleted meanwhile.
            DamagedError: when it was damaged.
            StorageFullError: when the disk is full or cannot be written; the threshold of before stays.
        """
        folder = self.folder / run_id
        with self.lock(run_id):
            try:
                with guarded(_damaged()):
                    scores = _scores_file(folder, read_json(folder / _ABOUT))
                written = put_json(folder / _ABOUT, describe_detection(found) | {"scores_file": scores})
            except (FileNotFoundError, NotADirectoryError):
                raise self._missing(run_id) from None
            self._remember(run_id, written.stamp, found)

    def detection(self, run_id: str) -> Detection:
        """
        Raises:
            NotFoundError: when nothing is kept under this name.
            DamagedError: when it was damaged.
        """
        return self._recent.get((run_id, self.stamp(run_id)), lambda: self._read(run_id))

    def events(self, run_id: str) -> FoundEvents:
        """The events of a detection alone: its scores are not read for them.

        Raises:
            NotFoundError: when nothing is kept under this name.
            DamagedError: when it was damaged.
        """
        kept = self._recent.find((run_id, self.stamp(run_id)))
        if kept is not None:
            return FoundEvents(kept.events, kept.event_ids)
        folder = self.folder / run_id
        try:
            with guarded(_damaged()):
                about = read_json(folder / _ABOUT)
                frame = pd.read_parquet(folder / _OLD_ROWS, columns=["event"]) if is_old(about) else pd.DataFrame()
                return FoundEvents(events_of(about), event_ids_of(frame, about))
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(run_id) from None

    def wafers(self, run_id: str) -> FoundWafers:
        """The wafers of a detection alone: its scores are not read for them.

        Raises:
            NotFoundError: when nothing is kept under this name.
            DamagedError: when it was damaged.
        """
        kept = self._recent.find((run_id, self.stamp(run_id)))
        if kept is not None:
            return FoundWafers(kept.runs, kept.wafers, kept.limits)
        try:
            with guarded(_damaged()):
                about = read_json(self.folder / run_id / _ABOUT)
                return FoundWafers(runs_of(about), wafers_of(about), limits_of(about))
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(run_id) from None

    def put_indicators(self, run_id: str, found: Indicators) -> None:
        """Keep the indicators of a detection, so that they are read from now on, whatever its threshold is.

        Without them nothing is lost: where they cannot be kept, they are computed again.
        """
        try:
            save_indicators(self.folder / run_id, found)
        except (StorageFullError, OSError):
            _log.warning("the indicators of result %s could not be kept", run_id)

    def indicators(self, run_id: str, columns: list[IndicatorColumn]) -> Indicators | None:
        """What ``put_indicators`` kept; None where they have to be computed, as for results of before 0.7.0."""
        return load_indicators(self.folder / run_id, columns)

    def put_document(self, run_id: str, document: dict[str, Any]) -> None:
        """Keep the result of another kind of run: plain JSON types. It is on the disk when this returns.

        Raises:
            StorageFullError: when the disk is full or cannot be written; an earlier one stays as it is.
        """
        target = self.folder / run_id
        with self.lock(run_id):
            if target.is_dir():
                put_json(target / _DOCUMENT, document)
            else:
                with folders.whole(target) as folder:
                    put_json(folder / _DOCUMENT, document)

    def document(self, run_id: str) -> dict[str, Any]:
        """
        Raises:
            NotFoundError: when nothing is kept under this name.
            DamagedError: when it was damaged.
        """
        try:
            with guarded(_damaged()):
                return read_json(self.folder / run_id / _DOCUMENT)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(run_id) from None

    def delete(self, run_id: str) -> None:
        """
        Raises:
            StorageFullError: when the disk cannot be written.
        """
        folders.remove(self.folder / run_id)
        self._recent.forget(lambda key, _found: key[0] == run_id)

    def _remember(self, run_id: str, stamp: Stamp, found: Detection) -> None:
        self._recent.forget(lambda key, _found: key[0] == run_id)
        self._recent.put((run_id, stamp), found)

    def stamp(self, run_id: str) -> Stamp:
        """What tells this content from that which another process may put in its place.

        Raises:
            NotFoundError: when nothing is kept under this name.
            DamagedError: when it was damaged.
        """
        try:
            return stamp_of(self.folder / run_id / _ABOUT)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(run_id) from None

    def _missing(self, run_id: str) -> NotFoundError:
        """A folder without its files was damaged; without the folder the result was deleted."""
        return _damaged() if (self.folder / run_id).is_dir() else _gone()

    def _read(self, run_id: str) -> Detection:
        folder = self.folder / run_id
        try:
            with guarded(_damaged()):
                about = read_json(folder / _ABOUT)
                scores = about.get("scores_file", {"name": _OLD_ROWS, "sha256": None})
                return restore_detection(read_parquet(folder / scores["name"], scores["sha256"]), about)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(run_id) from None


def _write(folder: Path, found: Detection) -> Written:
    """``detection.json`` names the file with the scores, so that replacing the one replaces both."""
    name = f"scores-{secrets.token_hex(4)}.parquet"
    frame = score_frame(found)
    scores = put(folder / name, lambda file: frame.to_parquet(file, index=False, compression="zstd"))
    about = describe_detection(found) | {"scores_file": {"name": name, "sha256": scores.sha256}}
    drop_indicators(folder)
    written = put_json(folder / _ABOUT, about)
    for old in folder.glob("*.parquet"):
        if old.name != name:
            old.unlink(missing_ok=True)
    return written


def _scores_file(folder: Path, about: dict[str, Any]) -> dict[str, str]:
    """Name and checksum of the file that holds the scores."""
    if is_old(about):
        return {"name": _OLD_ROWS, "sha256": sha256_of(folder / _OLD_ROWS)}
    return {"name": about["scores_file"]["name"], "sha256": about["scores_file"]["sha256"]}


def _gone() -> NotFoundError:
    return NotFoundError("This result is no longer kept.", hint="Detect again.", field="run")


def _damaged() -> DamagedError:
    return DamagedError(
        "The files of this result are damaged, so it cannot be shown.",
        hint="Delete this run, detect again, and have the disk of the server checked.",
        field="run",
    )
