"""Codes that are no sensors are named where no row that was learnt from has them, and make no row anomalous."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import waferwatch
from tests.models.frames import stream


def with_codes(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    place = np.arange(rows)
    return stream(rows, 2, seed=seed).assign(
        AlarmCode=np.where(place % 200 < 10, 1001, np.where(place % 300 < 10, 1002, 0)),
        mode=np.where(place % 500 < 400, "AUTO", "MANUAL"),
        comment=[f"row {one}" for one in place],
    )


def new_codes(found: waferwatch.Detection) -> list[str]:
    return [str(note) for note in found.notes if "no row learnt from has" in str(note)]


def test_a_code_that_was_never_learnt_is_said_with_its_row_and_is_no_anomaly(tmp_path: Path) -> None:
    waferwatch.fit(with_codes(), detector="statistical").save(tmp_path)
    model = waferwatch.load(tmp_path)
    later = with_codes(seed=1)
    assert new_codes(model.detect(later)) == []
    before = model.detect(later).scores
    later.loc[700:720, "AlarmCode"] = 1037
    later.loc[900:, "mode"] = "SERVICE"
    found = model.detect(later)
    assert [note.split(".")[0] for note in new_codes(found)] == [
        "AlarmCode has values that no row learnt from has: 1037; the first in row 701",
        "mode has values that no row learnt from has: SERVICE; the first in row 901",
    ]
    assert np.array_equal(found.scores, before, equal_nan=True)


def test_codes_are_the_same_where_empty_cells_make_them_numbers_with_a_point() -> None:
    model = waferwatch.fit(with_codes(), detector="squared_difference")
    later = with_codes(seed=1)
    later["AlarmCode"] = later["AlarmCode"].astype(float).where(np.arange(1500) % 7 > 0)
    assert new_codes(model.detect(later)) == []
    assert new_codes(model.detect(later.drop(columns="AlarmCode"))) == []


def test_of_a_file_only_the_rows_that_are_known_to_be_normal_say_which_codes_are_known() -> None:
    frame = with_codes()
    frame.loc[1200:1210, "AlarmCode"] = 1037
    known = waferwatch.detect(frame, detector="squared_difference", reference_rows=1000)
    assert "1037; the first in row 1201" in new_codes(known)[0]
    assert new_codes(waferwatch.detect(frame, detector="squared_difference")) == []
