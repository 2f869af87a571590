"""Events like another one: by the sensors that carry them, told once, those with a verdict first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from waferwatch.events.event import Event, Kind, SensorShare
from waferwatch.explain.similar import MOST_SIMILAR, Candidate, cosine, most_similar


def event(number: int = 1, row: int = 100, equipment: str = "E1", kind: Kind = Kind.POINT, **shares: float) -> Event:
    return Event(
        id=number,
        kind=kind,
        start=float(row),
        end=float(row + 5),
        peak=float(row),
        start_row=row,
        end_row=row + 5,
        peak_row=row,
        rows=6,
        peak_score=3.0,
        equipment=equipment,
        lot=None,
        sensors=tuple(SensorShare(name, share) for name, share in shares.items()),
    )


def candidate(run: str, one: Event, judged: bool = False, dataset: str = "d") -> Candidate:
    return Candidate(run, dataset, one, judged)


def test_the_cosine_of_profiles() -> None:
    assert cosine(event(a=0.6, b=0.4), event(b=0.4, a=0.6)) == pytest.approx(1)
    assert cosine(event(a=1.0), event(b=1.0)) == 0
    assert cosine(event(a=0.8, b=0.6), event(a=0.6, b=0.8)) == pytest.approx(0.96)
    assert cosine(event(), event(a=1.0)) == 0


def test_events_of_other_sensors_are_left_out_and_the_event_itself_too() -> None:
    me = event(1, a=0.9, b=0.1)
    found = most_similar("r", "d", me, [candidate("r", me), candidate("r", event(2, 500, b=1.0))])
    assert found == []


def test_the_same_kind_and_equipment_come_first_and_a_verdict_before_them() -> None:
    me = event(1, a=1.0)
    others = [
        candidate("r", event(2, 500, "E2", Kind.COLLECTIVE, a=1.0)),
        candidate("r", event(3, 700, "E1", Kind.POINT, a=1.0)),
        candidate("r", event(4, 900, "E2", Kind.COLLECTIVE, a=1.0), judged=True),
    ]
    found = most_similar("r", "d", me, others)
    assert [one.candidate.event.id for one in found] == [4, 3, 2]


def test_the_very_event_is_known_again_where_a_table_has_its_newest_rows_first() -> None:
    me = replace(event(1, a=1.0), start_row=105, end_row=100)
    again = replace(me, start_row=103, end_row=98)
    other = replace(me, id=2, start_row=205, end_row=200)
    found = most_similar("r", "d", me, [candidate("new", again), candidate("new", other)])
    assert [one.candidate.event.id for one in found] == [2]


def test_an_event_found_by_several_runs_is_listed_once_with_its_verdict() -> None:
    me = event(1, a=1.0)
    others = [
        candidate("new", event(2, 500, a=1.0)),
        candidate("old", event(7, 502, a=0.98, b=0.2), judged=True),
        candidate("other", event(7, 502, a=1.0), dataset="another"),
    ]
    found = most_similar("r", "d", me, others)
    assert [one.candidate.run for one in found] == ["old", "other"]


def test_the_very_event_in_another_run_is_reported_only_for_its_verdict() -> None:
    me = event(1, a=1.0)
    again = event(5, 103, b=1.0)
    assert most_similar("r", "d", me, [candidate("old", again)]) == []
    (found,) = most_similar("r", "d", me, [candidate("old", again, judged=True)])
    assert found.same_stretch
    elsewhere = event(5, 103, "E2", a=1.0)  # rows of other equipment lie between
    (found,) = most_similar("r", "d", me, [candidate("old", elsewhere)])
    assert not found.same_stretch


def test_not_more_are_reported_than_can_be_read() -> None:
    me = event(1, a=1.0)
    found = most_similar("r", "d", me, [candidate("r", event(n, n * 100, a=1.0)) for n in range(2, 40)])
    assert len(found) == MOST_SIMILAR
