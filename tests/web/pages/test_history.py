"""Runs are listed and filtered, exported as files, and reported in one file that opens offline."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as parquet
import pytest
from httpx import Response
from starlette.testclient import TestClient

from waferwatch.store.verdicts import Judgement
from waferwatch.web.transfer.download import TABLE_MEDIA, disposition, file_name

QUICK = "squared_difference"
BREAK_OUT = "</script><img src=//evil.example/x onerror=alert(1)>"
RUNS = "=cmd|' /C calc'!A0"
HOSTILE = "time,equipment,lot,=pressure,</style><b>flow\n" + "\n".join(
    f"2026-03-01 09:{at // 60:02d}:{at % 60:02d},{BREAK_OUT},{RUNS},{9 if 200 <= at < 205 else at % 3 * 0.1},-{at % 7}"
    for at in range(400)
)


def detected(client: TestClient, dataset: str | None, **more: Any) -> str:
    answer = client.post("/detect", json={"dataset": dataset, "detector": QUICK, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


@pytest.fixture(scope="module")
def demo_run(client: TestClient) -> str:
    return detected(client, None, contamination=0.01)


@pytest.fixture
def hostile_run(client: TestClient) -> Iterator[str]:
    made = client.post("/datasets", files={"file": ("<i>etch.csv", HOSTILE.encode(), "text/csv")}).json()["id"]
    yield detected(client, made, contamination=0.02)
    client.delete(f"/datasets/{made}")


def export(client: TestClient, run: str, **query: str) -> Response:
    return client.get(f"/runs/{run}/export", params=query)


def test_rows_of_an_upload_are_those_of_its_file_with_the_result_next_to_them(
    client: TestClient, uploaded: str, korean_csv: bytes
) -> None:
    answer = export(client, detected(client, uploaded, contamination=0.01), what="rows", format="csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''%EC%97%90%EC%B9%AD-rows.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    before = list(csv.reader(io.StringIO(korean_csv.decode("cp949"))))
    after = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row[:-3] for row in after] == before
    assert after[0][-3:] == ["anomaly_score", "is_anomaly", "event_id"]
    flagged = [row for row in after[1:] if row[-2] == "True"]
    assert len(flagged) > 0
    assert all(row[-1] for row in flagged)
    assert all(row[-1] == "" for row in after[1:] if row[-2] == "False")


def test_rows_are_also_parquet(client: TestClient, demo_run: str) -> None:
    answer = export(client, demo_run, what="rows", format="parquet")
    frame = parquet.read_table(io.BytesIO(answer.content)).to_pandas()
    assert answer.headers["content-disposition"].startswith('attachment; filename="demo-rows.parquet"')
    assert len(frame) == 20_000
    assert list(frame.columns[-4:]) == ["anomaly_score", "is_anomaly", "event_id", "is_abnormal_wafer"]
    found = client.get(f"/runs/{demo_run}").json()["summary"]
    assert int(frame["is_anomaly"].sum()) == found["anomalies"]
    assert frame["event_id"].nunique() == found["events"]


def test_csv_and_parquet_say_the_same(client: TestClient, demo_run: str) -> None:
    written = pd.read_csv(io.BytesIO(export(client, demo_run).content))
    stored = parquet.read_table(io.BytesIO(export(client, demo_run, format="parquet").content)).to_pandas()
    for column in ("pressure_mTorr", "anomaly_score", "event_id"):
        pd.testing.assert_series_equal(written[column], stored[column], check_dtype=False, check_exact=True)


def test_events_are_exported_with_verdicts_and_notes(client: TestClient, demo_run: str) -> None:
    found = client.get(f"/runs/{demo_run}/result").json()["events"]
    verdicts = client.app.state.parts.store.verdicts  # type: ignore[attr-defined]
    verdicts.put(demo_run, found[1]["peak_row"], Judgement.FALSE_ALARM, "=1+1 정비 중", "kim")
    answer = export(client, demo_run, what="events", format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["event_id"] for row in rows] == [str(event["id"]) for event in found]
    assert (rows[1]["verdict"], rows[1]["note"], rows[1]["verdict_by"]) == ("false_alarm", "'=1+1 정비 중", "kim")
    assert (rows[0]["verdict"], rows[0]["sensor_1"]) == ("", found[0]["sensors"][0]["sensor"])
    document = export(client, demo_run, what="events", format="json").json()
    assert document["run"] == demo_run
    assert document["events"][1]["note"] == "=1+1 정비 중"
    assert len(document["events"]) == len(found)
    verdicts.put(demo_run, found[1]["peak_row"], None, "", "kim")


def test_cells_and_headers_that_would_run_are_neutralised(client: TestClient, hostile_run: str) -> None:
    content = export(client, hostile_run).content.decode("utf-8-sig")
    header, first, *_ = csv.reader(io.StringIO(content, newline=""))
    assert header[3] == "'=pressure"
    assert first[2] == f"'{RUNS}"
    assert next(row for row in csv.reader(io.StringIO(content, newline="")) if row[0].endswith("09:00:01"))[4] == "-1"


def test_what_cannot_be_exported_is_refused(
    client: TestClient, demo_run: str, assert_error: Callable[..., Any]
) -> None:
    assert_error(export(client, demo_run, what="rows", format="json"), 422, "bad_input", "format")
    assert_error(export(client, demo_run, what="events", format="parquet"), 422, "bad_input", "format")
    assert_error(export(client, demo_run, what="secrets"), 422, "bad_input", "what")
    assert_error(export(client, "0123456789abcdef"), 404, "not_found", "run")
    assert_error(client.get("/runs/../../etc/report.html"), 404, "not_found")


def test_rows_of_a_data_set_that_is_gone_are_reported_as_gone(
    client: TestClient, korean_csv: bytes, assert_error: Callable[..., Any]
) -> None:
    made = client.post("/datasets", files={"file": ("a.csv", korean_csv, "text/csv")}).json()["id"]
    run = detected(client, made)
    client.delete(f"/datasets/{made}")
    assert_error(export(client, run), 404, "not_found", "dataset")
    assert export(client, run, what="events").status_code == 200, "the events need no data set"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("에칭 라인.csv", "에칭 라인-rows.csv"),
        ("../../etc/passwd", "etc_passwd-rows.csv"),
        ('a"b;c\r\nX: 1.csv', "a_b;c_X_ 1-rows.csv"),
        ("....", "waferwatch-rows.csv"),
        ("x" * 300, "x" * 80 + "-rows.csv"),
        ("data.csv.gz", "data-rows.csv"),
    ],
)
def test_file_names_are_safe_everywhere(title: str, name: str) -> None:
    assert file_name(title, "rows.csv") == name
    assert file_name("lot", "A&B #1 / 50%-mean.csv") == "lot-A&B #1 _ 50%-mean.csv"
    header = disposition(name)
    assert header.isascii()
    assert not re.search(r"[\r\n]", header)
    assert re.fullmatch(r"attachment; filename=\"[^\"\\]+\"; filename\*=UTF-8''[^\s\"]+", header)


class Reader(HTMLParser):
    """What a browser would do with a file: which tags it has, which addresses it names, what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read_report(client: TestClient, run: str, language: str = "en") -> tuple[str, Reader]:
    answer = client.get(f"/runs/{run}/report.html", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    reader = Reader()
    reader.feed(answer.text)
    return answer.text, reader


ADDRESSES = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href", "formaction"}


def test_the_report_says_what_ran_and_what_was_found(client: TestClient, demo_run: str) -> None:
    text, reader = read_report(client, demo_run)
    said = " ".join(reader.words)
    summary = client.get(f"/runs/{demo_run}").json()["summary"]
    for part in (
        "Demo fab (virtual)",
        "Squared difference",
        "20,000",
        f"{summary['events']:,}",
        "pressure_mTorr",
        demo_run,
    ):
        assert part in said, part
    assert reader.tags.count("svg") > 10
    assert reader.tags.count("tr") > summary["events"] / 2
    assert len(text) < 1_500_000


def test_the_report_says_what_set_the_threshold(client: TestClient) -> None:
    run = detected(client, None, false_alarms=4000, reference_rows=2000)
    _, reader = read_report(client, run)
    said = " ".join(reader.words)
    assert "False alarms per equipment and week" in said
    assert "4,000" in said
    assert "Threshold by the number of false alarms." in said
    assert "Expected anomalous share" not in said
    client.post(f"/runs/{run}/threshold", json={"threshold": 1.0})
    _, reader = read_report(client, run)
    assert "set by hand" in " ".join(reader.words)
    assert "Threshold by the number" not in " ".join(reader.words)


def test_the_report_speaks_korean(client: TestClient, demo_run: str) -> None:
    text, reader = read_report(client, demo_run, "ko")
    assert '<html lang="ko">' in text
    assert "이상 탐지 보고서" in " ".join(reader.words)


def test_the_report_holds_no_script_and_names_no_address(client: TestClient, hostile_run: str) -> None:
    text, reader = read_report(client, hostile_run)
    assert not {"script", "img", "link", "iframe", "object", "embed", "base", "form", "b>flow"} & set(reader.tags)
    assert {name for name, _ in reader.attributes} & ADDRESSES == set()
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import", text)
    assert "default-src 'none'" in text


def test_hostile_names_and_cells_are_words_in_the_report(client: TestClient, hostile_run: str) -> None:
    text, reader = read_report(client, hostile_run)
    said = " ".join(reader.words)
    assert BREAK_OUT in said
    assert "</style><b>flow" in said
    assert "<i>etch.csv" in text.replace("&lt;", "<").replace("&gt;", ">")
    assert "</script>" not in text
    assert text.count("</style>") == 1


def test_verdicts_and_notes_stand_in_the_report(client: TestClient, hostile_run: str) -> None:
    event = client.get(f"/runs/{hostile_run}/result").json()["events"][0]
    verdicts = client.app.state.parts.store.verdicts  # type: ignore[attr-defined]
    verdicts.put(hostile_run, event["peak_row"], Judgement.TRUE_ALARM, "<i>valve</i> changed", "kim")
    _, reader = read_report(client, hostile_run)
    assert "<i>valve</i> changed" in " ".join(reader.words)
    assert "true alarm" in " ".join(reader.words)


def test_runs_are_filtered_and_searched(client: TestClient, demo_run: str) -> None:
    def ids(**query: Any) -> list[str]:
        answer = client.get("/runs", params=query)
        assert answer.status_code == 200, answer.text
        return [run["id"] for run in answer.json()["runs"]]

    assert demo_run in ids(dataset="demo", kind="detection", state="done", search="SQUARED")
    assert demo_run in ids(search=demo_run[:6])
    assert demo_run not in ids(state="failed")
    assert ids(search="100%_nothing") == []
    assert ids(search="\0") == []
    assert len(ids(limit=1)) == 1
    assert ids(limit=1, skip=1) != ids(limit=1)


def test_a_run_is_repeated_on_other_data(client: TestClient, demo_run: str, uploaded: str) -> None:
    answer = client.post(f"/runs/{demo_run}/repeat", json={"dataset": uploaded})
    assert answer.status_code == 202, answer.text
    again = answer.json()
    assert again["dataset"] == uploaded
    assert again["options"]["contamination"] == 0.01
    assert again["id"] != demo_run
    client.app.state.parts.jobs.ended(again["id"]).result(30)  # type: ignore[attr-defined]
    assert client.get(f"/runs/{again['id']}").json()["state"] == "done"


def test_exports_are_reported_in_the_audit_log(client: TestClient, demo_run: str) -> None:
    export(client, demo_run, what="events")
    entry = client.app.state.parts.store.audit.recent(1)[0]  # type: ignore[attr-defined]
    assert (entry.action, entry.subject) == ("export events", demo_run)


def test_the_page_lists_every_data_set_to_filter_by(client: TestClient, uploaded: str) -> None:
    page = client.get("/data/checks")
    assert page.status_code == 200
    assert f'<option value="{uploaded}">' in page.text


ODD = {
    "no time": "pressure,flow\n" + "\n".join(f"{9 if at == 300 else at % 5},{at % 7}" for at in range(500)),
    "one sensor": "time,pressure\n" + "\n".join(f"{at},{9 if at == 300 else at % 5}" for at in range(500)),
    "runs that start anew": "wafer,time,pressure\n"
    + "\n".join(f"W{at // 50},{at % 50},{9 if at == 300 else at % 5}" for at in range(500)),
    "a constant and an empty sensor": "time,a,b,c\n"
    + "\n".join(f"{at},{at % 5},1,{'' if at else 2}" for at in range(500)),
    "many tools": "time,equipment,pressure\n" + "\n".join(f"{at // 40},E{at % 40},{at % 7}" for at in range(2000)),
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_data_have_exports_and_a_report_too(client: TestClient, name: str) -> None:
    made = client.post("/datasets", files={"file": (f"{name}.csv", ODD[name].encode(), "text/csv")}).json()["id"]
    run = detected(client, made)
    rows = list(csv.reader(io.StringIO(export(client, run).content.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(ODD[name].splitlines())
    assert export(client, run, what="events", format="json").status_code == 200
    text, reader = read_report(client, run)
    assert name in " ".join(reader.words)
    assert "NaN" not in text
    client.delete(f"/datasets/{made}")


def test_a_full_disk_is_reported_and_nothing_stays_open(
    client: TestClient, demo_run: str, monkeypatch: pytest.MonkeyPatch, assert_error: Callable[..., Any]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("waferwatch.web.pages.runs.page.write_detection_rows", full)
        error = assert_error(export(client, demo_run), 507, "storage_full")
    assert "disk of the server is full" in error["message"]
    assert export(client, demo_run).status_code == 200
    opened = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [path for path in opened if "(deleted)" in path and "data" in path]


def sheet(answer: Response, name: str) -> pd.DataFrame:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TABLE_MEDIA["xlsx"]
    return pd.read_excel(io.BytesIO(answer.content), sheet_name=name, engine="calamine")


def test_the_list_of_checks_leaves_as_csv_and_excel_with_its_filters(client: TestClient, demo_run: str) -> None:
    text = client.get("/data/checks/export", params={"kind": "detection"}).text
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    (mine,) = [line for line in lines if line["check"] == demo_run]
    assert (mine["data"], mine["state"], mine["detector"], mine["rows"]) == ("demo", "done", QUICK, "20000")
    answer = client.get("/data/checks/export", params={"kind": "comparison", "format": "xlsx"})
    assert demo_run not in list(sheet(answer, "checks")["check"])
    found = client.get("/data/checks/export", params={"search": demo_run, "format": "xlsx"})
    assert list(sheet(found, "checks")["check"]) == [demo_run]


def test_events_leave_as_a_workbook_too(client: TestClient, demo_run: str) -> None:
    frame = sheet(export(client, demo_run, what="events", format="xlsx"), "events")
    assert len(frame) == client.get(f"/runs/{demo_run}/result").json()["events_total"]


def test_groups_and_the_flagged_runs_of_an_overlay_leave_as_csv_and_excel(client: TestClient, demo_run: str) -> None:
    asked = client.get(f"/runs/{demo_run}/groups", params={"by": "equipment", "and": "recipe"}).json()
    base = f"/runs/{demo_run}/groups/export?by=equipment&and=recipe"
    groups = sheet(client.get(f"{base}&format=xlsx"), "groups")
    assert list(groups["equipment"]) == [one["value"] for one in asked["groups"]]
    crossed = sheet(client.get(f"{base}&format=xlsx"), "two columns")
    assert crossed["anomalies"].sum() == asked["anomalies"]
    assert client.get(base).text.removeprefix("\ufeff").startswith("equipment,rows,anomalies")
    flagged = client.get(f"/runs/{demo_run}/overlay").json()["flagged"]
    runs = sheet(client.get(f"/runs/{demo_run}/overlay/export?format=xlsx"), "runs")
    assert list(runs["name"]) == [one["name"] for one in flagged]


def test_the_labelled_faults_leave_as_a_table_with_what_was_missed(
    client: TestClient, demo_run: str, uploaded: str, assert_error: Callable[..., dict[str, Any]]
) -> None:
    text = client.get(f"/runs/{demo_run}/faults/export").text
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert {line["found"] for line in lines} == {"yes", "no"}
    assert all(bool(line["problems"]) == (line["found"] == "yes") for line in lines)
    assert len(sheet(client.get(f"/runs/{demo_run}/faults/export?format=xlsx"), "faults")) == len(lines)
    made = client.post(
        "/datasets", files={"file": ("a.csv", b"time,a\n" + b"".join(b"%d,%d\n" % (at, at % 7) for at in range(300)))}
    )
    plain = detected(client, made.json()["id"])
    assert_error(client.get(f"/runs/{plain}/faults/export"), 422, "bad_input", "run")
    client.delete(f"/datasets/{made.json()['id']}")
