"""The page of a problem in a table with one row for each wafer: values and limits, and nothing that needs a trace."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

WAFERS, FAULTY = 60, range(48, 56)


@pytest.fixture(scope="module")
def run(client: TestClient) -> str:
    """Eight wafers of chamber B in a row have another pressure and another width; no column names recipe or step."""
    random = np.random.default_rng(5)
    at = np.arange(WAFERS)
    off = np.isin(at, FAULTY)
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2026-03-01") + pd.to_timedelta(at * 600, unit="s"),
            "lot": [f"L{number // 12}" for number in at],
            "wafer": at % 12 + 1,
            "chamber": np.where(off | (at % 2 == 1), "B", "A"),
            "pressure": random.normal(20, 0.1, WAFERS) + 2.0 * off,
            "width": random.normal(45, 0.2, WAFERS) + 3.0 * off,
            "power": random.normal(800, 2, WAFERS),
        }
    )
    sent = client.post("/datasets", files={"file": ("summaries.csv", frame.to_csv(index=False).encode(), "text/csv")})
    answer = client.post("/detect", json={"dataset": sent.json()["id"], "detector": "statistical"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


def page(client: TestClient, run: str, language: str) -> str:
    problem = client.get(f"/runs/{run}/problems").json()["problems"][0]
    answer = client.get(f"/problems/{problem['name']}?run={run}", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert {each["sensor"] for each in problem["sensors"]} == {"pressure", "width"}
    return answer.text


def test_the_file_of_a_problem_stands_among_its_facts(client: TestClient, run: str) -> None:
    assert "<dt>File</dt><dd>summaries.csv</dd>" in page(client, run, "en")


def test_a_wafer_of_one_row_has_its_values_in_place_of_an_empty_trace(client: TestClient, run: str) -> None:
    text = page(client, run, "en")
    assert "there is no trace" in text
    assert "over the golden band" not in text
    assert 'id="overlay"' not in text
    other = {"pressure": "width", "width": "pressure"}
    leading = re.search(r'aria-label="(\w+), mean, wafer by wafer, with limits"', text)
    assert leading is not None
    assert f'aria-label="{other[leading[1]]}, wafer by wafer, with limits"' in text


def test_what_moved_in_a_wafer_of_one_row_are_values_and_no_times(client: TestClient, run: str) -> None:
    table = re.search(r'<table id="moved-table".*?</table>', page(client, run, "en"), re.S)
    assert table is not None
    assert "stayed in its band" not in table[0]
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table[0]) == ["Sensor", "Mean, golden", "Share"]
    assert re.search(r'<td class="number">2[12][.\d]*<div class="form-text">(20|19\.9)', table[0])


def test_without_steps_no_step_of_other_chambers_is_spoken_of(client: TestClient, run: str) -> None:
    assert "other chambers are within limits" in page(client, run, "en")
    assert "the same step" not in page(client, run, "en")
    assert "다른 챔버는 한계 안" in page(client, run, "ko")


def test_lanes_explain_the_hatching_where_wafers_are_not_judged(client: TestClient, run: str) -> None:
    text = client.get(f"/problems?run={run}", headers={"Accept-Language": "en"}).text
    assert 'td class="lane-unjudged"' in text  # the first wafer of chamber B is the only one of its stretch
    assert 'class="key lane-unjudged"' in text


def test_the_list_of_checks_counts_problems_where_no_row_stands_out(client: TestClient, run: str) -> None:
    summary = client.get(f"/runs/{run}").json()["summary"]
    problems = client.get(f"/runs/{run}/problems").json()["problems"]
    assert summary["problems"] == sum(one["severity"] != "weak" for one in problems) == 1
    exported = pd.read_csv(io.StringIO(client.get("/data/checks/export?format=csv").text)).set_index("check")
    assert exported.loc[run, ["problems", "events"]].tolist() == [1, 0]
