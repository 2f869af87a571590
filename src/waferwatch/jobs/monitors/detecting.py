"""Detection by a monitor: nothing is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from waferwatch.errors import InputError
from waferwatch.indicators.hard_rules import TypedLimit
from waferwatch.models.contract import Progress, no_progress
from waferwatch.monitors.golden.wafers import equipment_of
from waferwatch.read.table import Table
from waferwatch.scoring.model import Model
from waferwatch.scoring.part import detect_rows_with
from waferwatch.scoring.result import Detection
from waferwatch.scoring.thresholds.threshold import Thresholds
from waferwatch.store.monitors.facts import thresholds_of
from waferwatch.store.monitors.records import MonitorRecord

AUTOMATIC = Thresholds()


def detect_by(
    monitor: MonitorRecord,
    model: Model,
    table: Table,
    *,
    rows: NDArray[np.int64] | None = None,
    wish: Thresholds = AUTOMATIC,
    limits: Sequence[TypedLimit] = (),
    progress: Progress = no_progress,
) -> Detection:
    """Score the rows of the equipment that a monitor watches.

    Args:
        model: of one of its versions.
        rows: positions of those to score, ascending; None: all.
        wish: how the threshold is chosen; where it is automatic, by the policy of the monitor.
        limits: typed limits of indicators.

    Raises:
        InputError: the table lacks a column that the model needs, or holds none of the equipment watched.
        ModelError: the checkpoint of the model is not there.
    """
    chosen = watched_rows(table, monitor.equipment, monitor.name, rows)
    by = thresholds_of(monitor.policy) if wish == AUTOMATIC else wish
    return detect_rows_with(model, table, chosen, by, progress, limits)


def watched_rows(
    table: Table, equipment: Sequence[str] | None, name: str, rows: NDArray[np.int64] | None = None
) -> NDArray[np.int64] | None:
    """Of some rows of a table (None: all) those of the equipment that a monitor watches.

    Args:
        equipment: watched; None: all.
        name: of the monitor, for messages.

    Raises:
        InputError: when none is left.
    """
    if equipment is None:
        return rows
    of, names = equipment_of(table)
    mask = np.isin(of, [at for at, found in enumerate(names) if found in equipment])
    found = np.flatnonzero(mask) if rows is None else rows[mask[rows]]
    if not len(found):
        raise _none_watched(table, name, equipment)
    return None if len(found) == len(table.frame) else found


def _none_watched(table: Table, name: str, equipment: Sequence[str]) -> InputError:
    return InputError(
        "{table} has no rows of the equipment that the monitor {monitor} watches: {equipment}.",
        hint="Give it data of that equipment, or change what the monitor watches.",
        field="monitor",
        table=table.name,
        monitor=name,
        equipment=", ".join(equipment[:10]),
    )


def on_device(model: Model, device: str | None) -> Model:
    """The model for a device; the model itself where none is named or it is the same."""
    return model if device is None or model.device == device else replace(model, device=device)
