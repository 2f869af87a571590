"""Runs judged as wholes beside the normal runs; within a run, the points that are off in their step stand out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Progress, Scores, no_progress
from waferwatch.detectors.columns import columns_of
from waferwatch.detectors.heads import LOWEST, Floats
from waferwatch.detectors.moment.preparation import Normal
from waferwatch.detectors.runs.alignment import FEWEST_POINTS, Alignment, steps_of
from waferwatch.detectors.runs.distances import RunDistances
from waferwatch.detectors.sensors import combine
from waferwatch.detectors.step_head import StepHead
from waferwatch.series.series import Series

MOST_RUNS = 1000  # normal runs that are learnt from, evenly spaced
WITHIN = 0.2  # how much of a point's score is its own and not the run's
SMOOTH = 3  # points


class RunSpace(ABC):
    """A way to see runs as rows, so that they can be compared."""

    weight: float = 1.0  # of its distances among those of all spaces

    @abstractmethod
    def learn(self, traces: Floats) -> Floats:
        """From normal traces (R, S, L); gives their rows (S, R, D)."""

    @abstractmethod
    def rows(self, traces: Floats) -> Floats:
        """(S, m, D) of traces (m, S, L)."""


class Traces(RunSpace):
    """The traces themselves."""

    def learn(self, traces: Floats) -> Floats:
        return self.rows(traces)

    def rows(self, traces: Floats) -> Floats:
        return np.ascontiguousarray(traces.transpose(1, 0, 2))


class RunJudge:
    """Judges runs by the normal runs of one scope.

    Args:
        reference: normal runs, at least two.
        normal: level and spread of each sensor over them.
        spaces: fresh ones.
    """

    def __init__(
        self,
        reference: Sequence[Series],
        normal: Normal,
        spaces: Sequence[RunSpace],
        progress: Progress = no_progress,
    ) -> None:
        chosen = np.unique(np.linspace(0, len(reference) - 1, min(len(reference), MOST_RUNS)).round().astype(int))
        runs = [reference[index] for index in chosen if len(reference[index]) >= FEWEST_POINTS]
        columns, steps = [columns_of(one, normal) for one in runs], [steps_of(one) for one in runs]
        self._normal, self._spaces = normal, spaces
        self._known: NDArray[np.bool_] = np.any([one.measured.any(axis=1) for one in columns], axis=0)
        self._alignment = Alignment.learn(steps)
        traces = np.stack([self._alignment.trace(*both) for both in zip(columns, steps, strict=True)])
        self._distances: list[list[RunDistances]] = []  # of each space, of each sensor
        for space in spaces:
            progress(0.0)  # how far it is would be a guess
            self._distances.append([RunDistances.learn(rows) for rows in space.learn(traces)])
        # A run has no others before and after it that could tell what has wandered: it is judged as it is.
        self._steps = StepHead.learn(columns, steps, wanders=False, smooth=SMOOTH)

    def score(self, series: Series, _progress: Progress = no_progress) -> Scores:
        """Judge one run."""
        columns, steps = columns_of(series, self._normal), steps_of(series)
        scores = np.full(columns.values.shape, np.nan, np.float32)
        if len(series) >= FEWEST_POINTS:
            scores[:] = self._of_run(self._alignment.trace(columns, steps))[:, None]
            if self._steps is not None:
                within = self._steps.off(self._steps.beside(columns, steps))
                scores = (1 - WITHIN) * scores + WITHIN * within
        scores[~(columns.measured & self._known[:, None])] = np.nan
        return Scores(*combine((np.maximum(scores, LOWEST) - LOWEST).T.astype(np.float32)))

    def _of_run(self, trace: Floats) -> NDArray[np.float32]:
        """(S,) how far a run (S, L) as a whole is off, in spreads of normal runs."""
        found = [
            np.concatenate([one.of(rows) for one, rows in zip(distances, space.rows(trace[None]), strict=True)]).mean(
                axis=1
            )
            for space, distances in zip(self._spaces, self._distances, strict=True)
        ]
        mean: NDArray[np.float32] = np.average(found, axis=0, weights=[space.weight for space in self._spaces])
        return mean
