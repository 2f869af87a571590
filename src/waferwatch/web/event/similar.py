"""Events like one of a run, in this run and in earlier ones, with what engineers said of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Any

from waferwatch.errors import NotFoundError
from waferwatch.events.event import Event
from waferwatch.explain.similar import Candidate, Similar, most_similar
from waferwatch.store.runs import Run, State
from waferwatch.store.verdicts import Verdict
from waferwatch.web.context import Parts
from waferwatch.web.event.scenes import Asked

MOST_RUNS = 20  # that are looked through, the newest
_MOST_OWN = 5000  # events of this run, those with the highest peaks
_MOST_OTHERS = 2000  # events of another run; one with more is left out
_TOP_SENSORS = 2

Said = dict[tuple[str, int], Verdict]  # run and number of its event -> verdict


def similar_events(app: Parts, asked: Asked, event: Event) -> list[dict[str, Any]]:
    """The events most like this one, best first, as the API tells them."""
    runs = {run.id: run for run in _runs(app, asked.run)}
    verdicts = app.store.verdicts.of(*runs)
    said: Said = {}
    candidates: list[Candidate] = []
    for run in runs.values():
        events = _events(app, asked, run)
        said |= _said(run, events, [one for one in verdicts if one.run == run.id])
        candidates += [Candidate(run.id, run.dataset, one, (run.id, one.id) in said) for one in events]
    found = most_similar(asked.run.id, asked.run.dataset, event, candidates)
    return [_told(one, runs[one.candidate.run], said, asked.run) for one in found]


def _runs(app: Parts, own: Run) -> Iterator[Run]:
    """This run, then the newest other detections that are done and not too large to look through."""
    yield own
    for run in app.store.runs.all(kind="detection", limit=MOST_RUNS):
        small = (run.summary or {}).get("events", 0) <= _MOST_OTHERS
        if run.id != own.id and run.state is State.DONE and small:
            yield run


def _events(app: Parts, asked: Asked, run: Run) -> list[Event]:
    if run.id == asked.run.id:
        return heapq.nlargest(_MOST_OWN, asked.scene.found.events, key=lambda event: event.peak_score)
    try:
        return app.store.results.events(run.id)
    except NotFoundError:  # deleted in this moment
        return []


def _said(run: Run, events: Iterable[Event], verdicts: Iterable[Verdict]) -> Said:
    """The verdict on each event: the one whose peak is the judged row, else one that holds the row.

    The threshold may have been moved since, and with it the borders of events.
    """
    said: Said = {}
    for verdict in verdicts:
        holding = [one for one in events if one.start_row <= verdict.row <= one.end_row]
        if holding:
            closest = min(holding, key=lambda one: abs(one.peak_row - verdict.row))
            said[run.id, closest.id] = verdict
    return said


def _told(similar: Similar, run: Run, said: Said, own: Run) -> dict[str, Any]:
    event = similar.candidate.event
    verdict = said.get((run.id, event.id))
    return {
        "run": run.id,
        "event": event.id,
        "this_run": run.id == own.id,
        "same_stretch": similar.same_stretch,
        "dataset_name": run.dataset_name,
        "detected": run.created,
        "start": event.start,
        "start_row": event.start_row,
        "kind": event.kind.value,
        "equipment": event.equipment,
        "lot": event.lot,
        "likeness": similar.cosine,
        "sensors": [{"sensor": one.sensor, "share": one.share} for one in event.sensors[:_TOP_SENSORS]],
        "verdict": None if verdict is None else verdict.verdict.value,
        "note": "" if verdict is None else verdict.note,
        "by": None if verdict is None else verdict.user,
        "at": None if verdict is None else verdict.at,
    }
