"""Tables with one row for each wafer, such as summaries of FDC and metrology, and tables without steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.scoring.before_after import before_after
from waferwatch.scoring.comparison.chambers import chamber_matching
from waferwatch.scoring.result import Detection

WAFERS, FAULTY = 200, range(150, 158)


def summaries(columns: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "MEAS_TIME": pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(WAFERS) * 600, unit="s"),
            "LOT": [f"M{at // 25:03d}" for at in range(WAFERS)],
            "WAFER": np.arange(WAFERS) % 25 + 1,
            "CHAMBER": np.where(np.arange(WAFERS) % 2, "PM2", "PM1"),
        }
    )
    common = rng.normal(0, 1.5, WAFERS)
    for at in range(columns):
        frame[f"SITE_{at + 1}"] = 1500 + at + common + rng.normal(0, 0.8, WAFERS)
    frame.loc[list(FAULTY), "SITE_7"] += 15.0
    return frame


@pytest.fixture(scope="module")
def found() -> Detection:
    return waferwatch.detect(summaries(), detector="statistical")


def test_a_wafer_with_one_row_is_judged(found: Detection) -> None:
    assert len(found.runs) == WAFERS
    assert {run.start_row for run in found.runs if run.abnormal} == set(FAULTY)
    assert {run.sensor for run in found.runs if run.abnormal} == {"SITE_7"}


def normal_wafers(tool: str, rng: np.random.Generator, wafers: int = 225) -> pd.DataFrame:
    at = np.arange(wafers)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-03-01") + pd.to_timedelta(at * 600, unit="s"),
            "equipment": tool,
            "lot": [f"M{one // 25:03d}" for one in at],
            "wafer": at % 25 + 1,
            "thickness": rng.normal(500, 2, wafers),
            "range": rng.normal(12, 0.8, wafers),
            "defects": rng.normal(20, 3, wafers),
            "width": rng.normal(45, 0.3, wafers),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_normal_wafers_of_one_row_are_neither_abnormal_nor_a_problem(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tools = pd.concat([normal_wafers(tool, rng) for tool in ("CMP1", "CMP2")])
    found = waferwatch.detect(tools.sort_values("time", kind="stable"), reference_rows=75, detector="statistical")
    assert [run.wafer for run in found.runs if run.abnormal] == []
    assert [str(problem.title) for problem in found.problems] == []


def test_many_sensors_of_few_wafers_are_related_by_chance_alone() -> None:
    values = np.random.default_rng(0).normal(size=(300, 100))
    values[FAULTY.start + 70 : FAULTY.stop + 70, 17] += 12
    frame = pd.DataFrame(values, columns=[f"SITE_{at + 1}" for at in range(100)])
    frame.insert(0, "time", pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(300) * 600, unit="s"))
    frame.insert(1, "wafer", np.arange(300))
    found = waferwatch.detect(frame, reference_rows=150, detector="statistical")
    assert {run.start_row for run in found.runs if run.abnormal} == {at + 70 for at in FAULTY}
    assert len(found.problems) == 1


def test_sentences_of_a_table_without_steps_name_none(found: Detection) -> None:
    texts = [str(problem.title) for problem in found.problems] + [run.reason for run in found.runs if run.abnormal]
    assert all("SITE_7" in text for text in texts)
    assert not any(" in " in text.replace("in a row", "") for text in texts)
    assert "on PM1" in texts[0] or "on PM2" in texts[0]


def test_chambers_of_a_table_of_summaries_are_compared_by_their_values_alone() -> None:
    found = chamber_matching(summaries(7)).frame
    assert set(found["statistic"]) == {"mean"}
    assert len(found) == 2 * 7


def test_before_and_after_compare_the_values_of_a_table_of_summaries_alone() -> None:
    found = before_after(summaries(7), "2026-03-01 18:00:00").frame
    assert set(found["statistic"]) == {"mean"}
