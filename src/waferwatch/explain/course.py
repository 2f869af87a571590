"""The course that the sensors should have taken: the normal band, and on request what MOMENT expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from waferwatch.errors import ModelError, WaferwatchError
from waferwatch.explain.scene import Floats, Scene
from waferwatch.explain.spot import Spot
from waferwatch.explain.usual import band, reference_series
from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.models.moment.checkpoints.checkpoint import Checkpoint
from waferwatch.models.moment.expectation import expect
from waferwatch.models.moment.runners.engine import Engine
from waferwatch.series.series import Series
from waferwatch.settings import current_settings

_REACH = 4096  # points on either side of the view that the network may look at: far more than it does


@dataclass(frozen=True)
class Expected:
    """What MOMENT expected of some sensors along the view of an event."""

    values: Floats | None  # (n, S), NaN where a sensor has no value; None when MOMENT could not be asked
    averaged: int = 1  # rows that MOMENT saw as one
    obstacle: WaferwatchError | None = None  # why it could not be asked again


@dataclass(frozen=True)
class ExpectedCourse:
    """What some sensors should have done along the view of an event, each array (n, S); NaN where it cannot be said."""

    middle: Floats  # median of normal rows
    low: Floats  # ends of the normal band
    high: Floats
    by_step: bool  # whether the band is that of each recipe step
    known: bool  # whether the band comes from rows that are known to be normal
    expected: Expected | None = None  # None: not asked for, or MOMENT did not judge the data


def course(scene: Scene, spot: Spot, sensors: Sequence[str], *, moment: bool = False) -> ExpectedCourse:
    """What the sensors should have done around the event.

    Args:
        moment: ask MOMENT too, where it judged the data. A missing checkpoint is reported, not raised.
    """
    found = band(scene, spot.stretch.scope, sensors, spot.view_rows)
    expected = None
    if moment and scene.found.model_sha256 is not None:
        try:
            expected = _expected(scene, spot, sensors, _engine_of(scene.found.model, scene.found.model_sha256))
        except WaferwatchError as error:
            expected = Expected(None, obstacle=error)
    return ExpectedCourse(found.middle, found.low, found.high, found.by_step, found.known, expected)


def _expected(scene: Scene, spot: Spot, sensors: Sequence[str], engine: Engine) -> Expected:
    start = max(0, spot.view.start - _REACH)
    rows = spot.stretch.rows[start : spot.view.stop + _REACH]
    piece = Series(scene.values(sensors, rows), rows, None)
    event, view = (slice(one.start - start, one.stop - start) for one in (spot.span, spot.view))
    normal = measure([reference_series(scene, spot.stretch.scope, sensors)])
    found = expect(engine, piece, event, view, normal)
    first = view.start - found.first
    values = found.values[first : first + view.stop - view.start]
    unmeasured = np.isnan(piece.values[view]).all(axis=0)
    return Expected(np.where(unmeasured, np.nan, values), found.averaged)


def _engine_of(model: str, sha256: str) -> Engine:
    """The checkpoint that judged the data, ready to run. Its name may have been given to another one meanwhile.

    Raises:
        ModelError: when it is gone or damaged.
    """
    found = next((one for one in checkpoints.available() if one.sha256 == sha256), None)
    if found is None:
        raise ModelError(
            "The checkpoint of {name} that judged this run is no longer there.",
            hint="Import it again, or detect again with another one.",
            name=model,
        )
    settings = current_settings()
    return _engine(_Key(found), settings.device, settings.threads)


@dataclass(frozen=True)
class _Key:
    """A checkpoint that can be looked up: its weights are the same as long as folder and hash are."""

    checkpoint: Checkpoint

    def __hash__(self) -> int:
        return hash((self.checkpoint.folder, self.checkpoint.sha256))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Key):
            return NotImplemented
        mine, yours = self.checkpoint, other.checkpoint
        return (mine.folder, mine.sha256) == (yours.folder, yours.sha256)


@lru_cache(maxsize=1)
def _engine(key: _Key, device: str, threads: int) -> Engine:
    return Engine(key.checkpoint, device, threads)
