"""A run by groups: GET /runs/{id}/groups, /runs/{id}/groups/rows and /runs/{id}/overlay, on real data."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from waferwatch.read.virtual_fab.generate import generate
from waferwatch.web.pages.groups.schemas import GroupRowsAnswer, GroupsAnswer, OverlayAnswer

HOSTILE = "<img src=x onerror=alert(1)>"
QUICK = {"detector": "squared_difference", "contamination": 0.005}
Refusal = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def run(client: TestClient) -> str:
    """A detection on the demo data."""
    return str(client.post("/detect", json=QUICK).json()["run"])


@pytest.fixture(scope="session")
def demo() -> pd.DataFrame:
    return generate(20_000, seed=20)


@pytest.fixture
def upload(client: TestClient) -> Iterator[Callable[[pd.DataFrame], str]]:
    """Uploads a frame, detects in it, and answers the run. The data set is deleted afterwards."""
    kept = []

    def put(frame: pd.DataFrame, **options: Any) -> str:
        file = ("table.csv", frame.to_csv(index=False).encode(), "text/csv")
        dataset = client.post("/datasets", files={"file": file}).json()["id"]
        kept.append(dataset)
        answer = client.post("/detect", json={"dataset": dataset, **QUICK, **options})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["run"])

    yield put
    for dataset in kept:
        client.delete(f"/datasets/{dataset}")


def hostile_frame() -> pd.DataFrame:
    """A wafer of forty seconds on one of two machines, over and over; names that try to be something else."""
    second = np.arange(1600)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-03-01") + pd.to_timedelta(second, unit="s"),
            "equipment": np.where(second // 800, HOSTILE, "E{0}"),
            "wafer": second // 40 % 20 + 1,
            "step": np.where(second % 40 < 15, "", "__proto__"),
            "<b>pressure</b>": np.where(second % 400 == 20, 9.0, second % 3 * 0.1),
        }
    )


def groups_of(client: TestClient, run: str, **query: str) -> dict[str, Any]:
    answer = client.get(f"/runs/{run}/groups", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def points(figure: dict[str, Any]) -> int:
    return sum(len(trace.get("x", trace.get("q1", []))) for trace in figure["data"])


@pytest.mark.parametrize("by", ["equipment", "lot", "wafer", "recipe", "step"])
def test_every_row_is_counted_once_in_each_column(client: TestClient, run: str, demo: pd.DataFrame, by: str) -> None:
    answer = groups_of(client, run, by=by)
    assert {group["value"]: group["rows"] for group in answer["groups"]} == {
        str(value): count for value, count in demo[by].value_counts().items()
    }
    assert sum(group["anomalies"] for group in answer["groups"]) == answer["anomalies"]
    for group in answer["groups"]:
        assert group["low"] <= group["ratio"] <= group["high"]
        assert 0 <= group["p_value"] <= 1
        assert group["hits"] <= group["units"]


def test_the_first_group_column_is_taken_where_none_is_named(client: TestClient, run: str) -> None:
    answer = groups_of(client, run)
    assert answer["by"] == answer["columns"][0] == "equipment"
    assert answer["crossing"] is None
    assert answer["figures"]["sensor"] is None


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("share", lambda group: (-group["ratio"], -group["rows"])),
        ("rows", lambda group: -group["rows"]),
        ("name", lambda group: int(group["value"])),
    ],
)
def test_groups_come_in_the_order_asked_for(client: TestClient, run: str, order: str, key: Any) -> None:
    groups = groups_of(client, run, by="wafer", order=order)["groups"]
    assert groups == sorted(groups, key=key)


def test_a_step_that_is_flagged_far_more_often_is_named(client: TestClient, run: str) -> None:
    """The squared difference flags where a step begins with a jump: in the demo, the purge."""
    answer = groups_of(client, run, by="step")
    assert answer["unit"] == "run"
    assert [group["value"] for group in answer["groups"] if group["differs"] == "higher"] == ["purge"]
    assert answer["sentences"][0].startswith("purge is flagged more often than the rest: in ")
    assert "counts once" in answer["sentences"][-1]


def test_sentences_come_in_the_reader_s_language(client: TestClient, run: str) -> None:
    answer = client.get(f"/runs/{run}/groups", params={"by": "step"}, headers={"Accept-Language": "ko"}).json()
    assert answer["sentences"][0].startswith("purge: 나머지보다 이상이 잦습니다.")


def test_two_columns_are_crossed_and_what_is_left_out_is_reported(
    client: TestClient, run: str, demo: pd.DataFrame
) -> None:
    crossing = groups_of(client, run, by="equipment", **{"and": "lot"})["crossing"]
    assert crossing["first"] == ["ETCH-01", "ETCH-02", "ETCH-03"]
    assert crossing["first_others"] == 0
    assert len(crossing["second"]) + crossing["second_others"] == demo["lot"].nunique()
    assert sum(map(sum, crossing["rows"])) == 20_000
    table = pd.crosstab(demo["equipment"], demo["lot"])
    for at, machine in enumerate(crossing["first"]):
        for to, lot in enumerate(crossing["second"]):
            assert crossing["rows"][at][to] == table.loc[machine, lot]


def test_figures_stay_small_and_boxes_hold_the_quantiles(client: TestClient, run: str, demo: pd.DataFrame) -> None:
    answer = groups_of(client, run, by="lot", sensor="chuck_temp_C")
    assert answer["drawn"] == 30
    assert [points(answer["figures"][name]) for name in ("share", "score", "sensor")] == [30, 30, 30]
    (box,) = answer["figures"]["sensor"]["data"]
    for at in (0, 7, 29):
        values = demo.loc[demo["lot"] == answer["groups"][at]["value"], "chuck_temp_C"]
        found = [box[name][at] for name in ("lowerfence", "q1", "median", "q3", "upperfence")]
        assert found == pytest.approx(values.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist(), rel=1e-5)


def test_the_rows_of_a_group_come_page_by_page(client: TestClient, run: str, demo: pd.DataFrame) -> None:
    query: dict[str, Any] = {"by": "equipment", "value": "ETCH-02", "and": "recipe", "and_value": "NITRIDE_A"}
    mine = np.flatnonzero((demo["equipment"] == "ETCH-02") & (demo["recipe"] == "NITRIDE_A"))
    first = client.get(f"/runs/{run}/groups/rows", params=query).json()
    assert first["total"] == len(mine)
    assert [row["row"] for row in first["rows"]] == (mine[:100] + 1).tolist()
    assert first["rows"][0]["time"] == demo["timestamp"].iloc[mine[0]].isoformat()
    assert (first["first"], first["last"]) == tuple(demo["timestamp"].iloc[mine[[0, -1]]].map(pd.Timestamp.isoformat))
    last = client.get(f"/runs/{run}/groups/rows", params={**query, "start": len(mine) // 100 * 100}).json()
    assert last["following"] is None
    assert last["rows"][-1]["row"] == mine[-1] + 1
    beyond = client.get(f"/runs/{run}/groups/rows", params={**query, "start": 10**9}).json()
    assert beyond["rows"] == []


def test_only_the_flagged_rows_of_a_group_can_be_asked_for(client: TestClient, run: str) -> None:
    groups = groups_of(client, run, by="step")["groups"]
    for group in groups:
        query = {"by": "step", "value": group["value"], "flagged": "true"}
        answer = client.get(f"/runs/{run}/groups/rows", params=query).json()
        assert answer["total"] == group["anomalies"]
        assert all(row["flagged"] and row["event"] and row["score"] is not None for row in answer["rows"])


def test_a_closer_look_at_a_row_shows_it(client: TestClient, run: str) -> None:
    query = {"by": "step", "value": "purge", "flagged": "true"}
    row = client.get(f"/runs/{run}/groups/rows", params=query).json()["rows"][0]
    figure = client.get(
        "/plot/pressure_mTorr", params={"run": run, "start": row["from"], "end": row["to"], "points": 5000}
    ).json()
    assert any(row["time"] in trace["x"] for trace in figure["data"])


def test_runs_are_laid_over_one_another(client: TestClient, run: str) -> None:
    answer = client.get(f"/runs/{run}/overlay", params={"color": "lot"}).json()
    assert [choice["flagged"] for choice in answer["recipes"]] == sorted(
        (choice["flagged"] for choice in answer["recipes"]), reverse=True
    )
    assert answer["recipe"] == answer["recipes"][0]["value"]
    assert answer["runs"] == answer["recipes"][0]["runs"]
    assert 0 < len(answer["flagged"]) <= 30
    scores = [one["score"] for one in answer["flagged"]]
    assert scores == sorted(scores, reverse=True)
    assert all(one["group"] in one["name"] for one in answer["flagged"])
    assert len(answer["figure"]["data"]) == len(answer["flagged"]) + 4
    assert points(answer["figure"]) < 5000


def test_a_run_s_place_is_where_its_rows_are(client: TestClient, run: str, demo: pd.DataFrame) -> None:
    answer = client.get(f"/runs/{run}/overlay", params={"equipment": "ETCH-03", "recipe": "POLY_TRIM"}).json()
    one = answer["flagged"][0]
    machine, lot, wafer = one["name"].split(" / ")
    mine = demo[(demo["equipment"] == machine) & (demo["lot"] == lot) & (demo["wafer"] == int(wafer))]
    assert machine == "ETCH-03"
    assert set(mine["recipe"]) == {"POLY_TRIM"}
    assert one["rows"] == len(mine)
    assert (one["first"], one["last"]) == tuple(mine["timestamp"].iloc[[0, -1]].map(pd.Timestamp.isoformat))


def test_data_without_runs_say_so_in_a_sentence(client: TestClient, upload: Callable[..., str]) -> None:
    run = upload(hostile_frame().drop(columns="wafer"))
    answer = client.get(f"/runs/{run}/overlay").json()
    assert answer["figure"] is None
    assert answer["runs"] == 0
    assert answer["notes"] == [
        "These data tell no runs to lay over one another: there is no lot or wafer column whose rows stand together."
    ]


def test_of_runs_whose_time_begins_anew_the_place_is_the_row(client: TestClient, upload: Callable[..., str]) -> None:
    second = np.arange(3000)
    pressure = np.cos(second % 100 / 9) + 5.0 * (second == 1234)
    run = upload(pd.DataFrame({"run_id": second // 100, "time": second % 100 * 0.5, "pressure": pressure}))
    answer = client.get(f"/runs/{run}/overlay").json()
    assert [(one["name"], one["first"], one["last"]) for one in answer["flagged"]] == [("12", 1202, 1301)]
    assert (answer["runs"], answer["normal"], answer["color"]) == (30, 29, "run_id")
    assert answer["notes"] == ["The data tell no steps: the runs are aligned by their beginning."]
    figure = client.get("/plot/pressure", params={"run": run, "start": 1202, "end": 1301}).json()
    assert max(value for trace in figure["data"] for value in trace["y"] if value is not None) > 4


def test_a_few_runs_make_no_envelope(client: TestClient, upload: Callable[..., str]) -> None:
    row = np.arange(400)
    run = upload(pd.DataFrame({"lot": np.where(row < 200, "A", None), "pressure": np.sin(row) + 9.0 * (row == 300)}))
    answer = client.get(f"/runs/{run}/overlay").json()
    assert answer["notes"][0] == "Fewer than 5 runs make no envelope."
    assert answer["flagged"][0]["name"] == "(empty)"


def test_runs_of_one_row_are_not_laid_over_one_another(client: TestClient, upload: Callable[..., str]) -> None:
    row = np.arange(120)
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2026-03-01") + pd.to_timedelta(row * 600, unit="s"),
            "lot": [f"L{at // 12}" for at in row],
            "wafer": row % 12 + 1,
            "pressure": np.sin(row) + 9.0 * (row == 100),
        }
    )
    answer = client.get(f"/runs/{upload(frame)}/overlay").json()
    assert answer["notes"] == ["Every run is one row: there is no course to lay over one another."]
    assert (answer["figure"], answer["flagged"]) == (None, [])


def test_data_without_a_group_column_say_so_in_a_sentence(client: TestClient, upload: Callable[..., str]) -> None:
    run = upload(pd.DataFrame({"pressure": np.sin(np.arange(300) / 3)}))
    answer = groups_of(client, run)
    assert answer["by"] is None
    assert answer["groups"] == []
    assert answer["sentences"] == ["This data set has no column to group by."]


@pytest.mark.parametrize(
    ("path", "query", "model"),
    [
        ("groups", {}, GroupsAnswer),
        ("groups", {"by": "lot", "and": "step", "sensor": "chuck_temp_C"}, GroupsAnswer),
        ("groups/rows", {"by": "step", "value": "purge"}, GroupRowsAnswer),
        ("overlay", {}, OverlayAnswer),
    ],
)
def test_answers_are_as_described(
    client: TestClient, run: str, path: str, query: dict[str, str], model: type[BaseModel]
) -> None:
    answer = client.get(f"/runs/{run}/{path}", params=query).json()
    model.model_validate(answer)
    assert set(answer) == set(model.model_fields), "nothing is told that is not described"
    operation = client.get("/openapi.json").json()["paths"][f"/runs/{{id}}/{path}"]["get"]
    assert {"id", *query} <= {one["name"] for one in operation["parameters"]}


def test_hostile_names_and_values_are_data(client: TestClient, upload: Callable[..., str]) -> None:
    run = upload(hostile_frame())
    answer = groups_of(client, run, by="equipment", sensor="<b>pressure</b>", **{"and": "step"})
    assert {group["value"] for group in answer["groups"]} == {HOSTILE, "E{0}"}
    assert answer["crossing"]["second"] == ["__proto__", None]
    rows = client.get(f"/runs/{run}/groups/rows", params={"by": "equipment", "value": HOSTILE}).json()
    assert rows["total"] == 800
    empty = client.get(f"/runs/{run}/groups/rows", params={"by": "step"}).json()
    assert (empty["value"], empty["total"]) == (None, 600)
    overlay = client.get(f"/runs/{run}/overlay", params={"equipment": HOSTILE}).json()
    assert all(HOSTILE in one["name"] for one in overlay["flagged"])
    for figure in (*answer["figures"].values(), overlay["figure"]):
        assert "<img" not in str(figure)


def test_only_the_rows_that_a_filter_left_are_counted(client: TestClient, upload: Callable[..., str]) -> None:
    run = upload(hostile_frame(), filters={"equipment": [HOSTILE]})
    answer = groups_of(client, run, by="equipment")
    assert [(group["value"], group["rows"]) for group in answer["groups"]] == [(HOSTILE, 800)]
    body = {"dataset": answer["dataset"], "filters": {"equipment": [HOSTILE]}, "group_by": "equipment", **QUICK}
    contract = client.post("/group_analysis", json=body).json()
    assert [(group["value"], group["rows"]) for group in contract["groups"]] == [(HOSTILE, 800)]
    rows = client.get(f"/runs/{run}/groups/rows", params={"by": "equipment", "value": HOSTILE, "flagged": True}).json()
    frame = hostile_frame()
    for row in rows["rows"]:
        assert row["row"] > 801, "numbers are those of the file, whose first row of data is its second"
        assert row["time"] == frame["time"].iloc[row["row"] - 2].isoformat()


@pytest.mark.parametrize(
    ("path", "query", "status", "code", "field"),
    [
        ("groups", {"by": "nothing"}, 404, "not_found", "by"),
        ("groups", {"by": "pressure_mTorr"}, 422, "bad_input", "by"),
        ("groups", {"by": "lot", "and": "timestamp"}, 422, "bad_input", "and"),
        ("groups", {"by": "lot", "sensor": "lot"}, 422, "bad_input", "sensor"),
        ("groups", {"by": "lot", "sensor": "x" * 900}, 404, "not_found", "sensor"),
        ("groups", {"by": "x" * 1001}, 422, "bad_input", "by"),
        ("groups", {"order": "length"}, 422, "bad_input", "order"),
        ("groups", {"second": "lot"}, 422, "bad_input", "second"),
        ("groups/rows", {}, 422, "bad_input", "by"),
        ("groups/rows", {"by": "lot", "value": "L9"}, 404, "not_found", "value"),
        ("groups/rows", {"by": "lot"}, 404, "not_found", "value"),
        (
            "groups/rows",
            {"by": "lot", "value": "L010001", "and": "step", "and_value": "?"},
            404,
            "not_found",
            "and_value",
        ),
        ("groups/rows", {"by": "lot", "value": "L010001", "start": "-1"}, 422, "bad_input", "start"),
        ("groups/rows", {"by": "lot", "value": "L010001", "start": "1e3"}, 422, "bad_input", "start"),
        ("groups/rows", {"by": "lot", "value": "L010001", "flagged": "perhaps"}, 422, "bad_input", "flagged"),
        ("overlay", {"sensor": "step"}, 422, "bad_input", "sensor"),
        ("overlay", {"color": "pressure_mTorr"}, 422, "bad_input", "color"),
        ("overlay", {"recipe": HOSTILE}, 404, "not_found", "recipe"),
        ("overlay", {"equipment": "\x00"}, 404, "not_found", "equipment"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    client: TestClient,
    run: str,
    assert_error: Refusal,
    path: str,
    query: dict[str, str],
    status: int,
    code: str,
    field: str,
) -> None:
    assert_error(client.get(f"/runs/{run}/{path}", params=query), status, code, field)


@pytest.mark.parametrize("path", ["groups", "groups/rows?by=lot", "overlay"])
@pytest.mark.parametrize("name", ["0123456789abcdef", "x", "%3Cscript%3E"])
def test_an_unknown_run_is_refused(client: TestClient, assert_error: Refusal, path: str, name: str) -> None:
    assert_error(client.get(f"/runs/{name}/{path}"), 404, "not_found", "run")


def test_a_run_on_deleted_data_is_refused(client: TestClient, assert_error: Refusal) -> None:
    file = ("table.csv", io.BytesIO(hostile_frame().to_csv(index=False).encode()), "text/csv")
    dataset = client.post("/datasets", files={"file": file}).json()["id"]
    run = client.post("/detect", json={"dataset": dataset, **QUICK}).json()["run"]
    client.delete(f"/datasets/{dataset}")
    answer = client.get(f"/runs/{run}/groups")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
