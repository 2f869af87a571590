from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.frames import stream
from waferwatch.errors import Cancelled, InputError, NotFoundError
from waferwatch.events.merge import MERGE_GAP_POINTS
from waferwatch.read.frames import table_from_frame
from waferwatch.scoring.part import detect_rows
from waferwatch.scoring.question import Question


@pytest.fixture(scope="module")
def fab():
    return waferwatch.generate(6_000, equipment=2, seed=11)


@pytest.fixture(scope="module")
def result(fab):
    return waferwatch.detect(fab, detector="isolation_forest", contamination=0.03)


def test_every_input_row_gets_a_score_a_flag_and_contributions(fab, result):
    assert result.scores.shape == result.flags.shape == result.event_ids.shape == (len(fab),)
    assert result.contributions.shape == (len(fab), len(result.features))
    assert result.flags.dtype == bool
    np.testing.assert_allclose(result.contributions.sum(axis=1), np.maximum(result.scores, 0), rtol=1e-4, atol=1e-4)


def test_flagged_rows_are_at_most_the_contamination_and_score_above_the_threshold(result):
    assert 0.02 < result.flags.mean() <= 0.03
    assert (result.scores[result.flags] > result.threshold).all()
    above = result.scores > result.threshold
    for stretch in np.split(np.flatnonzero(above), np.flatnonzero(np.diff(np.flatnonzero(above)) > 1) + 1):
        around = result.flags[max(0, stretch[0] - MERGE_GAP_POINTS) : stretch[-1] + MERGE_GAP_POINTS + 1]
        assert around.any()  # a stretch may be narrowed to its spike, but never to nothing


def test_results_follow_the_callers_row_order(fab, result):
    order = np.random.default_rng(0).permutation(len(fab))
    shuffled = waferwatch.detect(fab.iloc[order], detector="isolation_forest", contamination=0.03)
    np.testing.assert_allclose(shuffled.scores, result.scores[order])
    np.testing.assert_array_equal(shuffled.flags, result.flags[order])


def test_the_callers_frame_is_not_changed(fab):
    before = fab.copy(deep=True)
    waferwatch.detect(fab, detector="squared_difference", reference_rows=500)
    pd.testing.assert_frame_equal(fab, before)


def test_one_equipment_alone_scores_as_it_does_among_others(fab, result):
    mine = (fab["equipment"] == fab["equipment"].iloc[0]).to_numpy()
    alone = waferwatch.fit(fab, detector="isolation_forest").detect(fab[mine])
    np.testing.assert_allclose(alone.scores, result.scores[mine])


def test_events_name_equipment_and_sensors_and_stay_within_one_equipment(fab, result):
    assert result.events
    for event in result.events:
        rows = np.flatnonzero(result.event_ids == event.id)
        assert set(fab["equipment"].iloc[rows]) == {event.equipment}
        assert event.sensors[0].share >= event.sensors[-1].share


def test_labels_give_metrics_and_their_absence_none(fab, result):
    assert result.metrics is not None
    assert 0 < result.metrics.precision <= 1
    assert waferwatch.detect(fab.drop(columns=["anomaly"]), detector="squared_difference").metrics is None


def test_rows_that_cannot_be_judged_are_nan_not_flagged_and_counted():
    frame = waferwatch.generate(3_000, equipment=1, seed=3).drop(columns=["fault_kind"])
    sensors = frame.select_dtypes("floating").columns
    frame.loc[100:119, sensors] = np.nan
    result = waferwatch.detect(frame, detector="isolation_forest")
    assert np.isnan(result.scores[100:120]).all()
    assert not result.flags[100:120].any()
    assert any("20 of 3000" in str(note) for note in result.notes)


def test_reference_rows_and_a_reference_frame_of_the_same_rows_agree(fab):
    first = fab[fab["equipment"] == fab["equipment"].iloc[0]].reset_index(drop=True)
    first = first.drop(columns=["lot", "wafer", "recipe", "step"])  # half a wafer is no known-normal run
    by_rows = waferwatch.detect(first, detector="isolation_forest", reference_rows=1000)
    by_frame = waferwatch.detect(first, detector="isolation_forest", reference=first.iloc[:1000])
    np.testing.assert_allclose(by_rows.scores, by_frame.scores)


def test_reference_rows_and_a_reference_frame_together_are_refused(fab):
    with pytest.raises(InputError, match="Give one of them"):
        waferwatch.detect(fab, reference_rows=10, reference=fab)


def test_a_reference_too_short_to_learn_from_is_refused(fab):
    with pytest.raises(InputError, match="learn nothing from the reference"):
        waferwatch.detect(fab, reference_rows=3)


@pytest.mark.parametrize("contamination", [0, -0.1, 0.6, float("nan")])
def test_a_contamination_outside_its_range_is_refused_before_any_work(fab, contamination):
    with pytest.raises(InputError, match="share of anomalies"):
        waferwatch.detect(fab, contamination=contamination, detector="isolation_forest")


def test_an_unknown_detector_is_refused_with_the_known_names(fab):
    with pytest.raises(NotFoundError, match="isolation_forest"):
        waferwatch.detect(fab, detector="isolationforest")


def test_progress_rises_to_one_and_may_cancel(fab):
    shares = []
    waferwatch.detect(fab, detector="squared_difference", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)

    def stop(_share):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        waferwatch.detect(fab, detector="squared_difference", progress=stop)


def test_runs_of_a_run_based_table_share_one_fit_and_get_a_score_each():
    rng = np.random.default_rng(5)
    shape = np.sin(np.linspace(0, 6, 60))
    runs = [shape + 0.05 * rng.normal(size=60) for _ in range(40)]
    runs[30] = runs[30] + 1.5
    frame = pd.DataFrame(
        {"run_id": np.repeat(np.arange(40), 60), "step": np.tile(np.arange(60), 40), "pressure": np.concatenate(runs)}
    )
    result = waferwatch.detect(frame, detector="isolation_forest")
    assert len(result.runs) == 40
    assert int(np.argmax([run.score for run in result.runs])) == 30


def test_a_comparison_gives_a_row_for_each_detector_with_metrics(fab):
    rows = waferwatch.compare(fab, detectors=["squared_difference", "isolation_forest"], label="anomaly")
    assert [row.detector for row in rows] == ["squared_difference", "isolation_forest"]
    assert all(row.vus_pr is not None and 0 <= row.vus_pr <= 1 for row in rows)
    assert all(row.seconds > 0 for row in rows)


def test_a_run_that_the_reference_rows_cut_in_two_is_no_normal_run():
    rng = np.random.default_rng(0)
    run = pd.DataFrame({"run_id": 0, "p": np.linspace(0, 9, 100)})
    frame = pd.concat([run.assign(run_id=number) for number in range(30)], ignore_index=True)
    frame["p"] += rng.standard_normal(len(frame))
    known = [waferwatch.detect(frame, detector="statistical", reference_rows=rows) for rows in (1500, 1540)]
    np.testing.assert_allclose(known[1].scores[1600:], known[0].scores[1600:], rtol=0.02)


def test_places_of_rows_without_times_are_numbers_of_rows_also_where_some_rows_are_scored() -> None:
    frame = stream(4000, 3).drop(columns="t")
    frame.loc[3000:3060, "s1"] += 9
    table, question = table_from_frame(frame, name="made", first_row=2), Question(detector="statistical")
    for rows in (None, np.arange(700, 4000)):
        found = detect_rows(table, rows, replace(question, reference_rows=2000))
        worst = max(found.events, key=lambda one: one.peak_score)
        assert (worst.start, worst.end, worst.peak) == (worst.start_row + 2, worst.end_row + 2, worst.peak_row + 2)
        assert 2900 < worst.start_row <= 3005
        problem = max(found.problems, key=lambda one: one.peak_score)
        assert (problem.first_seen, problem.last_seen, problem.onset) == (worst.start, worst.end, worst.start)
        assert found.runs[0].start == found.runs[0].start_row + 2
