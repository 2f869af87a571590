"""Events like one of a run, in this run and in earlier ones, with what engineers said of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import numpy as np

from waferwatch.errors import NotFoundError
from waferwatch.events.event import Event
from waferwatch.explain.similar import Candidate, Similar, most_similar
from waferwatch.jobs.finished import Finished
from waferwatch.store.results import FoundEvents
from waferwatch.store.runs import Run, State
from waferwatch.store.verdicts import Verdict, event_verdicts
from waferwatch.web.shell.context import Parts

MOST_RUNS = 20  # that are looked through, the newest
_MOST_OWN = 5000  # events of this run, those with the highest peaks
_MOST_OTHERS = 2000  # events of another run; one with more is left out
_TOP_SENSORS = 2

Said = dict[tuple[str, int], Verdict]  # run and number of its event -> verdict


def similar_events(app: Parts, one: Finished, event: Event) -> list[dict[str, Any]]:
    """The events most like this one, best first, as the API tells them."""
    runs = {run.id: run for run in _runs(app, one.run)}
    verdicts = app.store.verdicts.of(*runs)
    said: Said = {}
    candidates: list[Candidate] = []
    for run in runs.values():
        found_here = _events(app, one, run)
        of_run = event_verdicts(found_here.event_ids, [said_of for said_of in verdicts if said_of.run == run.id])
        said |= {(run.id, number): verdict for number, verdict in of_run.items()}
        candidates += [Candidate(run.id, run.dataset, it, (run.id, it.id) in said) for it in found_here.events]
    found = most_similar(one.run.id, one.run.dataset, event, candidates)
    return [_similar_answer(like, runs[like.candidate.run], said, one.run) for like in found]


def _runs(app: Parts, own: Run) -> Iterator[Run]:
    """This run, then the newest other detections that are done and not too large to look through."""
    yield own
    for run in app.store.runs.all(kind="detection", limit=MOST_RUNS):
        small = (run.summary or {}).get("events", 0) <= _MOST_OTHERS
        if run.id != own.id and run.state is State.DONE and small:
            yield run


def _events(app: Parts, one: Finished, run: Run) -> FoundEvents:
    if run.id == one.run.id:
        highest = heapq.nlargest(_MOST_OWN, one.found.events, key=lambda event: event.peak_score)
        return FoundEvents(highest, one.found.event_ids)
    try:
        return app.store.results.events(run.id)
    except NotFoundError:  # just deleted, or damaged: the page of that run says so
        return FoundEvents([], np.zeros(0, np.int64))


def _similar_answer(similar: Similar, run: Run, said: Said, own: Run) -> dict[str, Any]:
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
