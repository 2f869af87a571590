"""The nearest normal stretch is normal throughout, of the same equipment, and the most similar one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explain.made import PERIOD, fab, scene_of
from waferwatch.explain.nearest import Likeness, find_nearest
from waferwatch.explain.scene import Scene
from waferwatch.explain.spot import Spot, spot_of

FAULT = (625, 632, "pressure", 30.0)  # in a hold of recipe B, on the first equipment


def naive(scene: Scene, spot: Spot, sensors: list[str], event_rows: np.ndarray, before: int) -> float:
    """Lowest distance of any normal stretch of the equipment that is in the event's recipe step where it starts."""
    rows = scene.rows_of(spot.stretch.scope)
    normal = scene.values(sensors, rows[scene.usual[rows]])
    low, centre, high = np.nanpercentile(normal, [1, 50, 99], axis=0)
    spread = np.nanstd(normal, axis=0)
    query = np.clip(
        (scene.values(sensors, event_rows) - centre) / spread, (low - centre) / spread, (high - centre) / spread
    )
    step = scene.layout.step
    best = np.inf
    for number in scene.members(spot.stretch.scope):
        own = scene.layout.stretches[number].rows
        for start in range(len(own) - len(query) + 1):
            candidate = own[start : start + len(query)]
            if not scene.usual[candidate].all():
                continue
            if step is not None and step[candidate[before]] != step[spot.event.start_row]:
                continue
            apart = query - (scene.values(sensors, candidate) - centre) / spread
            best = min(best, float(np.sqrt(np.nanmean(apart**2))))
    return best


@pytest.mark.parametrize("steps", [True, False])
def test_it_is_the_best_of_all_normal_stretches_of_the_equipment(steps: bool) -> None:
    scene = scene_of(fab(steps=steps), [FAULT, (900, 905, "flow", 9.0)])
    spot = spot_of(scene, 1)
    sensors = ["pressure", "flow"]
    found = find_nearest(scene, spot, sensors)
    assert found is not None
    assert len(found.rows) == len(found.event_rows)
    assert scene.usual[found.rows].all()
    assert found.event_rows[found.before] == spot.event.start_row
    assert np.array_equal(np.diff(found.rows), np.ones(len(found.rows) - 1))
    assert set(scene.table.frame.equipment.iloc[found.rows]) == {"E1"}
    assert found.distance == pytest.approx(naive(scene, spot, sensors, found.event_rows, found.before), rel=1e-6)


def test_it_is_in_the_same_phase_of_the_same_recipe_and_step() -> None:
    scene = scene_of(fab(), [FAULT])
    found = find_nearest(scene, spot_of(scene, 1), ["pressure", "flow"])
    assert found is not None
    assert found.likeness is Likeness.STEP
    start = int(found.rows[found.before])
    assert start % PERIOD == 625 % PERIOD
    assert scene.table.frame.recipe[start] == scene.table.frame.recipe[625]


def test_the_fault_is_where_they_part_most() -> None:
    scene = scene_of(fab(), [FAULT])
    found = find_nearest(scene, spot_of(scene, 1), ["pressure", "flow"])
    assert found is not None
    assert found.marks[0][0] == (found.before, found.before + 7)
    assert all(first >= found.before for first, _ in found.marks[0])


def test_with_flags_all_around_less_of_the_surroundings_is_compared() -> None:
    faults = [FAULT, *((row, row, "temp", 20.0) for row in range(5, 1200, 50) if not 590 < row < 670)]
    scene = scene_of(fab(), faults)
    number = next(event.id for event in scene.found.events if event.start_row == 625)
    found = find_nearest(scene, spot_of(scene, number), ["pressure"])
    assert found is not None
    assert len(found.rows) < 50
    assert scene.usual[found.rows].all()


def test_a_recipe_that_ran_once_is_compared_with_the_other_recipe() -> None:
    frame = fab(equipment=1)
    frame["recipe"] = "A"
    frame.loc[600:700, "recipe"] = "SELDOM"
    frame.loc[600:700, "step"] = "seldom"
    scene = scene_of(frame, [FAULT])
    found = find_nearest(scene, spot_of(scene, 1), ["pressure"])
    assert found is not None
    assert found.likeness is not Likeness.STEP or (np.abs(found.rows - 625) < 200).all()


def test_an_equipment_without_normal_rows_has_none() -> None:
    frame = fab(equipment=2, points=100)
    scene = scene_of(frame, [(0, 99, "pressure", 30.0)])
    assert find_nearest(scene, spot_of(scene, 1), ["pressure"]) is None


def test_gaps_and_labelled_rows_are_no_normal_stretch() -> None:
    frame = fab(equipment=1)
    frame["anomaly"] = 0
    frame.loc[0:580, "anomaly"] = 1
    frame.loc[700:703, "pressure"] = np.nan
    scene = scene_of(frame, [FAULT])
    found = find_nearest(scene, spot_of(scene, 1), ["pressure"])
    assert found is not None
    assert found.rows.min() > 580
    assert np.isfinite(found.distance)


def test_the_search_of_a_long_equipment_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waferwatch.explain.nearest._MOST_ROWS", 400)
    scene = scene_of(fab(), [FAULT])
    found = find_nearest(scene, spot_of(scene, 1), ["pressure"])
    assert found is not None
    assert np.abs(found.rows - 625).max() <= 400
