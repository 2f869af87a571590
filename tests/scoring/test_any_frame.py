"""Whatever a frame holds, a detection answers with scores or with a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import waferwatch
from waferwatch.errors import WaferwatchError

ODD = (np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 0.0, 7.0)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows, sensors = draw(st.integers(1, 300)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    values = rng.normal(size=(rows, sensors)) * 10.0 ** rng.integers(-3, 6, size=sensors)
    for sensor in range(sensors):
        kind = draw(st.sampled_from(["noise", "constant", "two values", "empty", "odd"]))
        if kind == "constant":
            values[:, sensor] = draw(st.sampled_from([0.0, 25.0, 1e9]))
        elif kind == "two values":
            values[:, sensor] = rng.integers(0, 2, rows)
        elif kind == "empty":
            values[:, sensor] = np.nan
        elif kind == "odd":
            some = rng.random(rows) < draw(st.sampled_from([0.02, 0.5, 1.0]))
            values[some, sensor] = rng.choice(ODD, int(some.sum()))
    frame = pd.DataFrame(values, columns=[f"s{sensor}" for sensor in range(sensors)])
    if draw(st.booleans()):
        frame.insert(0, "time", pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(rows), unit="s"))
    if draw(st.booleans()):
        frame["wafer"] = np.arange(rows) // draw(st.sampled_from([1, 20, 50]))
        frame["step"] = np.arange(rows) // 5 % 3
    return frame


@pytest.mark.parametrize("detector", ["statistical", "moment", "isolation_forest", "pca", "sub_pca", "moving_variance"])
@settings(max_examples=12, suppress_health_check=list(HealthCheck), derandomize=True)
@given(frame=frames(), reference=st.sampled_from([None, 30, 200]))
def test_any_frame_is_scored_or_refused_with_a_sentence(
    detector: str, frame: pd.DataFrame, reference: int | None
) -> None:
    features = [name for name in frame if str(name).startswith("s") and name != "step"]
    try:
        found = waferwatch.detect(frame, features=features, detector=detector, reference_rows=reference)
    except WaferwatchError:
        return
    judged = ~np.isnan(found.scores)
    assert np.isfinite(found.scores[judged]).all()
    assert not found.flags[~judged].any()
    assert (found.contributions[judged] >= 0).all()
    total = found.contributions[judged].astype(float).sum(axis=1)
    np.testing.assert_allclose(total, np.maximum(found.scores[judged], 0), rtol=1e-3, atol=1e-3)
    assert np.isnan(found.contributions[~judged]).all()


@pytest.mark.parametrize("rows", [9, 12])
def test_wafers_of_ten_rows_or_so_are_judged_one_behind_the_other(rows: int) -> None:
    rng = np.random.default_rng(0)
    wafers = 120
    place = np.tile(np.arange(rows), wafers)
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-05", periods=wafers * rows, freq="s")
            + pd.to_timedelta(np.repeat(np.arange(wafers), rows) * 60, "s"),
            "lot": np.repeat(np.arange(wafers) // 25, rows),
            "wafer": np.repeat(np.arange(wafers) % 25, rows),
            "step": np.where(place < rows // 2, "ramp", "main"),
            "pressure": np.minimum(place, rows // 2) * 5.0 + rng.normal(0, 0.3, wafers * rows),
        }
    )
    frame.loc[800:819, "pressure"] += 8 * 0.3
    found = waferwatch.detect(frame, detector="statistical")
    assert np.isfinite(found.scores).all()
    assert found.flags[800:820].mean() > 0.5
    elsewhere = np.r_[rows : 800 - rows, 820 + rows : len(frame)]
    assert found.flags[elsewhere].mean() < 0.01
