"""The period of a series is what TSB-AD finds; ``tsb_ad.json`` holds what it answered."""

import json
from pathlib import Path

import numpy as np
import pytest

from waferwatch.series.period import period

REFERENCE = json.loads((Path(__file__).parents[1] / "evaluate" / "tsb_ad.json").read_text())["period"]


@pytest.mark.parametrize("name", REFERENCE)
def test_the_period_is_what_tsb_ad_finds(name):
    assert period(REFERENCE[name]["values"]) == REFERENCE[name]["expected"]


def test_a_series_without_a_period_from_6_to_303_points_gets_125():
    assert period(np.arange(700.0)) == 125
    assert period(np.sin(2 * np.pi * np.arange(3000) / 350)) == 125


def test_only_the_first_20000_points_decide_on_the_period():
    points = np.arange(40_000)
    values = np.where(points < 20_000, np.sin(2 * np.pi * points / 50), 30 * np.sin(2 * np.pi * points / 80))
    assert period(values) == 50
    assert period(values[:, np.newaxis]) == 50


def test_a_period_of_several_sensors_is_refused():
    with pytest.raises(ValueError, match="one sensor"):
        period(np.zeros((100, 2)))
