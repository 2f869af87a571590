"""The default detector: which features it takes depends on what the reference is, never on what is judged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import NOT_LEARNT, contiguous, of_runs
from waferwatch.models.contract import Detector, Learnt, ModelInfo, Part, Progress, Scores, no_progress
from waferwatch.models.ensemble.alignment import FEWEST_POINTS, FEWEST_RUNS, MOST_POINTS, are_runs
from waferwatch.models.ensemble.columns import Columns, columns_of
from waferwatch.models.ensemble.course import Course
from waferwatch.models.ensemble.normal import Normal, measure
from waferwatch.models.ensemble.one_sensor import OneSensor, OneSensorLearning
from waferwatch.models.ensemble.set_aside import outlying
from waferwatch.models.ensemble.several_sensors import SeveralSensors, SeveralSensorsLearning
from waferwatch.models.ensemble.states import States, with_excess
from waferwatch.models.ensemble.stepwise import Stepwise, StepwiseLearning, fused
from waferwatch.models.ensemble.whole_runs import WholeRuns, WholeRunsLearning
from waferwatch.models.moment.encoder import Encoder, Step
from waferwatch.models.state import storable
from waferwatch.series.series import Series, steps_of
from waferwatch.series.steps import Steps, whole
from waferwatch.settings import current_settings

FEWEST_STEPWISE = 20  # runs of a reference whose steps say more than their whole shape
MOST_RUNS = 1000  # normal runs that are compared as wholes, evenly spaced
MOST_USUAL = 0.8  # share of runs taken to be normal that are learnt from: the most usual ones
STREAM_CONTEXT = {1: 4096, 2: 2560}  # points that the windows of the network reach, of one sensor and of several
RUN_CONTEXT = 6144  # twelve stays of 512 points


@storable
@dataclass(frozen=True)
class StreamPart(Part):
    """Streams without steps."""

    normal: Normal
    one: OneSensor | None
    several: SeveralSensors | None
    states: States | None  # of the sensors with two values, where there are others
    context: int
    delay: int

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        encoder, found = encoder_of(detector), []
        for number, one in enumerate(series):
            progress(number / len(series))
            columns = columns_of(one, self.normal)
            found.append(self._score(columns, encoder, lambda: progress(0.0)))
        return found

    def shifted(self, first: Sequence[Series]) -> Self:
        return replace(self, normal=_at_level(self.normal, first))

    def _score(self, columns: Columns, encoder: Encoder | None, step: Step) -> Scores:
        judged = columns.measured & self.normal.known[:, None]
        shares = np.where(judged.any(axis=0), judged / np.maximum(judged.sum(axis=0), 1), np.nan).astype(np.float32)
        points = np.full(len(columns), np.nan)
        if len(columns) >= FEWEST_POINTS and self.one is not None:
            points = mean_vote(self.one.votes_of(columns, encoder, step))
        elif len(columns) >= FEWEST_POINTS and self.several is not None:
            kept = ~self.normal.two_valued
            votes, each = self.several.votes_and_shares(columns.pick(kept), encoder, step)
            points = mean_vote(votes)
            shares[kept] = np.where(judged.any(axis=0), each, np.nan)
            shares[~kept] = np.where(judged.any(axis=0), 0.0, np.nan)
            if self.states is not None:
                excess = np.zeros(shares.shape)
                excess[~kept] = self.states.excess(columns.pick(~kept))
                points, shares = with_excess(points, shares, excess)
        points = np.where(judged.any(axis=0), points, np.nan)
        return Scores(points, np.where(np.isnan(points)[:, None], np.nan, shares.T).astype(np.float32))


@storable
@dataclass(frozen=True)
class StepPart(Part):
    """Series whose recipe steps are known."""

    normal: Normal
    steps: Stepwise
    context: int
    delay: int

    @property
    def reads_steps(self) -> bool:
        return True

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        columns, steps = [columns_of(one, self.normal) for one in series], [steps_of(one) for one in series]
        beyond, found = self.steps.beyond(columns, steps), []
        for number, (one, where) in enumerate(zip(beyond, steps, strict=True)):
            if number % 16 == 0:
                progress(number / len(series))
            found.append(self._score(one, where))
        return found

    def knows(self, series: Series) -> NDArray[np.bool_]:
        return self.steps.course.knows(steps_of(series))

    def shifted(self, first: Sequence[Series]) -> Self:
        """By the median distance of the first runs from the course, in spreads of the sensor."""
        columns, steps = [columns_of(one, self.normal) for one in first], [steps_of(one) for one in first]
        off = [self.steps.course.distance(*both) for both in zip(columns, steps, strict=True)]
        median = np.median(np.concatenate(off, axis=1), axis=1) if off else np.zeros(len(self.normal.level))
        return replace(self, normal=replace(self.normal, level=self.normal.level + median * self.normal.spread))

    def _score(self, beyond: Columns, steps: Steps) -> Scores:
        judged = _measured(beyond, self.normal) & self.steps.course.knows(steps)
        if len(beyond) < FEWEST_POINTS // 2:
            judged[:] = False
        votes, shares = self.steps.votes_and_shares(beyond, steps, lambda: None)
        points = np.where(judged, fused(votes), np.nan)
        return Scores(points, np.where(judged[:, None], shares.T, np.nan).astype(np.float32))


@storable
@dataclass(frozen=True)
class RunPart(Part):
    """Runs compared as wholes."""

    normal: Normal
    runs: WholeRuns
    in_steps: bool
    context: int
    delay: int

    @property
    def reads_steps(self) -> bool:
        return self.in_steps

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        long = [number for number, one in enumerate(series) if len(one) >= FEWEST_POINTS]
        columns = [columns_of(series[number], self.normal) for number in long]
        steps = [steps_of(series[number]) if self.in_steps else whole(len(series[number])) for number in long]
        encoder = encoder_of(detector)
        found = dict(zip(long, self.runs.scores(columns, steps, encoder, lambda: progress(0.0)), strict=True))
        answers = []
        for number, one in enumerate(series):
            points, shares = found.get(number, (np.full(len(one), np.nan), np.full(one.values.T.shape, np.nan)))
            answers.append(Scores(points, np.where(np.isnan(points)[:, None], np.nan, shares.T).astype(np.float32)))
        return answers

    def shifted(self, first: Sequence[Series]) -> Self:
        return replace(self, normal=_at_level(self.normal, first))


class EnsembleDetector(Detector):
    """Features calibrated on reference blocks left out of learning, one vote each.

    Args:
        threads: processor threads, 0 for all; None takes the setting.
    """

    plain: ClassVar[bool] = True  # features without the network are taken too

    def __init__(self, threads: int | None = None) -> None:
        self.threads = (current_settings().threads if threads is None else threads) or os.cpu_count() or 1

    @property
    def encoder(self) -> Encoder | None:
        """The network; None without."""
        return None

    def learn(self, reference: Sequence[Series], progress: Progress = no_progress) -> Learnt:
        long = [one for one in reference if len(one) >= FEWEST_POINTS]
        if not long or np.isnan(np.concatenate([one.values for one in long])).all():
            return _nothing(reference)
        step = _stepping(progress)
        runs = are_runs(long)
        in_steps = all(one.steps is not None for one in reference)
        if in_steps and self.plain and (len(long) >= FEWEST_STEPWISE or not runs):
            found = _learn_steps(reference, runs, step)
            if found is not None:
                return found
        return _learn_runs(reference, long, self.encoder, step) if runs else _learn_stream(reference, self, step)


def _stepping(progress: Progress) -> Step:
    return lambda: progress(0.0)


def encoder_of(detector: Detector) -> Encoder | None:
    """The network of a detector that has one."""
    return detector.encoder if isinstance(detector, EnsembleDetector) else None


def mean_vote(votes: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """(n,) plain mean of the votes; a vote that is NaN does not count."""
    every = np.stack(list(votes.values()))
    known = ~np.isnan(every)
    with np.errstate(invalid="ignore"):
        found: NDArray[np.float64] = np.where(known, every, 0.0).sum(axis=0) / known.sum(axis=0)
    return found


def _nothing(reference: Sequence[Series]) -> Learnt:
    """A reference that says nothing leaves everything unjudged."""
    sensors = reference[0].sensors if reference else 1
    empty = Normal(np.zeros(sensors), np.ones(sensors), np.zeros(sensors, np.bool_), np.ones(sensors, np.int64))
    return Learnt(StreamPart(empty, None, None, None, 0, 0), [np.full(len(one), np.nan) for one in reference])


def _learn_stream(reference: Sequence[Series], detector: EnsembleDetector, step: Step) -> Learnt:
    normal = measure(reference)
    columns = [columns_of(one, normal) for one in reference]
    kept = ~normal.two_valued
    folds = contiguous([len(one) for one in columns])
    encoder = detector.encoder
    single = len(normal.level) == 1
    if single:
        one = OneSensorLearning(columns, folds, encoder, plain=detector.plain, step=step)
        part = StreamPart(normal, one.model, None, None, STREAM_CONTEXT[1], STREAM_CONTEXT[1])
        votes = one.left_out
    else:
        several = SeveralSensorsLearning(
            [one.pick(kept) for one in columns], folds, encoder, plain=detector.plain, step=step
        )
        states = None if kept.all() else States.learn([one.pick(~kept) for one in columns])
        context = max(STREAM_CONTEXT[2], 0 if states is None else states.reach)
        part = StreamPart(normal, None, several.model, states, context, STREAM_CONTEXT[2])
        votes = several.left_out
    left = [np.where(_measured(c, normal), mean_vote(v), np.nan) for c, v in zip(columns, votes, strict=True)]
    return Learnt(part, left)


def _measured(columns: Columns, normal: Normal) -> NDArray[np.bool_]:
    return np.asarray((columns.measured & normal.known[:, None]).any(axis=0), np.bool_)


def _learn_steps(reference: Sequence[Series], runs: bool, step: Step) -> Learnt | None:
    """None where the steps come again too rarely to say anything."""
    steps = [steps_of(one) for one in reference]
    aside = _unlike_the_others(reference, steps) if runs else []
    kept = [number for number in range(len(reference)) if number not in set(aside)]
    normal = measure([reference[number] for number in kept])
    columns = [columns_of(one, normal) for one in reference]
    course = Course.learn([columns[number] for number in kept], [steps[number] for number in kept])
    if course is None:
        return None
    if runs:
        block = of_runs([_kind(one) for one in steps])
        block[aside] = NOT_LEARNT
        folds = [np.full(len(one), number) for one, number in zip(columns, block, strict=True)]
    else:
        folds = contiguous([len(one) for one in columns])
    learning = StepwiseLearning(columns, steps, folds, course, step)
    part = StepPart(normal, learning.model, RUN_CONTEXT, RUN_CONTEXT)
    left = [
        np.where(_measured(one, normal) & course.knows(where), fused(votes), np.nan)
        for one, where, votes in zip(columns, steps, learning.left_out, strict=True)
    ]
    return Learnt(part, left, aside)


def _unlike_the_others(reference: Sequence[Series], steps: Sequence[Steps]) -> list[int]:
    normal = measure(reference)
    return np.flatnonzero(outlying([columns_of(one, normal) for one in reference], steps) > 1).tolist()


def _kind(steps: Steps) -> str:
    """The recipe of a run: which stages it goes through."""
    return ",".join(str(stage) for stage in np.unique(steps.stage).tolist())


def _learn_runs(reference: Sequence[Series], long: Sequence[Series], encoder: Encoder | None, step: Step) -> Learnt:
    some = [long[at] for at in np.linspace(0, len(long) - 1, min(len(long), MOST_RUNS)).round().astype(int)]
    learnt = _learn_wholes(some, encoder, step)
    if any(one.reference is None for one in some):  # taken to be normal: some may be what is looked for
        usual = _most_usual(some, learnt.left_out)
        if len(usual) < len(some):
            learnt = _learn_wholes(usual, encoder, step)
            some = usual
    own = {id(one): left for one, left in zip(some, learnt.left_out, strict=True)}
    others = [one for one in reference if id(one) not in own]
    if others:
        detector = _Bare(encoder)
        own |= {id(one): s.points for one, s in zip(others, learnt.part.score(others, detector), strict=True)}
    return Learnt(learnt.part, [own[id(one)] for one in reference])


def _learn_wholes(runs: Sequence[Series], encoder: Encoder | None, step: Step) -> Learnt:
    normal = measure(runs)
    columns = [columns_of(one, normal) for one in runs]
    steps = [steps_of(one) for one in runs]
    in_steps = all(one.steps is not None for one in runs) and Course.learn(columns, steps) is not None
    if not in_steps:  # steps that hardly ever come again say nothing
        steps = [whole(len(one)) for one in runs]
    learning = WholeRunsLearning(columns, steps, encoder, step)
    longest = max(len(one) for one in runs)
    part = RunPart(normal, learning.model, in_steps, longest, max(2 * longest, MOST_POINTS))
    return Learnt(part, [points for points, _ in learning.left_out])


def _most_usual(runs: Sequence[Series], left: Sequence[NDArray[np.float64]]) -> list[Series]:
    """Those that lie nearest to the others."""
    medians = np.array([float(np.nanmedian(one)) if (~np.isnan(one)).any() else np.inf for one in left])
    if len(runs) < FEWEST_RUNS / MOST_USUAL:
        return list(runs)
    border = np.quantile(medians[np.isfinite(medians)], MOST_USUAL)
    return [run for run, median in zip(runs, medians, strict=True) if median <= border]


def _at_level(normal: Normal, first: Sequence[Series]) -> Normal:
    values = np.concatenate([one.values for one in first])
    with np.errstate(all="ignore"):
        own = np.where(np.isnan(values).all(axis=0), normal.level, np.nanmean(values, axis=0))
    return replace(normal, level=own)


class _Bare(EnsembleDetector):
    """A network alone, to score what was not learnt from while learning."""

    name: ClassVar[str] = ""

    def __init__(self, encoder: Encoder | None) -> None:
        super().__init__(1)
        self._encoder = encoder

    @property
    def encoder(self) -> Encoder | None:
        return self._encoder

    @property
    def info(self) -> ModelInfo:
        raise NotImplementedError
