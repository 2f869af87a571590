"""What is wrong in a virtual fab: its faults, the sensors that they changed, and what kind of anomaly each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waferwatch.evaluate.faults import noise_units
from waferwatch.events.event import Kind

EQUIPMENT, FAULT = "equipment", "fault_kind"
WAFER = [EQUIPMENT, "lot", "wafer"]  # a wafer has one fault at most
POINT_ROWS = 3


@dataclass(frozen=True)
class FabFault:
    """One fault of one wafer."""

    fault: str  # one of FAULT_KINDS
    equipment: str
    first: int  # row of the table
    last: int
    changed: frozenset[str]  # sensors that read otherwise than without the fault
    guilty: str  # the one of them that changed most, counted in its own noise from point to point
    kind: Kind


def faults_of(faulty: pd.DataFrame, clean: pd.DataFrame, sensors: list[str]) -> list[FabFault]:
    """The faults of a fab, by the very same fab without them.

    The kind follows from readings alone, the detectors' events play no part: at most three changed rows are a point;
    where every changed reading lies between the lowest and the highest of its sensor on the same equipment without
    faults, it is contextual; the rest is collective.

    Args:
        faulty: of ``generate``.
        clean: the same with ``faults=False``.
        sensors: names of the sensor columns.
    """
    found = []
    for equipment, mine in clean.groupby(EQUIPMENT, sort=False):
        normal = mine[sensors].to_numpy(float)
        units, low, high = noise_units(normal), normal.min(axis=0), normal.max(axis=0)
        rows = faulty[(faulty[EQUIPMENT] == equipment) & (faulty[FAULT] != "")]
        for (*_, fault), part in rows.groupby([*WAFER, FAULT], sort=False):
            after, before = part[sensors].to_numpy(float), clean.loc[part.index, sensors].to_numpy(float)
            changed = after != before
            most = np.argmax((np.abs(after - before) / units).max(axis=0))
            found.append(
                FabFault(
                    fault=str(fault),
                    equipment=str(equipment),
                    first=int(part.index[0]),
                    last=int(part.index[-1]),
                    changed=frozenset(np.array(sensors)[changed.any(axis=0)].tolist()),
                    guilty=sensors[int(most)],
                    kind=_kind(len(part), bool(((after >= low) & (after <= high))[changed].all())),
                )
            )
    return found


def _kind(rows: int, usual: bool) -> Kind:
    if rows <= POINT_ROWS:
        return Kind.POINT
    return Kind.CONTEXTUAL if usual else Kind.COLLECTIVE


def faulty_rows(frame: pd.DataFrame, faults: list[FabFault]) -> NDArray[np.bool_]:
    """(rows,) True from the first to the last row of a fault, on its equipment."""
    inside = np.zeros(len(frame), np.bool_)
    equipment = frame[EQUIPMENT].to_numpy()
    for one in faults:
        span = slice(one.first, one.last + 1)
        inside[span] |= equipment[span] == one.equipment
    return inside
