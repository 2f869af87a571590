"""Which new levels of one equipment are learnt after a maintenance, and which are refused.

The rule, sensor by sensor, over every step that at least five of the wafers went through:

1. *Where it stands* is the median over the wafers, compared with the reference. Where the first and the second half of
   the wafers differ, the last half alone counts, once it stands still: the level has *settled*.
2. A level that does not stand still yet is *drifting*. Nothing of this sensor is learnt.
3. A level more than ``LIMIT`` spreads of single readings away is a *jump*: the reference never showed such readings
   there, and a fault that stays, such as a leak, looks like this. Nothing of this sensor is learnt, unless it has
   shifted by one value in three of four steps, as a sensor does that was replaced or calibrated: a process fault shows
   only in the steps in which the process runs. A shift by one share of the reading is no such sign, since a leak rises
   where there is flow.
4. Every other shift is learnt: readings are scored as they would have been before the maintenance, step by step.

A user who knows better names sensors to accept or to keep.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from waferwatch.monitors.levels.indicators import StepLevel, is_calibration
from waferwatch.monitors.rebase.rebased import Refusal

LIMIT = 3.0  # spreads of single readings


@dataclass
class Absorption:
    """What becomes of the levels of one equipment."""

    moved: list[StepLevel] = field(default_factory=list)
    settled: list[StepLevel] = field(default_factory=list)
    refused: list[tuple[StepLevel, Refusal]] = field(default_factory=list)


def absorb(steps: Sequence[StepLevel], accept: Collection[int], keep: Collection[int]) -> Absorption:
    """Sort levels into those that are learnt, those that came back, and those that are refused.

    Args:
        steps: of every sensor and stage.
        accept: sensors whose new level is learnt even where the rule refuses it.
        keep: sensors whose level stays.
    """
    found = Absorption()
    for sensor in sorted({one.sensor for one in steps}):
        mine = [one for one in steps if one.sensor == sensor]
        notable = [one for one in mine if one.notable]
        reason = Refusal.KEPT if sensor in keep else None if sensor in accept else _refusal(mine)
        if reason is None:
            found.moved += notable
        else:
            drifting = [one for one in mine if one.moving and not one.notable and reason is Refusal.DRIFTING]
            found.refused += [(one, reason) for one in (*notable, *drifting)]
        found.settled += [one for one in mine if one.standing.after and not one.notable and not one.moving]
    return found


def _refusal(steps: Sequence[StepLevel]) -> Refusal | None:
    if any(one.moving for one in steps):
        return Refusal.DRIFTING
    if any(one.notable and abs(one.spreads) > LIMIT for one in steps) and not is_calibration(steps):
        return Refusal.JUMP
    return None
