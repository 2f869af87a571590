"""Metrology with several sites on each wafer: the site is the step, and wafers are judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role

BAD = (211, 212)


def metrology(sites: int = 3, name: str = "site", seed: int = 0, bad: tuple[int, ...] = BAD) -> pd.DataFrame:
    """300 wafers, two of them 12 nm too thick."""
    rng = np.random.default_rng(seed)
    wafer, site = np.repeat(np.arange(300), sites), np.tile(np.arange(sites), 300)
    level = rng.normal(0, 1, 300)[wafer] + 12.0 * np.isin(wafer, bad)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(wafer * 360, unit="s"),
            "tool": "M1",
            "lot": [f"L{one // 25:03d}" for one in wafer],
            "wafer": wafer % 25 + 1,
            name: site + 1,
            "thickness_nm": 500 + 2.0 * site + level + rng.normal(0, 0.5, len(wafer)),
            "cd_nm": 45 + 0.1 * site + rng.normal(0, 0.2, len(wafer)),
        }
    )


@pytest.mark.parametrize("name", ["site", "Site No.", "SITE_ID", "MeasPoint", "측정점", "die"])
def test_a_column_that_tells_the_rows_of_a_wafer_apart_is_the_step(name: str) -> None:
    table = table_from_frame(metrology(name=name))
    assert table.roles[name] is Role.STEP
    assert any(f"{name} says where on a wafer" in str(note) for note in table.notes)


def test_a_site_that_says_which_fab_it_was_is_no_step() -> None:
    frame = metrology()
    assert table_from_frame(frame.assign(site=frame["wafer"] % 2)).roles["site"] is not Role.STEP


def test_a_table_with_steps_keeps_them_and_a_typed_role_counts() -> None:
    frame = metrology()
    assert table_from_frame(frame.assign(step="thickness")).roles["site"] is Role.SENSOR
    assert table_from_frame(frame, roles={"site": "context"}).roles["site"] is Role.CONTEXT


@pytest.mark.parametrize("sites", [2, 3, 9])
def test_the_bad_wafers_of_a_metrology_table_are_its_only_problem(sites: int) -> None:
    found = waferwatch.detect(metrology(sites), detector="statistical")
    assert [(one.lot, one.wafer) for one in found.runs if one.abnormal] == [("L008", "12"), ("L008", "13")]
    assert [(one.sensor, one.direction, one.count) for one in found.problems] == [("thickness_nm", "up", 2)]


@pytest.mark.parametrize("seed", [1, 2])
def test_good_wafers_of_a_metrology_table_are_no_problem(seed: int) -> None:
    found = waferwatch.detect(metrology(seed=seed, bad=()), detector="statistical")
    assert not any(one.abnormal for one in found.runs)
    assert found.problems == []
