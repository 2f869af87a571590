"""Settled scores of one equipment: those that ``Model.detect`` gives the same rows, once all they rest on is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.live.log.reading import LoggedRows
from waferwatch.live.scoring.frames import model_frame
from waferwatch.live.scoring.progress import Progress
from waferwatch.live.scoring.watched import WatchedModel
from waferwatch.scoring.stream import Stream, StreamScores

_NUMBER_BYTES = 8


@dataclass(frozen=True)
class SettledRows:
    """Scores that have become final."""

    positions: NDArray[np.int64]  # (n,)
    scores: NDArray[np.float64]  # (n,) NaN = not judged


class SettlingTrack:
    """Rows of one equipment through the stream of one version; a series of the log is a stream of its own."""

    def __init__(self, watched: WatchedModel, equipment: str) -> None:
        self.watched = watched
        self._equipment = equipment
        self._series = -1
        self._position = 0
        self._begin()

    @classmethod
    def restored(cls, watched: WatchedModel, equipment: str, kept: Progress) -> Self:
        """What :meth:`kept` gave."""
        track = cls(watched, equipment)
        about = json.loads(kept.detail)
        size = about["waiting"] * _NUMBER_BYTES
        track._series, track._position, track._count = about["series"], kept.position, about["count"]
        track._numbers = np.frombuffer(kept.state[:size], np.int64)
        track._positions = np.frombuffer(kept.state[size : 2 * size], np.int64)
        track._stream = Stream(watched.model, kept.state[2 * size :])
        return track

    def push(self, rows: LoggedRows) -> SettledRows:
        """Take the next rows in, and give what has become final."""
        found: list[SettledRows] = []
        borders = [0, *(np.flatnonzero(np.diff(rows.series)) + 1).tolist(), len(rows)]
        for start, stop in pairwise(borders):
            some = rows.at(slice(start, stop))
            if int(some.series[0]) != self._series:
                found.append(self._end())
                self._series = int(some.series[0])
            found.append(self._push(some))
        self._position = int(rows.positions[-1])
        return SettledRows(
            *(np.concatenate(one) for one in zip(*((f.positions, f.scores) for f in found), strict=True))
        )

    def kept(self) -> Progress:
        """All of it."""
        about = {"series": self._series, "count": self._count, "waiting": len(self._positions)}
        state = self._numbers.tobytes() + self._positions.tobytes() + self._stream.state()
        return Progress(self._position, self.watched.title, json.dumps(about), state)

    def _begin(self) -> None:
        self._stream = Stream(self.watched.model)
        self._count = 0  # rows of the stream
        self._numbers = np.empty(0, np.int64)  # in the stream, of rows that are not settled
        self._positions = np.empty(0, np.int64)  # of these in the log

    def _end(self) -> SettledRows:
        last = self._settled(self._stream.finish())
        self._begin()
        return last

    def _push(self, rows: LoggedRows) -> SettledRows:
        model = self.watched.model
        frame = model_frame(rows, self._equipment, model)
        self._numbers = np.concatenate([self._numbers, np.arange(self._count, self._count + len(rows))])
        self._positions = np.concatenate([self._positions, rows.positions])
        self._count += len(rows)
        return self._settled(self._stream.push(frame))

    def _settled(self, scores: StreamScores) -> SettledRows:
        at = np.searchsorted(self._numbers, scores.settled_rows)
        found = SettledRows(self._positions[at], scores.settled)
        left = np.ones(len(self._numbers), np.bool_)
        left[at] = False
        self._numbers, self._positions = self._numbers[left], self._positions[left]
        return found
