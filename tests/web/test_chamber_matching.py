"""Chamber matching over HTTP."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.commands.test_monitor_commands import fab_rows

AREA = "chamber-matching"


@pytest.fixture(scope="module")
def dataset(client: TestClient) -> Iterator[str]:
    frame = fab_rows(40)
    frame["flow"] += np.where(frame["chamber"] == "PM2", 5.0, 0.0)
    content = frame.to_csv(index=False).encode()
    made = client.post("/datasets", files={"file": ("chambers.csv", content)}).json()["id"]
    yield str(made)
    client.delete(f"/datasets/{made}")


def asked(client: TestClient, dataset: str, area: str = AREA, **query: str | int | float) -> dict[str, Any]:
    answer = client.get(f"/datasets/{dataset}/{area}", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_chambers_that_differ_come_first(client: TestClient, dataset: str) -> None:
    found = asked(client, dataset)
    assert found["chambers"] == ["PM1", "PM2"]
    assert (found["rows"][0]["sensor"], found["rows"][0]["verdict"]) == ("flow", "different")
    assert abs(found["rows"][0]["difference"]) == pytest.approx(5.0, abs=0.5)
    assert found["total"] == len(found["rows"]) == sum(found["counts"].values())


def test_rows_are_chosen_and_paged(client: TestClient, dataset: str) -> None:
    every = asked(client, dataset, sensor="flow", statistic="mean")
    assert {(one["sensor"], one["statistic"]) for one in every["rows"]} == {("flow", "mean")}
    second = asked(client, dataset, sensor="flow", statistic="mean", skip=1, limit=1)
    assert (second["rows"], second["total"]) == (every["rows"][1:2], every["total"])


def test_a_golden_chamber_and_tolerances(client: TestClient, dataset: str) -> None:
    golden = asked(client, dataset, against="PM1", sensor="flow", statistic="mean")["rows"]
    assert {one["verdict"] for one in golden if one["equipment"] == "PM1"} == {"matched"}
    assert {one["verdict"] for one in golden if one["equipment"] == "PM2"} == {"different"}
    typed = asked(client, dataset, tolerances="flow=20", sensor="flow", statistic="mean")["rows"]
    assert {one["verdict"] for one in typed} == {"matched"}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_the_table_leaves_as_a_file(client: TestClient, dataset: str, kind: str) -> None:
    answer = client.get(f"/datasets/{dataset}/{AREA}/export", params={"format": kind})
    read = {"csv": pd.read_csv, "xlsx": partial(pd.read_excel, engine="calamine"), "parquet": pd.read_parquet}[kind]
    frame = read(io.BytesIO(answer.content))
    first = asked(client, dataset)["rows"][0]
    assert frame.loc[0, ["step", "sensor", "equipment", "verdict"]].tolist() == [
        first[name] for name in ("step", "sensor", "equipment", "verdict")
    ]
    assert len(frame) == asked(client, dataset)["total"]


def test_what_cannot_be_compared_is_refused(client: TestClient, dataset: str) -> None:
    for query, status in (({"against": "PM9"}, 404), ({"tolerances": "flow"}, 422), ({"last": "0"}, 422)):
        answer = client.get(f"/datasets/{dataset}/{AREA}", params=query)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["hint"]


def test_indicators_are_listed_with_every_chamber_in_words(client: TestClient, dataset: str) -> None:
    found = asked(client, dataset, area=f"{AREA}/indicators")
    first = found["indicators"][0]
    assert found["sentence"].startswith(f"{found['counts']['different']} of {sum(found['counts'].values())} indicators")
    assert "flow mean" in found["sentence"]
    assert (first["sensor"], first["verdict"]) == ("flow", "different")
    assert [one["equipment"] for one in first["chambers"]] == ["PM1", "PM2"]
    assert first["chambers"][1]["said"].startswith("different: +")
    assert found["chambers"][1] == {"name": "PM2", "color": "var(--chamber-2)", "dash": "solid"}


def test_indicators_are_chosen_by_verdict_and_place_and_page_by_page(client: TestClient, dataset: str) -> None:
    every = asked(client, dataset, area=f"{AREA}/indicators", limit=500)
    matched = asked(client, dataset, area=f"{AREA}/indicators", verdict="matched", limit=500)
    assert {one["verdict"] for one in matched["indicators"]} == {"matched"}
    assert matched["total"] == every["counts"]["matched"] == len(matched["indicators"])
    second = asked(client, dataset, area=f"{AREA}/indicators", limit=1, skip=1)
    assert second["indicators"] == every["indicators"][1:2]
    one = asked(client, dataset, area=f"{AREA}/indicators", sensor="flow", step=every["steps"][0])
    assert {(each["sensor"], each["step"]) for each in one["indicators"]} == {("flow", every["steps"][0])}


def test_few_wafers_are_said_with_how_many_are_missing(client: TestClient, dataset: str) -> None:
    found = asked(client, dataset, area=f"{AREA}/indicators", last=5)
    assert found["counts"]["different"] == 0
    assert found["sentence"].startswith("No indicator is shown to differ")
    assert found["indicators"][0]["chambers"][0]["said"] == "too few wafers, missing: 3"


def test_where_no_column_names_steps_the_sentence_has_no_empty_brackets(client: TestClient) -> None:
    frame = fab_rows(40).drop(columns="step")
    frame["flow"] += np.where(frame["chamber"] == "PM2", 5.0, 0.0)
    sent = client.post("/datasets", files={"file": ("no steps.csv", frame.to_csv(index=False).encode())}).json()["id"]
    answer = asked(client, str(sent), f"{AREA}/indicators")
    client.delete(f"/datasets/{sent}")
    assert "flow mean" in answer["sentence"]
    assert "()" not in answer["sentence"]
