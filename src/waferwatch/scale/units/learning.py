"""Learning one equipment from its own rows in the reference period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from waferwatch.errors import InputError
from waferwatch.models.fitted import ReferencePiece
from waferwatch.monitors.golden.golden_set import Golden, GoldenChoice, choose
from waferwatch.monitors.learn import learn
from waferwatch.read.table import Table
from waferwatch.scale.plans.contents import UNIT_NS
from waferwatch.scale.plans.plan import ScalePlan, WorkUnit
from waferwatch.scale.units.neighbourhood import nanoseconds
from waferwatch.scale.units.rows import Wanted, read_unit_rows
from waferwatch.scale.units.tables import table_of
from waferwatch.scoring.model import Model
from waferwatch.scoring.reference import normal_series
from waferwatch.series.series import Series
from waferwatch.series.split import split

_AROUND = UNIT_NS["hour"]  # read on both sides of the period, so that wafers at its ends are known to be cut


def learn_equipment(plan: ScalePlan, equipment: tuple[str, ...], units: Sequence[WorkUnit]) -> Model:
    """Learn from the rows of the reference period; a wafer that lies only partly in it does not count.

    Args:
        units: of the equipment, that have rows in the period.

    Raises:
        InputError, NotFoundError, ModelError: the rows cannot be read, or learnt from.
    """
    if plan.reference is None:
        raise ValueError("a plan without a reference period learns nothing")
    first, last = plan.reference
    frame = rows_between(plan, equipment, units, first - _AROUND, last + _AROUND)
    table = table_of(plan, frame, " / ".join(equipment))
    period = GoldenChoice(str(np.datetime64(first, "ns")), str(np.datetime64(last, "ns")))
    golden = choose(table, period)
    found = learnt_from(plan, golden)
    if found is None:
        raise InputError(
            "{equipment} has too few rows in the reference period to learn from: {rows}.",
            hint="Choose another period, or give a model of all equipment.",
            field="reference",
            equipment=table.name,
            rows=golden.rows,
        )
    return found


def learnt_from(plan: ScalePlan, golden: Golden) -> Model | None:
    """The model that golden rows give; None where they are too few for a threshold.

    Raises:
        InputError, ModelError: as ``learn``.
    """
    model = learn(golden, detector=plan.detector, checkpoint=plan.checkpoint, device=plan.device).model
    if not np.isfinite(model.fitted.threshold):
        return None
    return _cut_by_unit(model, golden.table, UNIT_NS[plan.unit])


def rows_between(
    plan: ScalePlan, equipment: tuple[str, ...], units: Sequence[WorkUnit], since: int, until: int
) -> pd.DataFrame:
    """All columns of the rows of an equipment between two moments, out of the files of some units."""
    files = dict(pair for one in units for pair in zip(one.files, one.sizes, strict=True))
    names = sorted(files)
    return read_unit_rows(plan, Wanted(equipment, since, until, names, [files[name] for name in names], None))


def _cut_by_unit(model: Model, table: Table, unit: int) -> Model:
    """The model with its reference in pieces of one unit each: so they are found again in the rows of a unit, and have
    the scores there that they had when left out of learning.
    """
    every = [one for mine in normal_series(split(table, layout=model.layout).series).values() for one in mine]
    pieces = []
    for piece, one in zip(model.fitted.reference, every, strict=True):
        pieces += [piece] if one.is_run else _cut(piece, one, unit)
    return replace(model, fitted=replace(model.fitted, reference=pieces))


def _cut(piece: ReferencePiece, series: Series, unit: int) -> list[ReferencePiece]:
    number = nanoseconds(series) // unit
    borders = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(series)]
    left = piece.left_out.astype(np.float64)
    return [
        ReferencePiece.of(series.at(slice(start, stop)), left[start:stop], piece.set_aside)
        for start, stop in pairwise(borders)
    ]
