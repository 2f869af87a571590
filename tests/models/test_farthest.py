"""One faulty sensor among very many, of which the distance of a whole row shows nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import waferwatch
from waferwatch.models.blocks import contiguous
from waferwatch.models.ensemble.detector import StreamPart
from waferwatch.models.ensemble.features.farthest import EXCESS, FEWEST_SENSORS, WINDOW, FarthestSensor
from waferwatch.models.ensemble.preparation.chain import Chain
from waferwatch.models.ensemble.preparation.columns import Columns
from waferwatch.scoring.model import Model

SENSORS, ROWS = 100, 300
FAULTY, FIRST, AFTER = 37, 220, 230


def chain(values: np.ndarray) -> Chain:
    """Of (S, n), NaN where nothing was measured."""
    return Chain.of([Columns(np.nan_to_num(values).astype(np.float32), ~np.isnan(values))])


def normal(seed: int = 0, sensors: int = SENSORS, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(sensors, rows))


def learnt(values: np.ndarray, *, known_normal: bool = True) -> tuple[FarthestSensor, np.ndarray]:
    """What was learnt, and the excess of each point by what was learnt without its block."""
    judged = np.ones(len(values), np.bool_)
    (folds,) = contiguous([values.shape[1]])
    return FarthestSensor.learn(chain(values), judged, folds, known_normal=known_normal)


def wide_table(sensors: int, size: float = 12.0) -> pd.DataFrame:
    values = normal(3, sensors)
    values[FAULTY, FIRST:AFTER] += size
    frame = pd.DataFrame(values.T * 2 + 50, columns=[f"s{number}" for number in range(sensors)])
    frame.insert(0, "time", pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(ROWS), unit="s"))
    return frame


@pytest.mark.parametrize("reference_rows", [ROWS // 2, None])
def test_a_fault_of_one_sensor_among_hundreds_is_found_and_named(reference_rows: int | None) -> None:
    found = waferwatch.detect(wide_table(300), reference_rows=reference_rows, detector="statistical")
    (event,) = [one for one in found.events if one.start_row < AFTER and one.end_row >= FIRST]
    assert event.sensors[0].sensor == f"s{FAULTY}"
    assert found.flags[FIRST:AFTER].all()


def test_models_of_before_0_7_0_score_wide_tables_as_they_did() -> None:
    frame = wide_table(FEWEST_SENSORS)
    model = waferwatch.fit(frame[: ROWS // 2], reference_rows=ROWS // 2, detector="statistical")
    scored = [model.detect(frame).scores, _of_before(model).detect(frame).scores]
    same = scored[0] == scored[1]
    assert not same[FIRST:AFTER].any()
    assert same[: FIRST - WINDOW].all()


def _of_before(model: Model) -> Model:
    (key,) = model.fitted.parts
    part = model.fitted.parts[key]
    assert isinstance(part, StreamPart)
    return replace(model, fitted=replace(model.fitted, parts={key: replace(part, farthest=None)}))


def test_tables_with_few_sensors_are_judged_by_whole_rows_alone() -> None:
    model = waferwatch.fit(wide_table(FEWEST_SENSORS - 1), detector="statistical")
    (part,) = model.fitted.parts.values()
    assert isinstance(part, StreamPart)
    assert part.farthest is None


@pytest.mark.parametrize("heavy", [False, True])
def test_normal_sensors_stay_within_their_limits(heavy: bool) -> None:
    def draw(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).standard_t(3, (SENSORS, ROWS)) if heavy else normal(seed)

    for seed in range(4):
        known, _ = learnt(draw(seed))
        _, left_out = learnt(draw(seed), known_normal=False)
        assert not known.excess(chain(draw(100 + seed))).any()
        assert not left_out.any()


def test_sensors_that_wander_have_farther_limits() -> None:
    slow = np.cumsum(normal(1), axis=1)
    slow /= slow.std(axis=1, keepdims=True)
    assert np.median(learnt(slow)[0].limit[1]) > 1.5 * np.median(learnt(normal(1))[0].limit[1])


def test_a_fault_adds_to_its_own_sensor_and_rows_alone() -> None:
    values = normal(2)
    values[FAULTY, FIRST:AFTER] += 12
    found = learnt(normal(1))[0].excess(chain(values))
    assert (found[FAULTY, FIRST:AFTER] >= EXCESS).all()
    found[FAULTY, FIRST - WINDOW : AFTER + WINDOW] = 0
    assert not found.any()


def test_a_fault_that_was_learnt_from_is_seen_from_the_other_blocks() -> None:
    values = normal(1)
    values[FAULTY, FIRST:AFTER] += 12
    beyond = np.flatnonzero(learnt(values, known_normal=False)[1])
    assert beyond.tolist() == list(range(FIRST, AFTER))


def test_what_a_reference_known_to_be_normal_has_shown_adds_nothing() -> None:
    values = normal(1)
    values[FAULTY, 100] = 30
    known, left_out = learnt(values)
    assert not left_out.any()
    assert not known.excess(chain(values)).any()


def test_a_sensor_that_never_moved_has_no_limit() -> None:
    values = normal(1)
    values[FAULTY] = 0
    known, _ = learnt(values)
    assert np.isinf(known.limit[:, FAULTY]).all()


def test_missing_readings_say_nothing() -> None:
    values = np.where(np.random.default_rng(5).random((SENSORS, ROWS)) < 0.3, np.nan, normal(2))
    values[FAULTY] = np.nan
    known, _ = learnt(values)
    assert np.isinf(known.limit[:, FAULTY]).all()
    later = np.where(np.isnan(values), np.nan, normal(3))
    later[5, FIRST:AFTER] = np.where(np.isnan(later[5, FIRST:AFTER]), np.nan, 12)
    found = known.excess(chain(later))
    assert set(np.flatnonzero(found.any(axis=1))) == {5}


def test_an_excess_does_not_hang_on_what_else_is_scored() -> None:
    known, _ = learnt(normal(1))
    values = normal(2)
    values[FAULTY, FIRST:AFTER] += 12
    whole = known.excess(chain(values))
    part = known.excess(chain(values[:, 201:260]))
    np.testing.assert_array_equal(part[:, WINDOW:-WINDOW], whole[:, 201 + WINDOW : 260 - WINDOW])
