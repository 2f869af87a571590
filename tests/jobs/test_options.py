"""What a run is asked for: rows by filters and periods, and the same question told apart from another."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from waferwatch.errors import InputError, NotFoundError
from waferwatch.jobs.options import Options, chosen_rows, reference_period, with_features
from waferwatch.models.moment.checkpoints import checkpoint as checkpoints
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.scoring.thresholds.threshold import Thresholds
from waferwatch.store.datasets import Dataset

DATASET = Dataset("0123456789abcdef", "a.csv", 6, 5, 10, "2026-01-01")


@pytest.fixture
def table() -> Table:
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=6, freq="min"),
            "equipment": ["E1", "E2", "E1", "E2", "E1", None],
            "wafer": [1.0, 1.0, 2.0, 2.0, np.nan, 3.0],
            "pressure": [1.0, 2, 3, 4, 5, 6],
            "flow": [6.0, 5, 4, 3, 2, 1],
        }
    )
    return table_from_frame(frame, roles={"wafer": "wafer", "equipment": "equipment"})


def rows(table: Table, **filters: list[str]) -> list[int]:
    options = Options("x", filters=tuple((column, tuple(values)) for column, values in filters.items()))
    found = chosen_rows(table, options)
    assert found is not None
    return found.tolist()


def test_rows_are_chosen_by_the_values_of_columns_as_people_read_them(table: Table) -> None:
    assert chosen_rows(table, Options("x")) is None
    assert rows(table, equipment=["E1"]) == [0, 2, 4]
    assert rows(table, wafer=["1", "3"]) == [0, 1, 5]
    assert rows(table, equipment=["E1", "E2"], wafer=["2"]) == [2, 3]


def test_a_filter_that_cannot_be_used_is_refused(table: Table) -> None:
    with pytest.raises(InputError, match="No row has the chosen values"):
        rows(table, equipment=["E9"])
    with pytest.raises(NotFoundError, match="cannot be filtered by pressure"):
        rows(table, pressure=["1"])
    with pytest.raises(NotFoundError, match="cannot be filtered by nothing"):
        rows(table, nothing=["1"])


def test_a_reference_period_holds_the_rows_between_its_ends(table: Table) -> None:
    period = reference_period(
        table, Options("x", reference_start="2026-01-01T00:01:00", reference_end="2026-01-01T00:03:00")
    )
    assert period is not None
    assert period.frame["pressure"].tolist() == [2, 3, 4]
    open_end = reference_period(table, Options("x", reference_start="2026-01-01T00:04:00"))
    assert open_end is not None
    assert open_end.frame["pressure"].tolist() == [5, 6]
    assert reference_period(table, Options("x")) is None


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("tomorrow-ish", "is not a time"),
        ("2030-01-01", "No row lies"),
        ("9" * 50, "is not a time"),
        ("NaT", "is not a time"),
        ("nan", "is not a time"),
    ],
)
def test_a_reference_period_that_cannot_be_used_is_refused(table: Table, start: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reference_period(table, Options("x", reference_start=start))


@pytest.mark.parametrize("start", ["nan", "soon"])
def test_a_period_of_numbers_begins_with_a_number(start: str) -> None:
    table = table_from_frame(pd.DataFrame({"clock": [1.0, 2, 3], "pressure": [1.0, 2, 3]}), time="clock")
    with pytest.raises(InputError, match="is not a number"):
        reference_period(table, Options("x", reference_start=start))


def test_a_reference_period_needs_a_time() -> None:
    table = table_from_frame(pd.DataFrame({"pressure": [1.0, 2, 3]}))
    with pytest.raises(InputError, match="needs a time column"):
        reference_period(table, Options("x", reference_end="3"))


def test_sensors_that_are_not_chosen_are_ignored(table: Table) -> None:
    assert with_features(table, None) is table
    assert with_features(table, ["flow"]).columns(Role.SENSOR) == ["flow"]
    with pytest.raises(InputError, match="equipment is not a sensor"):
        with_features(table, ["equipment"])


def test_options_are_the_same_after_they_were_kept() -> None:
    options = Options(
        "x", ("a", "b"), "moment", 0.1, reference_rows=5, filters=(("lot", ("L1", "L2")),), detectors=("a",)
    )
    assert Options.from_dict(options.to_dict()) == options
    assert Options.from_dict(options.to_dict() | {"of_a_later_version": 1}) == options


def test_the_fingerprint_tells_questions_apart() -> None:
    options = Options("x")
    mine = options.fingerprint("detection", DATASET)
    assert mine == Options("x").fingerprint("detection", DATASET)
    others = {
        options.fingerprint("comparison", DATASET),
        options.fingerprint("detection", replace(DATASET, version=2)),
        replace(options, contamination=0.06).fingerprint("detection", DATASET),
        replace(options, threshold=3.0).fingerprint("detection", DATASET),
        replace(options, filters=(("lot", ("L1",)),)).fingerprint("detection", DATASET),
        replace(options, features=("a",)).fingerprint("detection", DATASET),
    }
    assert len(others) == 6
    assert mine not in others


def test_options_of_version_0_3_still_load() -> None:
    old = {"dataset": "x", "features": None, "detector": "moment", "contamination": 0.05, "filters": {}}
    by_share = Options.from_dict(old | {"false_alarms": None})
    assert by_share.thresholds == Thresholds(contamination=0.05)
    by_alarms = Options.from_dict(old | {"false_alarms": 2.0})
    assert by_alarms.thresholds == Thresholds(false_alarms=2.0)
    assert Options.from_dict(by_alarms.to_dict()) == by_alarms


@pytest.mark.parametrize(
    "given",
    [{"threshold": 3.0, "contamination": 0.1}, {"contamination": 0.1, "false_alarms": 1.0}, {"threshold": math.nan}],
)
def test_a_threshold_is_set_in_one_way(given: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Options("x", **given)  # type: ignore[arg-type]
    assert Options("x").thresholds == Thresholds()
    assert Options("x", threshold=0.0).thresholds == Thresholds(0.0)


def test_a_replaced_checkpoint_makes_another_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = checkpoints.find()
    monkeypatch.setattr(checkpoints, "imported_folder", lambda: tmp_path)
    mine = replace(embedded, name="tuned", folder=tmp_path / "tuned")
    mine.folder.mkdir()

    def question(**hashes: str) -> str:
        checkpoints.write(replace(mine, **hashes))
        return Options("x", checkpoint="tuned").fingerprint("detection", DATASET)

    first = question(sha256="a" * 64)
    assert question(sha256="a" * 64) == first
    assert question(sha256="b" * 64) != first
    assert question(sha256="a" * 64, weights_sha256="b" * 64) != first, "a GPU computes with these"
    (mine.folder / checkpoints.DESCRIPTION).unlink()
    assert Options("x", checkpoint="tuned").fingerprint("detection", DATASET) != first, "the run itself says what lacks"
