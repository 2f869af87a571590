"""POST, GET and DELETE /datasets: what is kept, what is refused, and that nothing is left behind.

A deleted data set can be brought back for a while, so its folder stays until then; a refused upload leaves nothing.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from waferwatch.settings import Settings
from waferwatch.web.app import create_app

AssertError = Callable[..., dict[str, Any]]
GOOD = b"time,equipment,pressure\n" + b"\n".join(b"2026-01-01 00:00:%02d,E1,%d" % (at, at % 7) for at in range(60))


def folders(data_dir: Path) -> set[str]:
    return {path.name for path in (data_dir / "datasets").iterdir()}


@pytest.fixture
def before(client: TestClient, data_dir: Path) -> set[str]:
    """The folders that were there before the test. ``client`` has made their parent."""
    assert client.get("/healthz").status_code == 200
    return folders(data_dir)


def upload(client: TestClient, content: bytes, name: str = "a.csv") -> Any:
    return client.post("/datasets", files={"file": (name, content)})


def test_an_upload_is_listed_and_can_be_deleted_once(
    assert_error: AssertError, client: TestClient, korean_csv: bytes
) -> None:
    made = upload(client, korean_csv, "에칭 3월.csv")
    assert made.status_code == 201
    dataset = made.json()
    assert dataset["name"] == "에칭 3월.csv"
    assert dataset["rows"] == 800
    assert dataset["columns"] == 6
    assert dataset["bytes"] == len(korean_csv)
    assert dataset["roles"]["장비ID"] == "equipment"
    assert dataset["roles"]["이상여부"] == "label"
    listed = client.get("/datasets").json()["datasets"]
    assert [one["id"] for one in listed][:2] == ["demo", dataset["id"]]
    assert client.delete(f"/datasets/{dataset['id']}").status_code == 204
    assert_error(client.delete(f"/datasets/{dataset['id']}"), 404, "not_found", "dataset")
    assert dataset["id"] not in [one["id"] for one in client.get("/datasets").json()["datasets"]]


def test_packed_files_are_read(client: TestClient) -> None:
    made = upload(client, gzip.compress(GOOD), "a.csv.gz")
    assert made.status_code == 201
    assert made.json()["rows"] == 60
    client.delete(f"/datasets/{made.json()['id']}")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\x.csv", "x.csv"),
        ("..", ".."),
        ("a\x00\x1b[31mb.csv", "a[31mb.csv"),
        ("긴" * 500, "긴" * 200),
        ("<b>x</b>.csv", "b>.csv"),
    ],
)
def test_a_file_name_is_text_and_no_path(
    client: TestClient, data_dir: Path, before: set[str], name: str, shown: str
) -> None:
    boundary = "frontier"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    made = client.post(
        "/datasets",
        content=head + GOOD + f"\r\n--{boundary}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert made.status_code == 201, made.text
    assert made.json()["name"] == shown
    assert folders(data_dir) - before == {made.json()["id"]}
    client.delete(f"/datasets/{made.json()['id']}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02\x03" * 100,
        b"PK\x03\x04" + b"0" * 100,
        b"\x1f\x8b\x08\x00garbage",
        b"PAR1 not really PAR1",
        b"a,b\n",
        b"name,word\nx,y\nz,w\n",
        b"a,b\n1,2\n3,4,5\n",
        b"%PDF-1.7 \xff\xfe\x00",
        gzip.compress(GOOD, mtime=0)[:-12],
    ],
)
def test_a_file_that_is_no_table_is_refused_and_nothing_stays(
    assert_error: AssertError, client: TestClient, data_dir: Path, before: set[str], content: bytes
) -> None:
    answer = upload(client, content, "bad.csv")
    assert answer.status_code == 422, answer.text
    error = assert_error(answer, 422, "bad_input", answer.json()["error"]["field"])
    assert "bad.csv" in error["message"]
    assert error["hint"]
    assert folders(data_dir) == before


def test_too_many_bytes_rows_or_unpacked_bytes_are_refused(
    assert_error: AssertError, client: TestClient, data_dir: Path, before: set[str]
) -> None:
    assert_error(upload(client, b"a,b\n" + b"1,2\n" * 300_000), 413, "too_large", "file")
    assert_error(upload(client, gzip.compress(b"a,b\n" + b"1,2\n" * 60_000)), 413, "too_large", None)
    assert folders(data_dir) == before


def test_a_stream_without_a_length_is_cut_off_at_the_limit(
    assert_error: AssertError, client: TestClient, data_dir: Path, before: set[str]
) -> None:
    def parts() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(40):
            yield b"1,2\n" * 10_000
        yield b"\r\n--x--\r\n"

    answer = client.post("/datasets", content=parts(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert_error(answer, 413, "too_large", "file")
    assert folders(data_dir) == before


def test_bodies_that_are_no_upload_are_refused(
    assert_error: AssertError, client: TestClient, data_dir: Path, before: set[str]
) -> None:
    assert_error(client.post("/datasets", json={}), 415, "unsupported_media_type")
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_error(client.post("/datasets", content=b"", headers=multipart), 422, "bad_input", "file")
    assert_error(client.post("/datasets", content=b"nonsense", headers=multipart), 400, "malformed", "file")
    open_end = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n'
    assert_error(client.post("/datasets", content=open_end, headers=multipart), 400, "malformed", "file")
    field = b'--x\r\nContent-Disposition: form-data; name="roles"\r\n\r\nhi\r\n--x--\r\n'
    assert_error(client.post("/datasets", content=field, headers=multipart), 422, "bad_input", "roles")
    two = [("file", ("a.csv", GOOD)), ("file", ("b.csv", GOOD))]
    assert_error(client.post("/datasets", files=two), 422, "bad_input", "file")
    assert folders(data_dir) == before


def test_uploads_survive_a_restart(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as first:
        dataset = upload(first, GOOD).json()
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as second:
        assert second.get("/datasets").json()["datasets"][1]["id"] == dataset["id"]
        figure = second.get("/plot/pressure", params={"dataset": dataset["id"]})
        assert figure.status_code == 200
        assert len(figure.json()["data"][0]["x"]) == 60


def test_results_of_a_deleted_data_set_are_gone_until_it_is_brought_back(
    assert_error: AssertError, client: TestClient
) -> None:
    dataset = upload(client, GOOD).json()["id"]
    body = {"dataset": dataset, "detector": "squared_difference"}
    run = client.post("/detect", json=body).json()["run"]
    client.delete(f"/datasets/{dataset}")
    assert_error(client.post("/detect", json=body), 404, "not_found", "dataset")
    assert_error(client.get("/plot/pressure", params={"dataset": dataset, "run": run}), 404, "not_found", "dataset")
    client.post(f"/datasets/{dataset}/restore")
    assert client.get("/plot/pressure", params={"dataset": dataset, "run": run}).status_code == 200
    client.delete(f"/datasets/{dataset}")
