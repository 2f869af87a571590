"""Files in other places than a disk."""

from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pyarrow.fs as pafs
import pytest

from tests.scale.made import hashes, planned, rows_of, run, write_fleet
from waferwatch.errors import InputError, MissingExtraError, NotFoundError
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.storage import Storage


def in_memory(folder: Path) -> str:
    """A folder copied to a storage that only fsspec knows."""
    url = f"memory://fleet-{uuid.uuid4().hex}"
    for file in folder.rglob("*.parquet"):
        fsspec.filesystem("memory").pipe(f"{url}/{file.relative_to(folder).as_posix()}", file.read_bytes())
    return url


def test_results_elsewhere_have_the_bytes_of_those_on_a_disk(tmp_path: Path) -> None:
    write_fleet(tmp_path / "in", [rows_of("E 1", 2)])
    (tmp_path / "in" / "_SUCCESS").write_bytes(b"")
    url = in_memory(tmp_path / "in")
    far = planned(url, f"{url}-out")
    assert run(far).exit_code == 0
    local = planned(tmp_path / "in", tmp_path / "out")
    assert run(local).exit_code == 0
    system = fsspec.filesystem("memory")
    names = [name for name in hashes(tmp_path / "out") if name.startswith(("scores", "flagged", "events", "fleet"))]
    assert len(names) == 9
    for name in names:
        assert system.cat(f"{url}-out/{name}") == (tmp_path / "out" / name).read_bytes()
    assert ScalePlan.load(f"{url}-out/plan.json") == far


def test_a_file_on_a_disk_appears_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Storage.at(str(tmp_path), "out").child("a/b.json")
    place.write(b"before")
    with monkeypatch.context() as patched:
        patched.setattr("waferwatch.scale.storage.os.replace", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.write(b"after")
    assert place.read() == b"before"
    assert [one.name for one in Storage(str(tmp_path)).files()] == ["a/b.json"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("s3://bucket/in/put?region=eu-central-1&endpoint_override=localhost:9000&scheme=http", "bucket/in/put"),
        ("file:///fab/traces", "/fab/traces"),
        ("abfss://container@account.dfs.core.windows.net/fab", "container/fab"),
        ("hdfs://name:8020/fab", "/fab"),
    ],
)
def test_addresses_lead_to_the_path_that_arrow_has(url: str, path: str) -> None:
    place = Storage(url)
    assert place.path == path
    assert place.child("x").path == f"{path}/x"
    if not url.startswith("hdfs"):
        system, found = pafs.FileSystem.from_uri(url)
        assert found == path
        assert place.system.type_name == system.type_name


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(InputError, match="holds a password") as error:
        Storage.at("s3://key:secret@bucket/in", "source")
    assert "secret" not in str(error.value)


def test_storage_that_nobody_knows_is_named() -> None:
    with pytest.raises(MissingExtraError, match="nowhere"):
        Storage.at("nowhere://bucket/in", "source")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="missing"):
        planned(tmp_path / "missing", tmp_path / "out")
