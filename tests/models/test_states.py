"""Sensors with two values: a state that lasts too long, or switches too often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.ensemble.features.states import FEWEST_KNOWN, WINDOW, States, with_excess
from waferwatch.models.ensemble.preparation.columns import Columns

PERIOD = 100  # points: open for 30, closed for 70
VALVE = 1


def states(rows: int, period: int = PERIOD) -> np.ndarray:
    return (np.arange(rows) % period < 0.3 * period).astype(float)


def columns(values: np.ndarray, measured: np.ndarray | None = None) -> Columns:
    some = np.ones(len(values), bool) if measured is None else measured
    return Columns(values[None].astype(np.float32), some[None])


def machine(rows: int = 9000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    time = pd.date_range("2026-01-05", periods=rows, freq="s")
    return pd.DataFrame(
        {"t": time, "a": np.sin(np.arange(rows) / 9) + 0.1 * rng.normal(size=rows), "valve": states(rows)}
    ).assign(b=rng.normal(size=rows))


def test_within_the_factor_a_state_adds_nothing_at_all() -> None:
    learnt = States.learn([columns(states(6000))])
    assert (learnt.excess(columns(states(3000, 2 * PERIOD))) == 0).all()
    assert (learnt.excess(columns(states(3000, PERIOD // 2))) == 0).all()


def test_each_doubling_of_a_stay_beyond_the_factor_adds_one() -> None:
    learnt = States.learn([columns(states(6000))])
    (found,) = learnt.excess(columns(np.concatenate([states(1000), np.ones(300), states(500)])))
    assert (found[:1000] == 0).all()
    assert found[1059] == 0  # 60 points, twice the longest
    assert found[1119] == pytest.approx(1)
    assert found[1239] == pytest.approx(2)
    assert (found[1400:] == 0).all()


def test_chatter_shows_and_ends() -> None:
    learnt = States.learn([columns(states(6000))])
    values = states(2000)
    values[1000:1060] = np.arange(60) % 2
    (found,) = learnt.excess(columns(values))
    assert found[1059] > 1
    assert (found[:1000] == 0).all()
    assert (found[1060 + WINDOW :] == 0).all()


def test_a_stay_is_followed_no_farther_than_the_reach() -> None:
    learnt = States.learn([columns(states(6000))])
    long = np.concatenate([states(500), np.zeros(4000)])
    whole, cut = learnt.excess(columns(long))[0], learnt.excess(columns(long[1000:]))[0]
    np.testing.assert_array_equal(whole[1000 + learnt.reach :], cut[learnt.reach :])
    assert whole[-1] == whole[-2]


def test_points_that_were_not_measured_do_not_lengthen_a_stay() -> None:
    learnt = States.learn([columns(states(6000))])
    measured = np.ones(1000, bool)
    measured[40:900] = False
    assert (learnt.excess(columns(np.zeros(1000), measured)) == 0).all()


def test_how_long_a_state_lasts_that_hardly_ever_came_is_not_known() -> None:
    rare = np.zeros(6000)
    rare[1000:1010] = 1
    learnt = States.learn([columns(rare)], known_normal=True)
    changed = np.zeros(3000)
    changed[500:900] = 1
    assert (learnt.excess(columns(changed)) == 0).all()


def test_a_short_reference_says_nothing_of_states() -> None:
    learnt = States.learn([columns(states(FEWEST_KNOWN - 1))])
    assert (learnt.excess(columns(np.ones(3000))) == 0).all()
    assert learnt.reach == 0


def test_the_shares_go_to_the_state_that_is_off_and_add_up() -> None:
    points, shares = np.array([0.5, 0.5]), np.array([[0.5, 0.5], [0, 0], [0.5, 0.5]], np.float32)
    added, found = with_excess(points, shares, np.array([[0, 0], [0, 2.0], [0, 0]]))
    np.testing.assert_array_equal(added, [0.5, 2.5])
    np.testing.assert_allclose(found.sum(axis=0), 1, rtol=1e-6)
    np.testing.assert_array_equal(found[:, 0], shares[:, 0])
    assert found[VALVE, 1] == pytest.approx(0.8)


@pytest.mark.parametrize("fault", ["stuck", "chatter"])
def test_a_faulty_valve_of_a_stream_is_flagged_and_named_and_other_rows_score_as_before(fault: str) -> None:
    frame = machine()
    model = waferwatch.fit(frame[:6000], detector="statistical")
    calm = model.detect(frame[6000:])
    broken = frame[6000:].reset_index(drop=True)
    if fault == "stuck":
        broken.loc[1500:2100, "valve"] = 1.0
        guilty, normal = slice(1800, 2100), np.r_[0:1500, 2130:3000]
    else:
        broken.loc[1500:1700, "valve"] = np.arange(201) % 2
        guilty, normal = slice(1560, 1700), np.r_[0:1500, 1701 + WINDOW : 3000]
    found = model.detect(broken)
    assert (found.scores[guilty] > found.threshold).all()
    assert found.flags[guilty].any()
    assert (found.contributions[guilty].argmax(axis=1) == model.features.index("valve")).all()
    np.testing.assert_array_equal(found.scores[normal], calm.scores[normal])
    assert calm.flags.mean() < 0.01  # the highest of as many normal rows is passed now and then
