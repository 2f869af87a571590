"""How much longer than usual a step may be: tight where a controller ends it, wide where it waits for something."""

from __future__ import annotations

import numpy as np
import pytest

import waferwatch
from waferwatch.indicators.learnt.limits import farthest_length

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
