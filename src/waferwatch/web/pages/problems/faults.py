"""Which labelled faults a check found, and which of its problems hold no labelled row: shown only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from waferwatch.errors import InputError
from waferwatch.evaluate.labelled import labelled_rows
from waferwatch.events.context import places
from waferwatch.export.tables import write_tables
from waferwatch.indicators.judge import times_of
from waferwatch.jobs.finished import ScoredRows
from waferwatch.series.split import split
from waferwatch.store.problems.grouping import ListedProblem
from waferwatch.store.runs import Run
from waferwatch.web.html.language import Translator
from waferwatch.web.html.numbers import Numbers, place, until
from waferwatch.web.pages.problems.schemas import FaultsExportQuery
from waferwatch.web.results.finished import finished, finished_detection
from waferwatch.web.results.judged import judged_of
from waferwatch.web.shell.context import Parts, parts, read_query, translator, user_of
from waferwatch.web.transfer.download import TABLE_MEDIA, download, file_name

Ints = NDArray[np.int64]

_MOST_FAULTS = 200


@dataclass(frozen=True)
class TrueFault:
    """One stretch of labelled rows."""

    chamber: str
    start: str
    end: str
    wafers: str  # labelled, and how many of them are abnormal; rows where there are no wafers
    problems: list[str]  # names of those that found it; empty: missed


@dataclass(frozen=True)
class TrueFaults:
    """For the template."""

    sentence: str
    faults: list[TrueFault]
    false: list[str]  # names of problems without a labelled row


def true_faults(app: Parts, run: Run, listed: Sequence[ListedProblem], translate: Translator) -> TrueFaults | None:
    """The faults that the label column of the data names; None without one, or without a labelled row."""
    scored = finished(app, run.id).scored_rows()
    labels = scored.table.labels()
    if labels is None or not labels.any():
        return None
    run_of_row = _run_of_row(app, run, scored)
    labelled = labelled_rows(labels, split(scored.table, layout=scored.found.layout).series)
    rows = [labelled.rows[labelled.fault == number] for number in range(1, labelled.faults + 1)]
    rows = [mine[labels[mine]] for mine in rows]
    faults = [_fault(scored, mine, run_of_row, listed, translate) for mine in rows[:_MOST_FAULTS]]
    every = np.flatnonzero(labels)
    false = [one.known.name for one in listed if not _holds(one, scored, every, run_of_row)]
    return TrueFaults(_sentence(faults, len(false), len(listed), translate), faults, false)


async def export_faults(request: Request) -> Response:
    """Which labelled faults a check found, as a file."""
    query = read_query(request, FaultsExportQuery)
    app, translate = parts(request), translator(request)
    run = await app.work.read(finished_detection, app, request.path_params["id"])
    faults = await app.work.draw(_faults_of, app, run, translate)
    await app.work.read(app.store.audit.add, user_of(request), "export faults", run.id)
    write = partial(_write_faults, faults, query.format)
    name = file_name(run.dataset_name or "demo", f"faults.{query.format}")
    return await download(app, write, name, TABLE_MEDIA[query.format])


def _faults_of(app: Parts, run: Run, translate: Translator) -> TrueFaults:
    listed = app.store.problems.listed(run, app.store.results.detection(run.id))
    faults = true_faults(app, run, listed, translate)
    if faults is None:
        raise InputError(
            "These data have no labelled rows.",
            hint="Give the column that says which rows are abnormal the role label.",
            field="run",
        )
    return faults


def _write_faults(faults: TrueFaults, kind: str, file: BinaryIO) -> None:
    lines = [
        {
            "found": "yes" if one.problems else "no",
            "equipment": one.chamber,
            "start": one.start,
            "end": one.end,
            "labelled": one.wafers,
            "problems": ", ".join(one.problems),
        }
        for one in faults.faults
    ]
    write_tables({"faults": pd.DataFrame(lines)}, file, kind)


def _run_of_row(app: Parts, run: Run, scored: ScoredRows) -> Ints:
    """(rows,) the wafer of each row, as the detection counts them; -1 where it judged no wafers."""
    try:
        return judged_of(app, run.id).run_of_row
    except InputError:
        return np.full(len(scored.table.frame), -1, np.int64)


def _fault(
    scored: ScoredRows, rows: Ints, run_of_row: Ints, listed: Sequence[ListedProblem], translate: Translator
) -> TrueFault:
    (first, last) = times_of(scored.table, rows[[0, -1]])
    runs = [number for number in np.unique(run_of_row[rows]).tolist() if number >= 0]
    abnormal = sum(scored.found.runs[number].abnormal for number in runs)
    counts = {"count": len(rows), "abnormal": abnormal, "wafers": len(runs)}
    size = translate("wafers abnormal: {abnormal} of {wafers}") if runs else translate("rows: {count}")
    return TrueFault(
        chamber=places(scored.table, rows[:1])[0].equipment or "",
        start=place(first),
        end=until(first, last),
        wafers=size.format(**counts),
        problems=[one.known.name for one in listed if _holds(one, scored, rows, run_of_row)],
    )


def _holds(one: ListedProblem, scored: ScoredRows, rows: Ints, run_of_row: Ints) -> bool:
    """Whether a problem has a wafer or an event with one of these rows."""
    in_wafers = np.isin(run_of_row[rows], one.problem.runs)
    return bool(in_wafers.any() or np.isin(scored.found.event_ids[rows], one.problem.events).any())


def _sentence(faults: Sequence[TrueFault], false: int, problems: int, translate: Translator) -> str:
    numbers = Numbers(translate.language)
    return translate(
        "{found} of {faults} labelled faults were found; {false} of {problems} problems hold no labelled row."
    ).format(
        found=numbers.whole(sum(bool(one.problems) for one in faults)),
        faults=numbers.whole(len(faults)),
        false=numbers.whole(false),
        problems=numbers.whole(problems),
    )
