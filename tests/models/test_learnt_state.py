"""What detectors learn from: blocks, the common scale, the automatic threshold, event counts, and how it is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.calls import calls_of
from waferwatch.errors import ModelError
from waferwatch.models.alarm_counts import MERGE_GAP, AlarmCounts
from waferwatch.models.automatic import BEYOND, automatic_threshold
from waferwatch.models.blocks import BLOCKS, contiguous, of_runs, touching
from waferwatch.models.fitted import FIRST_ROWS, KnownPieces, ReferencePiece, fit_parts
from waferwatch.models.rarity import Rarity
from waferwatch.models.registry import create
from waferwatch.models.state import digest_of, pack, storable, unpack
from waferwatch.series.series import Series


def series(values: np.ndarray, scope: tuple[str, ...] = (), *, seconds: float | None = 1.0) -> Series:
    time = None
    if seconds is not None:
        time = np.datetime64("2026-01-05", "ns") + (np.arange(len(values)) * seconds * 1e9).astype("timedelta64[ns]")
    return Series(np.asarray(values, float).reshape(len(values), -1), np.arange(len(values)), time, scope, scope)


class TestBlocks:
    @given(st.lists(st.integers(0, 50), min_size=1, max_size=8))
    def test_every_point_is_in_one_block_and_blocks_follow_one_another(self, lengths: list[int]) -> None:
        folds = contiguous(lengths)
        assert [len(one) for one in folds] == lengths
        every = np.concatenate(folds)
        assert (np.diff(every) >= 0).all()
        assert set(every.tolist()) <= set(range(BLOCKS))

    def test_runs_of_each_recipe_are_split_into_all_blocks(self) -> None:
        found = of_runs(["a", "b"] * 20)
        assert np.bincount(found[::2]).tolist() == np.bincount(found[1::2]).tolist() == [5] * BLOCKS

    def test_a_window_touches_every_block_it_reaches(self) -> None:
        (folds,) = contiguous([40])
        touched = touching(folds, np.array([5.0, 10.0, 39.0]), 3)
        assert touched[:, 0].tolist() == [True, False, False, False]
        assert touched[:, 1].tolist() == [True, True, False, False]
        assert touched[:, 2].tolist() == [False, False, False, True]


class TestRarity:
    def test_a_score_says_how_rare_it_is_among_normal_rows(self) -> None:
        raw = np.random.default_rng(0).normal(size=100_000)
        scores = Rarity.learn([raw]).of(np.quantile(raw, [0.9, 0.99, 0.999]))
        np.testing.assert_allclose(scores, [1, 2, 3], atol=0.05)

    def test_beyond_the_reference_it_goes_on_by_distance(self) -> None:
        learnt = Rarity.learn([np.linspace(0, 1, 1001)])
        assert learnt.highest == pytest.approx(3, abs=0.01)
        assert learnt.of(np.array([1.5, 2.0])) == pytest.approx([2 * learnt.highest, 3 * learnt.highest], rel=1e-6)

    @given(arrays(float, st.integers(1, 60), elements=st.floats(-1e6, 1e6)), st.floats(-1e7, 1e7), st.floats(0, 1e6))
    def test_a_higher_raw_score_never_scores_lower(self, left_out: np.ndarray, one: float, more: float) -> None:
        found = Rarity.learn([left_out]).of(np.array([one, one + more]))
        assert np.isfinite(found).all()
        assert found[1] >= found[0]

    def test_nan_stays_nan_and_does_not_count(self) -> None:
        learnt = Rarity.learn([np.array([np.nan, 1.0, 2.0])])
        assert learnt.rows == 2
        assert np.isnan(learnt.of(np.array([np.nan]))).all()
        assert np.isfinite(Rarity.learn([]).of(np.array([5.0]))).all()


class TestAutomatic:
    def test_of_a_stream_known_to_be_normal_it_is_a_quarter_farther_out_than_the_highest_score(self) -> None:
        assert automatic_threshold({"": [np.array([1.0, np.nan, 3.0])]}, {"": False}, {"": True}) == (3.25, "")

    @pytest.mark.parametrize("seed", range(5))
    def test_of_a_stream_known_to_be_normal_no_row_lies_above_it_by_chance(self, seed: int) -> None:
        scores = np.random.default_rng(seed).standard_t(4, 5000)
        found, _ = automatic_threshold({"": [scores]}, {"": False}, {"": True})
        assert found > scores.max()

    def test_one_odd_stretch_of_a_stream_known_to_be_normal_does_not_hide_what_is_less_odd(self) -> None:
        scores = np.random.default_rng(0).normal(0, 0.3, 3000)
        usual = scores.max()
        scores[400:440] = 20.0
        found, _ = automatic_threshold({"": [scores]}, {"": False}, {"": True})
        assert 2 * usual < found < 4 * usual

    def test_what_an_engineer_vouched_for_is_not_above_it(self) -> None:
        scores = np.random.default_rng(0).normal(0, 0.3, 3000)
        odd = np.full(40, 20.0)
        found, _ = automatic_threshold({"": [scores, odd]}, {"": False}, {"": True}, {"": 20.0})
        assert found >= 20.0

    @pytest.mark.parametrize("rows", [400, 5000, 60_000])
    @pytest.mark.parametrize("bad", [0.0, 0.01, 0.2])
    def test_of_a_stream_taken_to_be_normal_it_lies_between_what_is_usual_and_what_stands_out(
        self, rows: int, bad: float
    ) -> None:
        scores = np.random.default_rng(0).normal(0, 0.3, rows)
        first = rows // 3
        scores[first : first + round(bad * rows)] += 5
        cut = [scores[: rows // 2], np.full(3, np.nan), scores[rows // 2 :]]
        found, _ = automatic_threshold({"": cut}, {"": False}, {"": False})
        assert 0.6 < found < 3.5
        assert (scores > found).sum() <= round(bad * rows) + 3  # about one of its stretches by chance
        assert (scores[first : first + round(bad * rows)] > found).all()

    def test_many_short_streams_taken_to_be_normal_are_looked_at_together(self) -> None:
        rng = np.random.default_rng(0)
        pieces = {f"T{number}": [rng.normal(0, 0.3, 100)] for number in range(30)}
        pieces["T7"][0][40:50] += 5
        found, _ = automatic_threshold(pieces, dict.fromkeys(pieces, False), dict.fromkeys(pieces, False))
        above = {key: (one > found).sum() for key, (one,) in pieces.items() if (one > found).any()}
        assert above["T7"] == 10
        assert len(above) <= 4

    def test_a_fault_of_one_stream_taken_to_be_normal_does_not_make_another_stand_out(self) -> None:
        rng = np.random.default_rng(0)
        squeezed = rng.normal(0, 0.05, 2000)  # as votes are in whose spread a fault has part
        squeezed[1500:1510] += 3
        pieces = {"A": [rng.normal(0, 0.3, 2000)], "B": [squeezed], "C": [np.zeros(2000)]}
        found, _ = automatic_threshold(pieces, dict.fromkeys(pieces, False), dict.fromkeys(pieces, False))
        assert (pieces["A"][0] > found).sum() <= 2
        assert (squeezed > found).sum() == 10

    def test_of_a_short_stream_taken_to_be_normal_nothing_is_called_unusual(self) -> None:
        scores = np.append(np.zeros(100), 9.0)
        assert automatic_threshold({"": [scores]}, {"": False}, {"": False}) == (9.0, "")

    def test_of_runs_it_is_never_below_the_highest_normal_score_nor_far_beyond_it(self) -> None:
        rng = np.random.default_rng(0)
        pieces = [rng.normal(1, 0.05, 20) for _ in range(40)]
        highest = np.array([one.max() for one in pieces])
        found, _ = automatic_threshold({"": pieces}, {"": True}, {"": False})
        middle = np.median(highest)
        assert highest.max() <= found <= middle + BEYOND * (highest.max() - middle)

    def test_of_several_equipment_it_is_the_median_and_names_the_nearest(self) -> None:
        scores = {"a": [np.array([1.0])], "b": [np.array([2.0])], "c": [np.array([90.0])]}
        assert automatic_threshold(scores, dict.fromkeys("abc", False), dict.fromkeys("abc", True)) == (2.0, "b")

    def test_where_nothing_was_scored_nothing_can_be_flagged(self) -> None:
        assert automatic_threshold({"a": [np.full(3, np.nan)]}, {"a": False}, {"a": False})[0] == np.inf


class TestAlarmCounts:
    def slow(self, pieces: list[np.ndarray], level: float) -> int:
        """Events above a level, counted one by one."""
        found = 0
        for piece in pieces:
            at = np.flatnonzero(piece > level)
            found += int(len(at) > 0) + int((np.diff(at) > MERGE_GAP + 1).sum())
        return found

    @given(st.lists(arrays(float, st.integers(1, 80), elements=st.sampled_from([0.0, 1, 2, 3, 4, np.nan])), min_size=1))
    def test_events_are_counted_as_they_are_merged(self, pieces: list[np.ndarray]) -> None:
        counts = AlarmCounts.measure({"": pieces}, {"": [series(one) for one in pieces]})
        for level in (0.0, 1.0, 2.5, 4.0):
            if len(counts.levels) and level >= counts.levels[0]:
                assert counts.above(level) == self.slow(pieces, level)

    def test_a_rate_that_the_reference_is_too_short_for_is_not_promised(self) -> None:
        scores = np.random.default_rng(0).normal(size=7200)
        counts = AlarmCounts.measure({"": [scores]}, {"": [series(scores)]})
        assert counts.hours == pytest.approx(2, rel=1e-3)
        assert counts.level(0.1) is None
        level = counts.level(3)
        assert level is not None
        assert self.slow([scores], level) <= 6

    def test_without_dates_there_are_no_hours(self) -> None:
        counts = AlarmCounts.measure({"": [np.ones(9)]}, {"": [series(np.ones(9), seconds=None)]})
        assert counts.hours is None
        assert counts.level(1) is None


@storable
@dataclass(frozen=True)
class Inner:
    values: np.ndarray
    name: str | None


@storable
@dataclass(frozen=True)
class Outer:
    parts: dict[str, Inner]
    numbers: list[float]


class TestState:
    def whole(self) -> Outer:
        return Outer({"a": Inner(np.arange(3.0), None), "b": Inner(np.array([True]), "é")}, [1.5, float("inf")])

    def test_what_was_packed_is_unpacked(self) -> None:
        found = unpack(*pack(self.whole()))
        assert found.numbers == [1.5, float("inf")]
        assert found.parts["b"].name == "é"
        np.testing.assert_array_equal(found.parts["a"].values, np.arange(3.0))
        assert digest_of(found) == digest_of(self.whole())

    def test_any_change_changes_the_digest(self) -> None:
        changed = Outer({"a": Inner(np.arange(3.0), None), "b": Inner(np.array([False]), "é")}, [1.5, float("inf")])
        assert digest_of(changed) != digest_of(self.whole())

    def test_other_objects_are_not_stored(self) -> None:
        with pytest.raises(TypeError, match="cannot be stored"):
            pack(Outer({}, [object()]))  # type: ignore[list-item]

    @pytest.mark.parametrize("document", [{"type": "Popen"}, {"array": "a9"}, {"type": "Inner", "x": 1}, {"no": 1}])
    def test_a_document_that_was_not_packed_is_refused(self, document: object) -> None:
        with pytest.raises(ModelError):
            unpack(document, {})

    def test_two_classes_of_one_name_are_refused(self) -> None:
        @dataclass(frozen=True)
        class Inner:
            pass

        with pytest.raises(TypeError, match="Inner"):
            storable(Inner)


class TestFitted:
    def test_reference_rows_are_found_again_wherever_they_stand(self) -> None:
        rng = np.random.default_rng(0)
        piece = series(rng.normal(size=(50, 2)))
        learnt = ReferencePiece.of(piece, np.zeros(50), False)
        longer = series(np.concatenate([rng.normal(size=(7, 2)), piece.values, rng.normal(size=(3, 2))]))
        known = KnownPieces.of([learnt])
        assert list(known.found_in(longer)) == [(learnt, 7)]
        changed = longer.values.copy()
        changed[20] += 1
        assert not list(known.found_in(series(changed)))
        assert not list(known.found_in(series(piece.values[:40])))

    def test_pieces_that_begin_alike_or_with_a_missing_reading_are_told_apart(self) -> None:
        values = np.round(np.random.default_rng(0).normal(size=(60, 2)))
        values[[0, 20, 40], :] = [np.nan, 1.0]
        pieces = [ReferencePiece.of(series(values[start : start + 15]), np.zeros(15), False) for start in (0, 20, 40)]
        assert list(KnownPieces.of(pieces).found_in(series(values))) == [
            (piece, start) for piece, start in zip(pieces, (0, 20, 40), strict=True)
        ]

    def test_the_search_grows_with_pieces_and_series_no_faster_than_their_number(self) -> None:
        def work(count: int) -> int:
            cut = [series(one) for one in np.random.default_rng(0).normal(size=(count, 30, 2))]
            known = KnownPieces.of([ReferencePiece.of(one, np.zeros(30), False) for one in cut])
            return calls_of(lambda: [list(known.found_in(one)) for one in cut])

        assert work(1000) < 15 * work(100)

    def test_reference_rows_score_as_when_they_were_left_out(self) -> None:
        rng = np.random.default_rng(0)
        reference = series(rng.normal(size=(2000, 2)))
        detector = create("statistical")
        fitted = fit_parts(detector, {(): [reference]})
        (again,) = fitted.score([reference], detector)
        assert np.nanmax(again.points) == pytest.approx(fitted.threshold, rel=1e-3)

    def test_equipment_without_a_reference_takes_the_nearest_at_its_own_level(self) -> None:
        rng = np.random.default_rng(0)
        detector = create("statistical")
        known = {("a",): [series(rng.normal(size=(1500, 2)), ("a",))]}
        fitted = fit_parts(detector, known)
        new = series(rng.normal(size=(FIRST_ROWS + 500, 2)) + 40, ("b",))
        assert fitted.unknown([new]) == [("b",)]
        (scores,) = fitted.score([new], detector)
        assert (scores.points > fitted.threshold).mean() < 0.01

    def test_a_reference_without_equipment_stands_for_all(self) -> None:
        rng = np.random.default_rng(0)
        detector = create("pca")
        fitted = fit_parts(detector, {(): [series(rng.normal(size=(500, 2)))]})
        assert fitted.unknown([series(np.zeros((5, 2)), ("b",))]) == []
