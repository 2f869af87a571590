"""One unit scored by a model: a pure function of its rows and the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.indicators.frames import wafer_frame
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.table import Role
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.units.clock import NO_STARTS, SeriesStarts
from waferwatch.scale.units.neighbourhood import NearRows, near_rows
from waferwatch.scale.units.rows import Wanted, read_unit_rows
from waferwatch.scale.units.stretches import stretches_of
from waferwatch.scoring.detecting.with_model import detect_series
from waferwatch.scoring.model import Model
from waferwatch.scoring.result import Detection


@dataclass(frozen=True)
class UnitResult:
    """What a unit gives."""

    scores: pd.DataFrame  # row, time, score, flagged: all rows of the unit
    flagged: pd.DataFrame  # row, time, score, and what each sensor contributes: flagged rows
    wafers: pd.DataFrame  # verdicts of the wafers that begin in the unit
    part: dict[str, Any]  # what events and problems are joined of
    summary: dict[str, int]  # rows, judged, flagged, wafers, abnormal


def score_unit(plan: ScalePlan, unit: WorkUnit, model: Model, starts: SeriesStarts = NO_STARTS) -> UnitResult:
    """Score a unit.

    Args:
        starts: where the series of its equipment begin.

    Raises:
        InputError, NotFoundError: its rows cannot be read, or lack a column that the model needs.
        ModelError: the checkpoint of the model is not there.
    """
    near, found = scored(plan, unit, model, starts)
    return result_of(near, found, model, plan.time)


def scored(plan: ScalePlan, unit: WorkUnit, model: Model, starts: SeriesStarts) -> tuple[NearRows, Detection]:
    """The rows of a unit with their neighbourhood, and what a model finds in them; raises as ``score_unit``."""
    columns = columns_of(plan, model)
    frame = read_unit_rows(plan, Wanted(unit.equipment, unit.since, unit.until, unit.files, unit.sizes, columns))
    near = near_rows(plan, model, frame, unit, starts)
    del frame
    return near, detect_series(model, near.table, near.series, plan.wish)


def columns_of(plan: ScalePlan, model: Model) -> list[str]:
    """The columns that a model reads."""
    return list(dict.fromkeys([plan.time, *plan.equipment, *model.features, *model.groups, *model.roles, *plan.also]))


def result_of(near: NearRows, found: Detection, model: Model, time: str) -> UnitResult:
    """What was found in a unit's own rows.

    Args:
        found: in ``near.table``.
        time: column.
    """
    rows = np.flatnonzero(near.own)
    scores = pd.DataFrame(
        {
            "row": near.number[rows],
            "time": near.table.frame[time].to_numpy()[rows],
            "score": found.scores[rows].astype(np.float32),
            "flagged": found.flags[rows],
        }
    )
    flagged = scores[scores["flagged"]].drop(columns="flagged").reset_index(drop=True)
    carried = found.contributions[rows[found.flags[rows]]]
    for at, name in enumerate(model.features):
        flagged[f"contribution.{name}"] = carried[:, at]
    runs = _own_runs(near, found)
    series, stretches = stretches_of(near, found, model.fitted.alarms)
    part = {
        "features": list(model.features),
        "threshold": found.threshold,
        "series": [asdict(one) for one in series],
        "stretches": [asdict(one) for one in stretches],
        "wafers": len(runs),
        "problems": _own_problems(found, runs, {one.event for one in stretches}),
    }
    summary = {
        "rows": len(rows),
        "judged": int(np.isfinite(found.scores[rows]).sum()),
        "flagged": len(flagged),
        "wafers": len(runs),
        "abnormal": sum(found.runs[number].abnormal for number in runs),
    }
    return UnitResult(scores, flagged, _wafers([found.runs[number] for number in runs]), part, summary)


def _own_runs(near: NearRows, found: Detection) -> dict[int, int]:
    """Position in ``Detection.runs`` -> number among the unit's own wafers; none where nothing is a wafer."""
    if found.wafers is None and near.table.column(Role.WAFER) is None:
        return {}
    mine = [number for number, run in enumerate(found.runs) if near.own[run.start_row]]
    return {number: at for at, number in enumerate(sorted(mine, key=lambda one: found.runs[one].start_row))}


def _own_problems(found: Detection, runs: dict[int, int], events: set[int]) -> list[dict[str, Any]]:
    """Problems that a wafer or an event of the unit has, with those alone."""
    parts = []
    for one in found.problems:
        mine = [runs[number] for number in one.runs if number in runs]
        own = [event for event in one.events if event in events]
        if mine or (own and not one.runs):
            parts.append(_described(one) | {"runs": mine, "events": own})
    return parts


def _described(one: FabProblem) -> dict[str, Any]:
    return {name: value for name, value in one.described().items() if name != "number"}


def _wafers(runs: Sequence[RunScore]) -> pd.DataFrame:
    """Verdicts with columns of one type each, whatever they hold in this unit."""
    frame = wafer_frame(runs)
    texts = (
        "equipment",
        "lot",
        "wafer",
        "recipe",
        "judged_by",
        "step",
        "sensor",
        "statistic",
        "direction",
        "rules",
        "reason",
    )
    whole = ("run", "rows", "gaps", "flagged", "golden", "in_a_row")
    kinds: dict[str, Any] = dict.fromkeys(frame.columns, "float64")
    kinds |= dict.fromkeys(texts, "string") | dict.fromkeys(whole, "int64") | {"abnormal": "bool"}
    times = {name: pd.to_datetime(frame[name]).astype("datetime64[ns]") for name in ("start", "end")}
    kinds = {name: kind for name, kind in kinds.items() if name not in times}
    return frame.astype(kinds).assign(**times)
