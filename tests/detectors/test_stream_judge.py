"""Streams of one equipment, judged with the steps of their recipes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detectors.made import LENGTHS, LEVELS, STAGES, begins, stream
from waferwatch.detection.run import score_split
from waferwatch.detectors.base import Scores
from waferwatch.detectors.statistical import StatisticalDetector
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Table
from waferwatch.series.series import Series
from waferwatch.series.split import split
from waferwatch.series.steps import Steps, ticks

RUNS = 40


@pytest.fixture(scope="module")
def fitted() -> StatisticalDetector:
    return StatisticalDetector().fit([stream(RUNS)])


def judged(detector: StatisticalDetector, series: Series) -> np.ndarray:
    (found,) = detector.score([series])
    return found.points


def with_late_step(series: Series, run: int) -> tuple[Series, slice]:
    """One run whose second step comes eight seconds late."""
    start = begins(series, run) + LENGTHS[0] - 1
    values = series.values.copy()
    values[start + 8 : start + 30] = values[start : start + 22]
    return replace(series, values=values), slice(start, start + 22)


def test_a_step_that_comes_late_in_one_run_is_found_and_where(fitted: StatisticalDetector) -> None:
    late, where = with_late_step(stream(RUNS, seed=1), 25)
    points = judged(fitted, late)
    assert where.start <= points.argmax() < where.stop
    assert points.max() > 1.5 * judged(fitted, stream(RUNS, seed=1)).max()


def test_drift_and_a_jump_at_a_maintenance_are_not_found(fitted: StatisticalDetector) -> None:
    calm = stream(RUNS, seed=1)
    usual = judged(fitted, calm).max()
    drift = replace(calm, values=calm.values + np.linspace(0, 3, len(calm))[:, None])  # of a noise of 1
    jump = replace(calm, values=calm.values + 2.5 * (np.arange(len(calm)) >= begins(calm, 20))[:, None])
    for moved in (drift, jump):
        assert judged(fitted, moved).max() < 1.25 * usual


def test_a_spike_of_one_point_stands_out_of_the_step_changes(fitted: StatisticalDetector) -> None:
    series = stream(RUNS, seed=1)
    point = begins(series, 30) + 50
    series.values[point, 2] += 12
    assert judged(fitted, series).argmax() == point


def test_two_recipes_with_the_same_step_names_are_told_apart() -> None:
    other = LEVELS[:, ::-1]

    def frame(seed: int, recipes: list[str], made_by: list[str]) -> pd.DataFrame:
        parts = []
        for number, (recipe, course) in enumerate(zip(recipes, made_by, strict=True)):
            one = stream(1, seed * 1000 + number, levels=LEVELS if course == "A" else other)
            assert one.steps is not None
            names = {"recipe": recipe, "step": one.steps.stage, "wafer": number}
            parts.append(pd.DataFrame(names).assign(**{f"s{sensor}": one.values[:, sensor] for sensor in range(3)}))
        return pd.concat(parts, ignore_index=True)

    mixed = ["A", "A", "B", "B"] * 10
    wrong = mixed.copy()
    wrong[21] = "B"  # recipe A by its name
    reference, table = frame(0, mixed, mixed), frame(1, mixed, wrong)
    roles = {"recipe": "recipe", "step": "step", "wafer": "wafer"}
    sensors = ["s0", "s1", "s2"]
    tables = [table_from_frame(one, features=sensors, roles=roles, group=[]) for one in (table, reference)]
    (scores,) = score_split(StatisticalDetector(), split(tables[0], reference=tables[1]))
    by_wafer = pd.Series(scores.points).groupby(table["wafer"]).mean()
    assert by_wafer.idxmax() == 21
    assert by_wafer[21] > 1.5 * by_wafer.drop(21).max()


def table_of(series: Series, **columns: object) -> Table:
    assert series.steps is not None
    sensors = {f"s{number}": column for number, column in enumerate(series.values.T)}
    frame = pd.DataFrame({"step": series.steps.stage, **sensors, **columns})
    return table_from_frame(frame, features=list(sensors), roles={"step": "step"}, group=[])


def test_a_reference_table_and_reference_rows_give_the_same_scores() -> None:
    known, rest = stream(RUNS), with_late_step(stream(RUNS, seed=1), 25)[0]
    assert known.steps is not None
    assert rest.steps is not None
    both = replace(
        rest,
        values=np.concatenate([known.values, rest.values]),
        rows=np.arange(len(known) + len(rest)),
        steps=Steps(np.append(known.steps.stage, rest.steps.stage), np.append(known.steps.tick, rest.steps.tick)),
    )
    (by_rows,) = score_split(StatisticalDetector(), split(table_of(both), reference_rows=len(known)))
    (by_table,) = score_split(StatisticalDetector(), split(table_of(rest), reference=table_of(known)))
    mine = by_rows.points[len(known) :]
    assert abs(int(mine.argmax()) - int(by_table.points.argmax())) < 20
    assert np.corrcoef(mine, by_table.points)[0, 1] > 0.95
    assert np.median(mine) == pytest.approx(np.median(by_table.points), rel=0.1)


def test_a_step_column_that_never_repeats_is_as_good_as_none() -> None:
    series = stream(RUNS)
    counted = table_of(series, step=np.arange(len(series)))
    bare = table_from_frame(counted.frame.drop(columns="step"), group=[])
    (one,), (other,) = (
        score_split(StatisticalDetector(), split(table, reference_rows=1500)) for table in (counted, bare)
    )
    np.testing.assert_array_equal(one.points, other.points)


def test_a_series_without_steps_beside_a_reference_with_them_is_judged(fitted: StatisticalDetector) -> None:
    points = judged(fitted, replace(stream(3, seed=1), steps=None))
    assert np.isfinite(points).all()


def test_a_gap_in_the_middle_of_a_step_raises_no_alarm(fitted: StatisticalDetector) -> None:
    series = stream(RUNS, seed=1)
    cut = begins(series, 20) + LENGTHS[0] + 15
    before, behind = fitted.score([series.at(slice(cut)), series.at(slice(cut + 3, None))])
    usual = judged(fitted, series).max()
    assert before.points[-50:].max() < 1.1 * usual
    assert behind.points[:50].max() < 1.1 * usual


def test_a_score_does_not_depend_on_the_other_series(fitted: StatisticalDetector) -> None:
    late, _ = with_late_step(stream(10, seed=1), 5)
    together = fitted.score([stream(10, seed=3), late, replace(late, values=late.values + 1e6)])[1]
    (alone,) = fitted.score([late])
    np.testing.assert_array_equal(together.points, alone.points)
    np.testing.assert_array_equal(together.contributions, alone.contributions)


def assert_sound(series: Series, found: Scores) -> None:
    assert found.points.shape == (len(series),)
    known = ~np.isnan(found.points)
    assert np.isfinite(found.points[known]).all()
    assert (found.points[known] >= 0).all()
    assert np.isfinite(found.contributions[known]).all()
    np.testing.assert_allclose(found.contributions[known].sum(axis=1), found.points[known], rtol=1e-4, atol=1e-6)


@st.composite
def wild(draw: st.DrawFn, points: int) -> Series:
    """Constant, missing and huge sensors; steps of one point, without end, unknown, or none at all."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    values = rng.standard_normal((points, 3)) * [1.0, 1e-9, 1e6]
    for sensor in range(3):
        kind = draw(st.sampled_from(["noise", "constant", "missing", "gaps", "huge"]))
        if kind == "constant":
            values[:, sensor] = 3.7
        elif kind == "missing":
            values[:, sensor] = np.nan
        elif kind == "gaps":
            values[rng.random(points) < 0.5, sensor] = np.nan
        elif kind == "huge":
            values[:, sensor] *= 1e100
    stage = np.resize(np.repeat(rng.choice([*STAGES, 99], 30), draw(st.sampled_from([1, 7, 5000]))), points)
    begin = np.append(True, np.diff(stage) != 0) | (rng.random(points) < 0.05)
    steps = draw(st.sampled_from([Steps(stage.astype(np.int64), ticks(begin)), None]))
    return Series(values, np.arange(points), None, steps=steps)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([1, 15, 16, 40, 300, 2100]), st.sampled_from([1, 15, 16, 100, 700, 2100]))
def test_whatever_a_stream_holds_each_point_has_a_finite_score_or_none(
    data: st.DataObject, known: int, points: int
) -> None:
    detector = StatisticalDetector().fit([data.draw(wild(known))])
    series = data.draw(wild(points))
    (found,) = detector.score([series])
    assert_sound(series, found)
