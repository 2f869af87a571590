"""The parts of the default detector, one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models.made import LENGTHS, LEVELS, separate, steps_of
from waferwatch.models.contract import no_progress
from waferwatch.models.ensemble.detector import RunPart
from waferwatch.models.ensemble.features.course import Course, jumps
from waferwatch.models.ensemble.features.descriptors import Grid, averaged, describe, measured_share
from waferwatch.models.ensemble.features.joint_bank import JointBank, Metric
from waferwatch.models.ensemble.features.one_sensor import OneSensorLearning
from waferwatch.models.ensemble.features.runs.distances import learn_distances
from waferwatch.models.ensemble.features.wander import Wander
from waferwatch.models.ensemble.nearest import Bank, Components
from waferwatch.models.ensemble.preparation.chain import Chain, chain_of
from waferwatch.models.ensemble.preparation.columns import (
    LONGEST_BRIDGE,
    Columns,
    bridged,
    coarsen,
    columns_of,
    grid_starts,
    over_windows,
    refine,
)
from waferwatch.models.ensemble.preparation.normal import measure
from waferwatch.models.ensemble.preparation.stays import LONGEST, Stays, bounds, stays_of
from waferwatch.models.ensemble.set_aside import outlying
from waferwatch.models.ensemble.statistical import StatisticalDetector
from waferwatch.models.ensemble.vote import HIGH_SENSOR, Vote, over_sensors, soft
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps, joined, whole

RNG = np.random.default_rng(0)


def columns(values: np.ndarray, offset: int = 0) -> Columns:
    """Of (S, n)."""
    values = np.atleast_2d(np.asarray(values, np.float32))
    return Columns(values, np.ones(values.shape, bool), offset)


def grid(*pieces: Columns) -> Grid:
    return Grid.of(Chain.of(pieces))


class TestColumns:
    def test_short_gaps_are_bridged_by_a_line_and_long_ones_hold_the_nearer_value(self) -> None:
        values = np.r_[0.0, np.full(9, np.nan), 10.0, np.full(200, np.nan), 50.0]
        found = bridged(values, ~np.isnan(values))
        assert found[:11].tolist() == list(range(11))
        assert (found[11 : 211 - LONGEST_BRIDGE] == 10).all()
        assert (found[211 - LONGEST_BRIDGE :] == 50).all()

    def test_a_value_far_behind_a_gap_changes_nothing_before_it(self) -> None:
        values = np.r_[1.0, np.full(300, np.nan), 5.0]
        other = np.r_[1.0, np.full(300, np.nan), -9.0]
        known = ~np.isnan(values)
        assert bridged(values, known)[:200].tolist() == bridged(other, known)[:200].tolist()

    def test_rows_before_the_first_value_are_at_the_usual_level(self) -> None:
        values = np.r_[np.full(200, np.nan), 7.0]
        assert (bridged(values, ~np.isnan(values))[: 200 - LONGEST_BRIDGE] == 0).all()

    @pytest.mark.parametrize("offset", [0, 1, 2, 3])
    def test_averages_lie_on_the_absolute_grid(self, offset: int) -> None:
        line = columns(np.arange(100.0), 0)
        part = coarsen(line.at(slice(offset, None)), 4)
        np.testing.assert_array_equal(part.values[:, 1:], coarsen(line, 4).values[:, 1:])
        fine = refine(part.values[0], 4, offset, 100 - offset)
        np.testing.assert_allclose(fine[8:-8], np.arange(offset, 100)[8:-8], atol=1e-4)

    def test_windows_begin_at_absolute_multiples_of_their_distance(self) -> None:
        assert grid_starts(columns(np.zeros(20), 3), 8, 4).tolist() == [1, 5, 9]
        assert grid_starts(columns(np.zeros(8), 3), 8, 4).tolist() == [0]
        assert grid_starts(columns(np.zeros(7), 3), 8, 4).tolist() == []

    def test_a_point_gets_the_mean_of_the_windows_that_hold_it(self) -> None:
        found = over_windows(np.array([0.0, 0.0, 3.0, 0.0]), np.arange(4), 3, 6)
        assert found.tolist() == pytest.approx([0, 0, 1, 1, 1.5, 0])

    def test_some_points_keep_their_absolute_numbers(self) -> None:
        assert columns(np.zeros(9), 5).at(slice(2, None)).offset == 7


class TestDescriptors:
    def test_a_spike_is_seen_at_the_places_next_to_it_alone(self) -> None:
        values = np.zeros(64)
        values[30] = 8
        places, found = grid(columns(values)).centres(), describe(grid(columns(values)))
        assert places[np.flatnonzero(found[:, 0, 2])].tolist() == [28, 32]
        assert found[7, 0, 0] == pytest.approx(1)

    def test_a_line_has_its_slope_everywhere(self) -> None:
        found = describe(grid(columns(2 * np.arange(64.0))))
        np.testing.assert_allclose(found[1:-1, 0, 1], 2, rtol=1e-5)

    @pytest.mark.parametrize("cut", [1, 2, 3, 5])
    def test_a_series_cut_anywhere_has_the_same_descriptors_away_from_the_cut(self, cut: int) -> None:
        line = columns(RNG.normal(size=(2, 100)))
        part = line.at(slice(cut, None))
        by_place = dict(zip(grid(line).centres().tolist(), describe(grid(line)), strict=True))
        for place, row in zip(grid(part).centres().tolist(), describe(grid(part)), strict=True):
            if place >= 8 and place + cut < 96:
                np.testing.assert_allclose(row, by_place[place + cut], atol=1e-5)

    def test_averages_leave_out_unknown_places(self) -> None:
        places = grid(columns(np.zeros(76)))
        rows = np.arange(20, dtype=np.float32).reshape(20, 1, 1)
        np.testing.assert_allclose(averaged(rows, 4, places)[2:-2], rows[2:-2], rtol=1e-6)
        holed = rows.copy()
        holed[5:12] = np.nan
        found = averaged(holed, 4, places)[:, 0, 0]
        assert np.isnan(found[8])
        assert np.isfinite(found[[2, 14]]).all()
        np.testing.assert_array_equal(found[15:], averaged(rows, 4, places)[15:, 0, 0])

    def test_the_share_that_was_measured_counts_points_of_the_series_alone(self) -> None:
        one = replace(columns(np.zeros(16)), measured=np.array([[True] * 8 + [False] * 8]))
        assert measured_share(grid(one))[:, 0].tolist() == [1, 1, 0.5, 0, 0]

    def test_series_laid_end_to_end_are_described_as_each_alone(self) -> None:
        pieces = [columns(RNG.normal(size=(2, points)), offset) for points, offset in ((30, 0), (17, 3), (3, 1))]
        alone = [averaged(describe(grid(one)), 4, grid(one)) for one in pieces]
        together = averaged(describe(grid(*pieces)), 4, grid(*pieces))
        np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)

    def test_the_jumps_of_series_laid_end_to_end_are_those_of_each_alone(self) -> None:
        pieces = [columns(RNG.normal(size=(2, points))) for points in (1, 30, 2, 3, 17)]
        alone = [jumps(Chain.of([one])) for one in pieces]
        np.testing.assert_allclose(jumps(Chain.of(pieces)), np.concatenate(alone, axis=1), rtol=1e-12)
        line = pieces[1].values.astype(np.float64)
        np.testing.assert_allclose(alone[1][:, 7], np.sqrt(np.square(line[:, 5:10]).mean(axis=1)))
        np.testing.assert_allclose(alone[1][:, 0], np.sqrt(np.square(line[:, :3]).mean(axis=1)))


class TestNearest:
    def test_the_distance_is_that_to_the_nearest_row(self) -> None:
        rows, normal = RNG.normal(size=(40, 5)).astype(np.float32), RNG.normal(size=(90, 5)).astype(np.float32)
        distance, which = Bank.choose(normal, 1000).nearest(rows)
        slow = np.linalg.norm(rows[:, None] - normal[None], axis=2)
        np.testing.assert_allclose(distance, slow.min(axis=1), rtol=1e-3)
        np.testing.assert_array_equal(which, slow.argmin(axis=1))

    def test_no_rows_have_no_distances(self) -> None:
        assert len(Bank.choose(np.ones((3, 2), np.float32), 9).distance(np.empty((0, 2), np.float32))) == 0

    def test_a_bank_chooses_the_same_rows_each_time(self) -> None:
        rows = RNG.normal(size=(500, 3)).astype(np.float32)
        np.testing.assert_array_equal(Bank.choose(rows, 50).rows, Bank.choose(rows, 50).rows)

    def test_what_leaves_the_components_is_the_residual(self) -> None:
        plane = np.column_stack([RNG.normal(size=(300, 2)) * [3, 2], np.zeros(300)]).astype(np.float32)
        learnt = Components.learn(plane)
        found = learnt.residual(np.array([[1, 1, 0], [1, 1, 5]], np.float32), 2)
        assert found[0] == pytest.approx(0, abs=0.1)
        assert found[1] == pytest.approx(5, rel=0.05)


def distance_of(bank: JointBank, rows: np.ndarray) -> np.ndarray:
    return bank.nearest(rows)[0]


def shares_of(bank: JointBank, rows: np.ndarray, sensors: int) -> np.ndarray:
    return bank.shares(rows, bank.nearest(rows)[1], sensors, np.ones(len(rows), bool))


class TestJointBank:
    METRIC = Metric(shrink=0.05, whiten=1.0, most=2000)

    def rows(self, count: int = 800, sensors: int = 4) -> np.ndarray:
        common = RNG.normal(size=(count, 1))
        return (common + 0.3 * RNG.normal(size=(count, sensors * 3))).astype(np.float32)

    def test_shares_add_up_to_one_and_rank_the_guilty_sensor_first(self) -> None:
        bank = JointBank.learn(self.rows(), self.METRIC)
        bad = self.rows(20)
        bad[:, 6:9] += 3
        shares = shares_of(bank, bad, 4)
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
        assert (shares.argmax(axis=1) == 2).all()
        assert distance_of(bank, bad).min() > 2 * np.median(distance_of(bank, self.rows(200)))

    def test_a_row_with_unknown_entries_is_as_near_as_the_others_allow(self) -> None:
        bank = JointBank.learn(self.rows(), self.METRIC)
        usual = distance_of(bank, self.rows(200))
        holed = self.rows(200)
        holed[:, 3:6] = np.nan
        assert np.quantile(distance_of(bank, holed), 0.99) < np.quantile(usual, 0.99)
        holed[:, 6:9] += 3
        assert np.median(distance_of(bank, holed)) > 2 * np.median(usual)
        assert (shares_of(bank, holed, 4).argmax(axis=1) == 2).all()

    def test_a_row_does_not_depend_on_the_rows_next_to_it(self) -> None:
        bank, rows = JointBank.learn(self.rows(), self.METRIC), self.rows(30)
        rows[:10, 3:6] = np.nan
        rows[5:20, 0:3] = np.nan
        alone = np.concatenate([distance_of(bank, one[None]) for one in rows])
        np.testing.assert_allclose(distance_of(bank, rows), alone, rtol=1e-3, atol=1e-4)

    def test_many_entries_are_projected(self) -> None:
        bank = JointBank.learn(self.rows(600, 150), self.METRIC)
        assert bank.project is not None
        bad = self.rows(5, 150)
        bad[:, 9:12] += 9
        assert (shares_of(bank, bad, 150).argmax(axis=1) == 3).all()


class TestVote:
    def test_normal_rows_are_around_zero_and_three_deviations_at_one(self) -> None:
        vote = Vote.learn(RNG.normal(10, 2, 100_000), high=10)
        assert vote.of(np.array([10.0, 16.0])) == pytest.approx([0, 1], abs=0.02)

    def test_high_votes_grow_by_their_logarithm_and_keep_their_order(self) -> None:
        found = soft(np.array([1.0, 10.0, 100.0, 1e6]), 10)
        assert found[:2].tolist() == [1, 10]
        assert found[2] == pytest.approx(10 + np.log(10))
        assert (np.diff(found) > 0).all()

    def test_one_faulty_sensor_of_fifty_still_shows_and_has_the_largest_share(self) -> None:
        votes = [np.zeros(3) for _ in range(50)]
        votes[7] = np.array([0.0, HIGH_SENSOR, HIGH_SENSOR])
        measured = np.ones((50, 3), bool)
        measured[7, 2] = False
        mean, share = over_sensors(votes, measured)
        assert mean[1] > 1
        assert mean[0] == mean[2] == pytest.approx(0)
        assert share[:, 1].argmax() == 7
        np.testing.assert_allclose(share.sum(axis=0), 1)

    def test_without_a_measured_sensor_there_is_no_mean(self) -> None:
        assert np.isnan(over_sensors([np.zeros(1)], np.zeros((1, 1), bool))[0][0])


def recipe(runs: int, seed: int = 0) -> tuple[list[Columns], list[Steps]]:
    series = separate(runs, seed)
    normal = measure(series)
    return [columns_of(one, normal) for one in series], [one.steps for one in series if one.steps is not None]


def recipe_chain(runs: int, seed: int = 0) -> tuple[Chain, Steps]:
    series = separate(runs, seed)
    return chain_of(series, measure(separate(40))), joined([one.steps for one in series if one.steps is not None])


class TestCourse:
    def test_normal_runs_have_nothing_but_noise_beyond_it(self) -> None:
        chain, steps = recipe_chain(40)
        course = Course.learn(chain.values, steps)
        assert course is not None
        assert course.residual(*recipe_chain(20, 1)).values.std() == pytest.approx(1, abs=0.2)

    def test_a_step_that_never_came_is_not_known(self) -> None:
        chain, steps = recipe_chain(20)
        course = Course.learn(chain.values, steps)
        assert course is not None
        assert course.knows(steps_of(LENGTHS)).all()
        assert not course.knows(steps_of(LENGTHS, (91, 92, 93))).any()

    def test_a_step_that_came_twice_alone_is_not_known(self) -> None:
        chain, steps = recipe_chain(20)
        rare = np.isin(np.arange(len(steps)), np.flatnonzero(steps.tick == 0)[:2])
        course = Course.learn(chain.values, Steps(np.where(rare, 77, steps.stage), steps.tick))
        assert course is not None
        assert course.knows(steps_of(LENGTHS)).all()
        assert not course.knows(Steps(np.array([77]), np.array([0]))).any()
        np.testing.assert_array_equal(course.places, np.sort(course.places))

    def test_steps_that_never_come_again_say_nothing(self) -> None:
        chain, steps = recipe_chain(10)
        assert Course.learn(chain.values, Steps(np.arange(len(steps)), steps.tick * 0)) is None


class TestStays:
    def bounds(self, steps: Steps, offset: int = 0) -> list[int]:
        return bounds(steps, offset + np.arange(len(steps)), np.zeros(1, np.int64)).tolist()

    def test_a_stay_ends_with_its_step_and_a_long_one_is_cut(self) -> None:
        assert self.bounds(steps_of((3, 2), (11, 12))) == [0, 3]
        assert self.bounds(whole(LONGEST + 100)) == [0, LONGEST]

    def test_the_parts_of_a_long_stay_are_the_same_wherever_a_file_begins(self) -> None:
        first = {40 + one for one in self.bounds(whole(4000), 40)}
        later = {540 + one for one in self.bounds(whole(3500), 540)}
        assert {one for one in first if one > 540 + LONGEST} == {one for one in later if one > 540 + LONGEST}

    def test_means_are_those_of_each_stay(self) -> None:
        chain = Chain.of([columns(np.r_[np.ones(3), np.full(2, 5.0)]), columns(np.full(2, 9.0))])
        found = stays_of(chain, joined([steps_of((3, 2), (11, 12)), steps_of((2,), (12,))]))
        assert found.mean.tolist() == [[1, 5, 9]]
        assert found.piece.tolist() == [0, 0, 1]
        assert found.on_points(found.mean).tolist() == [[1, 1, 1, 5, 5, 9, 9]]


class TestWander:
    def stays(self, level: np.ndarray) -> Stays:
        values = [columns(one + 0.1 * RNG.normal(size=(1, 40))) for one in level]
        return stays_of(Chain.of(values), joined([whole(40)] * len(level)))

    def test_it_is_learnt_only_where_the_reference_wanders(self) -> None:
        still = Wander.learn(self.stays(np.zeros(60)), 60)
        assert np.abs(still.before(self.stays(np.full(30, 5.0)), 30)).max() < 0.2
        wandering = np.cumsum(0.3 * RNG.normal(size=60))
        assert Wander.learn(self.stays(wandering), 60).share[0] > 0.5

    def test_what_is_taken_away_is_bounded(self) -> None:
        learnt = Wander.learn(self.stays(np.cumsum(0.3 * RNG.normal(size=60))), 60)
        assert np.abs(learnt.before(self.stays(np.full(30, 1e4)), 30)).max() <= learnt.most[0]

    def test_too_few_runs_say_nothing(self) -> None:
        assert not Wander.learn(self.stays(np.arange(5.0)), 5).share.any()


class TestSetAside:
    def test_one_run_in_ten_that_is_faulty_is_named(self) -> None:
        runs = separate(60)
        faulty = set(range(3, 60, 10))
        runs = [
            replace(one, values=one.values + np.array([0, 15.0, 0])) if number in faulty else one
            for number, one in enumerate(runs)
        ]
        normal = measure(runs)
        found = outlying([columns_of(one, normal) for one in runs], [one.steps for one in runs if one.steps])
        assert set(np.flatnonzero(found > 1).tolist()) == faulty

    def test_runs_that_wander_widely_name_none(self) -> None:
        level = np.cumsum(3 * RNG.normal(size=60))
        runs = [replace(one, values=one.values + off) for one, off in zip(separate(60), level, strict=True)]
        normal = measure(runs)
        found = outlying([columns_of(one, normal) for one in runs], [one.steps for one in runs if one.steps])
        assert (found <= 1).all()

    def ramps(self, lengths: list[int]) -> tuple[list[Columns], list[Steps]]:
        """Runs that rise to the same power within so many seconds, and hold it."""
        parts = [np.r_[100 * np.arange(1, one + 1) / one, np.full(30, 100.0)] for one in lengths]
        steps = [steps_of((one, 30), (11, 12)) for one in lengths]
        return [columns(one + 0.2 * RNG.normal(size=len(one))) for one in parts], steps

    def test_a_ramp_that_takes_a_second_longer_is_not_unlike_the_others(self) -> None:
        assert (outlying(*self.ramps([8] * 30 + [7] * 4 + [9] * 2)) <= 1).all()

    def test_a_fault_in_a_ramp_of_the_usual_length_is_named(self) -> None:
        runs, steps = self.ramps([8] * 8 + [7] * 4)
        runs[2].values[:, 3:7] += 10
        assert np.flatnonzero(outlying(runs, steps) > 1).tolist() == [2]

    def test_calm_runs_name_none(self) -> None:
        assert (outlying(*recipe(60, seed=3)) <= 1).all()


def test_a_run_that_is_off_is_far_and_normal_ones_are_in_their_spreads() -> None:
    ways = np.stack([np.ones(24), np.sin(np.arange(24))])

    def rows(count: int) -> np.ndarray:
        return (RNG.normal(size=(count, 2)) @ ways + 0.1 * RNG.normal(size=(count, 24))).astype(np.float32)

    distances, left = learn_distances(rows(60))
    assert len(left) == 60
    usual, bad = distances.of(rows(200)), rows(5)
    bad[:, 10:13] += 6
    assert usual.mean() == pytest.approx(0, abs=0.8)
    assert distances.of(bad).min() > 1.3 * usual.max()


def test_equal_normal_runs_divide_by_no_zero() -> None:
    distances, left = learn_distances(np.full((8, 24), 3.0, np.float32))
    assert np.isfinite(left).all()
    assert np.isfinite(distances.of(np.full((1, 24), 4.0, np.float32))).all()


class TestDetector:
    @pytest.mark.parametrize("steps", [True, False])
    def test_a_bad_run_among_runs_of_differing_length_scores_highest(self, steps: bool) -> None:
        detector = StatisticalDetector(1)
        part = detector.learn(separate(40, stretch=0.2, steps=steps)).part
        later = separate(20, seed=1, stretch=0.2, steps=steps)
        later[7] = replace(
            later[7], values=later[7].values + np.r_[np.zeros(40), np.full(len(later[7]) - 40, 9.0)][:, None]
        )
        highest = [float(np.nanmax(one.points)) for one in part.score(later, detector)]
        assert int(np.argmax(highest)) == 7

    def test_a_spike_of_one_point_is_where_its_run_scores_highest(self) -> None:
        detector = StatisticalDetector(1)
        part = detector.learn(separate(40)).part
        later = separate(3, seed=1)
        later[1].values[50, 1] += 25
        found = part.score(later, detector)
        assert abs(int(np.nanargmax(found[1].points)) - 50) <= 2
        assert int(found[1].contributions[50].argmax()) == 1

    def test_one_sensor_has_left_out_votes_for_every_point(self) -> None:
        pieces = [columns(RNG.normal(size=(1, 4500))), columns(RNG.normal(size=(1, 1500)), 5000)]
        folds = [np.arange(4500) // 1500, np.full(1500, 3)]
        found = OneSensorLearning(pieces, folds, None, plain=True, step=lambda: None)
        assert {len(v) for v in found.left_out[0].values()} == {4500}
        assert {len(v) for v in found.left_out[1].values()} == {1500}
        fresh = found.model.votes_of(columns(RNG.normal(size=(1, 1000))), None, lambda: None)
        assert set(fresh) == set(found.left_out[0])
        assert all(np.isfinite(values).all() for values in fresh.values())

    def test_a_reference_without_any_value_leaves_everything_unscored(self) -> None:
        detector = StatisticalDetector(1)
        empty = Series(np.full((600, 2), np.nan), np.arange(600), None)
        learnt = detector.learn([empty])
        (found,) = learnt.part.score([Series(np.zeros((50, 2)), np.arange(50), None)], detector, no_progress)
        assert np.isnan(found.points).all()
        assert np.isnan(found.contributions).all()


def test_the_levels_of_the_recipe_lie_far_apart() -> None:
    assert np.ptp(LEVELS) > 50


def test_runs_of_a_single_stage_are_compared_as_wholes() -> None:
    rng = np.random.default_rng(2)
    rise = 1 - np.exp(-np.arange(100) / 20)
    runs = [
        Series(
            np.stack([20 * rise, 5 - 3 * rise], axis=1) + rng.standard_normal((100, 2)),
            np.arange(100 * number, 100 * (number + 1)),
            None,
            key=("E1", str(number)),
            scope=("E1",),
            steps=whole(100),
        )
        for number in range(30)
    ]
    assert isinstance(StatisticalDetector().learn(runs).part, RunPart)
