"""Windows of known-normal series as the detector shows them to the network: to learn from, and held out to measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.models.ensemble.preparation.alignment import TraceAlignment, are_runs
from waferwatch.models.ensemble.preparation.columns import Columns, coarsen, columns_of
from waferwatch.models.ensemble.preparation.normal import Normal, measure
from waferwatch.models.moment.config import MomentConfig
from waferwatch.models.moment.preparation import to_windows
from waferwatch.series.series import Series, steps_of


@dataclass(frozen=True)
class LearningView:
    """How a series is shown to the network while it learns."""

    averaged: int  # points that become one
    centred: bool  # each window less its own mean


VIEWS = (
    LearningView(1, True),
    LearningView(2, True),
    LearningView(4, True),
    LearningView(4, False),
    LearningView(8, True),
)
VIEWS_OF_SEVERAL = VIEWS[:3]
FEWEST_POINTS = 48  # a shorter series, after averaging, says nothing
HELD_SHARE = 1 / 5  # of each series, its end; of runs, the last ones
FEWEST_VALUES = 1024  # to learn from, of sensors that move: two windows
FEWEST_MEASURED = 0.5  # share of a sensor's points; less is mostly filled in
OF_RUNS = (LearningView(1, False),)  # runs are seen whole, at their level

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NormalWindows:
    """W windows of T points, N patches."""

    x: Floats  # (W, T) in spreads of the reference
    observed: Floats  # (W, N) 1 where a patch holds data

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class _Sensor:
    """One sensor of one series as one view shows it."""

    values: Floats  # (n, 1) averaged
    measured: NDArray[np.bool_]  # (n, 1)
    centred: bool


class NormalSeries:
    """Known-normal series from which windows are drawn."""

    def __init__(self, sensors: Sequence[_Sensor], config: MomentConfig) -> None:
        self._sensors = [one for one in sensors if one.values.std() > 0 and one.measured.mean() >= FEWEST_MEASURED]
        self._config = config
        lengths = np.array([len(one.values) for one in self._sensors], np.float64)
        self.values = int(lengths.sum())  # of sensors that move
        self._chances = lengths / max(lengths.sum(), 1)

    def draw(self, rng: np.random.Generator, count: int) -> NormalWindows:
        """``count`` windows from random places, every point as likely as any other."""
        chosen = rng.choice(len(self._sensors), count, p=self._chances)
        cuts = [self._window(self._sensors[one], rng) for one in chosen]
        return NormalWindows(np.concatenate([one.x for one in cuts]), np.concatenate([one.observed for one in cuts]))

    def _window(self, one: _Sensor, rng: np.random.Generator) -> NormalWindows:
        window, patch = self._config.seq_len, self._config.patch_len
        while True:  # until it does not lie in a gap: most of the sensor was measured
            start = int(rng.integers(max(1, len(one.values) - window + 1)))
            place = slice(start, start + window)
            cut = to_windows(
                one.values[place], one.measured[place], window=window, patch=patch, overlap=0, centred=one.centred
            )
            if cut.observed.any():
                return NormalWindows(cut.x[0], cut.observed[0])


def normal_series(scopes: Sequence[Sequence[Series]], config: MomentConfig) -> tuple[NormalSeries, NormalSeries]:
    """Known-normal series at the time scales of the detector: those to learn from, and those held out.

    Args:
        scopes: the known-normal series of each scope; sensors are brought into units of their own scope.
        config: the sizes of a window and its patches.

    Raises:
        InputError: when there are too few values of sensors that move.
    """
    learnt_sensors: list[_Sensor] = []
    held_sensors: list[_Sensor] = []
    for reference in scopes:
        to_learn, to_hold = _parts(reference, measure(reference))
        learnt_sensors += _shown(to_learn, _views(reference))
        held_sensors += _shown(to_hold, _views(reference))
    learnt, held = NormalSeries(learnt_sensors, config), NormalSeries(held_sensors, config)
    if learnt.values < FEWEST_VALUES or not held.values:
        raise InputError(
            "There are too few known-normal rows to tune a checkpoint: they hold {values} values of sensors that move.",
            hint="Give some thousands of rows, or some tens of runs.",
            values=learnt.values,
        )
    return learnt, held


def _views(reference: Sequence[Series]) -> Sequence[LearningView]:
    return OF_RUNS if are_runs(reference) else VIEWS if reference[0].sensors == 1 else VIEWS_OF_SEVERAL


def _parts(reference: Sequence[Series], normal: Normal) -> tuple[list[Columns], list[Columns]]:
    """The series of one scope to learn from and to hold out."""
    if are_runs(reference):
        alignment = TraceAlignment.learn([steps_of(one) for one in reference])
        traces = [alignment.trace(columns_of(one, normal), steps_of(one)) for one in reference]
        runs = [Columns(one, np.ones(one.shape, np.bool_)) for one in traces]
        border = len(runs) - max(1, round(HELD_SHARE * len(runs)))
        return runs[:border], runs[border:]
    borders = [len(one) - round(HELD_SHARE * len(one)) for one in reference]
    learnt = [one.at(slice(border)) for one, border in zip(reference, borders, strict=True)]
    held = [one.at(slice(border, None)) for one, border in zip(reference, borders, strict=True)]
    return [columns_of(one, normal) for one in learnt], [columns_of(one, normal) for one in held]


def _shown(series: Sequence[Columns], views: Sequence[LearningView]) -> Iterator[_Sensor]:
    for averaged, centred in dict.fromkeys((view.averaged, view.centred) for view in views):
        for one in series:
            columns = coarsen(one, averaged)
            if len(columns) >= FEWEST_POINTS:
                for values, measured in zip(columns.values, columns.measured, strict=True):
                    yield _Sensor(values[:, None], measured[:, None], centred)
