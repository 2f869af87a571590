"""Wafers, indicators, limits and problems as frames: what is exported, with columns that stay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from waferwatch.indicators.indicators import SPE, T2, IndicatorColumn
from waferwatch.indicators.judged import JudgedWafers
from waferwatch.indicators.judging.leading import bounds
from waferwatch.indicators.learnt.limits import ENOUGH_WAFERS, FEWEST_WAFERS, IndicatorLimits
from waferwatch.indicators.learnt.step_relation import CONTRAST
from waferwatch.indicators.learnt.wafer_model import TREND, WaferModel
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.rules import RULES, fired
from waferwatch.indicators.trends.values import sides_of, values_of
from waferwatch.indicators.verdicts import RunScore

WAFER_COLUMNS = (
    "run", "equipment", "lot", "wafer", "recipe", "start", "end", "rows", "gaps", "score", "threshold", "ratio",
    "abnormal", "judged_by", "row_score", "flagged", "golden", "step", "sensor", "statistic", "direction", "value",
    "usual", "lower", "upper", "spreads", "change", "in_a_row", "rules", "reason",
)  # fmt: skip
INDICATOR_COLUMNS = (
    "run", "equipment", "lot", "wafer", "recipe", "step", "start", "sensor", "statistic", "value", "lower", "upper",
    "spreads", "beyond",
)  # fmt: skip
LIMIT_COLUMNS = (
    "equipment", "recipe", "step", "sensor", "statistic", "lower", "upper", "usual", "spread", "wafers", "provisional",
    "source",
)  # fmt: skip
PROBLEM_COLUMNS = (
    "number", "severity", "severity_reason", "title", "equipment", "recipe", "step", "sensor", "direction", "statistic",
    "ongoing", "first_seen", "last_seen", "onset", "count", "of", "in_a_row", "peak_score", "limit", "ratio", "change",
    "alone", "also_on", "recipes", "steps", "wafers", "events", "sensors", "fingerprint",
)  # fmt: skip
_T2_COLUMN = IndicatorColumn("_t2", T2)
RULE_COLUMNS = ("rule", "about", "expected_rate", "rate", "points", "fired")


def wafer_frame(runs: Sequence[RunScore]) -> pd.DataFrame:
    """One row per run, in the order of ``Detection.runs``."""
    rows = []
    for number, run in enumerate(runs, start=1):
        said = run.to_dict()
        rows.append({**said, "run": number, "rules": ", ".join(run.rules)})
    return pd.DataFrame(rows, columns=list(WAFER_COLUMNS))


def problem_frame(problems: Sequence[FabProblem]) -> pd.DataFrame:
    """One row per problem, worst first; lists are joined by commas, sensors are JSON."""
    rows = []
    for one in problems:
        said = one.to_dict()
        lists = {name: ", ".join(map(str, value)) for name, value in said.items() if isinstance(value, list)}
        rows.append(said | lists | {"sensors": json.dumps(said["sensors"], ensure_ascii=False)})
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))


def limit_frame(model: WaferModel) -> pd.DataFrame:
    """One row per equipment, recipe, step, sensor and statistic, T2, trends and contrasts among them."""
    parts = [_limits_of(model.limits, stage, model.columns) for stage in range(len(model.limits.stages))]
    parts += [_limits_of(model.t2_limits, stage, [_T2_COLUMN]) for stage in range(len(model.t2_limits.stages))]
    parts += [_trends_of(model, stage) for stage in range(len(model.limits.stages))]
    if not parts:
        return pd.DataFrame(columns=list(LIMIT_COLUMNS))
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["equipment", "recipe", "step"], kind="stable", ignore_index=True)


def _limits_of(limits: IndicatorLimits, stage: int, columns: Sequence[IndicatorColumn]) -> pd.DataFrame:
    sides = [bounds(limits, stage, at, one) for at, one in enumerate(columns)]
    usual = limits.centre[stage].copy()
    logarithms = np.array([one.statistic in (SPE, T2) for one in columns])
    usual[logarithms] = np.exp(usual[logarithms])
    of_stage = _about(limits, stage)
    return pd.DataFrame(
        {
            **{name: of_stage[name] for name in ("equipment", "recipe", "step")},
            "sensor": [one.sensor for one in columns],
            "statistic": [one.statistic for one in columns],
            "lower": [side[0] for side in sides],
            "upper": [side[1] for side in sides],
            "usual": usual,
            "spread": limits.spread[stage],
            **{name: of_stage[name] for name in ("wafers", "provisional", "source")},
        }
    ).astype({"lower": np.float64, "upper": np.float64})


def _trends_of(model: WaferModel, stage: int) -> pd.DataFrame:
    """And of contrasts: in their own spreads, around none."""
    of_stage = _about(model.limits, stage)
    reach = model.limits.usual_reach if int(model.limits.wafers[stage]) >= FEWEST_WAFERS else np.nan
    numbers = {"lower": -reach, "upper": reach, "usual": 0.0, "spread": 1.0}
    known = (TREND,) if model.steps is None else (TREND, CONTRAST)
    rows = [
        of_stage | {"sensor": sensor, "statistic": statistic} | numbers
        for statistic in known
        for sensor in model.sensors
    ]
    return pd.DataFrame(rows, columns=list(LIMIT_COLUMNS))


def _about(limits: IndicatorLimits, stage: int) -> dict[str, object]:
    equipment, recipe, step = limits.stages[stage].split("\x1f")
    wafers = int(limits.wafers[stage])
    return {
        "equipment": equipment,
        "recipe": recipe,
        "step": step,
        "wafers": wafers,
        "provisional": wafers < ENOUGH_WAFERS,
        "source": "learnt" if wafers >= FEWEST_WAFERS else "none: too few golden wafers",
    }


def indicator_frame(judged: JudgedWafers) -> pd.DataFrame:
    """One row per run, step, sensor and statistic, with its limits; ``beyond`` is -1, 0, 1, empty without a limit."""
    cells, deviations = judged.cells, judged.deviations
    values, sides = values_of(judged), sides_of(judged)
    count = len(deviations.columns)
    off = deviations.off
    runs = [judged.runs[number] for number in cells.run.tolist()]
    names = [cells.names[number] for number in cells.stage.tolist()]

    def each(texts: Sequence[Any]) -> pd.Categorical:
        codes, distinct = pd.factorize(pd.Series(texts, dtype=object))
        return pd.Categorical.from_codes(np.repeat(codes, count), categories=pd.Index(distinct))

    of_column = np.tile(np.arange(count), len(cells))
    sensors = pd.factorize(pd.Series([one.sensor for one in deviations.columns]))
    statistics = pd.factorize(pd.Series([one.statistic for one in deviations.columns]))
    return pd.DataFrame(
        {
            "run": np.repeat(cells.run + 1, count),
            "equipment": each([run.equipment for run in runs]),
            "lot": each([run.lot for run in runs]),
            "wafer": each([run.wafer for run in runs]),
            "recipe": each([name.recipe for name in names]),
            "step": each([name.step for name in names]),
            "start": each([run.start for run in runs]),
            "sensor": pd.Categorical.from_codes(sensors[0][of_column], categories=pd.Index(sensors[1])),
            "statistic": pd.Categorical.from_codes(statistics[0][of_column], categories=pd.Index(statistics[1])),
            "value": values.ravel(),
            "lower": sides.lower.ravel(),
            "upper": sides.upper.ravel(),
            "spreads": deviations.spreads.ravel(),
            "beyond": np.where(np.isnan(off), np.nan, np.sign(off) * (np.abs(off) > 1) + 0.0).ravel(),  # 0.0 for -0.0
        }
    )


def rule_frame(judged: JudgedWafers, statistic: str = "mean") -> pd.DataFrame:
    """One row per Western Electric and Nelson rule: how often it fires on a statistic, against what chance alone gives.

    Values are the deviations of successive wafers of each stage and sensor, in golden spreads.
    """
    columns = [at for at, one in enumerate(judged.deviations.columns) if one.statistic == statistic]
    spreads = judged.deviations.spreads[:, columns]
    rows = []
    for rule in RULES.values():
        points = alarms = 0
        for stage in range(len(judged.cells.names)):
            for z in spreads[judged.cells.stage == stage].T:
                points += max(0, int(np.isfinite(z).sum()) - rule.points + 1)
                alarms += int(fired(z, rule).sum())
        rate = alarms / points if points else float("nan")
        rows.append((rule.name, rule.about, rule.false_rate, rate, points, alarms))
    return pd.DataFrame(rows, columns=list(RULE_COLUMNS))
