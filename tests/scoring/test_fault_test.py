"""The injected-fault test of real detectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.errors import ModelError
from waferwatch.models.baselines.one_liners import SquaredDifferenceScorer
from waferwatch.models.baselines.scorer import BaselineDetector
from waferwatch.models.contract import Detector, Progress, Scores, no_progress
from waferwatch.models.registry import create
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.failure import Failure
from waferwatch.scoring.comparison.fault_summary import summarise
from waferwatch.scoring.comparison.injection import FALSE_ALARMS, FaultScore, FaultTest, InjectedFault, fault_test
from waferwatch.series.series import Series

QUICK = ["squared_difference", "moving_variance"]


def noise(rows: int = 8_000, equipment: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=["a", "b", "c"])
    return frame.assign(equipment=[f"E{number % equipment}" for number in range(rows)])


@pytest.fixture(scope="module")
def calm() -> Table:
    return table_from_frame(noise(), name="noise")


@pytest.fixture(scope="module")
def tested(calm: Table) -> FaultTest:
    return fault_test(calm, QUICK, create)


def recall(test: FaultTest, detector: str, **wanted: str) -> float:
    score = next(one for one in test.scores if one.detector == detector)
    found = [
        delay is not None
        for fault, delay in zip(test.faults, score.delays, strict=True)
        if all(getattr(fault, name) == value for name, value in wanted.items())
    ]
    return float(np.mean(found))


def test_every_detector_gives_the_same_share_of_false_alarms(tested: FaultTest) -> None:
    for score in tested.scores:
        assert score.false_alarms is not None
        assert 0.9 * FALSE_ALARMS < score.false_alarms <= FALSE_ALARMS


def test_plain_faults_in_calm_data_are_found_at_once_and_tiny_ones_less_often(tested: FaultTest) -> None:
    assert recall(tested, "squared_difference", kind="spike", size="large") > 0.9
    assert recall(tested, "squared_difference", size="large") > recall(tested, "squared_difference", size="small")
    spikes = [
        delay
        for fault, delay in zip(tested.faults, tested.scores[0].delays, strict=True)
        if (fault.kind, fault.size) == ("spike", "large") and delay is not None
    ]
    assert np.median(spikes) == 0


def test_a_detector_that_flags_at_random_finds_next_to_nothing(calm: Table) -> None:
    class RandomScorer(SquaredDifferenceScorer):
        """Scores that have nothing to do with the data, the same for the same rows."""

        def score(self, series: Sequence[Series], progress: Progress = no_progress) -> list[Scores]:
            scored = super().score(series, progress)
            return [
                Scores(np.random.default_rng(int(of.rows[0])).random(len(of)), one.contributions)
                for of, one in zip(series, scored, strict=True)
            ]

    class Random(BaselineDetector):
        name: ClassVar[str] = "random"
        scorer = RandomScorer

    test = fault_test(calm, ["random"], lambda _name: Random())
    assert test.faults
    assert recall(test, "random") == 0


def test_the_same_seed_gives_the_same_test(calm: Table, tested: FaultTest) -> None:
    assert fault_test(calm, QUICK, create) == tested
    assert fault_test(calm, QUICK, create, seed=1).faults != tested.faults


def test_faults_go_into_the_reference_where_there_is_one(calm: Table) -> None:
    assert fault_test(calm, QUICK[:1], create, reference_rows=1000).source == "reference"
    assert fault_test(calm, QUICK[:1], create, reference_rows=100).source == "least_scored", "too short to be halved"
    other = table_from_frame(noise(3_000), name="good")
    by_table = fault_test(calm, QUICK[:1], create, reference=other)
    assert by_table.source == "reference"
    assert by_table.rows == 1_500


def test_labelled_and_suspect_rows_get_no_fault() -> None:
    frame = noise().assign(anomaly=0)
    frame.loc[5_000:, "anomaly"] = 1
    table = table_from_frame(frame, name="noise", label="anomaly")
    suspects = np.zeros(8_000, bool)
    suspects[4_000:4_500] = True
    assert fault_test(table, QUICK[:1], create, suspects=suspects).rows == 500
    assert fault_test(table, QUICK[:1], create, suspects=np.ones(8_000, bool)).faults == []


def test_a_detector_that_fails_is_reported_and_the_others_are_tested(calm: Table) -> None:
    def make(name: str) -> Detector:
        if name == "broken":
            raise ModelError("It is broken.", hint="Mend it.")
        return create(name)

    test = fault_test(calm, ["broken", *QUICK], make)
    assert test.scores[0].failure is not None
    assert test.scores[0].failure.sentence() == "It is broken. Mend it."
    assert all(score.failure is None and score.delays for score in test.scores[1:])
    assert set(test.found()) == set(QUICK)


def test_rows_are_bounded_and_many_equipment_are_sampled() -> None:
    frame = pd.concat([noise(40_000, 1).assign(equipment=f"E{number}") for number in range(3)])
    test = fault_test(table_from_frame(frame, name="long"), QUICK[:1], create, suspects=np.zeros(120_000, bool))
    assert test.rows <= 25_000
    many = noise(60_000, 100)
    test = fault_test(table_from_frame(many, name="many"), QUICK[:1], create, suspects=np.zeros(60_000, bool))
    assert 10_000 < test.rows <= 25_000


def test_runs_shorter_than_a_window_are_tested_too() -> None:
    rng = np.random.default_rng(5)
    shape = np.sin(np.linspace(0, 6, 60))
    frame = pd.DataFrame(
        {
            "run_id": np.repeat(np.arange(80), 60),
            "step": np.tile(np.arange(60), 80),
            "pressure": np.concatenate([shape + 0.05 * rng.normal(size=60) for _ in range(80)]),
        }
    )
    test = fault_test(table_from_frame(frame, name="runs"), QUICK[:1], create)
    assert len(test.faults) > 20
    assert all(fault.points <= 20 for fault in test.faults)


def test_a_table_too_short_for_faults_says_so() -> None:
    test = fault_test(table_from_frame(noise(6, 1), name="short"), QUICK, create)
    assert test.faults == []
    assert test.rounds == 0


def test_the_virtual_fab_has_room_for_every_kind() -> None:
    table = table_from_frame(waferwatch.generate(12_000, seed=2), name="fab")
    assert len({fault.kind for fault in fault_test(table, QUICK[:1], create).faults}) == 8


def test_a_summary_counts_what_was_found_and_how_soon() -> None:
    faults = [InjectedFault(kind, size, 10, ("a",)) for kind in ("spike", "drift") for size in ("small", "large")]
    broken = FaultScore("broken", [], None, Failure("x", "It is broken.", "", {}))
    test = FaultTest("reference", 100, 1, 0.01, 0, faults, [FaultScore("one", [0, None, 4, 8], 0.01), broken])
    one, other = summarise(test)
    assert (one.total.faults, one.total.found, one.total.recall, one.total.delay) == (4, 3, 0.75, 4)
    assert list(one.kinds) == ["spike", "drift"]
    assert (one.kinds["drift"].found, one.kinds["drift"].delay) == (2, 6)
    assert one.sizes["large"].recall == 0.5
    assert (other.failure is not None, other.total.recall) == (True, None)
