"""Results as files: whole or not at all, the same when read again, and never lost by a later act."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.store.faults import full_disk, record_syncs, refuse_sync
from tests.store.old_layout import as_it_was, write_result
from waferwatch.errors import NotFoundError, StorageFullError
from waferwatch.models.state import digest_of
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.scoring.thresholds.rethreshold import with_threshold
from waferwatch.settings import Settings
from waferwatch.store.demo import make_demo
from waferwatch.store.results import Results

RUN = "a" * 16


@pytest.fixture(scope="module")
def found() -> Detection:
    return detect_table(make_demo(), Question(detector="squared_difference", contamination=0.005))


@pytest.fixture(scope="module")
def moved(found: Detection) -> Detection:
    return with_threshold(make_demo(), found, found.threshold * 3)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    made = Results(Settings(data_dir=tmp_path))
    made.clean()
    return made


@pytest.fixture
def again(tmp_path: Path) -> Callable[[], Results]:
    """The results as another process sees them."""
    return lambda: Results(Settings(data_dir=tmp_path))


def assert_same(read: Detection, expected: Detection) -> None:
    for field in fields(Detection):
        before, after = getattr(expected, field.name), getattr(read, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype, field.name
            np.testing.assert_array_equal(before, after, err_msg=field.name)
        elif field.name == "wafers":
            assert digest_of(before) == digest_of(after)
        else:
            assert before == after, field.name


def test_a_detection_is_the_same_when_another_process_reads_it(
    results: Results, found: Detection, again: Callable[[], Results]
) -> None:
    results.put_detection(RUN, found)
    assert_same(again().detection(RUN), found)
    events = again().events(RUN)
    assert events.events == found.events
    np.testing.assert_array_equal(events.event_ids, found.event_ids)


def test_what_the_threshold_promises_is_kept(results: Results, again: Callable[[], Results]) -> None:
    promised = detect_table(make_demo(), Question(detector="squared_difference", false_alarms=50, reference_rows=4000))
    results.put_detection(RUN, promised)
    read = again().detection(RUN)
    assert read.promise is not None
    assert read.promise == promised.promise
    assert read.threshold_by == "false_alarms"
    assert read.model_digest == promised.model_digest is not None
    assert read.layout == promised.layout is not None


def test_a_result_of_version_0_3_opens(results: Results, found: Detection, again: Callable[[], Results]) -> None:
    found = as_it_was(found)
    write_result(results.folder / RUN, found)
    assert_same(again().detection(RUN), found)
    events = again().events(RUN)
    assert events.events == found.events
    np.testing.assert_array_equal(events.event_ids, found.event_ids)


def test_a_result_of_version_0_3_takes_another_threshold_without_new_scores(
    results: Results, found: Detection, moved: Detection, again: Callable[[], Results]
) -> None:
    found, moved = as_it_was(found), as_it_was(moved)
    write_result(results.folder / RUN, found)
    before = (results.folder / RUN / "rows.parquet").stat()
    results.put_threshold(RUN, moved)
    assert_same(again().detection(RUN), moved)
    np.testing.assert_array_equal(again().events(RUN).event_ids, moved.event_ids)
    after = (results.folder / RUN / "rows.parquet").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    results.put_threshold(RUN, found)
    assert_same(again().detection(RUN), found)


def test_a_result_of_before_numbers_of_false_alarms_opens(results: Results, found: Detection) -> None:
    write_result(results.folder / RUN, found)
    file = results.folder / RUN / "detection.json"
    about = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({key: about[key] for key in about if key not in ("budget", "threshold_by")}), "utf-8")
    read = results.detection(RUN)
    assert read.threshold_by == "contamination"
    assert read.promise is None


def test_a_moved_threshold_writes_no_scores_and_leaves_nothing_behind(
    results: Results, found: Detection, moved: Detection, again: Callable[[], Results]
) -> None:
    results.put_detection(RUN, found)
    (scores,) = (results.folder / RUN).glob("*.parquet")
    before = scores.stat()
    results.put_threshold(RUN, moved)
    assert_same(results.detection(RUN), moved)
    assert_same(again().detection(RUN), moved)
    assert scores.stat().st_ino == before.st_ino
    assert scores.stat().st_mtime_ns == before.st_mtime_ns
    assert {path.name for path in (results.folder / RUN).iterdir()} == {scores.name, "detection.json", ".unlisted"}
    assert [path.name for path in results.folder.iterdir()] == [RUN]


def test_a_detection_that_is_kept_again_takes_the_place_of_the_first(
    results: Results, found: Detection, moved: Detection, again: Callable[[], Results]
) -> None:
    results.put_detection(RUN, found)
    other = replace(moved, scores=moved.scores * 2, threshold=moved.threshold * 2)
    results.put_detection(RUN, other)
    assert_same(results.detection(RUN), other)
    assert_same(again().detection(RUN), other)
    assert len(list((results.folder / RUN).glob("*.parquet"))) == 1


def test_another_process_sees_a_moved_threshold_at_once(
    results: Results, found: Detection, moved: Detection, again: Callable[[], Results]
) -> None:
    other = again()
    results.put_detection(RUN, found)
    assert_same(other.detection(RUN), found)
    results.put_threshold(RUN, moved)
    assert_same(other.detection(RUN), moved)
    other.put_threshold(RUN, found)
    assert_same(results.detection(RUN), found)
    assert results.events(RUN).events == found.events
    results.delete(RUN)
    with pytest.raises(NotFoundError):
        other.detection(RUN)


def test_threads_that_move_one_threshold_at_once_all_succeed_and_readers_never_miss_it(
    results: Results, found: Detection, moved: Detection, again: Callable[[], Results]
) -> None:
    results.put_detection(RUN, found)
    faults: list[BaseException] = []

    def safely(act: Callable[[], object]) -> None:
        try:
            for _ in range(8):
                act()
        except BaseException as fault:
            faults.append(fault)

    acts: list[Callable[[], object]] = [
        lambda: results.put_threshold(RUN, moved),
        lambda: results.put_threshold(RUN, found),
        lambda: again().put_threshold(RUN, moved),
        lambda: again().detection(RUN),
        lambda: results.detection(RUN),
        lambda: again().events(RUN),
    ]
    threads = [threading.Thread(target=safely, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    kept = again().detection(RUN)
    assert_same(kept, moved if kept.threshold == moved.threshold else found)


def test_a_deleted_result_is_reported_as_gone(results: Results, found: Detection) -> None:
    results.put_detection(RUN, found)
    results.delete(RUN)
    results.delete(RUN)
    for act in (results.detection, results.events, results.document):
        with pytest.raises(NotFoundError):
            act(RUN)
    with pytest.raises(NotFoundError):
        results.put_threshold(RUN, found)
    assert list(results.folder.iterdir()) == []


def test_a_document_is_the_same_when_it_is_read_again(results: Results, again: Callable[[], Results]) -> None:
    document = {"이름": ["<b>", None, 1.5], "nested": {"a": [True]}, "half": "\ud800"}
    results.put_document("b" * 16, document)
    assert again().document("b" * 16) == document
    results.put_document("b" * 16, {"second": 2})
    assert again().document("b" * 16) == {"second": 2}


def test_a_document_of_version_0_3_opens(results: Results) -> None:
    (results.folder / RUN).mkdir()
    (results.folder / RUN / "document.json").write_text(json.dumps({"a": [1, None]}), "utf-8")
    assert results.document(RUN) == {"a": [1, None]}


def test_a_full_disk_keeps_nothing_of_a_new_result_and_says_so(results: Results, found: Detection) -> None:
    with full_disk(most_bytes=1000), pytest.raises(StorageFullError, match="disk of the server is full"):
        results.put_detection(RUN, found)
    assert list(results.folder.iterdir()) == []
    with pytest.raises(NotFoundError):
        results.detection(RUN)
    with full_disk(most_bytes=10), pytest.raises(StorageFullError):
        results.put_document(RUN, {"a": "long enough to be refused"})
    assert list(results.folder.iterdir()) == []


@pytest.mark.parametrize("old", [False, True], ids=["kept now", "kept by 0.3.0"])
def test_a_full_disk_leaves_the_threshold_where_it_was(
    results: Results,
    found: Detection,
    moved: Detection,
    again: Callable[[], Results],
    monkeypatch: pytest.MonkeyPatch,
    old: bool,
) -> None:
    if old:
        found = as_it_was(found)
        write_result(results.folder / RUN, found)
        found = replace(found, promise=None, model_digest=None, layout=None)
    else:
        results.put_detection(RUN, found)
    files = sorted((results.folder / RUN).iterdir())
    with full_disk(most_bytes=1000), pytest.raises(StorageFullError):
        results.put_threshold(RUN, moved)
    with full_disk(most_bytes=1000), pytest.raises(StorageFullError):
        results.put_detection(RUN, moved)
    with monkeypatch.context() as patched:
        refuse_sync(patched)
        with pytest.raises(StorageFullError):
            results.put_threshold(RUN, moved)
    assert_same(results.detection(RUN), found)
    assert_same(again().detection(RUN), found)
    assert sorted((results.folder / RUN).iterdir()) == files


def test_a_folder_that_cannot_be_written_is_reported_with_its_reason(
    results: Results, found: Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("waferwatch.store.disk.files.os.fsync", read_only)
    with pytest.raises(StorageFullError, match="Read-only file system") as told:
        results.put_detection(RUN, found)
    assert str(results.folder) not in str(told.value)


def test_a_result_is_on_the_disk_before_it_is_acknowledged(
    results: Results, found: Detection, moved: Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = record_syncs(monkeypatch)
    results.put_detection(RUN, found)
    folder = results.folder / RUN
    files = {path.stat().st_ino for path in (*folder.glob("*.parquet"), *folder.glob("*.json"))}
    assert files | {folder.stat().st_ino, results.folder.stat().st_ino} <= synced
    synced.clear()
    results.put_threshold(RUN, moved)
    assert {(folder / "detection.json").stat().st_ino, folder.stat().st_ino} <= synced
