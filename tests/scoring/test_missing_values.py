"""Rows and sensors that are missing, equipment and recipe steps that the reference does not have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from tests.models.frames import runs, stream
from waferwatch.scoring.model import Model

BY_CHANCE = 0.02  # of normal rows: about one event in as many rows as were learnt from is to be expected


@pytest.fixture(scope="module", params=["statistical", "moment"])
def model(request: pytest.FixtureRequest) -> Model:
    return waferwatch.fit(stream(6000, 3)[:3000], detector=request.param)


@pytest.fixture
def later() -> pd.DataFrame:
    return stream(6000, 3)[3000:].reset_index(drop=True)


@pytest.mark.parametrize("missing", ["a long stretch", "the whole file", "six of seven rows"])
def test_a_sensor_that_is_missing_is_no_fault_and_the_others_are_still_watched(
    model: Model, later: pd.DataFrame, missing: str
) -> None:
    lacking = {"a long stretch": later.index > 1000, "six of seven rows": later.index % 7 != 0}
    later.loc[lacking.get(missing, later.index >= 0) & (later.index < 2500), "s1"] = np.nan
    if missing == "the whole file":
        later["s1"] = np.nan
    assert model.detect(later).flags.mean() < BY_CHANCE
    later.loc[1500:1520, "s2"] += 9
    found = model.detect(later)
    assert found.flags[1500:1520].all()
    assert (found.contributions[1505:1515].argmax(axis=1) == 2).all()


def test_a_missing_stretch_changes_nothing_far_from_it(model: Model, later: pd.DataFrame) -> None:
    whole = model.detect(later).scores
    later.loc[:100, "s1"] = np.nan
    np.testing.assert_allclose(model.detect(later).scores[101 + model.context :], whole[101 + model.context :])


def test_a_row_without_any_value_is_not_scored_or_flagged(model: Model, later: pd.DataFrame) -> None:
    later.loc[1000:1400, ["s0", "s1", "s2"]] = np.nan
    found = model.detect(later)
    assert np.isnan(found.scores[1000:1401]).all()
    assert np.isfinite(np.delete(found.scores, np.s_[1000:1401])).all()
    assert found.flags.mean() < BY_CHANCE
    assert not found.flags[700:1700].any()  # windows next to a hole are as full as all others


def test_a_reference_in_pieces_is_learnt_from_as_one() -> None:
    frame = stream(6000, 3)
    pieces = pd.concat([frame[:1500], frame[2500:4000]], ignore_index=True)
    model = waferwatch.fit(pieces, detector="statistical")
    later = frame[4000:].reset_index(drop=True)
    assert model.detect(later).flags.mean() < BY_CHANCE
    later.loc[1000:1020, "s1"] += 8
    assert model.detect(later).flags[1000:1020].all()
    assert len(model.fitted.reference) == 2


@pytest.mark.parametrize("detector", ["statistical", "moment", "isolation_forest", "pca"])
def test_a_new_chamber_at_another_level_is_scored_at_its_own(detector: str) -> None:
    known, new = stream(4000, 3).assign(equipment="E1"), stream(2000, 3, seed=1).assign(equipment="E2")
    sensors = ["s0", "s1", "s2"]
    new[sensors] += 3 * known[sensors].std()
    new.loc[1500:1510, "s1"] += 9
    found = waferwatch.fit(known, detector=detector).detect(new)
    normal = np.r_[0:1400, 1650:2000]
    assert found.flags[normal].mean() < BY_CHANCE
    assert found.flags[1500:1510].any() or detector == "isolation_forest"  # it is blind to so short a fault
    assert any("No reference for E2" in str(note) for note in found.notes)


def test_a_new_chamber_of_recipe_steps_is_scored_at_its_own_level() -> None:
    fab = waferwatch.generate(rows=16_000, equipment=2, seed=3, faults=False).drop(columns=["anomaly", "fault_kind"])
    sensors = fab.select_dtypes("floating").columns
    known = fab[fab["equipment"] == "ETCH-01"][:5000]
    new = known.assign(equipment="ETCH-09")
    new[sensors] += 3 * known[sensors].std()
    found = waferwatch.fit(known, detector="statistical").detect(new)
    assert found.flags.mean() < 0.05


def test_steps_that_the_reference_does_not_have_are_not_scored_and_named() -> None:
    fab = waferwatch.generate(rows=6000, equipment=1, seed=3, faults=False).drop(columns=["anomaly", "fault_kind"])
    later = fab[3000:].reset_index(drop=True)
    strange = (later["step"] == later["step"].iloc[200]).to_numpy() & (later.index > 1500)
    later.loc[strange, "step"] = "plasma clean"
    found = waferwatch.fit(fab[:3000], detector="statistical").detect(later)
    assert np.isnan(found.scores[strange]).all()
    assert not found.flags[strange].any()
    assert any("plasma clean" in str(note) for note in found.notes)


def test_rows_without_a_recipe_and_a_step_are_named_where_the_reference_has_none() -> None:
    fab = waferwatch.generate(rows=6000, equipment=1, seed=3, faults=False).drop(columns=["anomaly", "fault_kind"])
    later = fab[3000:].reset_index(drop=True)
    later.loc[1500:1900, ["recipe", "step"]] = None
    found = waferwatch.fit(fab[:3000], detector="squared_difference_steps").detect(later)
    assert any("401 rows are in recipe steps" in str(note) and ": - -." in str(note) for note in found.notes)


def two_tools(seed: int) -> pd.DataFrame:
    """Two tools whose sensors lie at levels far apart."""
    tools = [stream(1500, 2, seed + at).assign(equipment=name) for at, name in enumerate("AB")]
    tools[1][["s0", "s1"]] += 50
    return pd.concat(tools, ignore_index=True)


def test_equipment_is_known_under_another_column_name() -> None:
    model = waferwatch.fit(two_tools(0), detector="statistical")
    later = two_tools(5)
    expected, found = model.detect(later), model.detect(later.rename(columns={"equipment": "tool"}))
    np.testing.assert_allclose(found.scores, expected.scores)
    assert found.notes == expected.notes


def test_runs_of_equipment_are_known_under_another_column_name() -> None:
    model = waferwatch.fit(runs(12), group=["equipment", "cycle"], detector="statistical")
    later = runs(4, 3, 20).rename(columns={"equipment": "tool"})
    assert not any("No reference" in str(note) for note in model.detect(later).notes)


def test_rows_that_name_no_equipment_are_said() -> None:
    model = waferwatch.fit(two_tools(0), detector="statistical")
    notes = [str(note) for note in model.detect(two_tools(5)[:1500].drop(columns="equipment")).notes]
    assert any(note.startswith("Rows that name no equipment") for note in notes)
    assert not any("No reference for" in note for note in notes)


def test_a_sensor_of_the_model_without_any_value_is_said(model: Model, later: pd.DataFrame) -> None:
    said = "Sensors of the model that hold no value here and were not judged: s1."
    assert said in [str(note) for note in model.detect(later.assign(s1=np.nan)).notes]
    later.loc[1:, "s1"] = np.nan
    assert said not in [str(note) for note in model.detect(later).notes]
