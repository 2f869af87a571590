"""What the explanation of an event depends on."""

from __future__ import annotations

from collections.abc import Hashable

from waferwatch.store.runs import Run
from waferwatch.web.pages.event.similar import MOST_RUNS
from waferwatch.web.results.keys import detection_key, verdicts_key
from waferwatch.web.shell.context import Parts
from waferwatch.web.shell.kept import as_key


def similar_key(app: Parts, run: Run) -> Hashable:
    """Also the newest other detections and what was said of their events.

    The number of flagged rows stands for the threshold of another run: as many flags are the same flags.
    """
    others = app.store.runs.all(kind="detection", limit=MOST_RUNS)
    states = tuple((one.id, one.state, one.dataset_name, as_key(one.summary)) for one in others)
    return detection_key(app, run), states, verdicts_key(app, run.id, *(one.id for one in others))
