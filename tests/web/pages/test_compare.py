"""The Compare page's endpoints: a comparison from the wish to the kept result."""

from __future__ import annotations

import io
import time
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from waferwatch.jobs.comparison import upgraded
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.scoring.comparison.compare import Comparison
from waferwatch.scoring.comparison.sentences import comparison_notes

QUICK, VARIANCE = "squared_difference", "moving_variance"
HOSTILE = "<img src=x onerror=alert(1)>"


def run(client: TestClient, **body: Any) -> dict[str, Any]:
    """Start a run and wait for its end."""
    answer = client.post("/runs", json={"kind": "comparison", "contamination": 0.05, **body})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    for _ in range(600):
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
        found = client.get(f"/runs/{found['id']}").json()
    raise AssertionError(f"the run did not end: {found}")


def compared(client: TestClient, run_id: str, language: str = "en") -> dict[str, Any]:
    answer = client.get(f"/runs/{run_id}/comparison", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def fab(client: TestClient) -> str:
    """A labelled data set like the demo, with fewer rows: detectors are compared on it in less time."""
    text = generate(5_000, equipment=2, seed=4).to_csv(index=False)
    return str(client.post("/datasets", files={"file": ("fab.csv", text.encode())}).json()["id"])


@pytest.fixture(scope="module")
def done(client: TestClient, fab: str) -> dict[str, Any]:
    return run(client, dataset=fab, detectors=[QUICK], faults=True)


@pytest.fixture(scope="module")
def unlabelled(client: TestClient) -> str:
    frame = generate(5_000, equipment=2, seed=4).drop(columns=["anomaly", "fault_kind"])
    text = frame.rename(columns={"rf_reflected_W": HOSTILE}).to_csv(index=False)
    return str(client.post("/datasets", files={"file": ("plain.csv", text.encode())}).json()["id"])


def test_the_one_liners_are_always_compared_too(client: TestClient, done: dict[str, Any]) -> None:
    answer = compared(client, done["id"])
    assert [row["detector"] for row in answer["rows"]] == [QUICK, VARIANCE]
    assert done["summary"]["detectors"] == [QUICK, VARIANCE]


def test_the_kept_result_says_all_of_the_page(client: TestClient, done: dict[str, Any]) -> None:
    answer = compared(client, done["id"])
    assert answer["labelled"]
    assert answer["run"] == done["id"]
    assert all(0 <= row["vus_pr"] <= 1 and row["failure"] is None for row in answer["rows"])
    assert all(row["peak_memory_bytes"] >= 0 for row in answer["rows"])
    assert answer["agreement"]["jaccard"][0][0] == 1
    assert answer["agreement"]["missed"][0][0] == 0
    assert {event["detector"] for event in answer["agreement"]["events"]} <= {QUICK, VARIANCE}
    assert answer["agreement"]["events"]
    faults = answer["faults"]
    assert faults["faults"] == sum(one["faults"] for one in faults["detectors"][0]["kinds"].values())
    for one in faults["detectors"]:
        assert one["low"] <= one["total"]["recall"] <= one["high"]
    assert len(answer["figures"]["measures"]["data"]) == 5
    assert len(answer["figures"]["faults"]["data"][0]["z"]) == 2
    assert answer["verdict"]["answer"] == "unknown", "MOMENT was not asked"


def test_the_same_question_is_answered_by_the_run_of_before(client: TestClient, fab: str, done: dict[str, Any]) -> None:
    assert run(client, dataset=fab, detectors=[QUICK], faults=True)["id"] == done["id"]
    assert run(client, dataset=fab, detectors=[QUICK], faults=False)["id"] != done["id"]


def test_the_kept_result_is_reported_in_the_reader_s_language(client: TestClient, done: dict[str, Any]) -> None:
    korean = compared(client, done["id"], "ko")["figures"]["faults"]["layout"]["xaxis"]["ticktext"]
    assert "스파이크" in korean
    assert "Spike" in compared(client, done["id"])["figures"]["faults"]["layout"]["xaxis"]["ticktext"]


def test_a_detector_that_fails_says_why_in_the_reader_s_language(client: TestClient, fab: str) -> None:
    failing = run(client, dataset=fab, detectors=["moment", QUICK], checkpoint="no-such-one", faults=False)
    assert failing["state"] == "done"
    english, korean = (compared(client, failing["id"], language)["rows"][0] for language in ("en", "ko"))
    assert english["detector"] == korean["detector"] == "moment"
    assert "no-such-one" in english["failure"]
    assert "no-such-one" in korean["failure"]
    assert english["failure"] != korean["failure"]


def test_moment_gets_its_verdict(client: TestClient, uploaded: str) -> None:
    answer = compared(client, run(client, dataset=uploaded, detectors=["moment"])["id"])
    verdict = answer["verdict"]
    assert verdict["measure"] == "vus_pr"
    assert verdict["answer"] in ("better", "worse", "no_difference", "too_few_to_tell", "too_few_faults")
    assert verdict["difference"] == pytest.approx(verdict["moment"] - verdict["other_value"])
    assert verdict["low"] <= verdict["difference"] <= verdict["high"]
    assert answer["sentences"][0].startswith("MOMENT effect")
    assert answer["faults"] is None, "with labels the faults are left out unless asked for"


def test_without_labels_the_faults_decide(client: TestClient, unlabelled: str) -> None:
    found = run(client, dataset=unlabelled, detectors=["isolation_forest"])
    answer = compared(client, found["id"])
    assert not answer["labelled"]
    assert answer["faults"]["faults"] > 20
    assert all(row["f1"] is None for row in answer["rows"])
    assert len(answer["figures"]["measures"]["data"]) == 1
    assert HOSTILE in str(answer["agreement"]["events"]), "a name of the data, to be shown as text alone"


def test_faults_alone_are_a_run_of_their_own(client: TestClient, unlabelled: str) -> None:
    found = run(client, kind="injection", dataset=unlabelled, detectors=[QUICK])
    answer = compared(client, found["id"])
    assert answer["kind"] == "injection"
    assert answer["rows"] == []
    assert answer["faults"]["faults"] > 20
    assert answer["figures"]["measures"] is None


def test_a_filter_and_a_reference_period_are_kept_to(client: TestClient, fab: str) -> None:
    body = {
        "dataset": fab,
        "filters": {"equipment": ["ETCH-01"]},
        "reference_end": "2026-01-05T08:30:00",
        "detectors": [QUICK],
    }
    answer = compared(client, run(client, **body)["id"])
    assert {event["equipment"] for event in answer["agreement"]["events"]} == {"ETCH-01"}


def test_model_compare_answers_with_the_detectors_asked_for_alone(client: TestClient, fab: str) -> None:
    answer = client.post("/model_compare", json={"dataset": fab, "detectors": [QUICK]}).json()
    assert [row["detector"] for row in answer["rows"]] == [QUICK]
    assert len(answer["figure"]["data"]) == 5


def test_a_detection_has_no_comparison(client: TestClient, fab: str, assert_error: Any) -> None:
    detection = run(client, kind="detection", dataset=fab, detector=QUICK)
    assert_error(client.get(f"/runs/{detection['id']}/comparison"), 422, "bad_input", "run")


def test_an_unknown_run_has_no_comparison(client: TestClient, assert_error: Any) -> None:
    assert_error(client.get("/runs/0123456789abcdef/comparison"), 404, "not_found", "run")


def test_an_unknown_detector_is_refused(client: TestClient, assert_error: Any) -> None:
    answer = client.post("/runs", json={"kind": "comparison", "detectors": [QUICK, "nonesuch"]})
    assert_error(answer, 404, "not_found", "detectors")


def test_a_comparison_is_cancelled(client: TestClient) -> None:
    started = client.post("/runs", json={"kind": "comparison", "contamination": 0.0317, "faults": True}).json()
    client.post(f"/runs/{started['id']}/cancel")
    for _ in range(400):
        now = client.get(f"/runs/{started['id']}").json()
        if now["state"] not in ("queued", "running"):
            break
        time.sleep(0.05)
    assert now["state"] == "cancelled"
    assert client.get(f"/runs/{started['id']}/comparison").status_code == 409


@pytest.mark.parametrize(("language", "title"), [("en", "Who finds what"), ("ko", "고장별 검출 탐지기")])
def test_the_page_is_there_in_both_languages(client: TestClient, language: str, title: str) -> None:
    page = client.get("/monitors/compare", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert title in page.text
    assert f'value="{VARIANCE}" checked disabled' in page.text


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_comparison_is_exported(client: TestClient, done: dict[str, Any], kind: str) -> None:
    answer = client.get(f"/runs/{done['id']}/comparison/export?format={kind}", headers={"Accept-Language": "ko"})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    if kind == "csv":
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert [line.split(",")[0] for line in lines] == ["detector", QUICK, VARIANCE]
    elif kind == "xlsx":
        book = pd.read_excel(io.BytesIO(answer.content), sheet_name=None, engine="calamine")
        assert list(book) == ["detectors", "verdict", "pairs", "faults", "injected faults"]
        assert "결론 없음" in book["verdict"]["sentence"][0]
    else:
        assert answer.json()["sentences"]


def test_a_comparison_of_an_older_version_still_opens() -> None:
    verdict = {"answer": "slightly", "measure": "vus_pr", "moment": 0.81, "other": "pca", "other_value": 0.8}
    row = {"detector": "pca", "model": "m", "device": "cpu", "anomalies": 1, "anomaly_ratio": 0.1, "events": 1}
    row |= {"seconds": 1.0, **dict.fromkeys(("precision", "recall", "f1", "auc_pr", "vus_pr"), 0.5)}
    kept = {
        "rows": [row],
        "agreement": {"detectors": ["pca"], "jaccard": [[1.0]], "missed": [[0]], "events": []},
        "faults": None,
        "labelled": True,
        "verdict": verdict | {"difference": 0.01, "better": None, "better_value": None},
    }
    found = TypeAdapter(Comparison).validate_python(upgraded(kept))
    assert (found.verdict.answer, found.verdict.value, found.verdict.other) == ("not_tested", 0.81, "pca")
    assert "Compare again" in str(comparison_notes(found)[0])
    assert upgraded(upgraded(kept)) == upgraded(kept)
    assert upgraded(kept | {"verdict": kept["verdict"] | {"answer": "unknown"}})["verdict"]["answer"] == "unknown"
