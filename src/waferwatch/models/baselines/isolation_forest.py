"""scikit-learn's IsolationForest on single rows: the usual baseline, blind to time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, NamedTuple, Self

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from waferwatch.models.baselines.scaling import ReferenceScales, reference_values, robust_deviation
from waferwatch.models.baselines.scorer import BaselineDetector, Scorer
from waferwatch.models.contract import ModelInfo, Progress, Scores, no_progress
from waferwatch.series.series import Series
from waferwatch.settings import current_settings

_MOST_ROWS_AT_ONCE = 32_768
_ELEMENTS_AT_ONCE = 4_000_000


class _Piece(NamedTuple):
    """Some rows of one series."""

    series: int
    rows: slice


class IsolationForestScorer(Scorer):
    """The anomaly score of Liu, Ting and Zhou, "Isolation Forest" (ICDM 2008), between 0 and 1.

    Each equipment's sensors are brought to the median and spread of its own reference first, which lets one forest
    serve all equipment; for a single equipment the forest is the one scikit-learn grows on the raw rows, but for
    rounding. Missing values are left to scikit-learn's trees; a row without any value cannot be judged. A sensor that
    is constant in the reference is never split on, so a later change of it goes unseen.

    The forest itself does not say which sensor it was, so a row's score is split in proportion to the squared distance
    of each sensor from its reference median: an aid to rank the sensors, not an attribution of the forest.
    """

    info = ModelInfo(f"scikit-learn {sklearn.__version__} IsolationForest", None, "cpu (scikit-learn)")

    def __init__(self, threads: int | None = None) -> None:
        self._threads = (current_settings().threads if threads is None else threads) or os.cpu_count() or 1
        self._scales: ReferenceScales | None = None
        self._forest: IsolationForest | None = None  # None also when the reference has no value at all

    def fit(self, reference: Sequence[Series]) -> Self:
        """Grow the forest on the reference rows that have a value."""
        scales = ReferenceScales(reference, robust_deviation)
        blocks = [scales.of(one).standardise(reference_values(one)).astype(np.float32) for one in reference]
        rows = np.concatenate([block[~np.isnan(block).all(axis=1)] for block in blocks]) if blocks else np.empty((0, 0))
        self._scales = scales
        self._forest = None
        if len(rows):
            self._forest = IsolationForest(n_estimators=100, random_state=0).fit(rows)
        return self

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Score each series' rows, many rows of as many series as it takes at a time."""
        answers = [
            Scores(np.full(len(one), np.nan), np.full(one.values.shape, np.nan, dtype=np.float32)) for one in series
        ]
        forest, scales = self._forest, self._scales
        if forest is None or scales is None:
            return answers
        total = max(sum(len(one) for one in series), 1)
        done = 0

        def score_block(pieces: list[_Piece]) -> int:
            return _score_block(forest, scales, series, answers, pieces)

        # Threads over blocks, not over trees as scikit-learn has it: adding trees up in the order in which threads
        # happen to end would change the last digits from one call to the next.
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for rows in pool.map(score_block, _blocks(series)):
                    done += rows
                    progress(done / total)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return answers


def _blocks(series: Sequence[Series]) -> Iterator[list[_Piece]]:
    """All rows of all series in blocks of a bounded size; a block may hold many short series."""
    pieces: list[_Piece] = []
    room = limit = _MOST_ROWS_AT_ONCE
    for number, one in enumerate(series):
        limit = int(np.clip(_ELEMENTS_AT_ONCE // max(one.sensors, 1), 1, _MOST_ROWS_AT_ONCE))
        room = min(room, limit)
        start = 0
        while start < len(one):
            stop = min(start + room, len(one))
            pieces.append(_Piece(number, slice(start, stop)))
            room -= stop - start
            start = stop
            if room == 0:
                yield pieces
                pieces, room = [], limit
    if pieces:
        yield pieces


def _score_block(
    forest: IsolationForest,
    scales: ReferenceScales,
    series: Sequence[Series],
    answers: list[Scores],
    pieces: list[_Piece],
) -> int:
    """Write the answers for these rows, and say how many there were."""
    rows = np.concatenate(
        [scales.of(series[piece.series]).standardise(series[piece.series].values[piece.rows]) for piece in pieces]
    )
    missing = np.isnan(rows)
    points = -forest.score_samples(rows.astype(np.float32))
    contributions = _split(points, np.where(missing, 0.0, rows), missing)
    points[missing.all(axis=1)] = np.nan
    start = 0
    for piece in pieces:
        stop = start + piece.rows.stop - piece.rows.start
        answers[piece.series].points[piece.rows] = points[start:stop]
        answers[piece.series].contributions[piece.rows] = contributions[start:stop]
        start = stop
    return len(rows)


def _split(points: NDArray[np.float64], rows: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Each row's score over its sensors, in proportion to their squared distance from the median; NaN without any."""
    shares = rows * rows
    nothing_off = shares.sum(axis=1) == 0
    shares[nothing_off] = ~missing[nothing_off]
    with np.errstate(divide="ignore", invalid="ignore"):  # a row without any value ends as NaN
        shares *= (points / shares.sum(axis=1))[:, None]
    return shares.astype(np.float32)


class IsolationForestDetector(BaselineDetector):
    """See :class:`IsolationForestScorer`."""

    name: ClassVar[str] = "isolation_forest"
    scorer = IsolationForestScorer
