"""What was learnt for all equipment: whose part scores whom, and what is kept of a reference."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.frames import runs, stream


def equipment(name: str | None, seed: int, level: float = 0.0, rows: int = 1500) -> pd.DataFrame:
    frame = stream(rows, 3, seed=seed).assign(equipment=name)
    frame[["s0", "s1", "s2"]] += level
    return frame


def test_rows_without_a_name_of_their_equipment_stand_for_no_other_equipment() -> None:
    known = pd.concat([equipment("E1", 1), equipment(None, 2, level=50.0)], ignore_index=True)
    model = waferwatch.fit(known, detector="statistical", group="equipment")
    found = model.detect(equipment("E3", 3, level=20.0))
    assert any("No reference for E3" in str(note) for note in found.notes)
    assert found.flags.mean() < 0.05
    unnamed = model.detect(equipment(None, 4, level=50.0))
    assert not any("No reference" in str(note) for note in unnamed.notes)
    assert unnamed.flags.mean() < 0.05


def test_a_reference_that_names_no_equipment_is_that_of_all_equipment() -> None:
    model = waferwatch.fit(stream(1500, 3), detector="statistical")
    assert not any("No reference" in str(note) for note in model.detect(stream(1500, 3, seed=1)).notes)


@pytest.mark.parametrize("first", ["E1", "E2"])
def test_the_sister_of_unknown_equipment_does_not_depend_on_which_equipment_comes_first(first: str) -> None:
    known = pd.concat([equipment(name, 1) for name in sorted(("E1", "E2"), key=lambda name: name != first)])
    model = waferwatch.fit(known, detector="squared_difference", group="equipment")
    assert model.fitted.sister == "E1"


def test_a_model_does_not_keep_its_reference_in_memory() -> None:
    model = waferwatch.fit(stream(1500, 3), detector="statistical")
    assert [piece.first.base for piece in model.fitted.reference] == [None]


def test_equipment_without_a_reference_and_without_a_sensor_is_scored_without_a_warning() -> None:
    known = pd.concat([equipment("E1", 1), equipment("E2", 2)], ignore_index=True)
    model = waferwatch.fit(known, detector="statistical", group="equipment")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.detect(equipment("E3", 3).assign(s1=np.nan))
    assert np.isfinite(found.scores).mean() > 0.9


@pytest.mark.parametrize("rows", [20, 40, 60])
def test_a_reference_too_short_for_the_network_alone_leaves_its_rows_unjudged(rows: int) -> None:
    model = waferwatch.fit(stream(rows, 1), detector="moment_only")
    found = model.detect(stream(1500, 1, seed=1))
    assert not found.flags[np.isnan(found.scores)].any()


def test_a_run_far_beyond_the_others_is_flagged_where_nothing_is_known_to_be_normal() -> None:
    frame = runs(40)
    faulty = (frame["cycle"] == "R0030") & (frame.groupby("cycle").cumcount().between(40, 60))
    frame.loc[faulty, "s0"] += 30.0
    found = waferwatch.detect(frame, detector="statistical", group=["equipment", "cycle"])
    assert found.flags[faulty].any()
    assert set(frame.loc[found.flags, "cycle"]) == {"R0030"}
    assert any("stand out from the others" in str(note) for note in found.notes)
    known = waferwatch.fit(frame, detector="statistical", group=["equipment", "cycle"], reference_rows=len(frame))
    assert not known.detect(frame).flags.any(), "its owner says that it is normal"


def noise(equipment: str, seed: int, rows: int = 300) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(rows, 4)) + 10 * seed
    times = pd.date_range("2026-01-05", periods=rows, freq="s")
    return pd.DataFrame(values, columns=["s0", "s1", "s2", "s3"]).assign(t=times, equipment=equipment)


@pytest.mark.parametrize("sensors", [4, 1])
def test_a_fault_in_one_of_many_short_streams_does_not_hide_itself(sensors: int) -> None:
    frame = pd.concat([noise(f"E{number}", number) for number in range(12)], ignore_index=True)
    frame = frame.drop(columns=[f"s{number}" for number in range(sensors, 4)])
    faulty = 3 * 300 + 150 + np.arange(6)
    frame.loc[faulty, "s0"] += 20.0
    model = waferwatch.fit(frame, detector="statistical", group="equipment")
    found = model.detect(frame)
    assert found.flags[faulty].all()
    elsewhere = np.ones(len(frame), np.bool_)
    elsewhere[faulty[0] - 130 : faulty[-1] + 130] = False  # windows reach so far
    assert not found.flags[elsewhere].any()
    later = noise("E3", 3).assign(t=lambda one: one["t"] + pd.Timedelta(days=1))
    later.loc[150:155, "s0"] += 20.0
    again = model.detect(later).flags  # rows that come later are on the lent scale, too
    assert again[150:156].all()
    assert not again[:20].any()


def steps_of_wafers(wafers: int, seed: int, rows: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    place = np.tile(np.arange(rows), wafers)
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-01-05", periods=wafers * rows, freq="s"),
            "step": np.where(place < rows // 2, "ramp", "main"),
            "pressure": np.minimum(place, rows // 2) * 5.0 + rng.normal(0, 0.3, wafers * rows),
        }
    )


@pytest.mark.parametrize("rows", [5, 9, 12])
def test_the_first_rows_of_a_file_are_not_flagged_for_what_came_before_it(rows: int) -> None:
    found = waferwatch.detect(steps_of_wafers(120, 0, rows), detector="statistical")
    assert not found.flags[:rows].any()


def test_three_wafers_are_not_taken_for_all_that_a_chamber_does() -> None:
    known = steps_of_wafers(30, 0, 100).assign(equipment="A")
    few = steps_of_wafers(33, 1, 100).assign(equipment="B")
    few["wafer"], known["wafer"] = np.arange(len(few)) // 100, np.arange(len(known)) // 100
    model = waferwatch.fit(pd.concat([known, few[:300]], ignore_index=True), detector="statistical")
    assert model.detect(few[300:]).flags.mean() < 0.02
