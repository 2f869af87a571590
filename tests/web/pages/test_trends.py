"""Trends, marks and typed limits over HTTP, on a made data set with one bad wafer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from httpx import Response
from starlette.testclient import TestClient

from tests.commands.test_monitor_commands import fab_rows
from waferwatch.indicators.trends.trend import Indicator, Trend
from waferwatch.indicators.verdicts import RunScore
from waferwatch.store.recent import Recent
from waferwatch.store.results import Results
from waferwatch.web.figures.wafers.trend import TrendView, trend_figure
from waferwatch.web.results import judged
from waferwatch.web.shell.kept import KeptAnswers

STARTS = [*range(10), 500.0, *range(1000, 1010)]
FLAT = (np.zeros(len(STARTS)), np.zeros(len(STARTS), np.int64), None, None, None, 0)
PLACE = {"step": "etch", "sensor": "flow", "recipe": "POLY"}


@pytest.fixture(scope="module")
def dataset(client: TestClient) -> Iterator[str]:
    """Thirty wafers on each of two chambers; on PM2 the flow of the 25th is far too high in one step."""
    content = fab_rows(30, leak=24).to_csv(index=False).encode()
    made = client.post("/datasets", files={"file": ("trend.csv", content)}).json()["id"]
    yield str(made)
    client.delete(f"/datasets/{made}")


@pytest.fixture(scope="module")
def run(client: TestClient, dataset: str) -> str:
    return detect(client, dataset)


def detect(client: TestClient, dataset: str, **more: Any) -> str:
    answer = client.post("/detect", json={"dataset": dataset, "detector": "squared_difference", **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


@pytest.fixture(scope="module")
def step(client: TestClient, run: str) -> str:
    return str(client.get(f"/runs/{run}/trends").json()["steps"][1])


def series(client: TestClient, run: str, step: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/runs/{run}/trends/series", params=PLACE | {"step": step} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_grid_names_the_bad_place_first(client: TestClient, run: str, step: str) -> None:
    found = client.get(f"/runs/{run}/trends").json()
    worst = found["worst"][0]
    assert (worst["sensor"], worst["equipment"], worst["step"]) == ("flow", "PM2", step)
    assert worst["severity"] is not None
    assert "flow" in found["sentence"]
    assert "PM2" in found["sentence"]
    quiet = client.get(f"/runs/{run}/trends?equipment=PM1").json()
    assert {one["equipment"] for one in quiet["cells"]} == {"PM1"}


@pytest.mark.parametrize("statistic", ["bend", "contrast"])
def test_bends_and_contrasts_can_be_chosen(client: TestClient, run: str, step: str, statistic: str) -> None:
    found = client.get(f"/runs/{run}/trends", headers={"Accept-Language": "ko"}).json()
    flow = next(one for one in found["sensors"] if one["sensor"] == "flow")
    assert statistic in flow["statistics"]
    assert found["statistics"][statistic] in ("완만한 굴곡", "다른 스텝과의 차이")
    shown = series(client, run, step, statistic=statistic)
    assert [one["equipment"] for one in shown["panels"]] == ["PM1", "PM2"]


def test_a_trend_has_a_panel_for_each_chamber_and_marks_the_bad_wafer(client: TestClient, run: str, step: str) -> None:
    found = series(client, run, step)
    assert [(one["equipment"], one["beyond"]) for one in found["panels"]] == [("PM1", 0), ("PM2", 1)]
    triangles = [one for one in found["figure"]["data"] if one["marker"].get("symbol") == "triangle-up"]
    assert [one["text"] for one in triangles] == [["<b>L2 / W4</b>"]]
    assert found["panels"][0]["color"] == "var(--chamber-1)"
    alone = series(client, run, step, equipment="PM2")
    assert alone["panels"][0]["color"] == "var(--chamber-2)", "a chamber keeps its colour"


def test_rules_ring_points_only_when_they_are_on(client: TestClient, run: str, step: str) -> None:
    def rings(found: dict[str, Any]) -> int:
        return sum(len(one["x"]) for one in found["figure"]["data"] if one["marker"].get("symbol") == "circle-open")

    assert rings(series(client, run, step)) == 0
    on = series(client, run, step, rules="beyond_3")
    fired = next(one for one in on["rules"] if one["name"] == "beyond_3")
    assert rings(on) == fired["fired"] > 0
    assert fired["expected_rate"] == pytest.approx(0.0027, rel=0.01)


def test_a_limit_typed_for_a_view_marks_wafers_in_it_alone(client: TestClient, run: str, step: str) -> None:
    assert series(client, run, step, upper=0.1)["panels"][0]["beyond"] == 30
    assert series(client, run, step)["panels"][0]["beyond"] == 0


def test_a_typed_limit_of_a_detection_makes_wafers_abnormal(client: TestClient, dataset: str, step: str) -> None:
    limit = {"sensor": "pressure", "step": step, "upper": 1.0}
    again = detect(client, dataset, limits=[limit])
    assert client.get(f"/runs/{again}/wafers").json()["abnormal"] == 60
    assert series(client, again, step, sensor="pressure")["typed_upper"] == 1.0


def test_an_unknown_indicator_in_a_typed_limit_is_refused(
    client: TestClient, dataset: str, assert_error: Callable[..., dict[str, Any]]
) -> None:
    body = {"dataset": dataset, "detector": "squared_difference", "limits": [{"sensor": "colour", "upper": 1.0}]}
    assert_error(client.post("/detect", json=body), 422, "bad_input", "limits")


def test_a_trace_stands_over_the_golden_band(client: TestClient, run: str, step: str) -> None:
    bad = client.get(f"/runs/{run}/trends").json()["worst"][0]["wafer"]
    found = client.get(f"/runs/{run}/trends/trace", params={"wafer": bad, "step": step, "sensor": "flow"}).json()
    assert found["name"] == "L2 / W4"
    assert found["title"] == f"Trace of L2 / W4: flow in {step}"
    assert "outside the golden band in 10 of 10 rows" in found["said"]
    assert (found["previous"], found["next"]) == (bad - 1, bad + 1)
    assert found["problem"]["number"] == 1
    calm = client.get(f"/runs/{run}/trends/trace", params={"wafer": bad - 1, "step": step, "sensor": "flow"}).json()
    assert "stays in the golden band" in calm["said"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_trend_leaves_as_a_file(client: TestClient, run: str, step: str, kind: str) -> None:
    answer = client.get(f"/runs/{run}/trends/export", params=PLACE | {"step": step, "format": kind})
    read = pd.read_csv if kind == "csv" else lambda file: pd.read_excel(file, engine="calamine")
    frame = read(io.BytesIO(answer.content))
    assert len(frame) == 60
    assert frame["beyond"].sum() == 1


def refusals(client: TestClient, run: str, step: str) -> list[tuple[Response, str]]:
    base = f"/runs/{run}/trends"
    return [
        (client.get(f"{base}/series", params=PLACE | {"step": "nowhere"}), "step"),
        (client.get(f"{base}/series", params=PLACE | {"step": step, "sensor": "colour"}), "sensor"),
        (client.get(f"{base}/trace", params={"wafer": 9999, "step": step, "sensor": "flow"}), "wafer"),
    ]


def test_what_does_not_exist_is_said(
    client: TestClient, run: str, step: str, assert_error: Callable[..., dict[str, Any]]
) -> None:
    for answer, field in refusals(client, run, step):
        assert_error(answer, 404, "not_found", field)
    unknown = client.get(f"/runs/{run}/trends/series", params=PLACE | {"step": step, "rules": "luck"})
    assert_error(unknown, 422, "bad_input", "rules")


def test_marks_are_kept_once_drawn_and_removed(client: TestClient, dataset: str, run: str, step: str) -> None:
    base = f"/datasets/{dataset}/marks"
    body = {"kind": "pm", "start": "2026-11-20 00:10", "equipment": "PM2"}
    made = client.post(base, json=body).json()
    assert client.post(base, json=body).json()["id"] == made["id"]
    assert made["start"] == made["end"] == "2026-11-20T00:10:00"
    assert [one["id"] for one in client.get(base).json()["marks"]] == [made["id"]]
    notes = [one["text"] for one in series(client, run, step)["figure"]["layout"]["annotations"]]
    assert notes.count("PM") == 1
    proposed = client.get(f"/datasets/{dataset}/maintenance").json()["proposals"]
    assert [(one["source"], one["equipment"]) for one in proposed] == [("mark", "PM2")]
    assert client.delete(f"{base}/{made['id']}").status_code == 204
    assert client.get(base).json()["marks"] == []


@pytest.mark.parametrize(
    ("wrong", "field", "status"),
    [
        ({"equipment": "PM9"}, "equipment", 404),
        ({"start": "yesterday"}, "start", 422),
        ({"end": "2026-11-19 00:00"}, "end", 422),
    ],
)
def test_a_mark_that_cannot_be_is_refused(
    client: TestClient,
    dataset: str,
    wrong: dict[str, str],
    field: str,
    status: int,
    assert_error: Callable[..., dict[str, Any]],
) -> None:
    body = {"kind": "normal", "start": "2026-11-20 00:10", "end": "2026-11-20 00:20"} | wrong
    code = {404: "not_found", 422: "bad_input"}[status]
    assert_error(client.post(f"/datasets/{dataset}/marks", json=body), status, code, field)


def test_a_comparison_takes_no_typed_limits(client: TestClient, dataset: str) -> None:
    body = {"kind": "comparison", "dataset": dataset, "limits": [{"sensor": "flow", "upper": 1.0}]}
    run = client.post("/runs", json=body).json()
    while run["state"] in ("queued", "running"):
        run = client.get(f"/runs/{run['id']}").json()
    assert run["state"] == "failed"
    assert run["error"]["message"].startswith("Typed limits are of a detection")


def test_of_very_many_chambers_the_worst_are_drawn(
    client: TestClient, run: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waferwatch.web.pages.trends.series.MOST_PANELS", 1)
    found = series(client, run, step, lower=-1.0)  # a question that was not answered before
    assert [one["equipment"] for one in found["panels"]] == ["PM2"]
    assert found["panels_total"] == 2


@pytest.fixture(scope="module")
def few(client: TestClient, dataset: str) -> str:
    """Only some four wafers of each chamber are known to be normal."""
    rows = len(fab_rows(30, leak=24)) // 2
    return detect(client, dataset, reference_rows=rows * 9 // 60)


def test_with_few_normal_wafers_values_are_shown_and_it_is_said_how_many_are_missing(
    client: TestClient, few: str, step: str
) -> None:
    found = client.get(f"/runs/{few}/trends").json()
    assert found["sentence"].startswith("No limits yet: 8 normal wafers of a chamber and recipe are needed, and none")
    assert [(one["equipment"], one["golden"], one["missing"]) for one in found["coverage"]] == [
        ("PM1", 4, 4),
        ("PM2", 4, 4),
    ]
    assert (found["cells"], found["indicators"]) == ([], 0)
    drawn = series(client, few, step)
    assert "no limit yet: 4 of 8 normal wafers of this step, 4 missing" in drawn["panels"][0]["said"]
    assert [one["points"] for one in drawn["panels"]] == [30, 30]
    assert [one["upper"] for one in drawn["panels"]] == [None, None]


def test_without_limits_the_farthest_wafer_is_still_where_to_look(client: TestClient, few: str, step: str) -> None:
    first = client.get(f"/runs/{few}/trends").json()["far"][0]
    assert (first["sensor"], first["equipment"], first["step"]) == ("flow", "PM2", step)
    assert "L2 / W4" in first["short"]
    trace = client.get(
        f"/runs/{few}/trends/trace", params={name: first[name] for name in ("wafer", "step", "sensor")}
    ).json()
    assert "outside the golden band" in trace["said"], "three normal wafers make a band"


def test_a_detection_of_data_without_wafers_says_so(
    client: TestClient, assert_error: Callable[..., dict[str, Any]]
) -> None:
    content = "t,a\n" + "".join(f"{at},{at % 7}\n" for at in range(400))
    made = client.post("/datasets", files={"file": ("plain.csv", content.encode())}).json()["id"]
    assert_error(client.get(f"/runs/{detect(client, made)}/trends"), 422, "bad_input", "run")
    client.delete(f"/datasets/{made}")


def test_many_panels_draw_lines_and_marks_only_where_no_line_reaches() -> None:
    runs = [
        RunScore(key={}, start_row=at, rows=1, score=0.0, flagged=0, start=start) for at, start in enumerate(STARTS)
    ]
    one = Trend(
        "PM1", "", Indicator("etch", "flow", "mean"), np.arange(len(runs)), np.arange(1.0, 1.0 + len(runs)), *FLAT
    )
    few, many = (trend_figure([one] * count, runs, TrendView(), str)["data"] for count in (2, 9))
    assert {trace["mode"] for trace in few} == {"lines+markers"}
    assert [(trace["mode"], trace["customdata"]) for trace in many[:2]] == [
        ("lines", [*range(1, 11), None, 11, None, *range(12, 22)]),
        ("markers", [11]),
    ]


def test_wafers_are_judged_behind_the_page_of_problems_and_trends_then_need_not_wait(
    client: TestClient, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = detect(client, dataset, detector="moving_variance")
    assert client.get(f"/problems?run={run}").status_code == 200

    def again(*_: object) -> None:
        raise AssertionError("judged already")

    monkeypatch.setattr(judged, "judged_again", again)
    assert client.get(f"/runs/{run}/trends").status_code == 200


def restarted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has nothing in memory of what it has answered."""
    app = client.app.state.parts  # type: ignore[attr-defined]
    monkeypatch.setattr(judged, "_kept", Recent(2**20, lambda one: one.bytes))
    monkeypatch.setattr(app.work, "_answers", KeptAnswers())
    monkeypatch.setattr(app.store, "results", Results(app.settings))


def trends_of_run(client: TestClient, run: str, step: str) -> list[dict[str, Any]]:
    place = PLACE | {"step": step, "equipment": "PM2"}
    trace = {"wafer": 3, "step": step, "sensor": "flow"}
    answers = [client.get(f"/runs/{run}/trends")]
    answers += [
        client.get(f"/runs/{run}/trends/series", params=place | {"statistic": stat}) for stat in ("mean", "trend")
    ]
    answers += [client.get(f"/runs/{run}/trends/trace", params=trace)]
    assert {one.status_code for one in answers} == {200}
    return [one.json() for one in answers]


@pytest.mark.parametrize("asked", [{}, {"filters": {"chamber": ["PM2"]}}])
def test_after_a_restart_wafers_are_read_and_not_judged_again(
    client: TestClient, dataset: str, step: str, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = detect(client, dataset, contamination=0.02, **asked)
    before = trends_of_run(client, run, step)
    restarted(client, monkeypatch)

    def again(*_: object) -> None:
        raise AssertionError("the indicators are kept")

    monkeypatch.setattr(judged, "judged_again", again)
    assert trends_of_run(client, run, step) == before


def test_a_moved_threshold_leaves_the_indicators_and_changes_what_is_said_of_wafers(
    client: TestClient, dataset: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = detect(client, dataset, contamination=0.03)
    client.get(f"/runs/{run}/trends")
    client.post(f"/runs/{run}/threshold", json={"threshold": 1e6})
    before = trends_of_run(client, run, step)
    restarted(client, monkeypatch)
    assert trends_of_run(client, run, step) == before


def test_damaged_indicators_are_computed_again_and_kept_anew(
    client: TestClient, dataset: str, step: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = detect(client, dataset, contamination=0.04)
    before = trends_of_run(client, run, step)
    (kept,) = (data_dir / "runs" / run).glob("indicators-*.parquet")
    kept.write_bytes(kept.read_bytes()[:-9])
    restarted(client, monkeypatch)
    assert trends_of_run(client, run, step) == before
    (anew,) = (data_dir / "runs" / run).glob("indicators-*.parquet")
    assert anew.name != kept.name
    client.delete(f"/runs/{run}")
    assert not anew.exists()


def test_a_page_of_trends_about_a_run_that_is_not_there_is_a_page_all_the_same(client: TestClient) -> None:
    assert client.get("/trends?run=nothing").status_code == 200
