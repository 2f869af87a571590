"""How much longer than usual a step may be: tight where a controller ends it, wide where it waits for something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.indicators.indicators import IndicatorColumn
from waferwatch.indicators.learnt.limits import farthest_length
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.wafers import judged_again

RNG = np.random.default_rng(0)
STEADY = 40.0 + np.tile([-1.0, 0.0, 1.0], 15)


def test_a_controlled_step_may_be_twice_as_far_off_as_golden_ones() -> None:
    assert farthest_length(STEADY, 1.0) == 2
    assert farthest_length(np.full(40, 40.0), 1.0) == 2  # no better known than the time between rows


def test_few_golden_wafers_make_a_wider_limit() -> None:
    assert farthest_length(STEADY[:12], 1.0) == 3


@pytest.mark.parametrize("golden", [20, 60, 200])
def test_a_step_that_waits_is_hardly_ever_too_long(golden: int) -> None:
    rates = []
    for _ in range(40):
        waits = 20 + RNG.exponential(60, golden)
        limit = np.median(waits) + farthest_length(waits, 1.0)
        rates.append(np.exp(-(limit - 20) / 60))
    assert np.median(rates) < 5e-4


def test_a_wait_after_every_tenth_wafer_is_normal() -> None:
    lengths = np.where(np.arange(60) % 10 == 9, 84.0, 24.0 + np.arange(60) % 3)
    assert farthest_length(lengths, 1.0) >= 100


def test_a_gas_that_decays_as_a_chamber_waits_is_no_fault_of_a_longer_wait() -> None:
    fab = waferwatch.generate(rows=30_000, equipment=2, seed=2, faults=False).drop(columns=["anomaly", "fault_kind"])
    found = waferwatch.detect(fab, detector="statistical")
    blamed = {(run.sensor, run.step, run.statistic) for run in found.runs if run.abnormal}
    assert ("ar_flow_sccm", "idle", "mean") not in blamed
    assert sum(run.abnormal for run in found.runs) < 0.1 * len(found.runs)


def _settling_wafers(wafers: int, faulty: set[int]) -> pd.DataFrame:
    """A pressure settles in a step of five or six rows; in the other, faulty wafers have eight spreads more helium."""
    rng = np.random.default_rng(3)
    parts, start = [], 0
    for wafer in range(wafers):
        for step, rows in (("etch", 20), ("pump", 5 + int(rng.integers(0, 2)))):
            pumped = step == "pump"
            pressure = (5.0 + 35.0 * np.exp(-np.arange(rows) / 0.8)) if pumped else np.full(rows, 40.0)
            helium = 10.0 + 0.02 * rng.normal() + 0.05 * rng.normal(size=rows)
            helium += 0.4 if wafer in faulty and not pumped else 0.0
            time = pd.Timestamp("2026-11-02") + pd.to_timedelta(start + np.arange(rows), unit="s")
            pressure += 0.05 * rng.normal() + 0.15 * rng.normal(size=rows)
            parts.append(pd.DataFrame({"time": time, "wafer": wafer, "step": step, "p": pressure, "he": helium}))
            start += rows
        start += 40
    return pd.concat(parts, ignore_index=True)


def test_a_sensor_that_settles_in_a_step_of_five_or_six_rows_is_no_fault_and_hides_none() -> None:
    faulty = {30, 31, 32, 33, 34, 35}
    found = waferwatch.detect(_settling_wafers(45, faulty), detector="statistical")
    assert {int(run.wafer or -1) for run in found.runs if run.abnormal} == faulty
    assert {run.sensor for run in found.runs if run.abnormal} == {"he"}


def test_the_mean_of_a_step_does_not_hang_on_how_many_rows_it_has() -> None:
    frame = _settling_wafers(45, set())
    judged = judged_again(table_from_frame(frame), waferwatch.detect(frame, detector="statistical"))
    assert judged is not None
    found, cells = judged.found, judged.cells
    pumped = np.array([name.step == "pump" for name in cells.names])[cells.stage]
    means = found.values[:, found.columns.index(IndicatorColumn("p", "mean"))]
    usual = int(np.median(cells.lengths[pumped]))
    plain = [frame["p"].to_numpy()[rows].mean() for rows in np.split(cells.rows, cells.starts[1:])]
    assert np.ptp(means[pumped]) < 0.7 < np.ptp(np.array(plain)[pumped])
    assert np.allclose(means[cells.lengths == usual], np.array(plain)[cells.lengths == usual])
