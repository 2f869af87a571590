"""A threshold from a number of false alarms: what it rests on, what is refused, and what came of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from waferwatch.scoring.budget import MOST_ALARMS
from waferwatch.scoring.calibration import calibrate, row_weeks

import waferwatch
from waferwatch.errors import InputError
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.rethreshold import with_threshold
from waferwatch.series.split import split

FOREST = "isolation_forest"
ASKED = 5_000.0
KNOWN = 5_000  # rows of each equipment
WEEK_S = 7 * 86_400


@pytest.fixture(scope="module")
def fab():
    return waferwatch.generate(30_000, equipment=2, seed=4)


@pytest.fixture(scope="module")
def result(fab):
    return waferwatch.detect(fab, detector=FOREST, false_alarms=ASKED, reference_rows=KNOWN)


def normal_rows(rows, equipment="E1", seed=0, scale=1.0, start="2026-01-05"):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=rows, freq="s"),
            "equipment": equipment,
            "pressure": random.standard_normal(rows) * scale,
            "flow": random.standard_normal(rows),
        }
    )


def test_the_result_says_what_the_threshold_rests_on(result):
    assert result.threshold_by == "false_alarms"
    assert result.budget.asked == ASKED
    assert result.budget.expected <= ASKED * 1.01
    calibration_rows = 2 * (KNOWN - round(KNOWN * 2 / 3))
    assert result.budget.rows == calibration_rows
    assert result.budget.weeks == pytest.approx(calibration_rows / WEEK_S)
    assert result.to_dict()["budget"]["asked"] == ASKED


def test_what_came_of_it_counts_the_events_after_the_reference(fab, result):
    fresh = [event for event in result.events if event.peak_row >= 2 * KNOWN]
    weeks = (len(fab) - 2 * KNOWN) / WEEK_S
    faulty = fab["anomaly"].to_numpy() == 1
    false = [event for event in fresh if not faulty[result.event_ids == event.id].any()]
    assert 0 < len(false) < len(fresh)
    assert result.budget.judged_weeks == pytest.approx(weeks)
    assert result.budget.achieved == pytest.approx(len(fresh) / weeks)
    assert result.budget.achieved_false == pytest.approx(len(false) / weeks)


def test_without_labels_there_is_no_number_of_false_events(fab):
    unlabelled = fab.drop(columns=["anomaly", "fault_kind"])
    found = waferwatch.detect(unlabelled, detector=FOREST, false_alarms=ASKED, reference_rows=KNOWN)
    assert found.budget.achieved_false is None
    assert found.budget.achieved is not None


def test_the_detector_learns_from_two_thirds_of_the_reference_and_scores_with_that(fab, result):
    learnt = waferwatch.detect(fab, detector=FOREST, reference_rows=round(KNOWN * 2 / 3))
    np.testing.assert_array_equal(result.scores, learnt.scores)


def test_a_reference_frame_of_the_same_rows_gives_the_same(fab, result):
    by_frame = waferwatch.detect(fab, detector=FOREST, false_alarms=ASKED, reference=fab.iloc[: 2 * KNOWN])
    assert by_frame.threshold == result.threshold
    assert by_frame.budget == result.budget


@pytest.mark.parametrize("detector", [FOREST, "pca"])
def test_a_fab_without_faults_gives_no_more_alarms_than_asked_for(detector):
    frame = waferwatch.generate(60_000, equipment=2, seed=1, faults=False)
    asked = [50, 500, 5_000]
    found = [waferwatch.detect(frame, detector=detector, false_alarms=one, reference_rows=10_000) for one in asked]
    assert [one.budget.achieved for one in found] == sorted(one.budget.achieved for one in found)
    for one in found:
        assert one.budget.achieved <= 1.5 * one.budget.asked
    assert found[-1].budget.achieved > 500


def test_the_noisiest_equipment_keeps_the_budget_too():
    quiet, noisy = normal_rows(9_000), normal_rows(9_000, "E2", seed=1)
    noisy.loc[::50, "pressure"] *= 3  # also in its reference
    both = waferwatch.detect(pd.concat([quiet, noisy]), detector="pca", false_alarms=2_000, reference_rows=3_000)
    alone = [
        waferwatch.detect(one, detector="pca", false_alarms=2_000, reference_rows=3_000).threshold
        for one in (quiet, noisy)
    ]
    assert both.threshold == pytest.approx(max(alone))
    assert both.budget.expected <= 2_000 * 1.01


def test_an_equipment_that_is_not_judged_has_no_say():
    noisy = normal_rows(3_000, "E2", seed=1, scale=9.0)
    quiet = normal_rows(9_000)
    options = {"detector": "pca", "false_alarms": 2_000}
    alone = waferwatch.detect(quiet, reference=quiet.iloc[:3_000], **options)
    beside = waferwatch.detect(quiet, reference=pd.concat([quiet.iloc[:3_000], noisy]), **options)
    assert beside.threshold == alone.threshold
    assert beside.budget == alone.budget


def test_an_equipment_with_too_few_rows_shares_the_rate_of_all():
    long, short = normal_rows(9_000), normal_rows(60, "E2", seed=1)
    reference = pd.concat(
        [normal_rows(6_000, seed=2, start="2025-01-05"), normal_rows(40, "E2", 3, start="2025-01-05")]
    )
    found = waferwatch.detect(pd.concat([long, short]), detector=FOREST, false_alarms=1_000, reference=reference)
    assert np.isfinite(found.threshold)
    assert found.budget.rows == 6_040 - 4_000 - 27


def test_a_budget_far_beyond_the_reference_says_so(fab, result):
    assert not any("extrapolated" in str(note) for note in result.notes if result.budget.beyond <= 1)
    weekly = waferwatch.detect(fab, detector=FOREST, false_alarms=1, reference_rows=KNOWN)
    assert weekly.budget.beyond == pytest.approx(WEEK_S / (KNOWN - round(KNOWN * 2 / 3)))
    assert any("363 times rarer than 0.46 hours" in str(note) for note in weekly.notes)
    hopeless = waferwatch.detect(fab, detector=FOREST, false_alarms=0.01, reference_rows=KNOWN)
    assert hopeless.budget.expected == pytest.approx(weekly.budget.beyond / 1000)
    assert any("expect up to 0.36 false alarms" in str(note) for note in hopeless.notes)


def test_a_threshold_moved_by_hand_is_no_longer_that_of_the_budget(fab, result):
    moved = with_threshold(table_from_frame(fab), result, result.threshold * 1.1)
    assert moved.threshold_by == "hand"
    assert moved.budget is None


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {}, "known to be normal"),
        ({}, {"reference_rows": KNOWN, "contamination": 0.1}, "Both an expected share"),
        ({}, {"reference_rows": 1}, "too few known-normal rows"),
        ({"time": "ignored"}, {"reference_rows": KNOWN}, "dates and times"),
        ({"time": "number"}, {"reference_rows": KNOWN}, "dates and times"),
    ],
)
def test_what_a_budget_cannot_be_kept_for_is_refused_with_a_remedy(change, options, message):
    frame = normal_rows(6_000)
    if change.get("time") == "ignored":
        frame = frame.drop(columns="time")
    elif change:
        frame["time"] = np.arange(len(frame)) * 0.5
    with pytest.raises(InputError, match=message) as caught:
        waferwatch.detect(frame, detector=FOREST, false_alarms=1, **options)
    assert caught.value.field == "false_alarms"
    assert caught.value.hint()


@pytest.mark.parametrize("value", [0.0, 1e-300, -1.0, float("nan"), float("inf"), 2 * MOST_ALARMS])
def test_a_number_of_false_alarms_that_is_none_is_refused(fab, value):
    with pytest.raises(InputError, match="number of false alarms") as caught:
        waferwatch.detect(fab, detector=FOREST, false_alarms=value, reference_rows=KNOWN)
    assert caught.value.field == "false_alarms"


def test_runs_are_learnt_from_or_kept_back_as_a_whole():
    runs = pd.concat(
        [
            normal_rows(100, seed=wafer, start=f"2026-01-05T{wafer:02d}:00").assign(lot="L1", wafer=wafer)
            for wafer in range(12)
        ]
    )
    table = table_from_frame(runs, roles={"wafer": "wafer"}, group=["equipment", "wafer"])
    calibration = calibrate(split(table, reference_rows=850), 1.0)
    learnt = [one.reference.sum() for one in calibration.work.series]
    assert learnt == [100] * 6 + [0] * 6
    assert [int(piece.mask.sum()) for piece in calibration.pieces] == [100, 100, 50]


def test_a_row_lasts_until_the_next_and_the_last_one_as_long_as_usual():
    frame = normal_rows(5)
    frame["time"] = pd.to_datetime(
        ["2026-01-05T00:00:00", "2026-01-05T00:00:01", "2026-01-05T00:00:03"] * 1
        + ["2026-01-05T00:00:04", "2026-01-05T00:00:05"]
    )
    (weeks,) = row_weeks(split(table_from_frame(frame)).series)
    np.testing.assert_allclose(weeks * WEEK_S, [1, 2, 1, 1, 1])
