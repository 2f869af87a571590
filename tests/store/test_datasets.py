"""Data sets on disk."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.settings import Settings
from waferwatch.store.datasets import Datasets

CSV = b"time,pressure\n" + b"\n".join(b"%d,%d" % (at, at % 5) for at in range(40))


@pytest.fixture
def datasets(tmp_path: Path) -> Datasets:
    made = Datasets(Settings(data_dir=tmp_path))
    made.clean()
    return made


def keep(datasets: Datasets, content: bytes = CSV) -> str:
    incoming = datasets.open_incoming()
    incoming.file.write_bytes(content)
    return datasets.keep(incoming, "a.csv")[0].id


def test_a_kept_file_is_read_again_by_another_process_s_store(datasets: Datasets, tmp_path: Path) -> None:
    kept = keep(datasets)
    other = Datasets(Settings(data_dir=tmp_path))
    assert other.get(kept).rows == 40
    assert other.table(kept).frame["pressure"].sum() == 80
    assert other.table(kept).name == "a.csv"


def test_a_refused_file_leaves_nothing(datasets: Datasets) -> None:
    with pytest.raises(InputError):
        keep(datasets, b"\x00\x00")
    assert list(datasets.folder.iterdir()) == []


def test_only_abandoned_uploads_are_cleared_away(datasets: Datasets) -> None:
    old, fresh = datasets.open_incoming(), datasets.open_incoming()
    for incoming in (old, fresh):
        incoming.file.write_bytes(b"half a file")
    hours_ago = time.time() - 7200
    os.utime(old.file, (hours_ago, hours_ago))
    os.utime(old.folder, (hours_ago, hours_ago))
    datasets.clean()
    assert not old.folder.exists()
    assert fresh.folder.exists()
    assert [one.id for one in datasets.all()] == ["demo"]


@pytest.mark.parametrize(
    "name", ["..", "../../x", "", "DEMO", "0123456789abcdeg", "0123456789abcdef\n", ".incoming-0123456789abcdef"]
)
def test_an_id_that_is_none_of_ours_is_never_a_path(datasets: Datasets, name: str) -> None:
    with pytest.raises(NotFoundError):
        datasets.get(name)
    with pytest.raises(NotFoundError):
        datasets.delete(name)


def test_of_many_who_delete_at_once_one_succeeds(datasets: Datasets) -> None:
    kept = keep(datasets)
    outcomes = []

    def delete() -> None:
        try:
            datasets.delete(kept)
            outcomes.append("deleted")
        except NotFoundError:
            outcomes.append("not found")

    threads = [threading.Thread(target=delete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["deleted", *["not found"] * 7]
    assert list(datasets.folder.iterdir()) == []


def test_a_damaged_description_hides_one_data_set_and_not_the_list(datasets: Datasets) -> None:
    good, bad = keep(datasets), keep(datasets)
    (datasets.folder / bad / "dataset.json").write_text("{")
    assert [one.id for one in datasets.all()] == ["demo", good]


def test_the_demo_is_labelled_and_has_three_tools(datasets: Datasets) -> None:
    demo = datasets.get("demo")
    assert demo.builtin
    assert demo.rows == 20_000
    assert {"label", "equipment", "time", "lot"} <= set(demo.roles.values())
    assert datasets.table("demo").frame["equipment"].nunique() == 3
