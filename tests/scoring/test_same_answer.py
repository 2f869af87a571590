"""The same readings, written in another way, get the same answer: scores, flags, events, wafers and problems."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.scoring.result import Detection

SENSORS = ["pressure_mTorr", "throttle_valve_pct", "rf_reflected_W"]
TIME = "timestamp"
ROWS = 9_000
REFERENCE = 2_800

Frame = pd.DataFrame
Answer = dict[str, object]


@cache
def fab() -> Frame:
    frame = waferwatch.generate(rows=ROWS, equipment=2, seed=3)
    kept = [TIME, "equipment", "lot", "wafer", "recipe", "step", *SENSORS]
    return frame[kept]


def detected(frame: Frame) -> Detection:
    return waferwatch.detect(frame, detector="statistical", reference_rows=REFERENCE)


@cache
def usual() -> Detection:
    return detected(fab())


def found(detection: Detection, names: dict[str, str] | None = None) -> Answer:
    """What is said of events, wafers and problems, whatever the order of the rows."""

    def name(text: str | None) -> str | None:
        return (names or {}).get(str(text), text)

    events = [(one.start, one.end, one.kind, name(one.equipment), one.sensors[0].sensor) for one in detection.events]
    runs = [
        (one.start, name(one.equipment), one.lot, one.wafer, one.abnormal, one.step, one.sensor, one.statistic)
        for one in detection.runs
    ]
    problems = [
        (one.first_seen, one.last_seen, name(one.equipment), one.step, one.sensor, one.statistic, one.severity,
         one.count, one.of, one.wafers)
        for one in detection.problems
    ]  # fmt: skip
    return {"events": sorted(events, key=str), "runs": sorted(runs, key=str), "problems": sorted(problems, key=str)}


def assert_same(other: Detection, order: np.ndarray | None = None, names: dict[str, str] | None = None) -> None:
    """
    Args:
        order: the row of the frame as it is that each row of the other one was.
        names: of its equipment, and what they stand for.
    """
    rows = np.arange(ROWS) if order is None else np.argsort(order)
    assert other.threshold == pytest.approx(usual().threshold, rel=1e-3)
    np.testing.assert_allclose(other.scores[rows], usual().scores, rtol=1e-3, atol=1e-3)
    assert found(other, names) == found(usual())
    assert usual().problems


@pytest.mark.parametrize("order", ["newest first", "mixed up", "chamber by chamber"])
def test_in_any_order_of_the_rows(order: str) -> None:
    by = {
        "newest first": np.arange(ROWS)[::-1],
        "mixed up": np.random.default_rng(1).permutation(ROWS),
        "chamber by chamber": np.argsort(-fab()["equipment"].factorize()[0], kind="stable"),
    }[order]
    assert_same(detected(fab().iloc[by]), by)


CHANGES: dict[str, Callable[[Frame], Frame]] = {
    "columns the other way round": lambda frame: frame[frame.columns[::-1]],
    "a large value under the noise": lambda frame: frame.assign(**{one: frame[one] + 1e7 for one in SENSORS}),
    "a much smaller unit": lambda frame: frame.assign(**{one: frame[one] * 1e9 for one in SENSORS}),
    "a much larger unit": lambda frame: frame.assign(**{one: frame[one] * 1e-9 for one in SENSORS}),
    "times with a zone": lambda frame: frame.assign(**{TIME: frame[TIME].dt.tz_localize("UTC")}),
    "times as text": lambda frame: frame.assign(**{TIME: frame[TIME].dt.strftime("%Y-%m-%d %H:%M:%S.%f")}),
    "times as the index": lambda frame: frame.set_index(TIME),
    "categories": lambda frame: frame.astype(dict.fromkeys(["equipment", "lot", "recipe", "step"], "category")),
    "types of Arrow": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "plain objects": lambda frame: frame.astype(object),
    "an index that repeats": lambda frame: frame.set_axis(np.zeros(ROWS, int)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_in_another_form(change: str) -> None:
    assert_same(detected(CHANGES[change](fab())))


def test_with_other_names_of_the_equipment() -> None:
    names = {f"Z{9 - number}": name for number, name in enumerate(fab()["equipment"].unique())}
    other = fab().assign(equipment=fab()["equipment"].map({old: new for new, old in names.items()}))
    assert_same(detected(other), names=names)
