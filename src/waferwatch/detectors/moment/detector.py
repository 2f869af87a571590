"""The default detector: MOMENT's heads at two time scales, calibrated on the reference and averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from waferwatch.detectors.base import Detector, ModelInfo, Progress, Scores, no_progress
from waferwatch.detectors.moment import checkpoint as checkpoints
from waferwatch.detectors.moment.bank import Bank
from waferwatch.detectors.moment.calibration import Calibration, Reading, calibrate, sensor_scores
from waferwatch.detectors.moment.engine import Engine
from waferwatch.detectors.moment.heads import WINDOW, Heads, Known, Reader
from waferwatch.detectors.moment.preparation import measure
from waferwatch.detectors.moment.sensors import combine
from waferwatch.detectors.moment.standard import movement
from waferwatch.errors import ModelError
from waferwatch.series.series import Series
from waferwatch.settings import current_settings

COARSE = 8  # points averaged for the second time scale: a window then spans 4,096 points, a patch 64
FEWEST_POINTS = 16  # two patches: less gives the network no context
FEWEST_COARSE_POINTS = 512  # shorter series are seen at the fine scale alone
PIECE = 8 * WINDOW  # points of the reference taken in one piece: one window of the coarse scale
REFERENCE_WINDOWS = 512  # windows of the reference that are run to calibrate; more would cost time and change little


class MomentDetector(Detector):
    """MOMENT behind the detector contract.

    Args:
        checkpoint: name of an imported checkpoint; None takes the embedded one.
        device: "auto", "cpu" or "cuda"; None takes the setting.
        threads: processor threads, 0 for all; None takes the setting.

    Raises:
        ModelError: when the checkpoint or the device cannot be used.
    """

    name: ClassVar[str] = "moment"

    def __init__(self, checkpoint: str | None = None, device: str | None = None, threads: int | None = None) -> None:
        settings = current_settings()
        self._checkpoint = checkpoints.find(checkpoint)
        self._reader = Reader(
            Engine(self._checkpoint, device or settings.device, settings.threads if threads is None else threads)
        )
        self._known: dict[int, Known] = {}  # time scale -> what is normal there; empty before fit
        self._calibration: Calibration | None = None

    @property
    def model(self) -> ModelInfo:
        return ModelInfo(self._checkpoint.name, self._checkpoint.sha256, self._reader.engine.device)

    def fit(self, reference: Sequence[Series]) -> Self:
        usable = [one for one in reference if len(one) >= FEWEST_POINTS]
        sample = _sample(usable) if usable else []
        self._known = {1: self._learn(reference, sample)}
        long_enough = [one for one in sample if len(one) >= FEWEST_COARSE_POINTS]
        if long_enough:
            self._known[COARSE] = self._learn(
                [coarsen(one) for one in reference], [coarsen(one) for one in long_enough]
            )
        self._calibration = calibrate(self._read(sample)) if sample else None
        return self

    def _learn(self, reference: Sequence[Series], sample: Sequence[Series]) -> Known:
        normal = measure(reference)
        return Known(normal, self._reader.fill_bank(sample, normal) if sample else Bank(()))

    def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
        if not self._known:
            raise ModelError(
                "The detector {name} was asked to score before it was fitted.", hint="Call fit first.", name=self.name
            )
        calibration = self._calibration
        long_enough = [one for one in series if len(one) >= FEWEST_POINTS] if calibration else []
        readings = iter(self._read(long_enough, _counter(long_enough, progress)))
        found = []
        for one in series:
            if calibration is None or len(one) < FEWEST_POINTS:
                found.append(_not_judged(one))
            else:
                found.append(Scores(*combine(sensor_scores(next(readings), calibration))))
        return found

    def _read(self, series: Sequence[Series], done: Callable[[int], None] = lambda _values: None) -> list[Reading]:
        spread = self._known[1].normal.spread
        heads = self._all_heads(series, done)
        return [Reading(found, movement(one.values / spread)) for one, found in zip(series, heads, strict=True)]

    def _all_heads(self, series: Sequence[Series], done: Callable[[int], None]) -> list[Heads]:
        """Heads of both time scales, each on the series' own points."""
        fine = self._reader.read(series, self._known[1], done)
        if COARSE not in self._known:
            return fine
        slow = [number for number, one in enumerate(series) if len(one) >= FEWEST_COARSE_POINTS]
        coarse = self._reader.read([coarsen(series[number]) for number in slow], self._known[COARSE])
        for number, heads in zip(slow, coarse, strict=True):
            measured = ~np.isnan(series[number].values)
            for name, values in heads.items():
                if name == "level":  # the fine scale's says the same
                    continue
                fine[number][f"{name} x{COARSE}"] = np.where(measured, _refine(values, len(series[number])), np.nan)
        return fine


def coarsen(series: Series) -> Series:
    """The series averaged over each ``COARSE`` points; a last, shorter piece is averaged over what it has."""
    padding = -len(series) % COARSE
    padded = np.pad(series.values, ((0, padding), (0, 0)), constant_values=np.nan)
    pieces = padded.reshape(-1, COARSE, series.sensors)
    known = ~np.isnan(pieces)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, pieces, 0).sum(axis=1) / known.sum(axis=1)
    return replace(series, values=mean, rows=series.rows[::COARSE], time=None, reference=None)


def _refine(values: NDArray[np.float32], points: int) -> NDArray[np.float32]:
    """Coarse values back on every point: straight lines between the middles of the pieces, against a stair look."""
    middles = np.arange(len(values)) * COARSE + (COARSE - 1) / 2
    position = np.arange(points)
    return np.stack([np.interp(position, middles, column) for column in values.T], axis=1).astype(np.float32)


def _sample(reference: Sequence[Series]) -> list[Series]:
    """Evenly spaced pieces of the reference, together about ``REFERENCE_WINDOWS`` windows."""
    pieces = [(one, start) for one in reference for start in range(0, max(1, len(one) - PIECE // 2), PIECE)]
    windows = sum(1 + min(len(one) - start, PIECE) // WINDOW for one, start in pieces) * reference[0].sensors
    wanted = max(4, len(pieces) * REFERENCE_WINDOWS // windows)
    if len(pieces) > wanted:
        pieces = [pieces[index] for index in np.linspace(0, len(pieces) - 1, wanted).round().astype(int)]
    return [
        replace(one, values=one.values[start : start + PIECE], rows=one.rows[start : start + PIECE], time=None)
        for one, start in pieces
    ]


def _counter(series: Sequence[Series], progress: Progress) -> Callable[[int], None]:
    total = max(1, sum(one.values.size for one in series))
    finished = 0

    def done(values: int) -> None:
        nonlocal finished
        finished += values
        progress(min(1.0, finished / total))

    return done


def _not_judged(series: Series) -> Scores:
    return Scores(np.full(len(series), np.nan), np.full(series.values.shape, np.nan, np.float32))
