"""What should be looked at in how the rows of a table lie in time, and in how they are split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from waferwatch.read.table import Note, Role, Table
from waferwatch.series.quality.findings import Finding, Severity, Share, length, listed
from waferwatch.series.quality.interleaved import separating_column
from waferwatch.series.quality.timing import TimeOrder, Timing
from waferwatch.series.wafer_runs import has_summaries

FEWEST_JUDGED = 16  # rows of a series: MOMENT judges no shorter one (two of its patches)
FEWEST_LEARNED = 300  # rows of an equipment: with fewer there is little to learn what is normal from
_FEWEST_WAFERS = 25  # the same, where a row is a wafer

_FEW = 0.01
_MANY = 0.2
_UNEVEN = 0.5

_SEVERAL = Note(
    "If the rows of several equipment lie in this table, give the column that tells them apart the role equipment."
)


def timing_findings(table: Table, layout: TimeOrder, timing: Timing) -> Iterator[Finding]:
    """The findings about time and series."""
    if timing.column is None:
        yield Finding(
            "no_time",
            Severity.NOTE,
            Note("There is no time column, so the rows are taken in their order."),
            Note("If a column holds the time, give it the role time."),
        )
    else:
        yield from _missing_time(table, timing)
        yield from _order(table, timing)
        yield from _summer_time(table, timing)
        yield from _repeated(table, layout, timing)
        yield from _spacing(table, timing)
    yield from _short_series(table, layout)
    yield from _short_equipment(table, timing)
    yield from _labels(table)


def _graded(share: float, *, warning: float, serious: float = np.inf) -> Severity:
    """Severity by the share of rows concerned."""
    return Severity(int(share > warning) + int(share > serious))


def _missing_time(table: Table, timing: Timing) -> Iterator[Finding]:
    count, row = timing.without_time.count, timing.without_time.row
    if row is None:
        return
    share = count / len(table.frame)
    yield Finding(
        "without_time",
        _graded(share, warning=0, serious=_MANY),
        Note(
            "Rows without a time, which are not judged: {count}, the first of them row {row}.",
            {"count": count, "row": row + table.first_row},
        ),
        Note("Fill in the column {column}.", {"column": timing.column}),
        row=row,
        share=share,
    )


def _order(table: Table, timing: Timing) -> Iterator[Finding]:
    count, row = timing.back.count, timing.back.row
    if row is None:
        return
    share = count / len(table.frame)
    yield Finding(
        "time_back",
        _graded(share, warning=_FEW) if not table.groups else Severity.NOTE,
        Note(
            "Times that lie before the time of the row above: {count}, the first in row {row}. "
            "The rows are sorted by time.",
            {"count": count, "row": row + table.first_row},
        ),
        Note("Check the clock of the recorder at this place.") if table.groups else _SEVERAL,
        row=row,
        share=share,
    )


def _summer_time(table: Table, timing: Timing) -> Iterator[Finding]:
    hours = (
        (
            "hour_twice",
            timing.hour_twice.row,
            "The clock goes back one hour at row {row}, as at the end of summer time; the rows keep their order.",
        ),
        (
            "hour_left_out",
            timing.hour_left_out.row,
            "The clock leaps one hour ahead at row {row}, as at the beginning of summer time; no rows are missing.",
        ),
    )
    remedy = Note("Let the recorder write UTC, or times with their offset from it.")
    for code, row, sentence in hours:
        if row is not None:
            yield Finding(code, Severity.NOTE, Note(sentence, {"row": row + table.first_row}), remedy, row=row)


def _repeated(table: Table, layout: TimeOrder, timing: Timing) -> Iterator[Finding]:
    rows = len(table.frame)
    if timing.repeated.row is not None:
        yield Finding(
            "repeated",
            _graded(timing.repeated.count / rows, warning=_FEW),
            Note(
                "Rows that are there twice, with the same time and the same values: {count}, the first of them "
                "row {row}.",
                {"count": timing.repeated.count, "row": timing.repeated.row + table.first_row},
            ),
            Note("Leave them out: they make stretches look longer than they were."),
            row=timing.repeated.row,
            share=timing.repeated.count / rows,
        )
    others = timing.again.count - timing.repeated.count
    if others and timing.again.row is not None:
        yield _same_time(table, layout, timing.again.row, others)


def _same_time(table: Table, layout: TimeOrder, row: int, count: int) -> Finding:
    """Rows of one series at one time: mostly an equipment column that was not recognised, which is then named."""
    share = count / len(table.frame)
    severity = _graded(share, warning=_FEW, serious=np.inf if table.groups else _MANY)
    column = separating_column(table, layout) if severity > Severity.NOTE else None
    if column is not None:
        remedy = Note("{column} tells these rows apart: give it the role equipment.", {"column": column})
    else:
        remedy = Note("Write the time with more decimals.") if table.groups else _SEVERAL
    return Finding(
        "same_time",
        severity,
        Note(
            "Rows with the time of the row before them but other values: {count}, the first of them row {row}.",
            {"count": count, "row": row + table.first_row},
        ),
        remedy,
        columns=() if column is None else (column,),
        row=row,
        share=share,
        fix=() if column is None else ((column, Role.EQUIPMENT),),
    )


def _spacing(table: Table, timing: Timing) -> Iterator[Finding]:
    if timing.gaps:
        longest = timing.gaps[0]
        span = timing.end - timing.start
        span = float(span / np.timedelta64(1, "s")) if timing.dated else span
        share = min(1.0, timing.gap_length / (span * max(1, len(timing.equipment)))) if span else 0.0
        yield Finding(
            "gaps",
            _graded(share, warning=_MANY),
            Note(
                "Gaps in time: {count}, together {total}. The longest, {longest}, ends in row {row}.",
                {
                    "count": timing.gap_count,
                    "total": length(timing.gap_length, timing.dated),
                    "longest": length(longest.length, timing.dated),
                    "row": longest.row + table.first_row,
                },
            ),
            Note("Check whether the equipment or its recorder stood still. Nothing is judged across a gap."),
            row=longest.row,
            share=share,
        )
    if timing.period is not None and timing.jitter is not None and timing.jitter > _UNEVEN:
        yield Finding(
            "uneven",
            Severity.NOTE,
            Note(
                "The rows are not evenly spaced: the usual distance of {period} varies by {jitter}.",
                {"period": length(timing.period, timing.dated), "jitter": Share(timing.jitter)},
            ),
            Note("Rows are judged as they come; record them evenly if you can."),
        )


def _short_series(table: Table, layout: TimeOrder) -> Iterator[Finding]:
    first = np.flatnonzero(layout.starts)
    lengths = np.diff(first, append=len(layout.rows))
    short = lengths < FEWEST_JUDGED
    if not short.any():
        return
    share = float(lengths[short].sum()) / len(table.frame)
    row = int(layout.rows[first[short][0]])
    yield Finding(
        "short_series",
        _graded(share, warning=_FEW, serious=0.5),
        Note(
            "Series with fewer than {fewest} rows, which MOMENT does not judge: {count} with together {rows} rows, "
            "the first of them at row {row}.",
            {
                "fewest": FEWEST_JUDGED,
                "count": int(short.sum()),
                "rows": int(lengths[short].sum()),
                "row": row + table.first_row,
            },
        ),
        Note(
            "Rows are split into series by {columns} and at gaps in time. Check the roles of these columns.",
            {"columns": listed(table.groups)},
        )
        if table.groups
        else Note("Record more rows, without gaps in time."),
        columns=table.groups,
        row=row,
        share=share,
    )


def _short_equipment(table: Table, timing: Timing) -> Iterator[Finding]:
    fewest = _FEWEST_WAFERS if has_summaries(table) else FEWEST_LEARNED
    short = [one for one in timing.equipment if one.rows < fewest]
    if not short:
        return
    share = sum(one.rows for one in short) / len(table.frame)
    remedy = Note("Record some hundreds of normal rows for each equipment.")
    if not table.columns(Role.EQUIPMENT):
        sentence = Note("With {rows} rows there is little to learn what is normal from.", {"rows": short[0].rows})
    else:
        sentence = Note(
            "Equipment with fewer than {fewest} rows, from which little can be learned: {count} ({names}).",
            {"fewest": fewest, "count": len(short), "names": listed([one.name or "-" for one in short])},
        )
    yield Finding(
        "short_reference",
        _graded(share, warning=0, serious=0.5),
        sentence,
        remedy,
        columns=tuple(table.columns(Role.EQUIPMENT)),
        share=share,
    )


def _labels(table: Table) -> Iterator[Finding]:
    column = table.column(Role.LABEL)
    if column is None:
        return
    labels = table.frame[column].to_numpy()
    share = float(labels.mean())
    if share == 0:
        yield Finding(
            "labels",
            Severity.NOTE,
            Note("{column} marks no row as anomalous, so precision and recall cannot be computed.", {"column": column}),
            Note("If this is not the label, give it another role."),
            columns=(column,),
        )
    elif share > 0.5:
        yield Finding(
            "labels",
            Severity.WARNING,
            Note(
                "{column} marks {share} of the rows as anomalous: normal and anomalous may be mixed up.",
                {"column": column, "share": Share(share)},
            ),
            Note("Write 1 for anomalous rows and 0 for normal ones."),
            columns=(column,),
            row=int(np.flatnonzero(labels)[0]),
            share=share,
        )
