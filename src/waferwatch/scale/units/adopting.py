"""A model for an equipment without a reference, from its first wafers and its sisters.

Twelve wafers of a recipe are enough to learn it from them alone. Where there are fewer, the model is that of a sister,
at the equipment's own level: what chambers of one kind share, shapes and relations, is the sister's; what each has of
its own, the level of each sensor in each step and the limits of its wafers, is learnt from the first wafers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from waferwatch.errors import InputError, NotFoundError
from waferwatch.evaluate.injection import inject
from waferwatch.indicators.cells import cells_of
from waferwatch.indicators.judge import row_scores_of_runs, sensor_values
from waferwatch.indicators.learnt.wafer_model import WaferModel, learn_wafers
from waferwatch.models.decades import by_decades
from waferwatch.models.fitted import key_of
from waferwatch.models.levels import units_of
from waferwatch.monitors.golden.golden_set import choose
from waferwatch.monitors.levels.settling import FEWEST
from waferwatch.monitors.rebase.relearn import rebase
from waferwatch.read.table import Table
from waferwatch.scale.plans.contents import UNIT_NS
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.units.learning import learnt_from, rows_between
from waferwatch.scale.units.tables import table_of
from waferwatch.scoring.model import Model
from waferwatch.scoring.part import only_rows
from waferwatch.series.layout import key_text
from waferwatch.series.series import Series, steps_of
from waferwatch.series.split import split

MOST_SISTERS = 3  # of one model, that are tried
ENOUGH = 12  # wafers of a recipe, to learn it without a sister: docs/scale.md has what fewer cost
_MOST = 0.9  # share of the first wafers whose recipes must have as many


@dataclass(frozen=True)
class Adopted:
    """A model that rests on first wafers."""

    model: Model
    sister: str | None  # equipment whose model it was; None: learnt from the first wafers alone
    sharpness: float = 1.0  # average precision (0 to 1) for faults injected into the first wafers


def adopt(
    plan: ScalePlan, equipment: tuple[str, ...], units: Sequence[WorkUnit], models: Mapping[str, Model]
) -> Adopted:
    """The model that the first wafers give; where they are too few, or a model of all was given, that of a sister.

    Of several sisters, each at the level of the first wafers, the one counts whose model best tells faults injected
    into these wafers from their other rows. How low it scores the wafers says nothing: a model that hardly sees
    anything scores them lowest.

    Args:
        units: the first ones of the equipment.
        models: of sisters, by name.

    Raises:
        InputError: no model has the sensors of the equipment, or it has too few wafers.
    """
    frame = rows_between(plan, equipment, units, units[0].begin, units[-1].begin + UNIT_NS[plan.unit])
    name = " / ".join(equipment)
    table = table_of(plan, frame, name)
    own = None if plan.reference is None else _of_its_own(plan, table)
    if own is not None:
        return Adopted(own, None)
    found, error = [], None
    for model, sister in _sisters(models):
        try:
            found.append(_taken_over(model, sister, equipment, table, plan.wafers))
        except (InputError, NotFoundError) as refused:
            error = error or refused
    if not found:
        raise error or InputError(
            "No equipment has a reference that {equipment} could share.",
            hint="Give a reference period in which some equipment of its kind has rows.",
            equipment=name,
        )
    return max(found, key=lambda one: one.sharpness)


def _of_its_own(plan: ScalePlan, table: Table) -> Model | None:
    """A model learnt from the first wafers alone; None where they are too few."""
    parts = split(table).series
    if not any(one.is_run for one in parts):
        return None
    rows, counts = _first_of_recipes(parts, plan.wafers)
    known = sum(count for count in counts.values() if count >= ENOUGH)
    if known < _MOST * sum(counts.values()):
        return None
    return learnt_from(plan, choose(only_rows(table, rows)))


def _sisters(models: Mapping[str, Model]) -> Iterator[tuple[Model, str]]:
    for model in models.values():
        scopes = sorted(model.fitted.parts)
        for at in sorted({round(at) for at in np.linspace(0, len(scopes) - 1, min(len(scopes), MOST_SISTERS))}):
            yield model, scopes[at]


def _taken_over(model: Model, sister: str, equipment: tuple[str, ...], table: Table, wafers: int) -> Adopted:
    mine = as_for(model, sister, equipment)
    first = _first_wafers(mine, mine.fits(table), wafers)
    levelled = _rebased(mine, first) if mine.levels else _moved(mine, first)
    series = _series(levelled, first)
    scores = levelled.fitted.score(levelled.as_before(series), levelled.detector)
    points = np.full(len(first.frame), np.nan)
    for one, scored in zip(series, scores, strict=True):
        points[one.rows] = scored.points
    known = replace(levelled, wafers=_limits(first, levelled, points))
    return Adopted(known, sister.replace("\x1f", " / "), _sharpness(levelled, series))


def _sharpness(model: Model, series: Sequence[Series]) -> float:
    """How well a model tells injected faults from normal rows: average precision, 0 where none finds room."""
    injected = inject(series, [np.ones(len(one), np.bool_) for one in series], seed=0)
    scores = model.fitted.score(model.as_before(injected.series), model.detector)
    points, labels = np.concatenate([one.points for one in scores]), np.concatenate(injected.labels)
    judged = np.isfinite(points)
    if not labels[judged].any():
        return 0.0
    return float(average_precision_score(labels[judged], points[judged]))


def as_for(model: Model, sister: str, equipment: tuple[str, ...]) -> Model:
    """A model with what was learnt of one equipment alone, under the name of another, without its reference."""
    key = key_of(equipment)
    part = model.fitted.parts[sister]
    gaps, intervals = (
        {key_text(equipment): known[sister]} if sister in known else {}
        for known in (model.layout.gaps, model.layout.intervals)
    )
    return replace(
        model,
        fitted=replace(model.fitted, parts={key: part}, sister=key, reference=[]),
        layout=replace(model.layout, gaps=gaps, intervals=intervals),
        jumps={key: model.jumps[sister]} if sister in model.jumps else {},
        levels={key: model.levels[sister]} if sister in model.levels else {},
        shifts=[],
        wafers=None,
    )


def _first_wafers(model: Model, table: Table, count: int) -> Table:
    """The rows of the first wafers of each recipe, or of as many blocks of 64 rows where nothing names wafers."""
    rows, _ = _first_of_recipes(_series(model, table), count)
    if not len(rows):
        raise InputError(
            "{table} has no rows that its level could be learnt from.",
            hint="Give data with some wafers of it.",
            table=table.name,
        )
    return only_rows(table, rows)


def _first_of_recipes(series: Sequence[Series], count: int) -> tuple[NDArray[np.int64], dict[tuple[int, ...], int]]:
    """The rows of the first wafers of each recipe, and how many wafers these are."""
    rows: list[NDArray[np.int64]] = []
    taken: dict[tuple[int, ...], int] = {}
    for unit in units_of(series):
        recipe = tuple(np.unique(steps_of(unit).stage).tolist()) if unit.is_run else ()
        if taken.get(recipe, 0) < count:
            taken[recipe] = taken.get(recipe, 0) + 1
            rows.append(unit.rows)
    return np.sort(np.concatenate(rows)) if rows else np.empty(0, np.int64), taken


def _rebased(model: Model, table: Table) -> Model:
    """A model at the level that some rows have in each step."""
    return rebase(model, table, wafers=max(len(table.frame), FEWEST), accept=model.features).model


def _moved(model: Model, table: Table) -> Model:
    """A model without usual levels, at the mean level of some rows."""
    key = next(iter(model.fitted.parts))
    part = model.fitted.parts[key].shifted(by_decades(model.fitted.decades, _series(model, table)))
    return replace(model, fitted=replace(model.fitted, parts={key: part}))


def _series(model: Model, table: Table) -> list[Series]:
    parts = split(table, layout=model.layout)
    return [one.with_sensors(parts.features, model.features) for one in parts.series]


def _limits(table: Table, model: Model, points: NDArray[np.float64]) -> WaferModel | None:
    """Limits of the equipment's own first wafers; None where nothing is a wafer, or they are too few."""
    cells = cells_of(table)
    if cells is None:
        return None
    golden = np.ones(len(cells.runs), np.bool_)
    scores = row_scores_of_runs(points, cells)
    values = sensor_values(table, model.features)
    decades = model.fitted.decades
    return learn_wafers(values, cells, model.features, golden, scores, cells.usual_interval, decades)
