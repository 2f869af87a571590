"""A full disk, a damaged file, and downloads that nobody reads: sentences, and nothing lost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import pytest
from starlette.testclient import TestClient

from tests.store.faults import change_one_byte, full_disk, refuse_sync
from waferwatch.settings import Settings
from waferwatch.web.app import create_app
from waferwatch.web.transfer import download

AssertError = Callable[..., dict[str, Any]]
QUICK = "squared_difference"
CSV = "time,equipment,pressure\n" + "\n".join(f"{at},E{at % 2},{9 if at == 300 else at % 5}" for at in range(600))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def own(folder: Path) -> Iterator[TestClient]:
    """A server with a data folder of its own."""
    with TestClient(create_app(Settings(data_dir=folder, posts_per_minute=0)), base_url="http://127.0.0.1") as opened:
        yield opened


def upload(client: TestClient) -> Any:
    return client.post("/datasets", files={"file": ("a.csv", CSV.encode(), "text/csv")})


def detect(client: TestClient, **body: Any) -> Any:
    return client.post("/detect", json={"detector": QUICK, **body})


def restarted(folder: Path) -> TestClient:
    return TestClient(create_app(Settings(data_dir=folder, posts_per_minute=0)), base_url="http://127.0.0.1")


def test_a_full_disk_is_reported_for_uploads_detections_thresholds_and_readiness(
    own: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, assert_error: AssertError
) -> None:
    dataset = upload(own).json()["id"]
    found = detect(own, dataset=dataset).json()
    run = found["run"]
    with monkeypatch.context() as patched:
        refuse_sync(patched)
        for answer in (
            upload(own),
            detect(own, dataset=dataset, contamination=0.2),
            own.post(f"/runs/{run}/threshold", json={"threshold": 5.0}),
            own.patch(f"/datasets/{dataset}", json={"roles": {"equipment": "context"}}),
        ):
            error = assert_error(answer, 507, "storage_full")
            assert "disk of the server is full" in error["message"]
            assert str(folder) not in answer.text
        assert_error(own.get("/readyz"), 503, "not_ready")
    with restarted(folder) as later:
        for client in (own, later):
            assert client.get(f"/runs/{run}/result").json()["events"] == found["events"]
            assert [one["id"] for one in client.get("/datasets").json()["datasets"]] == ["demo", dataset]


def test_a_database_that_cannot_grow_is_reported_and_what_it_had_stays(
    own: TestClient, folder: Path, assert_error: AssertError
) -> None:
    dataset = upload(own).json()["id"]
    found = detect(own, dataset=dataset).json()
    event = f"/runs/{found['run']}/events/{found['events'][0]['id']}/verdict"
    judgement = {"verdict": "true_alarm", "note": "x"}
    with full_disk(most_bytes=1000):  # what is written to files would fail too: these acts write none
        for answer in (
            own.patch(f"/datasets/{dataset}", json={"name": "b.csv"}),
            own.delete(f"/datasets/{dataset}"),
            own.put(event, json=judgement),
            own.post("/runs", json={"kind": "detection", "dataset": dataset, "detector": QUICK, "contamination": 0.3}),
        ):
            assert_error(answer, 507, "storage_full")
            assert str(folder) not in answer.text
        assert own.get(f"/datasets/{dataset}").json()["name"] == "a.csv"
        assert_error(own.get("/readyz"), 503, "not_ready")
    assert own.put(event, json=judgement).status_code == 200
    assert own.delete(f"/datasets/{dataset}").status_code == 204


def test_an_upload_that_the_disk_refuses_half_way_is_reported(
    own: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, assert_error: AssertError
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("waferwatch.web.transfer.upload._flush", full)
    assert_error(upload(own), 507, "storage_full")
    assert list((folder / "datasets").iterdir()) == []


def test_a_damaged_result_is_reported_and_the_others_go_on(
    own: TestClient, folder: Path, assert_error: AssertError
) -> None:
    dataset = upload(own).json()["id"]
    run, other = (detect(own, dataset=dataset, contamination=share).json()["run"] for share in (0.01, 0.02))
    change_one_byte(folder / "runs" / run / "detection.json", random.Random(1))
    for answer in (
        own.get(f"/runs/{run}/result"),
        own.post(f"/runs/{run}/threshold", json={"threshold": 5.0}),
        own.get(f"/runs/{run}/export", params={"what": "rows", "format": "csv"}),
    ):
        assert "damaged" in assert_error(answer, 410, "damaged", "run")["message"]
    assert own.get(f"/runs/{other}/result").status_code == 200
    assert own.get(f"/runs/{other}/events/1").status_code == 200, "its page looks into other runs too"


def test_an_uploaded_file_that_is_gone_or_damaged_is_reported_without_a_path(
    own: TestClient, folder: Path, assert_error: AssertError
) -> None:
    dataset = upload(own).json()["id"]
    run = detect(own, dataset=dataset).json()["run"]
    original = folder / "datasets" / dataset / "data"
    change_one_byte(original, random.Random(1))
    export = f"/runs/{run}/export?what=rows&format=csv"
    assert_error(own.get(export), 410, "damaged", "dataset")
    original.unlink()
    answer = own.get(export)
    assert_error(answer, 404, "not_found", "dataset")
    assert str(folder) not in answer.text


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> download.Held:
    made = download.Held()
    monkeypatch.setattr(download, "_held", made)
    return made


def test_downloads_that_are_held_are_bounded_in_number(
    own: TestClient, held: download.Held, monkeypatch: pytest.MonkeyPatch, assert_error: AssertError
) -> None:
    run = detect(own, dataset=upload(own).json()["id"]).json()["run"]
    export = f"/runs/{run}/export?what=events&format=csv"
    for _ in range(40):
        assert own.get(export).status_code == 200, "what has been read counts no longer"
    for _ in range(32):
        held.open()
    answer = own.get(export)
    assert_error(answer, 503, "downloads_busy")
    assert int(answer.headers["retry-after"]) > 0
    held.close(0)
    assert own.get(export).status_code == 200


def test_downloads_that_are_held_are_bounded_in_size(
    own: TestClient, held: download.Held, assert_error: AssertError
) -> None:
    run = detect(own, dataset=upload(own).json()["id"]).json()["run"]
    export = f"/runs/{run}/export?what=events&format=csv"
    held.open()
    held.grow(4_000_000_000)
    assert_error(own.get(export), 503, "downloads_busy")
    held.close(4_000_000_000)
    assert own.get(export).status_code == 200


def test_an_export_that_fails_counts_no_longer(
    own: TestClient, held: download.Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = detect(own, dataset=upload(own).json()["id"]).json()["run"]
    export = f"/runs/{run}/export?what=events&format=csv"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("waferwatch.web.pages.runs.page.write_events_csv", full)
        for _ in range(40):
            assert own.get(export).status_code == 507
    assert own.get(export).status_code == 200


def test_a_visitor_who_reads_nothing_holds_no_file_for_ever(
    own: TestClient, held: download.Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SILENCE_S", 0.02)
    app: Any = own.app
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "asgi": {"spec_version": "2.3"}}
    begun: list[str] = []

    async def receive() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError("never")

    async def send(message: MutableMapping[str, Any]) -> None:
        begun.append(message["type"])
        if len(begun) > 1:
            await anyio.sleep_forever()

    async def held_open() -> None:
        answer = await download.download(app.state.parts, write, "a.csv", "text/csv")
        await answer(scope, receive, send)

    def write(file: BinaryIO) -> None:
        files.append(file)
        file.write(bytes(200_000))

    files: list[BinaryIO] = []
    with ThreadPoolExecutor(1) as thread:  # the browser of other tests leaves a running event loop in this one
        thread.submit(anyio.run, held_open).result()
    assert begun == ["http.response.start", "http.response.body"]
    assert files[0].closed, "its space is free again"
    assert (held._files, held._bytes) == (0, 0)
