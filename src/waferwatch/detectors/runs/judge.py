"""Runs judged as wholes beside the normal runs; within a run, the points that are off in their step stand out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Progress, Scores, no_progress
from waferwatch.detectors.columns import Columns, columns_of
from waferwatch.detectors.heads import LOWEST, Floats, Step
from waferwatch.detectors.normal import Normal
from waferwatch.detectors.runs.alignment import FEWEST_POINTS, FEWEST_RUNS, Alignment, steps_of
from waferwatch.detectors.runs.distances import RunDistances
from waferwatch.detectors.sensors import combine
from waferwatch.detectors.step_head import StepHead
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps, whole

MOST_RUNS = 1000  # normal runs that are learnt from, evenly spaced
WITHIN = 0.2  # how much of a point's score is its own and not the run's
SMOOTH = 3  # points
TRUSTED = 0.8  # share of runs not known to be normal that are learnt from: the most usual ones
RUNS_AT_ONCE = 32  # whose traces are looked at together


class RunSpace(ABC):
    """A way to see runs as rows, so that they can be compared."""

    weight: float = 1.0  # of its distances among those of all spaces

    @abstractmethod
    def learn(self, traces: Floats, step: Step) -> None:
        """From normal traces (R, S, L), before rows are asked for."""

    @abstractmethod
    def rows(self, traces: Floats) -> Floats:
        """(S, m, D) of traces (m, S, L)."""


class Traces(RunSpace):
    """The traces themselves."""

    def learn(self, traces: Floats, step: Step) -> None:
        pass

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
        runs = [one for one in reference if len(one) >= FEWEST_POINTS]
        runs = [runs[index] for index in np.linspace(0, len(runs) - 1, min(len(runs), MOST_RUNS)).round().astype(int)]
        self._normal, self._spaces = normal, spaces
        self._learn(runs, progress)
        if any(one.reference is None for one in runs):  # taken to be normal: some may be what is looked for
            self._learn(self._most_usual(runs), progress)

    def _learn(self, runs: Sequence[Series], progress: Progress) -> None:
        columns = [columns_of(one, self._normal) for one in runs]
        self._known: NDArray[np.bool_] = np.any([one.measured.any(axis=1) for one in columns], axis=0)
        # A run has no others before and after it that could tell what has wandered: it is judged as it is.
        learn = partial(StepHead.learn, columns, wanders=False, smooth=SMOOTH)
        self._in_steps = all(one.steps is not None for one in runs)
        self._steps = learn(self._steps_of(runs))
        if self._steps is None:  # steps that hardly ever come again say nothing
            self._in_steps = False
            self._steps = learn(self._steps_of(runs))
        steps = self._steps_of(runs)
        self._alignment = Alignment.learn(steps)
        traces = self._traces(columns, steps)
        self._distances: list[list[RunDistances]] = []  # of each space, of each sensor
        for space in self._spaces:
            space.learn(traces, lambda: progress(0.0))  # how far it is would be a guess
            rows = []
            for start in range(0, len(traces), RUNS_AT_ONCE):
                progress(0.0)
                rows.append(space.rows(traces[start : start + RUNS_AT_ONCE]))
            self._distances.append([RunDistances.learn(one) for one in np.concatenate(rows, axis=1)])

    def _most_usual(self, runs: Sequence[Series]) -> list[Series]:
        """Those that lie nearest to the others."""
        points = [one.points[~np.isnan(one.points)] for one in self.score(runs)]
        judged = [(run, float(np.median(one))) for run, one in zip(runs, points, strict=True) if len(one)]
        if len(judged) < FEWEST_RUNS:
            return list(runs)
        border = np.quantile([score for _, score in judged], TRUSTED)
        return [run for run, score in judged if score <= border]

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        """Judge each run on its own."""
        found: list[Scores] = []
        for start in range(0, len(series), RUNS_AT_ONCE):
            progress(start / len(series))
            some = series[start : start + RUNS_AT_ONCE]
            columns, steps = [columns_of(one, self._normal) for one in some], self._steps_of(some)
            off = self._of_runs(self._traces(columns, steps))
            found += [self._points(*one) for one in zip(columns, steps, off, strict=True)]
        progress(1.0)
        return found

    def _steps_of(self, runs: Sequence[Series]) -> list[Steps]:
        """Steps of each run; where they do not count, all of it is one."""
        return [steps_of(one) if self._in_steps else whole(len(one)) for one in runs]

    def _traces(self, columns: Sequence[Columns], steps: Sequence[Steps]) -> Floats:
        return np.stack([self._alignment.trace(*both) for both in zip(columns, steps, strict=True)])

    def _of_runs(self, traces: Floats) -> Floats:
        """(m, S) how far runs (m, S, L) as wholes are off, in spreads of normal runs."""
        found = [
            np.stack(
                [one.of(rows).mean(axis=1) for one, rows in zip(distances, space.rows(traces), strict=True)], axis=1
            )
            for space, distances in zip(self._spaces, self._distances, strict=True)
        ]
        mean: Floats = np.average(found, axis=0, weights=[space.weight for space in self._spaces])
        return mean

    def _points(self, columns: Columns, steps: Steps, off: Floats) -> Scores:
        """Scores of one run that is so far off as a whole, (S,)."""
        scores = np.full(columns.values.shape, np.nan, np.float32)
        if len(columns) >= FEWEST_POINTS:
            scores[:] = off[:, None]
            if self._steps is not None:
                within = self._steps.off(self._steps.beside(columns, steps))
                scores = (1 - WITHIN) * scores + WITHIN * within
        scores[~(columns.measured & self._known[:, None])] = np.nan
        return Scores(*combine((np.maximum(scores, LOWEST) - LOWEST).T.astype(np.float32)))
