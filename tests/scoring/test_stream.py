"""Rows as they arrive: what a stream keeps, and what it hands on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.frames import SECOND, case, runs, stream
from waferwatch.errors import InputError, ModelError, NotFoundError
from waferwatch.scoring.model import Model
from waferwatch.scoring.stream import GRID


@pytest.fixture(scope="module")
def model() -> Model:
    return waferwatch.fit(stream(1500, 3), detector="squared_difference")


def scores_of(model: Model, frame: pd.DataFrame, blocks: list[int], *, handed_on: bool = False) -> np.ndarray:
    found, stream_, start = np.full(len(frame), np.nan), model.stream(), 0
    for end in [*blocks, len(frame)]:
        answer = stream_.push(frame[start:end])
        found[answer.settled_rows] = answer.settled
        if handed_on:
            stream_ = model.stream(stream_.state())
        start = end
    answer = stream_.finish()
    found[answer.settled_rows] = answer.settled
    return found


@pytest.mark.parametrize("detector", ["squared_difference", "statistical"])
@pytest.mark.parametrize("kind", ["several sensors", "recipe steps", "runs without steps"])
def test_what_is_kept_is_bounded(detector: str, kind: str) -> None:
    data = case(kind)
    found = waferwatch.fit(data.normal, detector=detector, **data.options)
    stream_, kept = found.stream(), []
    frame = data.scored
    for turn in range(4):
        later = frame.assign(t=frame["t"] + turn * pd.Timedelta(days=1))
        for column in ("lot", "cycle"):
            if column in later:
                later[column] = later[column] + f" {turn}"
        for start in range(0, len(later), 2000):
            stream_.push(later[start : start + 2000])
            kept.append(len(stream_._rows.frame))
    equipment = frame["equipment"].nunique() if "equipment" in frame else 1
    longest_run = 600
    assert max(kept) <= equipment * (found.context + found.delay + GRID + longest_run)


def test_a_stream_goes_on_from_its_state(model: Model) -> None:
    frame = stream(1000, 3, seed=2)
    expected = model.detect(frame).scores
    np.testing.assert_allclose(scores_of(model, frame, [100, 103, 700], handed_on=True), expected, rtol=1e-6)


def test_a_clock_that_is_not_even_does_not_change_the_scores() -> None:
    rng = np.random.default_rng(0)
    frame = stream(9000, 3)
    frame["t"] = frame["t"].iloc[0] + pd.to_timedelta(np.cumsum(rng.choice([0.9, 1.0, 1.0, 1.3], 9000)), unit="s")
    found = waferwatch.fit(frame[:1500], detector="statistical")
    later = frame[1500:].reset_index(drop=True)
    expected = found.detect(later).scores
    np.testing.assert_allclose(
        scores_of(found, later, list(range(500, 7500, 500)), handed_on=True), expected, atol=1e-4
    )


def test_a_run_longer_than_any_of_the_reference_settles_on_the_scores_of_the_file() -> None:
    found = waferwatch.fit(runs(30), detector="statistical", group=["equipment", "cycle"])
    frame = runs(3, 1, first=30)
    long = pd.concat([frame[frame["cycle"] == "R0031"]] * 4, ignore_index=True)
    long["t"] = long["t"].iloc[0] + np.arange(len(long)) * SECOND
    last = frame[frame["cycle"] == "R0032"].assign(t=lambda one: one["t"] + pd.Timedelta(hours=1))
    whole = pd.concat([frame[frame["cycle"] == "R0030"], long, last], ignore_index=True)
    expected = found.detect(whole).scores
    np.testing.assert_allclose(scores_of(found, whole, list(range(60, len(whole), 60))), expected, atol=1e-4)


def test_rows_that_are_refused_leave_the_stream_as_it_was(model: Model) -> None:
    frame = stream(400, 3, seed=2)
    stream_ = model.stream()
    stream_.push(frame[:200])
    for column in ("s1", "t"):
        with pytest.raises((InputError, NotFoundError)):
            stream_.push(frame[200:].drop(columns=column))
    with pytest.raises(InputError):
        stream_.push(frame[200:].assign(s1="text"))
    answer = stream_.push(frame[200:])
    assert len(answer) == 200
    np.testing.assert_allclose(np.asarray(answer), model.detect(frame).scores[200:], rtol=1e-6)


def test_a_state_of_another_model_is_refused(model: Model) -> None:
    other = waferwatch.fit(stream(1400, 3), detector="squared_difference")
    with pytest.raises(ModelError, match="another model"):
        other.stream(model.stream().state())


@pytest.mark.parametrize("state", [b"", b"PAR1", b"nonsense"])
def test_a_damaged_state_is_refused(model: Model, state: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        model.stream(state)


def test_a_state_of_another_format_is_refused(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waferwatch.scoring.stream.FORMAT", 2)
    later = model.stream().state()
    monkeypatch.undo()
    with pytest.raises(ModelError, match="has format 2; this version reads format 1"):
        model.stream(later)


def test_an_empty_stream_can_be_finished_and_handed_on(model: Model) -> None:
    again = model.stream(model.stream().state())
    assert len(again.finish()) == 0
    frame = stream(50, 3)
    np.testing.assert_allclose(np.asarray(again.push(frame)), model.detect(frame).scores)


@pytest.mark.parametrize("detector", ["pca", "statistical"])
def test_equipment_without_a_reference_keeps_the_level_of_its_first_rows(detector: str) -> None:
    known = pd.concat([stream(1500, 3, seed=seed).assign(equipment=f"E{seed}") for seed in (0, 1)])
    found = waferwatch.fit(known, detector=detector, group="equipment")
    frame = stream(9000, 3, seed=2).assign(equipment="E2")
    frame[["s0", "s1", "s2"]] += 7
    frame.loc[5000:, "s1"] += 2  # which no later row may take for its level
    expected = found.detect(frame).scores
    blocks = [100, 103, 400, *range(1000, 9000, 1000)]
    np.testing.assert_allclose(scores_of(found, frame, blocks, handed_on=True), expected, rtol=1e-5, atol=1e-5)


def test_equipment_without_a_reference_settles_once_its_level_is_known() -> None:
    known = pd.concat([stream(1500, 3, seed=seed).assign(equipment=f"E{seed}") for seed in (0, 1)])
    stream_ = waferwatch.fit(known, detector="squared_difference", group="equipment").stream()
    frame = stream(600, 3, seed=2).assign(equipment="E2")
    assert len(stream_.push(frame[:400]).settled) == 0
    assert len(stream_.push(frame[400:]).settled) == 600


def test_a_stream_whose_cells_are_not_of_one_kind_can_be_handed_on() -> None:
    known = pd.concat([stream(1500, 3, seed=seed).assign(lot=seed) for seed in (0, 1)], ignore_index=True)
    found = waferwatch.fit(known, detector="statistical")
    frame = stream(3000, 3, seed=2).assign(lot=[2] * 600 + [None] * 100 + ["R7"] * 2300, extra=1j)
    frame["s0"] = frame["s0"].astype(object)
    frame.loc[650, "s0"] = "0.25"
    expected = found.detect(frame).scores
    np.testing.assert_allclose(
        scores_of(found, frame, [500, 900, 2000], handed_on=True), expected, rtol=1e-5, atol=1e-5
    )


def test_rows_whose_time_lies_in_the_index_are_scored_as_those_with_a_time_column(model: Model) -> None:
    frame = stream(900, 5)
    frame = frame.drop(index=frame.index[400:460])  # a gap, which only the time shows
    time = next(name for name, role in model.roles.items() if role == "time")
    indexed = frame.set_index(time)
    expected = model.detect(frame).scores
    np.testing.assert_allclose(model.detect(indexed).scores, expected)
    np.testing.assert_allclose(scores_of(model, indexed, [300, 500], handed_on=True), expected, atol=1e-4)


def test_a_stream_of_columns_with_numbers_for_names_is_handed_on() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(1500, 2)))
    model = waferwatch.fit(frame, detector="squared_difference")
    expected = model.detect(frame[:600]).scores
    np.testing.assert_allclose(scores_of(model, frame[:600], [300], handed_on=True), expected, atol=1e-4)


def test_what_is_no_frame_is_refused_by_models_and_streams(model: Model) -> None:
    for push in (model.detect, model.stream().push):
        with pytest.raises(InputError, match="is a numpy ndarray, not a pandas DataFrame"):
            push(np.zeros((3, 2)))  # type: ignore[arg-type]
