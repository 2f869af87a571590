"""POST /detect, GET /plot, POST /group_analysis, POST /model_compare on real data with a real detector."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.commands.test_wafer_sentences import drifting
from waferwatch.indicators.problems.problem import ProblemSeverity
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.web.html.language import Translator
from waferwatch.web.results.problems_found import problem_titles

QUICK = "squared_difference"


def points(figure: dict[str, Any]) -> int:
    return sum(len(trace["x"]) for trace in figure["data"])


@pytest.fixture(scope="session")
def found(client: TestClient) -> dict[str, Any]:
    answer = client.post("/detect", json={"detector": QUICK, "contamination": 0.004})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_answer_says_what_ran_and_what_was_found(found: dict[str, Any]) -> None:
    assert found["detector"] == QUICK
    assert found["dataset"] == "demo"
    assert found["rows"] == 20_000
    assert found["anomalies"] == pytest.approx(80, abs=12)
    assert found["anomaly_ratio"] == found["anomalies"] / found["rows"]
    assert found["events"]
    assert found["events_total"] >= len(found["events"])
    assert math.isfinite(found["threshold"])
    assert set(found["metrics"]) == {"precision", "recall", "f1"}
    assert set(found["figures"]) == {"time_series", "distribution", "correlation", "score"}
    assert "cpu" in found["device"]


def test_the_headline_says_how_much_where_and_names_the_worst_event(client: TestClient, found: dict[str, Any]) -> None:
    worst = max(found["events"], key=lambda event: event["peak_score"])
    told = found["headline"]
    assert told["event"] == worst["id"]
    assert told["found"] == f"{found['events_total']} events on ETCH-01, ETCH-02, ETCH-03."
    start = worst["start"].replace("T", " ")
    sensor = worst["sensors"][0]["sensor"]
    assert told["worst"] == f"Worst: {sensor} · {worst['equipment']} · lot {worst['lot']} · from {start}"
    assert told["part"] == ""
    answer = client.get(f"/runs/{found['run']}/result", headers={"accept-language": "ko"}).json()
    assert answer["headline"]["found"] == f"이벤트 {found['events_total']}건 · ETCH-01, ETCH-02, ETCH-03"


def test_the_headline_of_nothing_names_the_rows_and_no_event(client: TestClient, uploaded: str) -> None:
    run = client.post("/detect", json={"dataset": uploaded, "detector": QUICK}).json()["run"]
    told = client.post(f"/runs/{run}/threshold", json={"threshold": 1e9}).json()["headline"]
    assert told == {
        "found": "No event: none of 800 rows scores above the threshold.",
        "worst": "",
        "event": None,
        "promise": "Threshold set by hand.",
        "part": "",
    }


def test_problems_of_wafers_alone_are_said_before_there_is_no_event(client: TestClient, tmp_path: Path) -> None:
    drifting(tmp_path / "etch.csv")
    made = client.post("/datasets", files={"file": ("etch.csv", (tmp_path / "etch.csv").read_bytes())}).json()["id"]
    answer = client.post("/detect", json={"dataset": made, "detector": "statistical"}).json()
    assert answer["events_total"] == 0
    assert answer["problems"]["sentence"] == "1 problem. 3 of 40 wafers are abnormal."
    assert answer["problems"]["total"] == 1
    (worst,) = answer["problems"]["worst"]
    assert worst["title"].startswith("flow +5.5% in step 1")
    assert client.get(f"/problems/{worst['name']}?run={answer['run']}").status_code == 200
    report = client.get(f"/runs/{answer['run']}/report.html").text
    assert report.index("1 problem. 3 of 40 wafers are abnormal.") < report.index("No event: none of")
    client.delete(f"/datasets/{made}")


def test_as_many_problems_are_listed_as_the_sentence_counts(client: TestClient) -> None:
    answer = client.post("/detect", json={"detector": "statistical", "reference_rows": 2200}).json()
    problems = client.get(f"/runs/{answer['run']}/problems").json()["problems"]
    counted = [one["name"] for one in problems if one["severity"] != "weak"]
    assert counted
    assert answer["problems"]["total"] == len(counted)
    assert answer["problems"]["sentence"].startswith(f"{len(counted)} problems")
    assert [one["name"] for one in answer["problems"]["worst"]] == counted[:5]
    moved = client.post(f"/runs/{answer['run']}/threshold", json={"threshold": 20.0}).json()["problems"]
    assert all(one["name"] is None for one in moved["worst"])


def test_weak_problems_are_named_only_where_there_are_no_others() -> None:
    def problem(title: str, severity: str) -> SimpleNamespace:
        return SimpleNamespace(title=Note(title), severity=ProblemSeverity(severity))

    both = SimpleNamespace(problems=[problem("leak", "severe"), problem("noise", "weak")])
    assert problem_titles(cast(Detection, both), Translator("en")) == ["leak"]
    alone = SimpleNamespace(problems=[problem("noise", "weak")])
    assert problem_titles(cast(Detection, alone), Translator("en")) == ["noise"]


def test_events_come_in_order_of_start_and_the_report_lists_the_worst_first(
    client: TestClient, found: dict[str, Any]
) -> None:
    assert [event["id"] for event in found["events"]] == sorted(event["id"] for event in found["events"])
    report = client.get(f"/runs/{found['run']}/report.html").text
    assert found["headline"]["found"] in report
    table = report.split("<th>#</th>")[1].split("</table>")[0]
    listed = [int(number) for number in re.findall(r"<tr>\s*<td>(\d+)</td>", table)]
    peaks = {event["id"]: event["peak_score"] for event in found["events"]}
    assert len(listed) > 2
    assert [peaks[event] for event in listed] == sorted((peaks[event] for event in listed), reverse=True)


def test_a_filtered_result_names_the_filter_and_draws_and_counts_the_chosen_rows_alone(client: TestClient) -> None:
    body = {"detector": QUICK, "contamination": 0.02, "filters": {"equipment": ["ETCH-02"], "recipe": ["OXIDE_MAIN"]}}
    answer = client.post("/detect", json=body).json()
    assert 0 < answer["chosen"] < 20_000 == answer["rows"]
    assert answer["judged"] <= answer["chosen"]
    assert answer["anomaly_ratio"] == answer["anomalies"] / answer["chosen"]
    filters = "(equipment = ETCH-02; recipe = OXIDE_MAIN)"
    assert answer["headline"]["part"] == f"Judged: {answer['chosen']:,} of 20,000 rows {filters}."
    for figure in (
        answer["figures"]["time_series"],
        client.get("/plot/pressure_mTorr", params={"run": answer["run"]}).json(),
    ):
        assert {trace["name"] for trace in figure["data"] if trace["mode"] == "lines"} == {"ETCH-02"}
    whole = client.get("/plot/pressure_mTorr", params={"points": 5000}).json()
    assert len(whole["data"]) == 3
    report = client.get(f"/runs/{answer['run']}/report.html").text
    assert answer["headline"]["part"] in report


def test_a_result_is_stale_once_columns_have_other_roles(client: TestClient, uploaded: str) -> None:
    answer = client.post("/detect", json={"dataset": uploaded, "detector": QUICK}).json()
    assert answer["stale"] is False
    client.patch(f"/datasets/{uploaded}", json={"name": "renamed.csv"})
    assert client.get(f"/runs/{answer['run']}/result").json()["stale"] is False
    client.patch(f"/datasets/{uploaded}", json={"roles": {"온도": "ignored"}})
    assert client.get(f"/runs/{answer['run']}/result").json()["stale"] is True
    again = client.post("/detect", json={"dataset": uploaded, "detector": QUICK}).json()
    assert again["stale"] is False
    assert again["run"] != answer["run"]


def test_each_group_column_counts_every_row_once(found: dict[str, Any]) -> None:
    assert {"equipment", "lot", "recipe"} <= set(found["groups"])
    for column, groups in found["groups"].items():
        if len(groups) < 500:
            assert sum(group["rows"] for group in groups) == found["rows"], column
            assert sum(group["anomalies"] for group in groups) == found["anomalies"], column


def test_the_ranking_is_a_share_of_the_whole(found: dict[str, Any]) -> None:
    shares = [item["share"] for item in found["ranking"]]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


def test_the_time_series_shows_the_top_sensor_with_a_few_thousand_points(found: dict[str, Any]) -> None:
    figure = found["figures"]["time_series"]
    assert figure["layout"]["meta"]["sensor"] == found["ranking"][0]["sensor"]
    assert 0 < points(figure) <= 3000
    assert any(shape["type"] == "rect" for shape in figure["layout"]["shapes"])
    assert {trace.get("yaxis") for trace in figure["data"]} == {"y", "y2"}
    assert [trace["name"] for trace in figure["data"][:3]] == ["ETCH-01", "ETCH-02", "ETCH-03"]


def test_chosen_sensors_alone_are_used(client: TestClient) -> None:
    chosen = ["pressure_mTorr", "rf_forward_W"]
    answer = client.post("/detect", json={"detector": QUICK, "features": [*chosen, chosen[0]]}).json()
    assert answer["features"] == chosen
    assert {item["sensor"] for item in answer["ranking"]} == set(chosen)


def test_an_upload_in_korean_is_judged_and_its_spike_found(client: TestClient, uploaded: str) -> None:
    answer = client.post("/detect", json={"dataset": uploaded, "detector": QUICK, "contamination": 0.01}).json()
    assert answer["rows"] == 800
    assert answer["series"] == 2
    assert any(event["equipment"] == "E1" and event["lot"] == "L1" for event in answer["events"])
    assert answer["events"][0]["sensors"][0]["sensor"] == "압력"
    assert answer["groups"]["장비ID"][0]["value"] == "E1"


def test_the_same_question_is_answered_from_memory(client: TestClient, found: dict[str, Any]) -> None:
    before = client.get("/metrics").text
    again = client.post("/detect", json={"detector": QUICK, "contamination": 0.004}).json()
    assert again["run"] == found["run"]
    assert again["seconds"] == found["seconds"]
    count = f'waferwatch_detections_total{{detector="{QUICK}"}}'
    assert [line for line in before.splitlines() if line.startswith(count)] == [
        line for line in client.get("/metrics").text.splitlines() if line.startswith(count)
    ]


@pytest.mark.parametrize("wanted", [10, 11, 50, 1000, 5000])
def test_a_plot_has_at_most_the_points_asked_for(client: TestClient, found: dict[str, Any], wanted: int) -> None:
    bare = client.get("/plot/pressure_mTorr", params={"points": wanted})
    assert bare.status_code == 200
    assert 0 < points(bare.json()) <= wanted
    with_run = client.get("/plot/pressure_mTorr", params={"points": wanted, "run": found["run"]})
    assert 0 < points(with_run.json()) <= wanted


def test_a_plot_of_a_part_of_the_time_stays_inside_it(client: TestClient) -> None:
    query = {"start": "2026-01-05T08:10:00", "end": "2026-01-05T08:11:00", "points": 500}
    figure = client.get("/plot/pressure_mTorr", params=query).json()
    places = [place for trace in figure["data"] for place in trace["x"]]
    assert len(places) == 3 * 61
    assert min(places) == "2026-01-05T08:10:00"
    assert max(places) == "2026-01-05T08:11:00"
    nothing = client.get("/plot/pressure_mTorr", params={"start": "2030-01-01"}).json()
    assert points(nothing) == 0


def test_the_extremes_of_a_sensor_survive_down_sampling(client: TestClient) -> None:
    few = client.get("/plot/rf_reflected_W", params={"points": 300}).json()
    all_of_it = [
        value
        for minute in range(0, 120, 25)
        for trace in client.get(
            "/plot/rf_reflected_W",
            params={
                "points": 5000,
                "start": f"2026-01-05T{8 + minute // 60:02d}:{minute % 60:02d}:00",
                "end": f"2026-01-05T{8 + (minute + 25) // 60:02d}:{(minute + 25) % 60:02d}:00",
            },
        ).json()["data"]
        for value in trace["y"]
        if value is not None
    ]
    assert max(value for trace in few["data"] for value in trace["y"]) == max(all_of_it)


def test_a_distribution_compares_normal_with_flagged_rows(client: TestClient, found: dict[str, Any]) -> None:
    figure = client.get("/plot/rf_forward_W", params={"run": found["run"], "view": "distribution"}).json()
    normal, anomalous = figure["data"]
    assert sum(normal["customdata"]) + sum(anomalous["customdata"]) == found["judged"]
    assert sum(anomalous["customdata"]) == found["anomalies"]


def test_groups_are_counted_with_an_interval_around_each_share(client: TestClient) -> None:
    body = {"group_by": "equipment", "detector": QUICK, "contamination": 0.02, "feature": "pressure_mTorr"}
    answer = client.post("/group_analysis", json=body).json()
    assert [group["ratio"] for group in answer["groups"]] == sorted(
        (g["ratio"] for g in answer["groups"]), reverse=True
    )
    for group in answer["groups"]:
        assert group["ratio"] == group["anomalies"] / group["rows"]
        assert group["low"] <= group["ratio"] <= group["high"]
        assert group["deviation"] > 0
    assert len(answer["figure"]["data"]) == 2


def test_detectors_are_compared_on_the_same_rows(client: TestClient, uploaded: str) -> None:
    body = {"dataset": uploaded, "detectors": [QUICK, "moving_variance"], "contamination": 0.01}
    answer = client.post("/model_compare", json=body).json()
    assert [row["detector"] for row in answer["rows"]] == body["detectors"]
    assert all(
        0 <= row[measure] <= 1
        for row in answer["rows"]
        for measure in ("precision", "recall", "f1", "auc_pr", "vus_pr")
    )
    assert len(answer["figure"]["data"]) == 5


HOSTILE = [
    "<script>alert(1)</script>",
    "__proto__",
    'say "hi"',
    "50% / min",
    "가스 유량",
    "a/b/../c",
    "{y}%{x}",
    "x?y=1&z#q",
]


def test_hostile_column_names_are_plain_names(client: TestClient) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in HOSTILE]
    rows = [
        ",".join(
            [
                f"2026-01-01 00:{at // 60:02d}:{at % 60:02d}",
                "<b>E1</b>",
                *[str((at * (n + 3)) % 17) for n in range(len(HOSTILE))],
            ]
        )
        for at in range(300)
    ]
    text = "\n".join([",".join(["time", "equipment", *quoted]), *rows])
    uploaded = client.post("/datasets", files={"file": ("<i>x</i>.csv", text.encode())})
    assert uploaded.status_code == 201, uploaded.text
    dataset = uploaded.json()["id"]
    answer = client.post("/detect", json={"dataset": dataset, "detector": QUICK})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["features"]) == set(HOSTILE)
    for figure in answer.json()["figures"].values():
        figure["layout"].pop("meta", None)  # data for the page's script; Plotly draws nothing of it
        assert "<script" not in str(figure)
    for name in HOSTILE:
        figure = client.get("/plot/" + quote(name, safe=""), params={"dataset": dataset})
        assert figure.status_code == 200, name
        assert figure.json()["layout"]["meta"]["sensor"] == name
    page = client.get("/problems/check").text
    assert "<script>alert" not in page
    assert "<i>x</i>" not in page
    client.delete(f"/datasets/{dataset}")
