"""Shares, onsets and the farthest row of each sensor; the normal band and what replaces it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.explain.made import POINTS, fab, scene_of
from waferwatch.errors import InputError, NotFoundError
from waferwatch.explain.course import course
from waferwatch.explain.explanation import explain
from waferwatch.explain.scene import Scene, lay_out, set_scene
from waferwatch.explain.sensors import farthest, sensor_parts, shares
from waferwatch.explain.spot import spot_of
from waferwatch.explain.usual import band
from waferwatch.models.moment.checkpoints.checkpoint import find
from waferwatch.read.frames import table_from_frame

FAULT = (625, 640, "pressure", 30.0)


def judged_by_moment(scene: Scene, sha256: str | None = None) -> Scene:
    found = scene.found.__class__(
        **{**scene.found.__dict__, "detector": "moment", "model": find().name, "model_sha256": sha256 or find().sha256}
    )
    return Scene(scene.table, found, scene.layout, scene.usual)


def test_sensors_are_ranked_by_what_they_carry() -> None:
    scene = scene_of(fab(), [FAULT, (630, 640, "temp", 9.0)])
    ranked = shares(scene, spot_of(scene, 1))
    assert [sensor for sensor, _ in ranked] == ["pressure", "temp", "flow"]
    assert sum(share for _, share in ranked) == pytest.approx(1)
    assert ranked[0][1] == pytest.approx(16 * 5 / (16 * 5 + 11 * 5 + 5 * 0.1 + 16 * 0.1), rel=1e-5)


def test_each_sensor_is_reported_since_when_it_left_the_normal() -> None:
    scene = scene_of(fab(), [FAULT, (630, 640, "temp", 30.0)])
    spot = spot_of(scene, 1)
    ranked = shares(scene, spot)
    shown = ["pressure"]
    parts = sensor_parts(scene, spot, ranked, shown, course(scene, spot, shown))
    onsets = {part.sensor: part.onset for part in parts}
    assert onsets == {"pressure": 0, "temp": 5, "flow": None}  # temp is told by its part of the score
    assert parts[0].onset_row == 625
    assert parts[0].onset_time == "2026-03-01T00:10:25"
    assert parts[2].onset_time is None


def test_an_onset_is_reported_by_the_values_where_the_score_is_early() -> None:
    """A score that spreads over a patch begins before the fault does."""
    scene = scene_of(fab(), [FAULT, (617, 624, "pressure", 0.0)])
    spot = spot_of(scene, 1)
    assert spot.event.start_row == 617
    part = sensor_parts(scene, spot, shares(scene, spot), ["pressure"], course(scene, spot, ["pressure"]))[0]
    assert part.onset == 8


def test_a_shift_that_lasts_is_reported_from_its_first_row() -> None:
    scene = scene_of(fab(), [(410, 1000, "pressure", 30.0)])
    assert explain(scene, 1).ranking[0].onset == 0


def onset_of(scene: Scene, sensor: str = "pressure") -> int | None:
    spot = spot_of(scene, 1)
    parts = sensor_parts(scene, spot, shares(scene, spot), [sensor], course(scene, spot, [sensor]))
    return next(part.onset for part in parts if part.sensor == sensor)


def test_a_single_reading_outside_its_band_before_the_fault_is_no_onset() -> None:
    noisy = scene_of(fab(), [(612, 640, "pressure", 0.0), (613, 613, "pressure", 8.0), (625, 640, "pressure", 30.0)])
    assert onset_of(noisy) == 13


def test_a_small_departure_of_several_points_is_no_onset_of_a_large_one() -> None:
    """As when a low threshold makes a neighbouring ramp part of the event."""
    ramp = scene_of(fab(), [(612, 640, "pressure", 0.0), (613, 616, "pressure", 5.0), (625, 640, "pressure", 60.0)])
    assert onset_of(ramp) == 13


def test_a_spike_of_a_single_point_has_its_onset_there() -> None:
    assert onset_of(scene_of(fab(), [(625, 625, "pressure", 60.0)])) == 0


def test_a_sensor_that_stayed_in_its_band_has_no_onset() -> None:
    assert onset_of(scene_of(fab(), [(612, 640, "pressure", 0.0)])) is None


def test_the_band_is_that_of_each_recipe_step() -> None:
    scene = scene_of(fab(), [FAULT])
    found = band(scene, ("E1",), ["pressure", "flow"], np.array([600, 609, 615]))
    assert found.by_step
    assert not found.known
    ramp, hold = found.middle[0], found.middle[2]
    assert ramp[0] == pytest.approx(22.5, abs=1)
    assert hold[0] == pytest.approx(50, abs=1)
    assert found.low[2, 0] < 50 < found.high[2, 0] < 53
    assert np.array_equal(found.middle[0], found.middle[1])


def test_without_steps_there_is_one_band_from_rows_known_to_be_normal() -> None:
    frame = fab(steps=False)
    known = np.zeros(len(frame), bool)
    known[:200] = True
    frame.loc[200 : POINTS - 1, "flow"] += 5
    scene = scene_of(frame, [FAULT], known=known)
    found = band(scene, ("E1",), ["flow"], np.array([0, 700]))
    assert (found.by_step, found.known) == (False, True)
    assert found.high.max() < 21


def test_moment_tells_what_it_expected_next_to_the_band_when_it_is_asked() -> None:
    scene = judged_by_moment(scene_of(fab(), [FAULT]))
    spot = spot_of(scene, 1)
    assert course(scene, spot, ["pressure", "flow"]).expected is None
    found = course(scene, spot, ["pressure", "flow"], moment=True)
    assert found.expected is not None
    assert found.expected.values is not None
    assert found.expected.values.shape == found.middle.shape == (spot.view.stop - spot.view.start, 2)
    assert np.array_equal(found.low, course(scene, spot, ["pressure", "flow"]).low)
    far = farthest(scene, spot, ["pressure", "flow"], found)[0]
    assert far is not None
    assert far.measured - far.expected > 10
    assert 625 <= far.row <= 640


def test_a_checkpoint_that_is_gone_is_reported_and_the_band_is_shown() -> None:
    scene = judged_by_moment(scene_of(fab(), [FAULT]), sha256="0" * 64)
    found = course(scene, spot_of(scene, 1), ["pressure"], moment=True)
    assert found.expected is not None
    assert found.expected.values is None
    assert "no longer there" in str(found.expected.obstacle)
    assert np.isfinite(found.middle).all()


def test_another_detector_has_no_obstacle_to_tell() -> None:
    scene = scene_of(fab(), [FAULT])
    assert course(scene, spot_of(scene, 1), ["pressure"], moment=True).expected is None


def test_a_sensor_without_values_is_explained_as_far_as_it_goes() -> None:
    frame = fab()
    frame["pressure"] = np.where(frame.equipment == "E1", np.nan, frame.pressure)
    for scene in (scene_of(frame.copy(), [FAULT]), judged_by_moment(scene_of(frame.copy(), [FAULT]))):
        found = explain(scene, 1)
        assert found.ranking[0].sensor == "pressure"
        assert found.farthest[0] is None


def test_an_event_that_does_not_exist_is_refused() -> None:
    scene = scene_of(fab(), [FAULT])
    for number in (0, 2, -1):
        with pytest.raises(NotFoundError, match=f"no event {number}"):
            explain(scene, number)


def test_columns_that_changed_their_role_are_refused() -> None:
    scene = scene_of(fab(), [FAULT])
    with pytest.raises(InputError, match="other roles"):
        set_scene(table_from_frame(scene.table.frame.drop(columns="temp")), scene.found, scene.layout)


def test_certainty_counts_rows_and_events_as_high() -> None:
    scene = scene_of(fab(), [FAULT, (POINTS + 5, POINTS + 9, "flow", 30.0), (POINTS + 5, POINTS + 9, "temp", 30.0)])
    found = explain(scene, 2).certainty
    assert (found.rank, found.events) == (2, 2)
    assert found.higher_share == pytest.approx((16 + 5) / (3 * POINTS))


def test_only_filtered_rows_were_judged_and_only_they_make_series() -> None:
    frame = fab(equipment=2)
    table = table_from_frame(frame)
    rows = np.flatnonzero(frame.step == "hold")
    layout = lay_out(table, rows)
    held = np.zeros(len(frame), bool)
    for stretch in layout.stretches:
        held[stretch.rows] = True
    assert np.array_equal(np.flatnonzero(held), rows)
    assert (layout.owner[frame.step == "ramp"] == -1).all()


@pytest.mark.parametrize("detector", [None, "moment"])
def test_every_event_of_short_runs_can_be_explained(detector: str | None, tmp_path: Path) -> None:
    frame = fab(equipment=2, points=240).drop(columns="time")
    frame["time"] = [row % 12 for row in range(len(frame))]
    frame["wafer"] = [row % 240 // 12 + 1 for row in range(len(frame))]
    scene = scene_of(frame, [(0, 0, "flow", 9.0), (30, 41, "pressure", 30.0), (479, 479, "temp", 30.0)])
    scene = judged_by_moment(scene) if detector else scene
    for event in scene.found.events:
        found = explain(scene, event.id)
        assert len(found.course.middle) == found.spot.view.stop - found.spot.view.start
