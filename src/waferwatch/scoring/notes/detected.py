"""What a user should know of a detection, beyond what its table says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from waferwatch.read.roles.groups import group_text
from waferwatch.read.table import Note, Role, Table
from waferwatch.scoring import wafers
from waferwatch.scoring.detecting.learnt import LearntModel
from waferwatch.scoring.notes.codes import new_code_notes
from waferwatch.scoring.reference import Scope
from waferwatch.scoring.thresholds.promise import promise_notes
from waferwatch.scoring.thresholds.threshold import Chosen
from waferwatch.series.series import Series, steps_of
from waferwatch.series.steps import joined

_MOST_NAMED = 10  # equipment or steps in a note


def detection_notes(
    model: LearntModel, series: Sequence[Series], table: Table, points: NDArray[np.float64], chosen: Chosen
) -> tuple[Note, ...]:
    """What a user should know of a detection, beyond what its table says."""
    return (
        *model.notes,
        *_empty_notes(model.features, table),
        *_unknown_notes(model, series),
        *_unknown_step_notes(model, series, table),
        *new_code_notes(model.codes, table),
        *_unjudged_note(points),
        *wafers.wafer_notes(model.wafers, table, rebased=bool(model.shifts)),
        *promise_notes(chosen.promise),
    )


def _empty_notes(features: Sequence[str], table: Table) -> list[Note]:
    """Sensors that a model was learnt with and that this table has no value of."""
    empty = [name for name in features if not table.frame[name].notna().any()]
    if not empty:
        return []
    shown = ", ".join(empty[:_MOST_NAMED]) + (" …" if len(empty) > _MOST_NAMED else "")
    return [
        Note("Sensors of the model that hold no value here and were not judged: {sensors}.", {"sensors": shown}),
    ]


def _unknown_notes(model: LearntModel, series: Sequence[Series]) -> list[Note]:
    """Equipment without a reference of its own."""
    unknown = [" ".join(filter(None, one)) for one in model.fitted.unknown(series)]
    named, sister = [name for name in unknown if name], " ".join(model.fitted.sister.split("\x1f"))
    notes = []
    if named:
        text = (
            "No reference for {equipment}: scored by the model of a sister, {sister}, at the level of its own first "
            "rows."
        )
        notes.append(Note(text, {"equipment": ", ".join(named[:_MOST_NAMED]), "sister": sister}))
    if len(named) < len(unknown):
        text = (
            "Rows that name no equipment were scored by the model of {sister}, at the level of their own first rows. "
            "If a column names it, give that column the role equipment."
        )
        notes.append(Note(text, {"sister": sister}))
    return notes


def _unknown_step_notes(model: LearntModel, series: Sequence[Series], table: Table) -> list[Note]:
    """Recipes and steps that the reference does not have, by name."""
    columns = [name for name in (table.column(Role.RECIPE), table.column(Role.STEP)) if name is not None]
    first: dict[int, int] = {}  # stage -> a row in it
    count = 0
    by_scope: dict[Scope, list[Series]] = defaultdict(list)
    for one in series if columns and model.fitted.reads_steps else ():
        if one.steps is not None:
            by_scope[one.scope].append(one)
    for scope, mine in by_scope.items():
        steps = joined([steps_of(one) for one in mine])
        unknown = ~model.fitted.knows(scope, steps)
        if unknown.any():
            count += int(unknown.sum())
            rows = np.concatenate([one.rows for one in mine])[unknown]
            stages, at = np.unique(steps.stage[unknown], return_index=True)
            first |= dict(zip(stages.tolist(), rows[at].tolist(), strict=True))
    if not first:
        return []
    names = sorted(
        {" ".join(group_text(table.frame[name].iat[row]) or "-" for name in columns) for row in first.values()}
    )
    shown = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return [
        Note(
            "{count} rows are in recipe steps that fewer than 3 reference runs have and were not scored: {steps}. "
            "Learn them from normal rows that hold these steps.",
            {"count": count, "steps": shown},
        )
    ]


def _unjudged_note(points: NDArray[np.float64]) -> tuple[Note, ...]:
    missing = int(np.isnan(points).sum())
    if not missing:
        return ()
    return (
        Note(
            "{count} of {rows} rows could not be judged and are not flagged.", {"count": missing, "rows": len(points)}
        ),
    )
