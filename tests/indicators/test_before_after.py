"""Before and after a maintenance: six answers, each where it belongs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_wafers import made

from waferwatch.errors import InputError, NotFoundError
from waferwatch.indicators.before_after import Back, compare, overall
from waferwatch.scoring.before_after import before_after

RNG = np.random.default_rng(3)
BEFORE = RNG.normal(100, 1, 80)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (RNG.normal(100, 1, 60), Back.BACK),
        (RNG.normal(102, 0.5, 40), Back.MOVED),
        (RNG.normal(120, 1, 30), Back.OUT),
        (np.concatenate([110 - np.arange(8), RNG.normal(100, 1, 40)]), Back.SETTLED),
        (120 - 1.5 * np.arange(10) + RNG.normal(0, 0.3, 10), Back.SETTLING),
        (RNG.normal(120, 1, 5), Back.TOO_FEW),
    ],
)
def test_an_indicator_gets_its_answer(after: np.ndarray, expected: Back):
    assert compare(BEFORE, after).verdict is expected


def test_settled_says_after_how_many_wafers():
    after = np.concatenate([np.full(7, 110.0), RNG.normal(100, 1, 40)])
    assert compare(BEFORE, after).settled_after == 7


def test_too_few_wafers_before_are_not_known_and_say_how_many_are_missing():
    found = compare(BEFORE[:20], RNG.normal(100, 1, 30))
    assert found.verdict is Back.TOO_FEW
    assert found.missing == 5


def test_a_typed_tolerance_makes_a_difference_harmless():
    after = RNG.normal(108, 1, 40)
    assert compare(BEFORE, after).verdict is Back.OUT
    assert compare(BEFORE, after, typed=12.0).verdict is Back.BACK


def test_one_answer_for_the_tool():
    assert overall([Back.BACK, Back.OUT, Back.TOO_FEW]) == "out"
    assert overall([Back.BACK, Back.TOO_FEW]) == "not_known"
    assert overall([Back.SETTLING, Back.MOVED]) == "settling"
    assert overall([Back.BACK, Back.SETTLED]) == "back"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return made(4, chambers=1, wafers=60)[0]


def test_a_moved_sensor_is_named_and_the_others_are_back(frame: pd.DataFrame):
    at = frame.groupby(["lot", "wafer"], sort=False)["time"].min().iloc[40]
    moved = frame.copy()
    moved.loc[moved["time"] >= at, "he_flow"] *= 1.2
    found = before_after(moved, str(at))
    assert found.verdict == "out"
    out = found.frame[found.frame["verdict"] == "out"]
    assert set(out["sensor"]) == {"he_flow"}
    assert before_after(frame, str(at)).verdict == "back"
    five = frame.groupby(["lot", "wafer"], sort=False)["time"].min().iloc[55]
    assert before_after(moved, str(five)).verdict == "not_known"


def test_what_cannot_be_compared_is_refused_with_a_remedy(frame: pd.DataFrame):
    with pytest.raises(InputError, match="one side"):
        before_after(frame, "2030-01-01")
    with pytest.raises(InputError, match="is not a time"):
        before_after(frame, "yesterday evening")
    with pytest.raises(InputError, match="for certain"):
        before_after(frame, "01/05/2026 09:30")
    with pytest.raises(InputError, match="offset from UTC"):
        before_after(frame, "2026-01-05T09:30:00+09:00")
    with pytest.raises(InputError, match="is missing"):
        before_after(frame, " ")
    with pytest.raises(NotFoundError, match="PM9"):
        before_after(frame, "2026-01-05 09:30:00", equipment="PM9")
    with pytest.raises(NotFoundError, match="sensor"):
        before_after(frame, "2026-01-05 09:30:00", tolerances={"nothing": 1.0})
    for tolerance in (-1.0, float("nan")):
        with pytest.raises(InputError, match="tolerance of he_flow"):
            before_after(frame, "2026-01-05 09:30:00", tolerances={"he_flow": tolerance})


def test_after_a_maintenance_no_lower_limit_lies_where_no_value_can(frame: pd.DataFrame):
    found = before_after(frame, str(frame["time"].iloc[len(frame) // 2])).frame
    never = found["statistic"].isin(["spread", "length"])
    assert not (found.loc[never, "lower"] <= 0).any()
    assert found.loc[never, "lower"].isna().any()
    assert found.loc[~never, "lower"].notna().any()
