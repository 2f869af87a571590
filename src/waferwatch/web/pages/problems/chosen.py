"""Which check a visitor looks at: the one that the address names, else the newest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.store.datasets import DEMO, Dataset
from waferwatch.store.runs import UNFINISHED, Run, State
from waferwatch.web.shell.context import Parts

_KIND = "detection"
_MOST_CHECKS = 50  # of a data set that can be chosen from


@dataclass(frozen=True)
class ChosenCheck:
    """A data set, its checks, and the one looked at."""

    dataset: Dataset | None  # None where it was deleted
    run: Run | None  # None where nothing was checked yet
    checks: list[Run]  # finished ones of the data set, the newest first
    error: WaferwatchError | None = None

    @property
    def stale(self) -> bool:
        """Whether columns have been given other roles since the check was asked for."""
        if self.run is None or self.dataset is None:
            return False
        return self.run.options.get("version") not in (None, self.dataset.version)

    @property
    def state(self) -> str:
        """new, running, failed or done."""
        if self.run is None:
            return "new"
        if self.run.state in UNFINISHED:
            return "running"
        return "done" if self.run.state is State.DONE else "failed"


def choose(app: Parts, query: Mapping[str, str]) -> ChosenCheck:
    """What an address means. What it names and is not there is an error of the page, not of the request."""
    try:
        if query.get("run"):
            return _of_run(app, _detection(app, query["run"]))
        if query.get("dataset"):
            chosen = _of_dataset(app, query["dataset"])
            return replace(chosen, run=None) if chosen.stale and "check" in query else chosen
        newest = _newest(app)
        return _of_dataset(app, DEMO) if newest is None else _of_run(app, newest)
    except WaferwatchError as error:
        return ChosenCheck(None, None, [], error)


def _detection(app: Parts, run_id: str) -> Run:
    run = app.jobs.get(run_id)
    if run.kind != _KIND:
        raise InputError("This run is not a detection.", hint="Choose a detection from the list of runs.", field="run")
    return run


def _newest(app: Parts) -> Run | None:
    """The newest check whose data are there."""
    for run in app.jobs.all(kind=_KIND, limit=_MOST_CHECKS):
        if run.state in (*UNFINISHED, State.DONE) and _dataset(app, run.dataset) is not None:
            return run
    return None


def _of_run(app: Parts, run: Run) -> ChosenCheck:
    return ChosenCheck(_dataset(app, run.dataset), run, _checks(app, run.dataset))


def _of_dataset(app: Parts, dataset_id: str) -> ChosenCheck:
    dataset = app.store.datasets.get(dataset_id)
    going = [run for run in app.jobs.all(kind=_KIND, dataset=dataset_id, limit=5) if run.state in UNFINISHED]
    checks = _checks(app, dataset_id)
    return ChosenCheck(dataset, next(iter([*going, *checks]), None), checks)


def _checks(app: Parts, dataset_id: str) -> list[Run]:
    return app.jobs.all(kind=_KIND, dataset=dataset_id, state=State.DONE.value, limit=_MOST_CHECKS)


def _dataset(app: Parts, dataset_id: str) -> Dataset | None:
    try:
        return app.store.datasets.get(dataset_id)
    except NotFoundError:
        return None
