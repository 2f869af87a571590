"""Finished detections, as the pages ask for them."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from waferwatch.errors import InputError
from waferwatch.jobs.finished import Finished, finished_of
from waferwatch.jobs.monitors.tasks import MonitorTask
from waferwatch.jobs.options import Options
from waferwatch.store.runs import Run
from waferwatch.web.figures.lines import Lines, only_chosen
from waferwatch.web.shell.context import Parts, parts, user_of


async def finished_run(request: Request, kind: str, options: Options | MonitorTask) -> Run:
    """The run asked for: kept from before, or run now. A visitor who leaves does not stop it.

    Raises:
        InputError, NotFoundError, ModelError, Cancelled: what ended it instead.
    """
    app = parts(request)
    run = await app.work.read(app.jobs.submit, kind, options, user_of(request))
    await asyncio.shield(asyncio.wrap_future(app.jobs.ended(run.id)))
    return await app.work.read(app.jobs.result_of, run.id)


def finished_detection(app: Parts, run_id: str) -> Run:
    """A run that is a detection and has a result.

    Raises:
        NotFoundError: when it is on its way or gone.
        InputError: when it is of another kind.
        RunFailed: what ended it instead.
    """
    run = app.jobs.result_of(run_id)
    if run.kind != "detection":
        raise InputError("This run is not a detection.", hint="Choose a detection from the list of runs.", field="run")
    return run


def finished(app: Parts, run_id: str) -> Finished:
    """A detection with its data and result.

    Raises:
        NotFoundError: when the run, its data or its result is gone or not there yet.
        InputError: when it is no detection.
        RunFailed: what ended it instead.
    """
    return finished_of(app.store, finished_detection(app, run_id))


def lines_of(app: Parts, one: Finished) -> Lines:
    """The lines of a time plot of the rows that a detection was to score."""
    return only_chosen(app.work.lines(one.options.dataset, one.options.version), one.rows)
