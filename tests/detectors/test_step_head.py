"""How far points are off the normal course of their step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.detectors.made import begins, stream
from waferwatch.detectors.columns import columns_of
from waferwatch.detectors.normal import measure
from waferwatch.detectors.step_head import StepHead
from waferwatch.series.series import Series
from waferwatch.series.steps import Steps

NORMAL = measure([stream(60)])


def off(head: StepHead, series: Series) -> np.ndarray:
    """(S, n)."""
    assert series.steps is not None
    return head.off(head.beside(columns_of(series, NORMAL), series.steps))


def learnt(smooth: int = 1) -> StepHead:
    reference = stream(60)
    assert reference.steps is not None
    head = StepHead.learn([columns_of(reference, NORMAL)], [reference.steps], smooth=smooth)
    assert head is not None
    return head


def test_normal_points_are_told_in_spreads_of_what_normal_points_are() -> None:
    found = off(learnt(), stream(60))
    assert found.mean(axis=1) == pytest.approx(0, abs=0.01)
    assert found.std(axis=1) == pytest.approx(1, abs=0.1)


def test_a_spike_far_smaller_than_a_step_change_is_the_highest_point_of_its_sensor() -> None:
    series = stream(30, seed=1)
    point = begins(series, 20) + 45
    values = series.values.copy()
    values[point, 0] += 9  # steps change by up to 50
    found = off(learnt(), replace(series, values=values))
    assert found[0].argmax() == point
    assert found[1].argmax() != point


def test_an_average_over_some_points_makes_what_lasts_stand_out_more() -> None:
    series = stream(30, seed=1)
    start = begins(series, 20) + 45
    values = series.values.copy()
    values[start : start + 9, 0] += 4
    one, averaged = (off(learnt(smooth), replace(series, values=values))[0] for smooth in (1, 9))
    inside = slice(start, start + 9)
    assert averaged[inside].max() - np.delete(averaged, np.s_[start - 9 : start + 18]).max() > 3
    assert averaged[inside].max() > one[inside].mean()


def test_steps_that_never_come_again_give_no_head() -> None:
    reference = stream(20)
    counter = Steps(np.arange(len(reference)), np.zeros(len(reference), np.int64))
    assert StepHead.learn([columns_of(reference, NORMAL)], [counter]) is None
