"""The first wafers after a change of recipe are compared with such wafers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.indicators.cells import StageName, StepCells
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.judging.leading import bounds
from waferwatch.indicators.learnt.limits import IndicatorLimits
from waferwatch.indicators.trends.trend import Indicator, Trend
from waferwatch.indicators.trends.values import sides_of
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.wafers import judged_again
from waferwatch.series.wafer_runs import WaferRuns

MEAN = [IndicatorColumn("wall", "mean")]
LOT = 10


def alternating(lots: dict[str, int]) -> StepCells:
    """One row a wafer, in lots of two recipes that take turns, on these tools."""
    names, stage = [], []
    for tool, count in lots.items():
        names += [StageName(tool, recipe, "") for recipe in "AB"]
        stage += [len(names) - 2 + (lot % 2) for lot in range(count) for _ in range(LOT)]
    at = np.arange(len(stage))
    return StepCells(WaferRuns(("wafer",), at, at), at, at, at, np.array(stage), names, at * 1.0, True)


def learnt(cells: StepCells, first: float) -> IndicatorLimits:
    """From wafers of which the first of each lot lies off by ``first`` spreads."""
    values = np.random.default_rng(7).normal(0, 1, (len(cells), 1))
    values[cells.since_change == 0] += first
    return IndicatorLimits.learn(values, cells, np.ones(len(cells), np.bool_), MEAN, np.array([1e-9]))


def off_of(limits: IndicatorLimits, cells: StepCells, value: float) -> np.ndarray:
    return limits.off(np.full((len(cells), 1), value), cells, MEAN)[:, 0]


def test_a_first_wafer_that_lies_off_as_all_first_wafers_is_within_its_limits():
    cells = alternating({"T1": 12})
    limits = learnt(cells, -9.0)
    first = cells.since_change == 0
    assert (np.abs(off_of(limits, cells, -9.0))[first] < 0.5).all()
    assert (np.abs(off_of(limits, cells, -9.0))[~first] > 1).all()


def test_a_first_wafer_may_lie_anywhere_between_the_others_and_its_kind():
    cells = alternating({"T1": 12})
    limits = learnt(cells, -9.0)
    first = cells.since_change == 0
    for value in (-9.0, -5.0, 0.0):
        assert (np.abs(off_of(limits, cells, value))[first] < 0.5).all()
    for value in (-20.0, 9.0):
        assert (np.abs(off_of(limits, cells, value))[first] > 1).all()


def test_where_first_wafers_are_like_the_others_their_limits_are_too():
    cells = alternating({"T1": 12})
    limits = learnt(cells, 0.0)
    values = off_of(limits, cells, -9.0)
    assert (values < -1).all()


def test_a_tool_with_few_changes_takes_over_the_first_wafers_of_its_sisters():
    cells = alternating({"T1": 12, "T2": 3})
    limits = learnt(cells, -9.0)
    of_t2 = np.array([cells.names[one].equipment == "T2" for one in cells.stage])
    first = of_t2 & (cells.since_change == 0)
    assert (np.abs(off_of(limits, cells, -9.0))[first] < 0.7).all()


def test_one_odd_first_wafer_moves_no_limit():
    cells = alternating({"T1": 12})
    values = np.random.default_rng(7).normal(0, 1, (len(cells), 1))
    values[LOT * 2] -= 9
    limits = IndicatorLimits.learn(values, cells, np.ones(len(cells), np.bool_), MEAN, np.array([1e-9]))
    assert (off_of(limits, cells, -9.0) < -1).all()


def test_the_first_lot_of_a_table_teaches_nothing_of_changes():
    cells = alternating({"T1": 2})
    assert cells.of_first_stay.tolist() == [True] * LOT + [False] * LOT
    limits = learnt(cells, -9.0)
    assert limits.offsets is not None
    assert (limits.offsets == 0).all()  # one change to each recipe, of which that to the first is not seen


def test_a_model_of_before_compares_all_wafers_alike():
    cells = alternating({"T1": 12})
    limits = replace(learnt(cells, -9.0), offsets=None)
    assert (off_of(limits, cells, -9.0) < -1).all()


def test_the_limits_that_are_shown_are_those_a_wafer_is_held_to():
    cells = alternating({"T1": 12})
    limits = learnt(cells, -9.0)
    lower, upper = bounds(limits, 0, 0, MEAN[0], wafer=0)
    later = bounds(limits, 0, 0, MEAN[0])
    assert lower is not None
    assert later[0] is not None
    assert upper == later[1]
    assert lower == pytest.approx(later[0] - 9, abs=1.5)
    first = int(np.flatnonzero((cells.since_change == 0) & (cells.stage == 0))[1])
    assert abs(off_of(limits, cells, lower + 0.01)[first]) < 1 < abs(off_of(limits, cells, lower - 0.01)[first])


def chamber(lots: int = 12, wafers: int = 8, rows: int = 12) -> pd.DataFrame:
    """Two recipes that take turns; the wall is 4 degrees colder on the first wafer of a lot, and 10 on a later one."""
    noise = np.random.default_rng(3)
    frames = []
    for number in range(lots * wafers):
        lot, wafer = divmod(number, wafers)
        cold = 10 if (lot, wafer) == (7, 5) else 4 * (wafer == 0)
        frames.append(
            pd.DataFrame(
                {
                    "timestamp": pd.Timestamp("2026-01-01") + pd.to_timedelta(number * 60 + np.arange(rows), unit="s"),
                    "lot": f"L{lot}",
                    "wafer": wafer + 1,
                    "recipe": "AB"[lot % 2],
                    "wall_C": 60 - cold + noise.normal(0, 0.4) + noise.normal(0, 0.2, rows),
                    "power_W": 500 + noise.normal(0, 2) + noise.normal(0, 1, rows),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def test_only_the_later_wafer_is_abnormal():
    found = waferwatch.detect(chamber(), detector="statistical")
    assert [(one.lot, one.wafer) for one in found.runs if one.abnormal] == [("L7", "6")]


def test_the_indicators_of_a_first_wafer_name_its_own_limits():
    frame = chamber()
    judged = judged_again(table_from_frame(frame), waferwatch.detect(frame, detector="statistical"))
    assert judged is not None
    at = judged.deviations.columns.index(IndicatorColumn("wall_C", "mean"))
    lower = sides_of(judged).lower[:, at]
    assert (lower[judged.cells.since_change == 0] < lower[judged.cells.since_change == 5].max() - 3).all()
    off = judged.deviations.off[judged.cells.since_change == 0, at]
    assert (np.abs(off[1:]) < 0.5).all()  # what the chamber ran before the first is not known


def test_wafers_outside_the_lines_that_are_not_beyond_their_own_limits_are_counted():
    values, beyond = np.array([1.0, -9.0, 0.0, -20.0]), np.array([0, 0, 0, -1])
    spreads = np.array([1.0, 0.1, 0.0, -11.0])
    indicator = Indicator("etch", "wall_C", "mean")
    assert Trend("T1", "A", indicator, np.arange(4), values, spreads, beyond, -5.0, 5.0, 0.0, 40).as_first_wafers == 1
