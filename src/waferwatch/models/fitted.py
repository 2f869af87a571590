"""What a detector has learnt for all equipment: one owner of who shares a fit, unchanged after learning."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.alarm_counts import AlarmCounts
from waferwatch.models.automatic import automatic_threshold
from waferwatch.models.contract import Detector, Learnt, Part, Progress, Scores, no_progress, part_of
from waferwatch.models.decades import Decades, by_decades
from waferwatch.models.lent_scale import with_lent_scales
from waferwatch.models.rarity import Rarity
from waferwatch.models.state import SINCE, storable
from waferwatch.models.threads import in_threads
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

Floats = NDArray[np.float64]
Scope = tuple[str, ...]

EVERY_SCOPE = ""  # of a reference that names no equipment
FIRST_ROWS = 512  # of an equipment without a reference, that say at what level it is
_SEPARATOR = "\x1f"
_SCALED_AT_ONCE = 65_536  # points
_LEARNT_AT_ONCE = 200_000  # rows of all references that are learnt from side by side
_MOST_PLACES = 64  # that are looked at in one series


@storable
@dataclass(frozen=True)
class ReferencePiece:
    """Rows that were learnt from: when they come again they have the scores they had when left out of learning."""

    scope: str
    first: Floats  # (S,) values of its first row
    sha256: str  # of all its values
    left_out: NDArray[np.float32]  # (n,) raw
    set_aside: bool  # unlike the others, and not learnt from

    @classmethod
    def of(cls, series: Series, left_out: Floats, set_aside: bool) -> ReferencePiece:
        return cls(
            key_of(series.scope),
            series.values[0].copy(),  # not a view, which would keep the whole reference in memory
            hash_of(series.values),
            left_out.astype(np.float32),
            set_aside,
        )

    def stands_at(self, series: Series, start: int) -> bool:
        """Whether these very rows stand in a series from a place on."""
        stop = start + len(self.left_out)
        return stop <= len(series) and hash_of(series.values[start:stop]) == self.sha256


@dataclass(frozen=True)
class KnownPieces:
    """Pieces of a reference, found by their first rows: a file may hold thousands of them, and as many series."""

    by_first_row: dict[bytes, list[ReferencePiece]]
    first: Floats  # ascending, what the first sensor reads in these rows

    @classmethod
    def of(cls, pieces: Sequence[ReferencePiece]) -> Self:
        by_first_row: dict[bytes, list[ReferencePiece]] = defaultdict(list)
        for piece in pieces:
            by_first_row[piece.first.tobytes()].append(piece)
        return cls(dict(by_first_row), np.unique(np.array([piece.first[0] for piece in pieces], np.float64)))

    def found_in(self, series: Series) -> Iterator[tuple[ReferencePiece, int]]:
        """The pieces that stand in a series, and where each begins."""
        for row, places in self._places(series).items():
            for piece in self.by_first_row[row]:
                start = next((place for place in places if piece.stands_at(series, place)), None)
                if start is not None:
                    yield piece, start

    def _places(self, series: Series) -> dict[bytes, list[int]]:
        """First rows of pieces that stand in a series, and the first few places where each does.

        A run is a run as a whole. Elsewhere sensors are rounded, so that one of them alone finds many places.
        """
        found: dict[bytes, list[int]] = defaultdict(list)
        looked_for = set(self.by_first_row)
        readings = series.values[: 1 if series.run else len(series), 0]
        for place in np.flatnonzero(_among(self.first, readings)).tolist() if looked_for else ():
            row = series.values[place].tobytes()
            if row in looked_for:
                found[row].append(place)
                looked_for -= {row} if len(found[row]) == _MOST_PLACES else set()
            if not looked_for:
                break
        return found


@storable
@dataclass(frozen=True)
class Fitted:
    """A detector's parts, one for each scope, and what their scores mean."""

    detector: str
    parts: dict[str, Part]
    sister: str  # the part that stands in for equipment without a reference
    rarity: Rarity
    threshold: float  # automatic, on the common scale
    alarms: AlarmCounts
    reference: list[ReferencePiece]
    decades: Decades | None = field(default=None, metadata={SINCE: "0.7.0"})  # sensors judged by their logarithm

    @property
    def context(self) -> int:
        """Points before a row that its score rests on."""
        return max(part.context for part in self.parts.values())

    @property
    def delay(self) -> int:
        """Points behind a row that its score rests on."""
        return max(part.delay for part in self.parts.values())

    @property
    def reads_steps(self) -> bool:
        """Whether scores rest on which recipe step a row belongs to."""
        return any(part.reads_steps for part in self.parts.values())

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        """Scores of series on the common scale, in their order; those of one scope follow one another in time."""
        found = dict(self.scored(series, detector, progress))
        return [found[number] for number in range(len(series))]

    def scored(
        self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress
    ) -> Iterator[tuple[int, Scores]]:
        """As :meth:`score`, scope by scope with the number of each series: what is taken at once need not be held."""
        by_scope: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(series):
            by_scope[key_of(one.scope)].append(number)
        total, done = max(1, sum(len(one) for one in series)), 0
        for key, numbers in by_scope.items():
            mine = [series[number] for number in numbers]
            read = by_decades(self.decades, mine)
            share = sum(len(one) for one in mine) / total
            scored = self._part(key, read).score(read, detector, part_of(progress, done / total, share))
            done += sum(len(one) for one in mine)
            known = KnownPieces.of([piece for piece in self.reference if piece.scope == self.part_key(key)])
            for some in _together(mine):
                yield from zip(numbers[some], self._scaled(mine[some], scored[some], known), strict=True)
            del scored  # before the next scope is scored
        progress(1.0)

    def unknown(self, series: Sequence[Series]) -> list[Scope]:
        """Scopes without a reference of their own."""
        return [one for one in dict.fromkeys(one.scope for one in series) if self.lacks(one)]

    def part_key(self, key: str) -> str:
        """What the part of an equipment is kept under: its own key, or that of a part that stands for all equipment.

        Rows with an empty equipment cell have the key ``EVERY_SCOPE`` too; among others their part is theirs alone.
        """
        return EVERY_SCOPE if list(self.parts) == [EVERY_SCOPE] else key

    def own_part(self, key: str) -> Part | None:
        """What was learnt of an equipment; None for one without a reference of its own."""
        return self.parts.get(self.part_key(key))

    def with_adopted(self, first: Mapping[Scope, Sequence[Series]]) -> Fitted:
        """With a part for each of these equipment, which have no reference: the sister's, at the level of their first
        rows.

        Args:
            first: the first series of each, in time order; no more than ``FIRST_ROWS`` points of them count.
        """
        sister = self.parts[self.sister]
        read = {key_of(scope): by_decades(self.decades, _first_rows(mine)) for scope, mine in first.items()}
        return replace(self, parts=self.parts | {key: sister.shifted(mine) for key, mine in read.items()})

    def lacks(self, scope: Scope) -> bool:
        """Whether a scope has no reference of its own."""
        return self.own_part(key_of(scope)) is None

    def knows(self, scope: Scope, steps: Steps) -> NDArray[np.bool_]:
        """(n,) whether the reference of a scope was ever in the recipe step that each row is in."""
        part = self.own_part(key_of(scope)) or self.parts[self.sister]
        return part.knows(steps)

    def _part(self, key: str, series: Sequence[Series]) -> Part:
        return self.own_part(key) or self.parts[self.sister].shifted(_first_rows(series))

    def _scaled(self, series: Sequence[Series], scores: Sequence[Scores], known: KnownPieces) -> Iterator[Scores]:
        raw = np.concatenate([mine.points for mine in scores])
        ends = np.cumsum([len(one) for one in series]).tolist()
        borders = list(pairwise([0, *ends]))
        for one, (start, stop) in zip(series, borders, strict=True):
            self._put_left_out(one, raw[start:stop], known)
        scaled = self.rarity.of(raw)
        heights = np.maximum(scaled, 0.0)[:, None]
        for mine, (start, stop) in zip(scores, borders, strict=True):
            # In place: contributions are the largest thing that a detection holds.
            mine.contributions[:] *= heights[start:stop]
            yield Scores(scaled[start:stop], mine.contributions)

    def _put_left_out(self, series: Series, raw: Floats, known: KnownPieces) -> None:
        """Put what reference rows scored when left out of learning into their raw scores."""
        for piece, start in known.found_in(series):
            mine = slice(start, start + len(piece.left_out))
            raw[mine] = np.where(np.isnan(raw[mine]) | np.isnan(piece.left_out), raw[mine], piece.left_out)


def _together(series: Sequence[Series]) -> Iterator[slice]:
    """Successive series with about as many points each time: each of many short ones costs more than its rows."""
    start, points = 0, 0
    for number, one in enumerate(series):
        points += len(one)
        if points >= _SCALED_AT_ONCE:
            yield slice(start, number + 1)
            start, points = number + 1, 0
    if start < len(series):
        yield slice(start, len(series))


def fit_parts(
    detector: Detector, reference: Mapping[Scope, Sequence[Series]], progress: Progress = no_progress
) -> Fitted:
    """Learn each scope from its normal series.

    Args:
        reference: of each scope, at least one series; the scope () alone stands for every scope.
    """
    decades = Decades.learn([one for mine in reference.values() for one in mine])
    read = {scope: by_decades(decades, mine) for scope, mine in reference.items()}
    series = {key_of(scope): mine for scope, mine in reference.items()}
    runs = {key: all(one.is_run for one in mine) for key, mine in series.items()}
    known = {key: all(one.is_known_normal for one in mine) for key, mine in series.items()}
    learnt = with_lent_scales(_learnt_parts(detector, read, progress), known)
    normal = {key: _kept(one) for key, one in learnt.items()}
    raw, sister = automatic_threshold(normal, runs, known, _vouched(series, learnt))
    # What stands out of rows only taken to be normal says neither how rare normal scores are nor how often they come.
    normal = {key: kept if known[key] else _up_to(raw, kept) for key, kept in normal.items()}
    rarity = Rarity.learn([values for kept in normal.values() for values in kept])
    kept_series = {key: _kept_series(series[key], one) for key, one in learnt.items()}
    scaled = {key: [rarity.of(values) for values in kept] for key, kept in normal.items()}
    return Fitted(
        detector.name,
        {key: one.part for key, one in learnt.items()},
        sister,
        rarity,
        float(rarity.of(np.array([raw]))[0]),
        AlarmCounts.measure(scaled, kept_series),
        [
            ReferencePiece.of(one, left.astype(np.float64), number in set(learnt[key].set_aside))
            for key, mine in series.items()
            for number, (one, left) in enumerate(zip(mine, learnt[key].left_out, strict=True))
        ],
        decades,
    )


def _learnt_parts(
    detector: Detector, reference: Mapping[Scope, Sequence[Series]], progress: Progress
) -> dict[str, Learnt]:
    """What is learnt of each scope: side by side where that is small and, since steps are known, needs no network."""
    series = list(reference.values())
    rows = [sum(len(one) for one in mine) for mine in series]
    total = max(1, sum(rows))
    begins = np.cumsum([0, *rows]) / total

    def learn(number: int) -> Learnt:
        return detector.learn(series[number], part_of(progress, float(begins[number]), rows[number] / total))

    side_by_side = total <= _LEARNT_AT_ONCE and all(one.steps is not None for mine in series for one in mine)
    found = in_threads(learn, range(len(series)), detector.threads if side_by_side else 1)
    return {key_of(scope): one for scope, one in zip(reference, found, strict=True)}


def _among(known: Floats, readings: Floats) -> NDArray[np.bool_]:
    """(n,) which readings are one of these, ascending, at least one; NaN is NaN."""
    place = np.minimum(np.searchsorted(known, readings), len(known) - 1)
    found: NDArray[np.bool_] = (known[place] == readings) | (np.isnan(readings) & np.isnan(known[-1]))
    return found


def key_of(scope: Scope) -> str:
    """A scope as the text that parts are kept under."""
    return _SEPARATOR.join(scope)


def _kept(learnt: Learnt) -> list[Floats]:
    """Left-out scores of what was learnt from, rounded as they are kept: none then lies above the highest of them."""
    aside = set(learnt.set_aside)
    found = [values for number, values in enumerate(learnt.left_out) if number not in aside]
    return [values.astype(np.float32).astype(np.float64) for values in found]


def _vouched(series: Mapping[str, Sequence[Series]], learnt: Mapping[str, Learnt]) -> dict[str, float]:
    """Scope -> the highest left-out score of streams that an engineer vouched for."""
    found: dict[str, float] = {}
    for key, one in learnt.items():
        for piece, values in zip(series[key], one.left_out, strict=True):
            if piece.vouched and not piece.is_run and not np.isnan(values).all():
                found[key] = max(found.get(key, -np.inf), float(np.float32(np.nanmax(values))))
    return found


def _up_to(raw: float, pieces: Sequence[Floats]) -> list[Floats]:
    return [np.where(one > raw, np.nan, one) for one in pieces]


def _kept_series(series: Sequence[Series], learnt: Learnt) -> list[Series]:
    aside = set(learnt.set_aside)
    return [one for number, one in enumerate(series) if number not in aside]


def _first_rows(series: Sequence[Series]) -> list[Series]:
    found, left = [], FIRST_ROWS
    for one in series:
        if left <= 0:
            break
        found.append(one.at(slice(0, left)))
        left -= len(one)
    return found


def hash_of(values: Floats) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
