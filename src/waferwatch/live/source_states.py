"""The state of every source of live rows, as pages and programs ask for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from waferwatch.live.service import LiveParts
from waferwatch.live.sources.replays import Replayed, ReplayState
from waferwatch.live.sources.running import RunningSource
from waferwatch.read.table import Note

PUSHED, REPLAY = "pushed", "replay"
Translate = Callable[[str], str]


@dataclass(frozen=True)
class FileCounts:
    """What became of the files of a folder."""

    processed: int
    failed: int
    skipped: int


@dataclass(frozen=True)
class ReplayProgress:
    """How far a data set has been played."""

    dataset: str
    speed: float
    sent: int
    rows: int
    state: ReplayState


@dataclass(frozen=True)
class LiveSourceState:
    """One source."""

    name: str
    kind: str  # folder, mqtt, kafka or secs of the file of sources; replay; pushed: over HTTP or from a command
    monitor: str | None  # that the file of sources names
    connected: bool | None  # None: nobody can know
    reason: str | None  # why it is not connected, or why a replay failed
    last_received: float | None  # seconds since 1970
    silent: bool  # it is to send, and has sent nothing for longer than it should
    equipment: int
    rows: int
    late: int
    duplicates: int
    refused: int  # messages or rows that could not be used, since the server began
    files: FileCounts | None
    replay: ReplayProgress | None


@dataclass(frozen=True)
class _Came:
    """What has come of a source."""

    equipment: int = 0
    rows: int = 0
    late: int = 0
    duplicates: int = 0
    received: float | None = None


def source_states(parts: LiveParts, silence_s: float, translate: Translate = str) -> list[LiveSourceState]:
    """Those of the file first, then replays and what is sent to the server, by name."""
    came = _came(parts)
    replays = {one.source: one for one in parts.replays.all()}
    running = {one.name: one for one in parts.sources.all}
    others = sorted((set(came) | set(replays)) - set(running))
    oldest = time.time() - silence_s
    found = [_of_file(one, came.get(one.name, _Came()), oldest, translate) for one in running.values()]
    return found + [_other(name, came.get(name, _Came()), replays.get(name), oldest, translate) for name in others]


def _of_file(one: RunningSource, came: _Came, oldest: float, translate: Translate) -> LiveSourceState:
    status = one.status()
    return LiveSourceState(
        one.name,
        one.kind,
        one.monitor,
        status.connected,
        None if status.reason is None else _said(status.reason, translate),
        came.received,
        came.received is not None and came.received < oldest,
        came.equipment,
        came.rows,
        came.late,
        came.duplicates,
        status.refused,
        None if status.files is None else FileCounts(**status.files),
        None,
    )


def _other(name: str, came: _Came, replay: Replayed | None, oldest: float, translate: Translate) -> LiveSourceState:
    over = replay is not None and replay.state is not ReplayState.RUNNING
    progress = None
    if replay is not None:
        progress = ReplayProgress(replay.dataset, replay.speed, replay.sent, replay.rows, replay.state)
    return LiveSourceState(
        name,
        PUSHED if replay is None else REPLAY,
        None,
        None if replay is None else not over,
        _said(Note(*json.loads(replay.reason)), translate) if replay is not None and replay.reason else None,
        came.received,
        came.received is not None and came.received < oldest and not over,
        came.equipment,
        came.rows,
        came.late,
        came.duplicates,
        0,
        None,
        progress,
    )


def _came(parts: LiveParts) -> dict[str, _Came]:
    query = """
    SELECT source, count(*), sum(rows), sum(late), sum(duplicates), max(received) FROM live_equipment
        WHERE position > 0 GROUP BY source
    """
    with parts.database.reading() as connection:
        return {row[0]: _Came(*row[1:]) for row in connection.execute(query)}


def _said(note: Note, translate: Translate) -> str:
    return translate(note.template).format(**note.values)
