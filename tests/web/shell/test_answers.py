"""JSON as it leaves the server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from waferwatch.web.shell.answers import encoded


def read(content: Any) -> Any:
    return json.loads(encoded(content))


WHOLE = some.integers(-(2**63), 2**63 - 1)  # beyond 64 bits they become floats
PLAIN = some.recursive(
    some.none() | some.booleans() | WHOLE | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_json_types_come_back_as_they_were(content: Any) -> None:
    assert read(content) == content


@given(some.text(some.characters()) | some.integers(), some.booleans())
def test_any_text_and_any_whole_number_can_be_answered(value: str | int, key: bool) -> None:
    found = read({value: 1} if key else [value])
    assert isinstance(found, dict | list)
    assert encoded(found).decode("utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf, np.float32("nan"), np.float64("nan")])
def test_what_is_not_finite_is_null(value: float) -> None:
    assert read([value, {"a": value}]) == [None, {"a": None}]
    assert read(np.array([1.5, value])) == [1.5, None]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(0.1), 0.1),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.str_("압력"), "압력"),
        (np.arange(6).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]),
        (np.arange(6.0)[::2], [0, 2, 4]),
        (np.array(["a", None, np.nan], object), ["a", None, None]),
        (np.array([], np.float32), []),
        ((1, "b"), [1, "b"]),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), "2026-01-05T08:00:00+00:00"),
        (pd.Timestamp("2026-01-05T08:00:00.5"), "2026-01-05T08:00:00.500000"),
        (PurePosixPath("a/b"), "a/b"),
        ({1: "one", "two": 2}, {"1": "one", "two": 2}),
        (2**70, float(2**70)),
        ("half \ud800", "half \\ud800"),
    ],
)
def test_a_value_is_shown_as_json(value: Any, shown: Any) -> None:
    assert read(value) == shown
    assert read({"inside": [value]}) == {"inside": [shown]}


def test_numbers_are_shortened_by_nothing() -> None:
    values = np.random.default_rng(0).normal(size=500)
    assert read(values) == values.tolist()
    assert read(values.tolist()) == values.tolist()
    assert np.array_equal(np.array(read(values.astype(np.float32)), np.float32), values.astype(np.float32))


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, b"bytes"])
def test_what_is_no_json_type_is_an_error_and_not_a_guess(value: Any) -> None:
    with pytest.raises(TypeError):
        encoded({"a": value})
