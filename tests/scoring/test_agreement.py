"""Agreement of detectors against a plain loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from waferwatch.events.event import Event, Kind, SensorShare
from waferwatch.scoring.comparison.agreement import MOST_LISTED, agreement, events_touched, jaccard


@st.composite
def flag_sets(draw: st.DrawFn) -> list[np.ndarray[Any, Any]]:
    rows = draw(st.integers(1, 40))
    one = st.lists(st.booleans(), min_size=rows, max_size=rows)
    return [np.array(flags) for flags in draw(st.lists(one, min_size=1, max_size=4))]


@settings(max_examples=100)
@given(flag_sets())
def test_agreement_is_the_share_of_rows_in_common(flags: list[np.ndarray[Any, Any]]) -> None:
    found = jaccard(flags)
    for a, mine in enumerate(flags):
        for b, theirs in enumerate(flags):
            first = {row for row in range(len(mine)) if mine[row]}
            second = {row for row in range(len(theirs)) if theirs[row]}
            expected = len(first & second) / len(first | second) if first | second else None
            assert found[a][b] == expected


@settings(max_examples=100)
@given(st.data())
def test_an_event_is_touched_by_any_of_its_rows(data: st.DataObject) -> None:
    rows, events = data.draw(st.integers(1, 40)), data.draw(st.integers(0, 5))
    ids = np.array(data.draw(st.lists(st.integers(0, events), min_size=rows, max_size=rows)))
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    expected = [any(ids[row] == event and chosen[row] for row in range(rows)) for event in range(1, events + 1)]
    assert events_touched(ids, events, chosen).tolist() == expected


def events_of(ids: np.ndarray[Any, Any]) -> list[Event]:
    """An event for each number, whose peak score is its number."""
    made = []
    for number in range(1, int(ids.max(initial=0)) + 1):
        rows = np.flatnonzero(ids == number)
        first, last = int(rows[0]), int(rows[-1])
        sensors = tuple(SensorShare(name, 0.25) for name in "abcd")
        made.append(
            Event(
                number,
                Kind.POINT,
                first,
                last,
                first,
                first,
                last,
                first,
                len(rows),
                float(number),
                "E1",
                None,
                {},
                sensors,
            )
        )
    return made


def compared(ids: dict[str, list[int]], labels: list[bool] | None = None) -> Any:
    numbers = {name: np.array(one) for name, one in ids.items()}
    return agreement(
        {name: one > 0 for name, one in numbers.items()},
        numbers,
        {name: events_of(one) for name, one in numbers.items()},
        None if labels is None else np.array(labels),
    )


def test_events_found_by_one_and_missed_by_another_are_counted_and_reported() -> None:
    found = compared({"one": [1, 1, 0, 2, 0, 3], "two": [0, 1, 0, 0, 0, 2], "none": [0] * 6}, [True] + [False] * 5)
    assert found.detectors == ["one", "two", "none"]
    assert found.missed == [[0, 1, 3], [0, 0, 2], [0, 0, 0]]
    told = {(event.detector, event.event): event for event in found.events}
    assert set(told) == {("one", 1), ("one", 2), ("one", 3), ("two", 1), ("two", 2)}
    assert told["one", 2].missed_by == ("two", "none")
    assert told["one", 1].missed_by == ("none",)
    assert told["one", 2].sensors == ("a", "b", "c")
    assert told["one", 1].labelled
    assert told["one", 2].labelled is False
    assert [event.event for event in found.events if event.detector == "one"] == [3, 2, 1], "highest peak first"


def test_without_labels_no_event_is_said_to_be_labelled_or_not() -> None:
    assert compared({"one": [1], "two": [0]}).events[0].labelled is None


def test_of_very_many_missed_events_those_with_the_highest_peaks_are_reported() -> None:
    many = [number if place else 0 for number in range(1, 101) for place in (1, 0)]
    found = compared({"one": many, "two": [0] * 200})
    assert found.missed[0][1] == 100
    assert [event.event for event in found.events] == list(range(100, 100 - MOST_LISTED, -1))


def test_an_event_that_everyone_found_is_not_reported() -> None:
    assert compared({"one": [1, 0], "two": [1, 0]}).events == []
