"""The kind of an event follows from the values of the sensors that carry it."""

import numpy as np
import pandas as pd
import pytest

from waferwatch.events.build import build_events
from waferwatch.events.event import Kind
from waferwatch.read.table import Table
from waferwatch.series.series import Series

ROWS = 2000


def quiet(sensors=1, seed=0):
    return np.random.default_rng(seed).normal(size=(ROWS, sensors))


def kind_of(values, rows, weights=(1.0,), others=()):
    """Kind of the one event at ``rows`` of a series; ``weights``: what each sensor carries of it."""
    series = [Series(values, np.arange(len(values)), None, scope=("A",))]
    total = len(values)
    for scope, other in others:
        series.append(Series(other, np.arange(total, total + len(other)), None, scope=(scope,)))
        total += len(other)
    flags = np.zeros(total, bool)
    flags[rows] = True
    contributions = np.tile(np.asarray(weights, np.float32), (total, 1)) * flags[:, np.newaxis]
    table = Table("the frame", pd.DataFrame(index=range(total)), {}, ())
    names = [f"s{i}" for i in range(values.shape[1])]
    events, _ = build_events(flags.astype(float), flags, contributions, series, table, names)
    assert len(events) == 1
    return events[0].kind


@pytest.mark.parametrize("height", [8.0, -8.0])
def test_one_to_three_points_outside_the_usual_range_are_a_point_anomaly(height):
    for length in (1, 2, 3):
        values = quiet()
        values[500 : 500 + length] = height
        assert kind_of(values, np.arange(500, 500 + length)) is Kind.POINT


def test_a_spike_whose_quiet_surroundings_are_flagged_too_stays_a_point_anomaly():
    values = quiet()
    values[500] = 8.0
    values[490:500] = values[501:511] = 0.0
    assert kind_of(values, np.arange(495, 506)) is Kind.POINT


def test_more_points_outside_are_a_collective_anomaly():
    values = quiet()
    values[500:504] = 8.0
    assert kind_of(values, np.arange(500, 504)) is Kind.COLLECTIVE


def test_values_usual_elsewhere_are_a_contextual_anomaly_however_many():
    values = np.sin(2 * np.pi * np.arange(ROWS) / 100)[:, np.newaxis]
    values[500:580] = 0.5  # stuck
    assert kind_of(values, np.arange(500, 580)) is Kind.CONTEXTUAL
    values = np.sin(2 * np.pi * np.arange(ROWS) / 100)[:, np.newaxis]
    values[525] = -0.9  # low where the series is high
    assert kind_of(values, [525]) is Kind.CONTEXTUAL


def test_a_stray_value_just_outside_does_not_make_a_long_contextual_event_another_kind():
    values = np.sin(2 * np.pi * np.arange(ROWS) / 100)[:, np.newaxis]
    values[500:600] = 0.5
    values[[520, 560]] = 1.5
    assert kind_of(values, np.arange(500, 600)) is Kind.CONTEXTUAL


def test_a_gentle_departure_inside_the_margin_is_contextual():
    values = np.random.default_rng(0).uniform(0, 10, (ROWS, 1))
    values[700] = 10.5  # the margin is a tenth of the width
    assert kind_of(values, [700]) is Kind.CONTEXTUAL
    values[700] = 11.5
    assert kind_of(values, [700]) is Kind.POINT


def test_only_the_sensors_that_carry_the_event_count():
    values = quiet(2)
    values[500:520, 0], values[500:520, 1] = 0.0, 9.0
    assert kind_of(values, np.arange(500, 520), weights=(1.0, 0.4)) is Kind.CONTEXTUAL
    assert kind_of(values, np.arange(500, 520), weights=(1.0, 0.6)) is Kind.COLLECTIVE
    values = quiet(5)
    values[500:520], values[500:520, 4] = 0.0, 9.0
    assert kind_of(values, np.arange(500, 520), weights=(1.0, 1.0, 1.0, 0.9, 0.8)) is Kind.CONTEXTUAL


def test_the_range_is_that_of_the_same_equipment():
    values, high = quiet(), quiet(seed=1) + 20
    values[500:520] = 20.0
    assert kind_of(values, np.arange(500, 520), others=[("B", high)]) is Kind.COLLECTIVE
    assert kind_of(values, np.arange(500, 520), others=[("A", high)]) is Kind.CONTEXTUAL


def test_an_event_of_the_second_equipment_is_judged_by_its_own_values():
    first, second, third = quiet(), quiet(seed=1), quiet(seed=2)
    third[100] = 8.0
    others = [("B", second), ("B", third)]
    assert kind_of(first, [2 * ROWS + 100], others=others) is Kind.POINT
    assert kind_of(first, [2 * ROWS + 101], others=others) is Kind.CONTEXTUAL


def test_flagged_values_do_not_widen_the_range_and_missing_ones_are_ignored():
    values = quiet()
    values[0:600] = 30.0
    assert kind_of(values, np.arange(600)) is Kind.COLLECTIVE
    values = quiet()
    values[::3], values[500] = np.nan, 8.0
    assert kind_of(values, [500]) is Kind.POINT


def test_a_departure_of_a_constant_sensor_is_outside():
    values = np.full((ROWS, 1), 5.0)
    values[800] = 5.1
    assert kind_of(values, [800]) is Kind.POINT


def test_without_any_usual_value_nothing_is_outside():
    assert kind_of(np.full((5, 1), 3.0), np.arange(5)) is Kind.CONTEXTUAL
    assert kind_of(np.full((ROWS, 1), np.nan), [3]) is Kind.CONTEXTUAL
