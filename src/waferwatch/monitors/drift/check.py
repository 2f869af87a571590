"""Does what was learnt as normal still fit? Yes, no, or not known yet.

The unit is a wafer; where nothing names wafers, 256 rows. Its score is the median over its rows, so that an event of
some seconds does not count. An equipment no longer fits when the median of its last ten units is above 99 of 100 units
of the golden set, each scored by what was learnt without it. A shift that the model itself does not find unusual, such
as the wander of a chamber that wandered in the golden set too, is no drift.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.drift.found import Drift, EquipmentDrift, Fits, SensorDrift
from waferwatch.monitors.levels.indicators import StepLevel, step_levels
from waferwatch.monitors.levels.stage_names import Names, stage_names
from waferwatch.monitors.levels.watched import equipment_text, levels_of, watched_series
from waferwatch.read.table import Note, Table
from waferwatch.scoring.detecting.with_model import detect_with
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.threshold import Thresholds
from waferwatch.series.series import Series

LAST = 10  # units whose median says how it is now
ROWS = 256  # of a unit where nothing names wafers
HIGH = 0.99  # share of the golden units that score lower
FEWEST_GOLDEN = 8  # units, to say what is usual
MOST_SENSORS = 20  # that are named

Floats = NDArray[np.float64]


def drift(model: Model, table: Table, found: Detection | None = None, *, progress: Progress = no_progress) -> Drift:
    """How a model fits a table, as it is at its end.

    Args:
        table: later rows.
        found: what ``model`` found in it; None: it is scored here.

    Raises:
        InputError, NotFoundError, ModelError: as ``Model.detect``.
    """
    scored = detect_with(model, table, Thresholds(), progress) if found is None else found
    fitting = model.fits(table)
    names, every = stage_names(fitting), watched_series(model, fitting)
    units = {scope: _units(series) for scope, series in every.items()}
    equipment = {scope: _equipment(model, scope, mine, scored.scores) for scope, mine in units.items()}
    fits = _together([one.fits for one in equipment.values()])
    wanted = [scope for scope, one in equipment.items() if one.fits is fits]
    sensors = [one for scope in wanted for one in _sensors(model, scope, units[scope][-LAST:], scored, names)]
    ranked = sorted(sensors, key=lambda one: (-abs(one.spreads or 0.0), -one.share))
    return Drift(
        fits,
        _earliest(list(equipment.values())),
        tuple(equipment.values()),
        tuple(ranked[:MOST_SENSORS]),
        _notes(model),
    )


def _units(series: Sequence[Series]) -> list[Series]:
    """Runs as they are; other series in stretches, of which an incomplete last one does not count."""
    found = []
    for one in series:
        if one.is_run:
            found.append(one)
        else:
            found += [one.at(slice(start, start + ROWS)) for start in range(0, len(one) - ROWS + 1, ROWS)]
    return found


def _equipment(model: Model, scope: str, units: Sequence[Series], scores: Floats) -> EquipmentDrift:
    values = np.array([_median(scores[one.rows]) for one in units])
    known = np.flatnonzero(~np.isnan(values))
    golden = golden_scores(model, scope)
    missing = max(0, LAST - len(known))
    name, count = equipment_text(scope), len(known)
    if missing or len(golden) < FEWEST_GOLDEN:
        return EquipmentDrift(name, Fits.UNKNOWN, count, missing, None, None, None)
    limit = float(np.quantile(golden, HIGH))
    now = np.array([float(np.median(values[known[end - LAST : end]])) for end in range(LAST, count + 1)])
    if now[-1] <= limit:
        return EquipmentDrift(name, Fits.YES, count, 0, float(now[-1]), limit, None)
    below = np.flatnonzero(now <= limit)
    first = int(below[-1]) + 1 if len(below) else 0  # of the windows of ten units that have been above ever since
    above = np.flatnonzero(values[known[first : first + LAST]] > limit)
    since = units[known[first + int(above[0])]]
    return EquipmentDrift(name, Fits.NO, count, 0, float(now[-1]), limit, _place(since))


def golden_scores(model: Model, scope: str) -> Floats:
    """Scores of the golden units of an equipment, each by what was learnt without it; of one that was not learnt from,
    those of all.
    """
    pieces = [one for one in model.fitted.reference if not one.set_aside]
    mine = [one for one in pieces if one.scope == model.fitted.part_key(scope)] or pieces
    runs = _of_runs(model)
    found = [
        _median(part)
        for one in mine
        for part in (
            [one.left_out] if runs else [one.left_out[at : at + ROWS] for at in range(0, len(one.left_out), ROWS)]
        )
    ]
    raw = np.array([value for value in found if not np.isnan(value)])
    return model.fitted.rarity.of(raw)


def _of_runs(model: Model) -> bool:
    """Whether the golden pieces are runs."""
    scope, groups = model.layout.scope or (), model.groups
    return model.layout.by_wafer or len(scope) < len(groups)


def _sensors(
    model: Model, scope: str, units: Sequence[Series], found: Detection, names: dict[int, Names]
) -> list[SensorDrift]:
    if not units:
        return []
    carried = np.nan_to_num(found.contributions[np.concatenate([one.rows for one in units])]).sum(axis=0)
    share = carried / max(float(carried.sum()), 1e-12)
    farthest = _farthest(model, scope, units)
    return [_sensor(name, scope, farthest.get(at), float(share[at]), names) for at, name in enumerate(model.features)]


def _farthest(model: Model, scope: str, units: Sequence[Series]) -> dict[int, StepLevel]:
    """Sensor -> the step in which it has moved farthest."""
    levels = levels_of(model, scope) if model.levels else None
    found: dict[int, StepLevel] = {}
    for one in step_levels(levels, units) if levels is not None else ():
        if one.sensor not in found or abs(one.spreads) > abs(found[one.sensor].spreads):
            found[one.sensor] = one
    return found


def _sensor(name: str, scope: str, level: StepLevel | None, share: float, names: dict[int, Names]) -> SensorDrift:
    if level is None:
        return SensorDrift(name, equipment_text(scope), None, None, None, None, None, share)
    recipe, step = names.get(level.stage, (None, None))
    return SensorDrift(name, equipment_text(scope), recipe, step, level.before, level.after, level.spreads, share)


def _together(every: Sequence[Fits]) -> Fits:
    if Fits.NO in every:
        return Fits.NO
    return Fits.YES if Fits.YES in every else Fits.UNKNOWN


def _earliest(equipment: Sequence[EquipmentDrift]) -> str | float | None:
    since = [one.since for one in equipment if one.since is not None]
    return min(since, key=lambda place: (str(place), 0.0) if isinstance(place, str) else ("", place), default=None)


def _median(values: NDArray[np.floating]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _place(series: Series) -> str | float:
    if series.time is None:
        return float(series.rows[0])
    first = series.time[0]
    return str(np.datetime_as_string(first, unit="s")) if series.time.dtype.kind == "M" else float(first)


def _notes(model: Model) -> tuple[Note, ...]:
    if model.levels:
        return ()
    return (Note("The model was not learnt as a monitor: which sensors have moved is shown by their share alone."),)
