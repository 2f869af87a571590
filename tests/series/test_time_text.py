"""Times of the data as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from waferwatch.series.time_text import time_text, time_texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.datetime64("2026-03-01T08:00:00.000000000"), "2026-03-01T08:00:00"),
        (pd.Timestamp("2026-03-01 08:00:00.25"), "2026-03-01T08:00:00.250"),
        (np.datetime64("2026-03-01T08:00:00.000000001"), "2026-03-01T08:00:00.000000001"),
        (12, 12.0),
        (None, None),
        (pd.NaT, None),
        (np.nan, None),
    ],
)
def test_one_time_is_exact_and_no_longer_than_it_must_be(value: object, text: object) -> None:
    assert time_text(value) == text


def test_times_of_one_answer_have_the_same_length() -> None:
    times = np.array([["2026-03-01T08:00:00", "2026-03-01T08:00:00.5"]], dtype="datetime64[ns]")
    assert time_texts(times) == [["2026-03-01T08:00:00.000", "2026-03-01T08:00:00.500"]]
    assert time_texts(np.array([1.5, 2.0])) == [1.5, 2.0]
