"""A period known to be normal: what is learnt from it, for the rows that the filters leave and for no others."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

ROWS, BLOCK = 6000, 500
START = pd.Timestamp("2026-03-01T08:00:00")
LEARNT = 3000  # rows of the reference period
SHIFT = slice(4000, 4500)  # 40 spreads too high, in the recipe LOW
Upload = Callable[[pd.DataFrame], str]


@pytest.fixture
def upload(client: TestClient) -> Iterator[Upload]:
    """Ids of uploads that are deleted afterwards."""
    made: list[str] = []

    def put(frame: pd.DataFrame) -> str:
        answer = client.post("/datasets", files={"file": ("recipes.csv", frame.to_csv(index=False).encode())})
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
        return made[-1]

    yield put
    for dataset in made:
        client.delete(f"/datasets/{dataset}")


def two_recipes() -> pd.DataFrame:
    """One chamber that runs LOW and HIGH in turn, at pressures of 10 and 1000 with a noise of 1."""
    rng = np.random.default_rng(7)
    low = np.arange(ROWS) // BLOCK % 2 == 0
    frame = pd.DataFrame(
        {
            "time": START + pd.to_timedelta(np.arange(ROWS), unit="s"),
            "recipe": np.where(low, "LOW", "HIGH"),
            "pressure": np.where(low, 10.0, 1000.0) + rng.normal(size=ROWS),
            "flow": 5 + rng.normal(size=ROWS),
        }
    )
    frame.loc[SHIFT.start : SHIFT.stop - 1, "pressure"] += 40
    return frame


def one_that_moved() -> pd.DataFrame:
    """A chamber whose pressure moves to another level after a third of the time, for good."""
    rng = np.random.default_rng(8)
    level = np.where(np.arange(ROWS) < ROWS // 3, 10.0, 30.0)
    return pd.DataFrame(
        {
            "time": START + pd.to_timedelta(np.arange(ROWS), unit="s"),
            "pressure": level + rng.normal(size=ROWS),
            "flow": 5 + rng.normal(size=ROWS),
        }
    )


def period(rows: int) -> dict[str, str]:
    """The first rows, as a reference period."""
    return {"reference_end": (START + pd.Timedelta(seconds=rows - 1)).isoformat()}


def detect(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/detect", json={"detector": "statistical", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def scores(client: TestClient, run: str) -> pd.Series:
    """Of every row that was judged."""
    csv = client.get(f"/runs/{run}/export", params={"what": "rows", "format": "csv"}).content
    return pd.read_csv(io.BytesIO(csv))["anomaly_score"]


def test_a_shift_of_40_spreads_in_one_recipe_is_found_with_a_reference_period(
    client: TestClient, upload: Upload
) -> None:
    dataset, share = upload(two_recipes()), (SHIFT.stop - SHIFT.start) / (ROWS // 2)
    asked = {"dataset": dataset, "filters": {"recipe": ["LOW"]}, "contamination": share}
    by_period = detect(client, **asked, **period(LEARNT))
    by_rows = detect(client, **asked, reference_rows=LEARNT // 2)
    for found in (by_period, by_rows):
        judged = scores(client, found["run"])
        flagged = (judged > found["threshold"]).to_numpy()
        assert flagged[SHIFT].mean() > 0.7, found["options"]


def test_what_is_learnt_from_a_reference_period_decides_what_is_unusual(client: TestClient, upload: Upload) -> None:
    """Most rows are at the new level: without the period they are the normal ones, with it the old level is."""
    dataset = upload(one_that_moved())
    old, new = slice(0, ROWS // 3 - 100), slice(ROWS // 3 + 100, ROWS)
    with_period = scores(client, detect(client, dataset=dataset, **period(ROWS // 3))["run"])
    without = scores(client, detect(client, dataset=dataset)["run"])
    assert with_period[new].median() > 3 * with_period[old].median()
    assert without[new].median() < without[old].median()


def test_an_event_is_explained_by_the_very_rows_that_were_learnt(client: TestClient, upload: Upload) -> None:
    dataset, share = upload(two_recipes()), (SHIFT.stop - SHIFT.start) / (ROWS // 2)
    asked = {"dataset": dataset, "filters": {"recipe": ["LOW"]}, "contamination": share}
    found = detect(client, **asked, **period(LEARNT))
    event = max(found["events"], key=lambda one: one["rows"])
    told = client.get(f"/runs/{found['run']}/events/{event['id']}").json()
    assert told["course"]["known"] is True
    assert told["sensors"][0]["sensor"] == "pressure"
    assert told["sensors"][0]["farthest"]["expected"] == pytest.approx(10, abs=0.5)


def test_a_reference_period_without_any_chosen_row_is_refused(
    client: TestClient, upload: Upload, assert_error: Callable[..., Any]
) -> None:
    asked = {"dataset": upload(two_recipes()), "filters": {"recipe": ["HIGH"]}, "detector": "pca"}
    error = assert_error(client.post("/detect", json=asked | period(BLOCK)), 422, "bad_input", "reference_start")
    assert error["message"] == "No row with the chosen values of recipe lies in the reference period."
    assert "2026-03-01 08:08:20" in error["hint"]


def test_a_comparison_learns_from_the_same_rows(client: TestClient, upload: Upload) -> None:
    frame = two_recipes()
    frame["label"] = 0
    frame.loc[SHIFT.start : SHIFT.stop - 1, "label"] = 1
    asked = {
        "dataset": upload(frame),
        "detectors": ["pca"],
        "filters": {"recipe": ["LOW"]},
        **period(LEARNT),
    }
    run = client.post("/runs", json=asked | {"kind": "comparison", "faults": False}).json()["id"]
    answer = wait_for(client, run)
    row = next(one for one in answer["rows"] if one["detector"] == "pca")
    assert row["auc_pr"] > 0.95


def wait_for(client: TestClient, run: str) -> dict[str, Any]:
    for _ in range(600):
        if client.get(f"/runs/{run}").json()["state"] not in ("queued", "running"):
            break
        time.sleep(0.05)
    answer = client.get(f"/runs/{run}/comparison")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
