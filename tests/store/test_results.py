"""Results as files: whole or not at all, and the same when read again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.errors import NotFoundError
from waferwatch.settings import Settings
from waferwatch.store.datasets import make_demo
from waferwatch.store.results import Results


@pytest.fixture(scope="module")
def found() -> Detection:
    return detect_table(make_demo(), detector="squared_difference", contamination=0.005)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    made = Results(Settings(data_dir=tmp_path))
    made.clean()
    return made


def test_a_detection_is_the_same_when_another_process_reads_it(
    results: Results, found: Detection, tmp_path: Path
) -> None:
    results.put_detection("a" * 16, found)
    read = Results(Settings(data_dir=tmp_path)).detection("a" * 16)
    for field in fields(Detection):
        before, after = getattr(found, field.name), getattr(read, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype, field.name
            np.testing.assert_array_equal(before, after, err_msg=field.name)
        else:
            assert before == after, field.name


def test_what_came_of_a_number_of_false_alarms_is_kept(results: Results, tmp_path: Path) -> None:
    budgeted = detect_table(make_demo(), detector="squared_difference", false_alarms=5000, reference_rows=2000)
    results.put_detection("a" * 16, budgeted)
    read = Results(Settings(data_dir=tmp_path)).detection("a" * 16)
    assert read.budget is not None
    assert read.budget == budgeted.budget
    assert read.threshold_by == "false_alarms"


def test_a_result_of_before_numbers_of_false_alarms_opens(results: Results, found: Detection, tmp_path: Path) -> None:
    results.put_detection("a" * 16, found)
    file = results.folder / ("a" * 16) / "detection.json"
    about = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({key: about[key] for key in about if key not in ("budget", "threshold_by")}), "utf-8")
    read = Results(Settings(data_dir=tmp_path)).detection("a" * 16)
    assert read.threshold_by == "contamination"
    assert read.budget is None


def test_a_moved_threshold_takes_the_place_of_the_result(results: Results, found: Detection) -> None:
    results.put_detection("a" * 16, found)
    results.put_detection("a" * 16, replace(found, threshold=9.0))
    assert results.detection("a" * 16).threshold == 9.0
    assert [path.name for path in results.folder.iterdir()] == ["a" * 16]


def test_a_deleted_result_is_told_as_gone(results: Results, found: Detection) -> None:
    results.put_detection("a" * 16, found)
    results.delete("a" * 16)
    results.delete("a" * 16)
    with pytest.raises(NotFoundError):
        results.detection("a" * 16)
    with pytest.raises(NotFoundError):
        results.document("a" * 16)


def test_a_document_is_the_same_when_it_is_read_again(results: Results, tmp_path: Path) -> None:
    document = {"이름": ["<b>", None, 1.5], "nested": {"a": [True]}}
    results.put_document("b" * 16, document)
    assert Results(Settings(data_dir=tmp_path)).document("b" * 16) == document


def test_a_writer_that_fails_leaves_nothing(
    results: Results, found: Detection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space"):
        results.put_detection("c" * 16, found)
    monkeypatch.undo()
    assert list(results.folder.iterdir()) == []
    with pytest.raises(NotFoundError):
        results.detection("c" * 16)
