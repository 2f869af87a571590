"""The same moment on the other equipment, with shared times and without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.explain.made import PERIOD, POINTS, fab, scene_of
from waferwatch.explain.sisters import SameMoment, find_sisters
from waferwatch.explain.spot import spot_of

FAULT = (625, 632, "pressure", 30.0)


def test_a_fault_of_one_chamber_is_chamber_specific() -> None:
    scene = scene_of(fab(), [FAULT, (POINTS + 300, POINTS + 310, "pressure", 30.0)])
    found = find_sisters(scene, spot_of(scene, 2))
    assert (found.moment, found.total, found.flagged, found.chamber_specific) == (SameMoment.TIME, 2, 0, True)
    assert {one.equipment for one in found.sisters} == {"E2", "E3"}
    sister = found.sisters[0]
    assert scene.table.frame.time[sister.stretch.rows[sister.start]] == scene.table.frame.time[625]
    assert (sister.recipe, sister.step) == ("B", "hold")


@pytest.mark.parametrize("shift", [0, 6, -10])
def test_a_fault_of_two_chambers_at_once_is_not(shift: int) -> None:
    there = POINTS + 625 + shift
    scene = scene_of(fab(), [FAULT, (there, there + 7, "flow", 30.0)])
    number = next(event.id for event in scene.found.events if event.start_row == 625)
    found = find_sisters(scene, spot_of(scene, number))
    assert (found.flagged, found.chamber_specific) == (1, False)
    assert found.sisters[0].equipment == "E2"
    assert found.sisters[0].events == (3 - number,)
    assert found.sisters[0].peak_score == pytest.approx(5.2)


def test_an_equipment_alone_says_nothing_about_its_sisters() -> None:
    scene = scene_of(fab(equipment=1), [FAULT])
    found = find_sisters(scene, spot_of(scene, 1))
    assert (found.moment, found.total, found.chamber_specific) == (None, 0, None)


def test_sisters_that_were_not_judged_say_nothing() -> None:
    scene = scene_of(fab(equipment=2), [FAULT], unjudged=range(POINTS, 2 * POINTS))
    found = find_sisters(scene, spot_of(scene, 1))
    assert (found.total, len(found.sisters), found.chamber_specific) == (1, 0, None)


def test_times_apart_are_compared_at_the_same_recipe_step() -> None:
    frame = fab(start_s=(0, 10_000, 20_000))
    scene = scene_of(frame, [FAULT, (POINTS + 625, POINTS + 632, "pressure", 30.0)])
    found = find_sisters(scene, spot_of(scene, 1))
    assert found.moment is SameMoment.STEP
    for one in found.sisters:
        row = int(one.stretch.rows[one.start])
        assert (row % PERIOD, one.recipe, one.step) == (625 % PERIOD, "B", "hold")


def test_the_same_lot_on_a_sister_comes_before_any_other_pass_of_the_step() -> None:
    frame = fab(start_s=(0, 10_000, 20_000))
    frame["lot"] = [f"L{row // PERIOD:03d}" for row in range(len(frame))]
    passed_on = (frame.equipment == "E3") & (frame.index - 2 * POINTS >= 1000) & (frame.index - 2 * POINTS < 1040)
    frame.loc[passed_on, "lot"] = frame.lot[625]
    scene = scene_of(frame, [FAULT])
    found = find_sisters(scene, spot_of(scene, 1))
    assert found.moment is SameMoment.LOT
    assert [one.equipment for one in found.sisters] == ["E3"]
    assert 2 * POINTS + 1000 <= found.sisters[0].stretch.rows[found.sisters[0].start] < 2 * POINTS + 1040


def test_without_steps_the_same_place_of_the_run_is_compared() -> None:
    """Runs whose time begins anew: the second run of every machine is laid over the second of the others."""
    frame = fab(equipment=2, points=200, steps=False).drop(columns="time")
    frame["time"] = [row % 50 for row in range(len(frame))]
    frame["wafer"] = [row % 200 // 50 + 1 for row in range(len(frame))]
    scene = scene_of(frame, [(70, 75, "pressure", 30.0), (274, 279, "flow", 30.0)])
    assert len(scene.layout.stretches) == 8
    found = find_sisters(scene, spot_of(scene, 1))
    assert found.moment is SameMoment.RUN
    (sister,) = found.sisters
    assert int(sister.stretch.rows[sister.start]) == 270
    assert sister.stretch.key == ("E2", "2")
    assert found.chamber_specific is False


def test_a_view_at_the_end_of_a_sister_stays_inside_it() -> None:
    frame = fab(start_s=(0, 10_000, 20_000), points=220)
    scene = scene_of(frame, [(210, 215, "pressure", 30.0)])
    for one in find_sisters(scene, spot_of(scene, 1)).sisters:
        assert 0 <= one.view.start < one.view.stop <= len(one.stretch)
        assert len(one.rows) == one.view.stop - one.view.start


def test_a_numeric_time_that_runs_through_is_shared() -> None:
    frame = fab(equipment=2).drop(columns="time")
    frame["time"] = np.tile(np.arange(POINTS, dtype=float), 2)
    scene = scene_of(pd.DataFrame(frame), [FAULT])
    assert find_sisters(scene, spot_of(scene, 1)).moment is SameMoment.TIME
