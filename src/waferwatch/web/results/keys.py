"""What the answers about a finished detection depend on: as long as it is the same, so are they."""

from __future__ import annotations

from collections.abc import Hashable

from waferwatch.jobs.options import Options
from waferwatch.store.runs import Run
from waferwatch.web.shell.context import Parts


def dataset_key(app: Parts, dataset_id: str) -> Hashable:
    """
    Raises:
        NotFoundError: when there is no such data set (any more).
    """
    dataset = app.store.datasets.get(dataset_id)
    return dataset.id, dataset.version, dataset.name


def detection_key(app: Parts, run: Run) -> Hashable:
    """The data of a detection, and its result as it is now: a threshold may move.

    Raises:
        NotFoundError: when the data set or the result is gone.
    """
    return run.id, app.store.results.stamp(run.id), dataset_key(app, Options.from_dict(run.options).dataset)


def verdicts_key(app: Parts, *runs: str) -> Hashable:
    return tuple(app.store.verdicts.of(*runs))
