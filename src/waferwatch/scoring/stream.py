"""Scores of rows as they arrive, the same as those of the whole file.

A score is early while rows that it rests on are still to come, and settled once ``model.delay`` rows have followed. A
settled score never changes, and is the one that :meth:`Model.detect` gives the same rows.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from waferwatch.errors import InputError, ModelError
from waferwatch.models.fitted import FIRST_ROWS, Fitted, Scope
from waferwatch.read.roles.groups import group_texts
from waferwatch.scoring.detecting.learnt import LearntModel
from waferwatch.series.series import Series
from waferwatch.series.split import split

FORMAT = 1
GRID = 2048  # rows: what is kept of an equipment begins on the grid that windows lie on

_NUMBER, _SETTLED, _PLACE = "__number__", "__settled__", "__place__"
_NEW_ROWS = "the new rows"
_NEW = np.iinfo(np.int64).min
_IS_FIRST = -1  # the number, in a stored state, of first rows of equipment without a reference

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class StreamScores:
    """What is known after some rows have come."""

    early: Floats  # (rows pushed,) scores of these rows by the rows so far, in their order; NaN = not judged
    settled: Floats  # scores that have become final, in the order in which their rows came
    settled_rows: NDArray[np.int64]  # number of each of these rows, counted from the first row ever pushed

    def __array__(self, dtype: Any = None, copy: Any = None) -> Floats:
        """The early scores."""
        return self.early if dtype is None else self.early.astype(dtype)

    def __len__(self) -> int:
        return len(self.early)


class Stream:
    """Rows of any number of equipment, pushed in time order for each.

    Args:
        state: what :meth:`state` of a stream of the same model gave; None begins anew.

    Raises:
        ModelError: the state is of another model, or damaged.
    """

    def __init__(self, model: LearntModel, state: bytes | None = None) -> None:
        self._model = model
        self._rows = _Rows.none()
        self._first = pd.DataFrame()  # rows of equipment without a reference, which say at what level it is
        self._count = 0  # rows pushed so far
        if state is not None:
            self._restore(state)

    def push(self, frame: pd.DataFrame) -> StreamScores:
        """Score some rows, and settle earlier ones.

        Raises:
            InputError, NotFoundError: as :meth:`Model.detect`. Nothing is kept of rows that are refused.
        """
        frame = self._model.plain(frame, _NEW_ROWS)
        self._check(frame)
        rows = self._rows.followed_by(frame, self._count)
        read = self._read(rows)
        self._count += len(frame)
        self._first = read.first
        settled = ~rows.settled & read.final
        early = read.points[len(rows.frame) - len(frame) :]
        done = replace(rows, settled=rows.settled | settled, place=read.place)
        self._rows = done.at(read.needed | ~done.settled)
        return StreamScores(early, read.points[settled], rows.number[settled])

    def finish(self) -> StreamScores:
        """The scores of all rows that were still to settle, as at the end of a file."""
        left = ~self._rows.settled
        if not left.any():
            return StreamScores(np.empty(0), np.empty(0), np.empty(0, np.int64))
        points = self._read(self._rows).points[left]
        self._rows = replace(self._rows, settled=np.ones(len(left), np.bool_))
        return StreamScores(points, points, self._rows.number[left])

    def state(self) -> bytes:
        """All that a stream holds, to go on elsewhere or later: never pickled."""
        rows = self._rows
        frame = rows.frame.assign(**{_NUMBER: rows.number, _SETTLED: rows.settled, _PLACE: rows.place})
        if len(self._first):
            first = self._first.assign(**{_NUMBER: _IS_FIRST, _SETTLED: True, _PLACE: _NEW})
            frame = pd.concat([frame, first], ignore_index=True)
        frame.attrs = {}
        about = {"format": str(FORMAT), "digest": self._model.digest, "count": str(self._count)}
        table = _arrow_table(frame)
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **about}), buffer)
        return buffer.getvalue()

    def _check(self, frame: pd.DataFrame) -> None:
        """Rows are read together with those before: a column that only these lack would pass unseen as empty."""
        self._model.table(frame, _NEW_ROWS)
        before = [name for name in self._rows.frame.columns if name in self._model.roles]
        missing = [str(name) for name in before if name not in frame.columns]
        if missing:
            raise InputError(
                "The new rows lack the columns {columns} that the rows before them had.",
                hint="Push rows with the same columns each time.",
                field="frame",
                columns=", ".join(missing),
            )

    def _read(self, rows: _Rows) -> _Read:
        """Scores of kept rows, and what becomes of them."""
        series = [_placed(one, rows.place) for one in self._series(rows.frame)]
        first = self._first_rows(rows, series)
        fitted, short = self._adopted(first)
        with threadpool_limits(limits=1, user_api="blas"):
            scores = fitted.score(self._model.as_before(series), self._model.detector)
        read = _Read.of(len(rows.frame), first)
        after: dict[tuple[str, ...], _After] = {}
        for one, scored in zip(reversed(series), reversed(scores), strict=True):
            read.points[one.rows] = scored.points
            read.place[one.rows] = one.offset + np.arange(len(one))
            known = after.setdefault(one.scope, _After())
            if one.is_run and known.rows:  # it is final when the next one has begun
                read.final[one.rows] = True
                read.needed[one.rows] = known.rows - known.last <= self._model.context
            else:
                read.final[one.rows], read.needed[one.rows] = self._of_stretch(one, known)
            read.final[one.rows] &= one.scope not in short
            known.add(one)
        return read

    def _series(self, frame: pd.DataFrame) -> list[Series]:
        """Rows of the stream as series with the model's sensors."""
        parts = split(self._model.table(frame, "the stream"), layout=self._model.layout)
        return [one.with_sensors(parts.features, self._model.features) for one in parts.series]

    def _first_rows(self, rows: _Rows, series: Sequence[Series]) -> pd.DataFrame:
        """The first rows of each equipment without a reference: those kept, and new ones while they are too few."""
        points = Counter[Scope]()
        for one in self._series(self._first) if len(self._first) else ():
            points[one.scope] += len(one)
        more = [self._first]
        for scope in self._model.fitted.unknown(series):
            mine = np.concatenate([one.rows for one in series if one.scope == scope])
            new = mine[rows.place[mine] == _NEW] if scope in points else mine
            more.append(rows.frame.iloc[new[: max(0, FIRST_ROWS - points[scope])]])
        return pd.concat(more, ignore_index=True) if len(more) > 1 else self._first

    def _adopted(self, first: pd.DataFrame) -> tuple[Fitted, set[Scope]]:
        """What scores all equipment, and the equipment of which too few rows have come to say at what level it is."""
        by_scope: dict[Scope, list[Series]] = defaultdict(list)
        for one in self._model.as_before(self._series(first)) if len(first) else ():
            by_scope[one.scope].append(one)
        short = {scope for scope, mine in by_scope.items() if sum(map(len, mine)) < FIRST_ROWS}
        return self._model.fitted.with_adopted(by_scope), short

    def _of_stretch(self, one: Series, known: _After) -> tuple[Mask, Mask]:
        """Which rows are final, and which are needed as long as one that is not final may rest on them."""
        place = np.arange(len(one))
        behind = len(one) - 1 - place + known.rows
        first = len(one) + known.rows - self._model.context - self._model.delay
        first -= (one.offset + first) % GRID  # what stays begins on the grid
        return behind >= self._model.delay, place >= first

    def _restore(self, state: bytes) -> None:
        try:
            table = pq.read_table(pa.BufferReader(state))
            about: Mapping[bytes, bytes] = table.schema.metadata or {}
            _check_format(about[b"format"].decode())
            digest, count = about[b"digest"].decode(), int(about[b"count"])
            frame = table.to_pandas()
            is_first = (frame[_NUMBER] == _IS_FIRST).to_numpy()
            first = frame[is_first].drop(columns=[_NUMBER, _SETTLED, _PLACE]).reset_index(drop=True)
            frame = frame[~is_first].reset_index(drop=True)
            number, settled, place = (frame.pop(name).to_numpy() for name in (_NUMBER, _SETTLED, _PLACE))
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(
                "The state of the stream is damaged: {reason}.",
                hint="Begin the stream anew.",
                reason=type(error).__name__,
            ) from error
        if digest != self._model.digest:
            raise ModelError(
                "The state of the stream belongs to another model.",
                hint="Use the model that it was made with, or begin the stream anew.",
            )
        self._rows, self._first, self._count = _Rows(frame, number, settled, place), first, count


def _check_format(written: str) -> None:
    """Of a state: another version of waferwatch may keep other things in it."""
    if written != str(FORMAT):
        raise ModelError(
            "The state of the stream has format {written}; this version reads format {known}.",
            hint="Begin the stream anew.",
            written=written,
            known=FORMAT,
        )


def _arrow_table(frame: pd.DataFrame) -> pa.Table:
    """Columns of cells that are not of one kind as text, by which they are read just as well."""
    written = frame.copy(deep=False)
    for name, column in frame.items():
        try:
            pa.array(column, from_pandas=True)
        except pa.ArrowException:
            written[name] = group_texts(column).where(column.notna(), None)
    return pa.Table.from_pandas(written, preserve_index=False)


@dataclass(frozen=True)
class _Rows:
    """Rows that later scores rest on, in the order they came."""

    frame: pd.DataFrame
    number: NDArray[np.int64]  # counted from the first row ever pushed
    settled: Mask  # whether the score was given as settled
    place: NDArray[np.int64]  # absolute number in its series; _NEW before it was scored

    @classmethod
    def none(cls) -> _Rows:
        return cls(pd.DataFrame(), np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.int64))

    def followed_by(self, frame: pd.DataFrame, count: int) -> _Rows:
        new = len(frame)
        return _Rows(
            pd.concat([self.frame, frame], ignore_index=True) if len(self.frame) else frame.reset_index(drop=True),
            np.concatenate([self.number, np.arange(count, count + new)]),
            np.concatenate([self.settled, np.zeros(new, np.bool_)]),
            np.concatenate([self.place, np.full(new, _NEW)]),
        )

    def at(self, kept: Mask) -> _Rows:
        frame = self.frame[kept].reset_index(drop=True)
        return _Rows(frame, self.number[kept], self.settled[kept], self.place[kept])


@dataclass(frozen=True)
class _Read:
    """What scoring the kept rows says of each."""

    points: Floats
    final: Mask  # no later row changes its score
    needed: Mask  # a score that is not final may rest on it
    place: NDArray[np.int64]
    first: pd.DataFrame  # first rows of equipment without a reference

    @classmethod
    def of(cls, rows: int, first: pd.DataFrame) -> _Read:
        # A row without a time is in no series: it is not scored now or later.
        nothing = np.zeros(rows, np.bool_)
        return cls(np.full(rows, np.nan), ~nothing, nothing, np.full(rows, _NEW), first)


@dataclass
class _After:
    """What follows a series in its scope."""

    rows: int = 0
    last: int = 0  # of them in the last series

    def add(self, series: Series) -> None:
        self.last = self.last or len(series)
        self.rows += len(series)


def _placed(series: Series, place: NDArray[np.int64]) -> Series:
    """A series that keeps the absolute numbers of rows that were scored before: a clock that is not quite even would
    give them others.
    """
    known = place[series.rows]
    at = np.flatnonzero(known != _NEW)
    return series if not len(at) else replace(series, offset=int(known[at[0]] - at[0]))
