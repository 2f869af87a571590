"""The default detector: which features it takes depends on what the reference is, never on what is judged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.blocks import BLOCKS, NOT_LEARNT, contiguous, of_runs
from waferwatch.models.contract import Detector, Learnt, ModelInfo, Part, Progress, Scores, no_progress
from waferwatch.models.ensemble.chain_scores import (
    equal_shares,
    joined_scores,
    mean_vote,
    measured,
    scores_of,
)
from waferwatch.models.ensemble.features.course import Course, may_be_learnt
from waferwatch.models.ensemble.features.farthest import FEWEST_SENSORS, FarthestSensor
from waferwatch.models.ensemble.features.one_sensor import OneSensor, OneSensorLearning
from waferwatch.models.ensemble.features.runs.whole_runs import WholeRuns, WholeRunsLearning
from waferwatch.models.ensemble.features.several_sensors import SeveralSensors, SeveralSensorsLearning
from waferwatch.models.ensemble.features.states import States, with_excess
from waferwatch.models.ensemble.features.stepwise import Stepwise, StepwiseLearning
from waferwatch.models.ensemble.preparation.alignment import FEWEST_POINTS, FEWEST_RUNS, MOST_POINTS, are_runs
from waferwatch.models.ensemble.preparation.batches import Piece, batches
from waferwatch.models.ensemble.preparation.chain import chain_of, stretches
from waferwatch.models.ensemble.preparation.columns import columns_of
from waferwatch.models.ensemble.preparation.normal import Normal, measure
from waferwatch.models.ensemble.set_aside import outlying
from waferwatch.models.moment.encoder import Encoder, Step
from waferwatch.models.state import SINCE, storable
from waferwatch.models.threads import in_threads
from waferwatch.series.series import Series, steps_of
from waferwatch.series.steps import Steps, joined, whole
from waferwatch.settings import current_settings

FEWEST_STEPWISE = 20  # runs of a reference whose steps say more than their whole shape
MOST_RUNS = 1000  # normal runs that are compared as wholes, evenly spaced
MOST_USUAL = 0.8  # share of runs taken to be normal that are learnt from: the most usual ones
STREAM_CONTEXT = {1: 4608, 2: 2560}  # points that the windows of the network reach, of one sensor and of several
RUN_CONTEXT = 6144  # twelve stays of 512 points
RUNS_BEFORE = 12  # that hold at least as many stays


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
    full_windows: bool | None = field(default=None, metadata={SINCE: "0.7.0"})  # next to ends and holes, too
    farthest: FarthestSensor | None = field(default=None, metadata={SINCE: "0.7.0"})  # where there are many sensors
    magnified_by: float | None = field(default=None, metadata={SINCE: "0.7.1"})  # where sisters lent their scale

    @property
    def widths(self) -> dict[str, float]:
        model = self.one or self.several
        return {} if model is None else {name: vote.spread for name, vote in model.votes.items()}

    def magnified(self, times: float) -> Self:
        return replace(self, magnified_by=times)

    def score(self, series: Sequence[Series], detector: Detector, progress: Progress = no_progress) -> list[Scores]:
        encoder = encoder_of(detector)
        work = list(batches(series, self.context))
        threads = detector.threads
        if encoder is not None and len(work) > 1:
            encoder = replace(encoder, threads=1)

        def score(batch: list[Piece]) -> list[Scores]:
            progress(batch[0].number / len(series))
            return self._score([series[one.number].at(one.rows) for one in batch], encoder, lambda: progress(0.0))

        return joined_scores(series, work, in_threads(score, work, threads))

    def shifted(self, first: Sequence[Series]) -> Self:
        return replace(self, normal=_at_level(self.normal, first))

    def _score(self, series: Sequence[Series], encoder: Encoder | None, step: Step) -> list[Scores]:
        chain = chain_of(series, self.normal)
        judged = measured(chain, self.normal)
        points, shares = np.full(len(chain), np.nan), equal_shares(chain, self.normal)
        if self.one is not None:
            for where, piece in stretches(chain) if self.full_windows else chain.pieces():
                points[where] = mean_vote(self.one.votes_of(piece, encoder, step), len(piece))
        elif self.several is not None:
            kept = ~self.normal.two_valued
            found, each = self.several.votes_and_shares(chain.pick(kept), encoder, step, full=bool(self.full_windows))
            points, shares[:] = mean_vote(found, len(chain)), 0.0
            shares[kept] = each
            if self.states is not None:
                pieces = [chain.pick(~kept).piece(number) for number in range(len(series))]
                excess = np.zeros(shares.shape)
                excess[~kept] = np.concatenate([self.states.excess(one) for one in pieces], axis=1)
                points, shares = with_excess(points, shares, excess)
            if self.farthest is not None:
                points, shares = with_excess(points, shares, self.farthest.excess(chain))
        return scores_of(chain, np.where(judged, points * (self.magnified_by or 1.0), np.nan), shares)


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
        work = list(batches(series, self.context))

        def score(batch: list[Piece]) -> list[Scores]:
            progress(batch[0].number / len(series))
            first = batch[0].number  # the runs just before it say how far sensors have wandered
            before = list(series[max(0, first - RUNS_BEFORE) : first])
            some = [*before, *(series[one.number].at(one.rows) for one in batch)]
            return self._score(some, lambda: progress(0.0))[len(before) :]

        return joined_scores(series, work, in_threads(score, work, detector.threads))

    def knows(self, steps: Steps) -> NDArray[np.bool_]:
        return self.steps.course.knows(steps)

    def shifted(self, first: Sequence[Series]) -> Self:
        """By the median distance of the first runs from the course, in spreads of the sensor."""
        if not first:
            return self
        chain, steps = chain_of(first, self.normal), joined([steps_of(one) for one in first])
        median = np.median(self.steps.course.distance(chain.values, steps), axis=1)
        return replace(self, normal=replace(self.normal, level=self.normal.level + median * self.normal.spread))

    def _score(self, series: Sequence[Series], step: Step) -> list[Scores]:
        chain = chain_of(series, self.normal)
        steps = joined([steps_of(one) for one in series])
        judged = measured(chain, self.normal) & self.steps.course.knows(steps)
        judged &= (chain.lengths >= FEWEST_POINTS // 2)[chain.owner]
        points, shares = self.steps.scores_and_shares(chain, steps, step)
        return scores_of(chain, np.where(judged, points, np.nan), shares)


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

    def uses_network(self, part: Part) -> bool:
        """Where recipe steps are known the network adds nothing, with long references of several sensors it costs
        (docs/experiments.md): there it is not run.
        """
        if self.encoder is None or isinstance(part, StepPart):
            return False
        return not isinstance(part, StreamPart) or part.several is None or part.several.embeddings is not None

    def learn(self, reference: Sequence[Series], progress: Progress = no_progress) -> Learnt:
        long = [one for one in reference if len(one) >= FEWEST_POINTS]
        if not long or np.isnan(np.concatenate([one.values for one in long])).all():
            return _nothing(reference)
        step = _stepping(progress)
        runs = are_runs(long)
        in_steps = _have_stages(reference)
        # Few runs of one recipe say more as wholes; of several recipes they are not alike as wholes.
        few = runs and len(long) < FEWEST_STEPWISE and len({_kind(steps_of(one)) for one in long}) == 1
        if in_steps and self.plain and not few:
            found = _learn_steps(reference, runs, step)
            if found is not None:
                return found
        return _learn_runs(reference, long, self.encoder, step) if runs else _learn_stream(reference, self, step)


def _stepping(progress: Progress) -> Step:
    return lambda: progress(0.0)


def encoder_of(detector: Detector) -> Encoder | None:
    """The network of a detector that has one."""
    return detector.encoder if isinstance(detector, EnsembleDetector) else None


def _nothing(reference: Sequence[Series]) -> Learnt:
    """A reference that says nothing leaves everything unjudged."""
    sensors = reference[0].sensors if reference else 1
    empty = Normal(np.zeros(sensors), np.ones(sensors), np.zeros(sensors, np.bool_), np.ones(sensors, np.int64))
    return Learnt(StreamPart(empty, None, None, None, 0, 0), [np.full(len(one), np.nan) for one in reference])


def _learn_stream(reference: Sequence[Series], detector: EnsembleDetector, step: Step) -> Learnt:
    normal = measure(reference)
    columns = [columns_of(one, normal) for one in reference]
    chain, encoder = chain_of(reference, normal), detector.encoder
    folds = contiguous([len(one) for one in columns])
    if len(normal.level) == 1:
        parts, every = stretches(chain), np.concatenate(folds)
        one = OneSensorLearning(
            [piece for _, piece in parts],
            [every[where] for where, _ in parts],
            encoder,
            plain=detector.plain,
            step=step,
        )
        part = StreamPart(normal, one.model, None, None, STREAM_CONTEXT[1], STREAM_CONTEXT[1], full_windows=True)
        points = np.full(len(chain), np.nan)
        for (where, _), votes in zip(parts, one.left_out, strict=True):
            points[where] = mean_vote(votes, where.stop - where.start)
    else:
        several = SeveralSensorsLearning(
            chain.pick(~normal.two_valued), np.concatenate(folds), encoder, plain=detector.plain, full=True, step=step
        )
        kept = ~normal.two_valued
        known_normal = all(one.is_known_normal for one in reference)
        pieces = [one.pick(~kept) for one in columns]
        states = None if kept.all() else States.learn(pieces, known_normal=known_normal)
        context = max(STREAM_CONTEXT[2], 0 if states is None else states.reach)
        part = StreamPart(normal, None, several.model, states, context, STREAM_CONTEXT[2], full_windows=True)
        points = mean_vote(several.left_out, len(chain))
        if states is not None:
            points += np.concatenate([states.excess(one) for one in pieces], axis=1).max(axis=0)
        if detector.plain and normal.varying.sum() >= FEWEST_SENSORS:
            every = np.concatenate(folds)
            farthest, left = FarthestSensor.learn(chain, normal.varying, every, known_normal=known_normal)
            part = replace(part, farthest=farthest)
            points += left
    return Learnt(part, chain.split(np.where(measured(chain, normal), points, np.nan)))


def _learn_steps(reference: Sequence[Series], runs: bool, step: Step) -> Learnt | None:
    """None where the steps come again too rarely to say anything."""
    steps = [steps_of(one) for one in reference]
    aside = _unlike_the_others(reference, steps) if runs else []
    kept = sorted(set(range(len(reference))) - set(aside))
    normal = measure([reference[number] for number in kept])
    chain, where = chain_of(reference, normal), joined(steps)
    if runs:
        block = of_runs([_kind(one) for one in steps])
        block[aside] = NOT_LEARNT
        folds = block[chain.owner]
    else:
        folds = np.concatenate(contiguous([len(one) for one in reference]))
    course = Course.learn(chain.values[:, folds >= 0], where.at(folds >= 0))
    # Where no course is left without a block, rows were measured by what they had their share in.
    if course is None or not all(may_be_learnt(where.at((folds >= 0) & (folds != block))) for block in range(BLOCKS)):
        return None
    known = np.ones(len(chain), np.bool_)
    if runs:  # the first run begins from another state than all others: what came before it is not in the table
        known[: _first_stay(where, int(chain.stops[0]))] = False
    learning = StepwiseLearning(chain, where, folds, course, step, known)
    judged = measured(chain, normal) & course.knows(where) & known
    points = np.where(judged, learning.left_out, np.nan)
    return Learnt(StepPart(normal, learning.model, RUN_CONTEXT, RUN_CONTEXT), chain.split(points), aside)


def _first_stay(steps: Steps, points: int) -> int:
    """Points of the first step of a run of this many points."""
    changes = np.flatnonzero(np.diff(steps.stage[:points]) != 0)
    return int(changes[0]) + 1 if len(changes) else points


def _unlike_the_others(reference: Sequence[Series], steps: Sequence[Steps]) -> list[int]:
    normal = measure(reference)
    unlike = outlying([columns_of(one, normal) for one in reference], steps) > 1
    return [number for number in np.flatnonzero(unlike).tolist() if not reference[number].vouched]


def _have_stages(reference: Sequence[Series]) -> bool:
    """Whether the steps differ; a table of runs alone has a single stage."""
    stages = joined([steps_of(one) for one in reference]).stage
    return all(one.steps is not None for one in reference) and len(np.unique(stages)) > 1


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
    values = np.concatenate([one.values for one in columns], axis=1)
    in_steps = all(one.steps is not None for one in runs) and Course.learn(values, joined(steps)) is not None
    if not in_steps:  # steps that hardly ever come again say nothing
        steps = [whole(len(one)) for one in runs]
    learning = WholeRunsLearning(columns, steps, encoder, step)
    longest = max(len(one) for one in runs)
    part = RunPart(normal, learning.model, in_steps, longest, max(2 * longest, MOST_POINTS))
    return Learnt(part, [points for points, _ in learning.left_out])


def _most_usual(runs: Sequence[Series], left: Sequence[NDArray[np.float64]]) -> list[Series]:
    """Those that lie nearest to the others, and those that an engineer vouched for."""
    medians = np.array([float(np.nanmedian(one)) if (~np.isnan(one)).any() else np.inf for one in left])
    if len(runs) < FEWEST_RUNS / MOST_USUAL:
        return list(runs)
    border = np.quantile(medians[np.isfinite(medians)], MOST_USUAL)
    return [run for run, median in zip(runs, medians, strict=True) if median <= border or run.vouched]


def _at_level(normal: Normal, first: Sequence[Series]) -> Normal:
    """At the mean level of the first rows; a sensor without any value there stays at its level."""
    values = np.concatenate([one.values for one in first])
    unknown = np.isnan(values).all(axis=0)
    return replace(normal, level=np.where(unknown, normal.level, np.nanmean(np.where(unknown, 0.0, values), axis=0)))


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
