"""One event explained over HTTP, and what the engineer says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.web.pages.event.schemas import ExplanationAnswer

QUICK = "squared_difference"
NOWHERE = "0123456789abcdef"


def detect(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/detect", json={"detector": QUICK, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def explain(client: TestClient, run: str, event: int, moment: bool = False, **headers: str) -> dict[str, Any]:
    answer = client.get(f"/runs/{run}/events/{event}", params={"moment": "true"} if moment else {}, headers=headers)
    assert answer.status_code == 200, answer.text
    ExplanationAnswer.model_validate(answer.json())
    return dict(answer.json())


def drawn(told: dict[str, Any]) -> set[str]:
    """Names of the lines of the sensors' course."""
    return {trace["name"] for trace in told["figures"]["course"]["data"] if "name" in trace}


def judge(client: TestClient, run: str, event: int, verdict: str | None, note: str = "") -> dict[str, Any]:
    answer = client.put(f"/runs/{run}/events/{event}/verdict", json={"verdict": verdict, "note": note})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def spike(client: TestClient, uploaded: str) -> Iterator[dict[str, Any]]:
    """The result of a detection on the upload with a spike on E1."""
    found = detect(client, dataset=uploaded, contamination=0.01)
    yield found
    client.delete(f"/runs/{found['run']}")


def test_every_event_of_the_demo_is_explained(client: TestClient) -> None:
    found = detect(client, contamination=0.01)
    assert found["events_total"] > 2
    for event in found["events"]:
        told = explain(client, found["run"], event["id"])
        assert told["event"] == event
        assert told["sensors"][0]["sensor"] == event["sensors"][0]["sensor"]
        assert sum(sensor["share"] for sensor in told["sensors"]) == pytest.approx(1)
        assert told["course"]["moment"] is False
        assert told["course"]["by_step"]
        assert told["sisters"]["total"] == 2
        assert told["figures"]["course"]["data"]
        points = sum(len(trace["x"]) for figure in told["figures"].values() for trace in figure["data"])
        assert points < 15_000


def test_an_event_is_reported_with_its_onset_its_farthest_row_and_its_sisters(
    client: TestClient, spike: dict[str, Any]
) -> None:
    event = max(spike["events"], key=lambda one: one["peak_score"])
    told = explain(client, spike["run"], event["id"])
    first = told["sensors"][0]
    assert first["sensor"] == "압력"
    assert first["onset_time"] == "2026-03-01T09:03:40"
    assert first["farthest"]["measured"] == 9.0
    assert told["certainty"]["rank"] == 1
    assert told["sisters"]["chamber_specific"] is True
    assert [one["equipment"] for one in told["sisters"]["equipment"]] == ["E2"]
    assert told["nearest"]["lot"] == "L1"


def test_moment_tells_what_it_expected_when_asked_and_what_it_cannot_tell_any_more(
    client: TestClient, uploaded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = detect(client, dataset=uploaded, detector="moment", contamination=0.01)
    event = max(found["events"], key=lambda one: one["peak_score"])["id"]
    names = ["normal band", "median", "expected by MOMENT"]
    told = explain(client, found["run"], event)
    assert [name for name in names if name in drawn(told)] == names[:2]
    told = explain(client, found["run"], event, moment=True)
    assert told["course"] | {"sensors": None} == {
        "sensors": None,
        "by_step": False,
        "known": False,
        "moment": True,
        "averaged": 1,
        "obstacle": None,
    }
    assert [name for name in names if name in drawn(told)] == names
    monkeypatch.setattr("waferwatch.explain.course.checkpoints.available", lambda: [])
    told = explain(client, found["run"], event, moment=True, **{"accept-language": "ko"})
    assert told["course"]["moment"] is False
    assert "더 이상 없습니다" in told["course"]["obstacle"]


def test_a_verdict_is_kept_shown_in_the_events_and_taken_back(client: TestClient, spike: dict[str, Any]) -> None:
    run, event = spike["run"], spike["events"][0]["id"]
    said = judge(client, run, event, "true_alarm", "  valve replaced ")
    assert (said["verdict"], said["note"], said["by"]) == ("true_alarm", "valve replaced", "local")
    assert explain(client, run, event)["said"] == said
    shown = client.get(f"/runs/{run}/result").json()["events"][0]
    assert (shown["verdict"], shown["note"]) == ("true_alarm", "valve replaced")
    assert judge(client, run, event, "false_alarm")["verdict"] == "false_alarm"
    assert judge(client, run, event, None, "lost") == {"verdict": None, "note": "", "by": None, "at": None}
    assert client.get(f"/runs/{run}/result").json()["events"][0]["verdict"] is None


def test_a_verdict_survives_a_moved_threshold_and_can_still_be_taken_back(client: TestClient, uploaded: str) -> None:
    found = detect(client, dataset=uploaded, contamination=0.01)
    run, highest = found["run"], max(found["events"], key=lambda one: one["peak_score"])
    judge(client, run, highest["id"], "true_alarm", "known")
    moved = client.post(f"/runs/{run}/threshold", json={"threshold": found["threshold"] / 4}).json()
    judged = [event for event in moved["events"] if event["verdict"]]
    assert [event["peak_row"] for event in judged] == [highest["peak_row"]]
    judge(client, run, judged[0]["id"], None)
    assert explain(client, run, judged[0]["id"])["said"]["verdict"] is None
    client.delete(f"/runs/{run}")


def test_a_verdict_on_an_event_that_grew_together_with_another_is_replaced_whole(client: TestClient) -> None:
    """Two spikes with ripples between them: one event once the threshold is below the ripples."""
    level = {at: (at % 2) * 1.0 for at in range(221, 232)} | {220: 9.0, 232: 7.0}
    lines = ["time,equipment,pressure"]
    lines += [f"2026-03-01T09:{at // 60:02d}:{at % 60:02d},E1,{level.get(at, at % 3 * 0.01)}" for at in range(400)]
    upload = client.post("/datasets", files={"file": ("two.csv", "\n".join(lines).encode(), "text/csv")}).json()["id"]
    found = detect(client, dataset=upload, contamination=0.01)
    run, lower = found["run"], min(found["events"], key=lambda one: one["peak_score"])
    assert found["events_total"] == 2
    judge(client, run, lower["id"], "false_alarm", "ripple")
    moved = client.post(f"/runs/{run}/threshold", json={"threshold": found["threshold"] / 1e4}).json()
    merged = next(event for event in moved["events"] if event["start_row"] <= 220 <= event["end_row"])
    assert (merged["verdict"], merged["peak_row"] == lower["peak_row"]) == ("false_alarm", False)
    judge(client, run, merged["id"], None)
    assert explain(client, run, merged["id"])["said"]["verdict"] is None
    client.delete(f"/datasets/{upload}")


def test_what_was_said_last_time_is_reported_with_the_next_event_like_it(
    client: TestClient, spike: dict[str, Any], korean_csv: bytes
) -> None:
    event = max(spike["events"], key=lambda one: one["peak_score"])["id"]
    judge(client, spike["run"], event, "true_alarm", "gauge zeroed")
    upload = client.post("/datasets", files={"file": ("next.csv", korean_csv, "text/csv")}).json()["id"]
    again = detect(client, dataset=upload, contamination=0.01)
    told = explain(client, again["run"], max(again["events"], key=lambda one: one["peak_score"])["id"])
    first = told["similar"][0]
    assert (first["run"], first["event"], first["note"]) == (spike["run"], event, "gauge zeroed")
    assert first["verdict"] == "true_alarm"
    assert not first["same_stretch"]
    client.delete(f"/datasets/{upload}")


def test_filters_and_a_reference_period_are_explained_as_they_were_judged(client: TestClient, uploaded: str) -> None:
    found = detect(
        client,
        dataset=uploaded,
        contamination=0.05,
        filters={"장비ID": ["E1"]},
        reference_start="2026-03-01T09:00:00",
        reference_end="2026-03-01T09:03:00",
    )
    told = explain(client, found["run"], max(found["events"], key=lambda one: one["peak_score"])["id"])
    assert told["course"]["known"] is True
    assert told["sisters"]["total"] == 0
    assert told["sisters"]["chamber_specific"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": 1}, "verdict"),
        ({"verdict": "true_alarm", "note": "x" * 2001}, "note"),
        ({"verdict": "true_alarm", "note": 5}, "note"),
        ({"verdict": "true_alarm", "more": 1}, "more"),
    ],
)
def test_a_verdict_that_is_none_is_refused(
    client: TestClient, spike: dict[str, Any], body: Any, field: str, assert_error: Callable[..., Any]
) -> None:
    answer = client.put(f"/runs/{spike['run']}/events/1/verdict", json=body)
    assert_error(answer, 422, "bad_input", field)


@pytest.mark.parametrize("event", ["0", "99999", "-1", "x", "1e3", "9" * 40, "²"])
def test_an_event_that_is_not_there_is_refused(
    client: TestClient, spike: dict[str, Any], event: str, assert_error: Callable[..., Any]
) -> None:
    assert_error(client.get(f"/runs/{spike['run']}/events/{event}"), 404, "not_found", "event")
    answer = client.put(f"/runs/{spike['run']}/events/{event}/verdict", json={"verdict": "true_alarm"})
    assert_error(answer, 404, "not_found", "event")


@pytest.mark.parametrize("run", [NOWHERE, "x", "%00", "..%5c.."])
def test_a_run_that_is_not_there_is_refused(client: TestClient, run: str, assert_error: Callable[..., Any]) -> None:
    assert_error(client.get(f"/runs/{run}/events/1"), 404, "not_found", "run")


def test_deleted_data_are_reported(client: TestClient, korean_csv: bytes, assert_error: Callable[..., Any]) -> None:
    upload = client.post("/datasets", files={"file": ("gone.csv", korean_csv, "text/csv")}).json()["id"]
    run = detect(client, dataset=upload, contamination=0.01)["run"]
    client.delete(f"/datasets/{upload}")
    error = assert_error(client.get(f"/runs/{run}/events/1"), 404, "not_found", "dataset")
    page = client.get(f"/problems/event?run={run}&event=1")
    assert page.status_code == 404
    assert error["message"].split()[0] in page.text
    assert 'href="/data/checks"' in page.text


@pytest.mark.parametrize(
    "address", [f"/problems/event?run={NOWHERE}", "/problems/event", "/problems/event?run=<script>x</script>&event=<b>"]
)
@pytest.mark.parametrize(("language", "way"), [("en", "To the list of runs"), ("ko", "실행 목록으로")])
def test_the_page_of_nothing_says_so_and_leads_back(client: TestClient, address: str, language: str, way: str) -> None:
    page = client.get(address, headers={"accept-language": language})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert way in page.text
    assert "<script>x" not in page.text
    assert "event.js" not in page.text


def test_the_page_of_an_event_is_in_the_reader_s_language(client: TestClient, spike: dict[str, Any]) -> None:
    page = client.get(f"/problems/event?run={spike['run']}&event=1", headers={"accept-language": "ko"})
    assert page.status_code == 200
    assert "가장 가까운 정상 구간" in page.text
    assert "event.js" in page.text


INTERLEAVED = "time,equipment,pressure\n" + "\n".join(
    # Each second has a row of both tools. E1 jumps up and down from 224 to 236 s, E2 a little at 230 s.
    f"2026-03-01 09:{at // 120:02d}:{at // 2 % 60:02d},E{at % 2 + 1},"
    f"{((at % 2 == 0 and 224 <= at // 2 < 237) * 9 + 0.1) * (at // 2 % 2) + 0.3 * (at == 461)}"
    for at in range(1000)
)


def test_a_verdict_stays_with_its_tool_when_rows_of_two_tools_lie_between_one_another(client: TestClient) -> None:
    dataset, again = (
        client.post("/datasets", files={"file": ("two.csv", INTERLEAVED.encode(), "text/csv")}).json()["id"]
        for _ in range(2)
    )
    found = detect(client, dataset=dataset, contamination=0.017)
    run = found["run"]
    (inner,) = (one for one in found["events"] if one["equipment"] == "E2")
    (outer,) = (one for one in found["events"] if one["equipment"] == "E1")
    assert outer["start_row"] < inner["peak_row"] < outer["end_row"]
    judge(client, run, inner["id"], "true_alarm", "valve")
    assert client.post(f"/runs/{run}/threshold", json={"threshold": inner["peak_score"] * 1.1}).status_code == 200
    (left,) = client.get(f"/runs/{run}/result").json()["events"]
    assert left["equipment"] == "E1"
    assert left["verdict"] is None
    other = detect(client, dataset=again, contamination=0.016)
    similar = explain(client, other["run"], other["events"][0]["id"])["similar"]
    told = [one for one in similar if one["run"] == run]
    assert told, "the event of the earlier run is like the one of this run"
    assert [one["verdict"] for one in told] == [None] * len(told)
    for one in (dataset, again):
        client.delete(f"/datasets/{one}")
