"""Runs compared as wholes with normal runs, by their traces and by MOMENT's embeddings of them.

Within a run the points that are off their course stand out: a fifth of the score is their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from waferwatch.models.ensemble.features.course import Course
from waferwatch.models.ensemble.features.place_embeddings import Standard
from waferwatch.models.ensemble.features.runs.distances import FOLDS, RunDistances, learn_distances, standard_of
from waferwatch.models.ensemble.preparation.alignment import TraceAlignment
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.models.moment.encoder import Encoder, Step, widest_directions
from waferwatch.models.state import storable
from waferwatch.series.steps import Steps, joined

DIRECTIONS = 4  # of an embedding that are kept: with few normal runs more of them are mostly chance
MOST_SHOWN = 2048  # traces of normal runs that say which directions are kept
WEIGHT = 2.0  # of embeddings, compared with the traces themselves
WITHIN = 0.2  # how much of a point's score is its own and not the run's
SMOOTH = 3  # points
LOWEST = -3.0
SHARPNESS = 8  # of the power mean over sensors
RUNS_AT_ONCE = 32  # whose traces are looked at together

Floats = NDArray[np.float32]


@storable
@dataclass(frozen=True)
class WholeRuns:
    """What was learnt from normal runs of S sensors."""

    alignment: TraceAlignment
    traces: list[RunDistances]  # of each sensor
    embeddings: list[RunDistances]  # of each sensor; none without the network
    basis: Floats | None
    course: Course | None
    within: list[Standard]  # of each sensor

    def scores(
        self, columns: Sequence[Columns], steps: Sequence[Steps], encoder: Encoder | None, step: Step
    ) -> list[tuple[NDArray[np.float64], Floats]]:
        """Of each run the score of its points, (n,), and what each sensor adds to it, (S, n)."""
        found = []
        for start in range(0, len(columns), RUNS_AT_ONCE):
            step()
            some = slice(start, start + RUNS_AT_ONCE)
            off = self._off(columns[some], steps[some], encoder, step)
            for one, where, far in zip(columns[some], steps[some], off, strict=True):
                found.append(combined(far, self._within(one, where), one.measured))
        return found

    def _off(
        self, columns: Sequence[Columns], steps: Sequence[Steps], encoder: Encoder | None, step: Step
    ) -> NDArray[np.float64]:
        """(m, S) how far runs as wholes are off."""
        traces = np.stack([self.alignment.trace(*both) for both in zip(columns, steps, strict=True)])
        spaces = [_each(self.traces, traces.transpose(1, 0, 2))]
        if self.embeddings and encoder is not None and self.basis is not None:
            spaces.append(_each(self.embeddings, embedded(traces, replace(encoder, basis=self.basis), step)))
        return _weighted(spaces)

    def _within(self, columns: Columns, steps: Steps) -> NDArray[np.float64] | None:
        if self.course is None:
            return None
        distance = smooth_distance(self.course.residual(Chain.of([columns]), steps))
        return np.stack([one.of(values) for one, values in zip(self.within, distance, strict=True)])


class WholeRunsLearning:
    """Learns from normal runs; ``left_out`` then holds their scores, each by what was learnt from other runs."""

    def __init__(
        self, reference: Sequence[Columns], steps: Sequence[Steps], encoder: Encoder | None, step: Step
    ) -> None:
        alignment = TraceAlignment.learn(steps)
        traces = np.stack([alignment.trace(*both) for both in zip(reference, steps, strict=True)])
        seen, left = _learn(traces.transpose(1, 0, 2), step)
        spaces, basis = [left], None
        embeddings: list[RunDistances] = []
        if encoder is not None:
            rows = traces.reshape(-1, traces.shape[-1])
            shown = np.linspace(0, len(rows) - 1, min(len(rows), MOST_SHOWN)).round().astype(int)
            basis = self._basis(rows[shown], encoder, step)
            near = replace(encoder, basis=basis)
            parts = [embedded(traces[at : at + RUNS_AT_ONCE], near, step) for at in range(0, len(traces), RUNS_AT_ONCE)]
            embeddings, left = _learn(np.concatenate(parts, axis=1), step)
            spaces.append(left)
        course = Course.learn(np.concatenate([one.values for one in reference], axis=1), joined(steps))
        distances = self._left_out_distances(reference, steps, course)
        within = (
            []
            if course is None
            else [standard_of(np.concatenate(one).astype(np.float64)) for one in zip(*distances, strict=True)]
        )
        self.model = WholeRuns(alignment, seen, embeddings, basis, course, within)
        self.left_out = [
            combined(
                far,
                None if course is None else np.stack([s.of(v) for s, v in zip(within, distance, strict=True)]),
                one.measured,
            )
            for far, distance, one in zip(_weighted(spaces), distances, reference, strict=True)
        ]

    def _basis(self, rows: Floats, encoder: Encoder, step: Step) -> Floats:
        found = encoder.embed_alone(rows, step)
        return widest_directions([found.tokens[found.observed]])[:, :DIRECTIONS]

    def _left_out_distances(
        self, reference: Sequence[Columns], steps: Sequence[Steps], course: Course | None
    ) -> list[Floats]:
        """Of each run (S, n) the distance from the course of runs of other folds."""
        if course is None:
            return [np.zeros_like(one.values) for one in reference]
        fold = np.arange(len(reference)) % FOLDS
        others = []
        for number in range(FOLDS):
            rest = np.flatnonzero(fold != number).tolist()
            values = np.concatenate([reference[at].values for at in rest], axis=1)
            others.append(Course.learn(values, joined([steps[at] for at in rest])) or course)
        return [
            smooth_distance(others[number].residual(Chain.of([one]), where))
            for one, where, number in zip(reference, steps, fold, strict=True)
        ]


def embedded(traces: Floats, encoder: Encoder, step: Step) -> Floats:
    """(S, m, D) embeddings of whole runs in a row, of traces (m, S, L)."""
    runs, sensors, points = traces.shape
    seen = encoder.embed_alone(traces.reshape(-1, points), step)
    tokens = seen.tokens[seen.observed].reshape(runs, sensors, -1)
    return np.ascontiguousarray(tokens.transpose(1, 0, 2))


def combined(
    far: NDArray[np.float64], within: NDArray[np.float64] | None, measured: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], Floats]:
    """(n,) score of the points of one run that is so far off as a whole, (S,), and each sensor's part, (S, n)."""
    each = np.repeat(far[:, None], measured.shape[1], axis=1)
    if within is not None:
        each = (1 - WITHIN) * each + WITHIN * within
    powers = np.where(measured, (np.maximum(each, LOWEST) - LOWEST) ** SHARPNESS, 0.0)
    total, count = powers.sum(axis=0), measured.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        points = np.where(count > 0, (total / count) ** (1 / SHARPNESS) + LOWEST, np.nan)
        share = np.where(total > 0, powers / total, measured / np.maximum(count, 1))
    return points, share.astype(np.float32)


def smooth_distance(beyond: Chain) -> Floats:
    """(S, n) how far points are off their course, averaged over three."""
    found: Floats = uniform_filter1d(np.abs(beyond.values), SMOOTH, axis=1, mode="nearest")
    return found


def _learn(rows: Floats, step: Callable[[], None]) -> tuple[list[RunDistances], NDArray[np.float64]]:
    """Distances of each sensor, and those of left-out runs, (R, S); rows (S, R, D)."""
    found, left = [], []
    for one in rows:
        step()
        distances, own = learn_distances(np.ascontiguousarray(one))
        found.append(distances)
        left.append(own)
    return found, np.stack(left, axis=1).astype(np.float64)


def _each(distances: Sequence[RunDistances], rows: Floats) -> NDArray[np.float64]:
    pairs = zip(distances, rows, strict=True)
    return np.stack([one.of(np.ascontiguousarray(some)) for one, some in pairs], axis=1).astype(np.float64)


def _weighted(spaces: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.average(spaces, axis=0, weights=[1.0, WEIGHT][: len(spaces)])
    return found
