"""The states of SEMI E10, as a row may name the one its equipment is in."""

from __future__ import annotations

from enum import StrEnum


class EquipmentState(StrEnum):
    """What an equipment does."""

    PRODUCTIVE = "productive"
    STANDBY = "standby"
    ENGINEERING = "engineering"
    SCHEDULED_DOWN = "scheduled down"
    UNSCHEDULED_DOWN = "unscheduled down"
    NON_SCHEDULED = "non-scheduled"


_SHORT = {
    "prd": EquipmentState.PRODUCTIVE,
    "pt": EquipmentState.PRODUCTIVE,
    "productive time": EquipmentState.PRODUCTIVE,
    "sby": EquipmentState.STANDBY,
    "sbt": EquipmentState.STANDBY,
    "standby time": EquipmentState.STANDBY,
    "eng": EquipmentState.ENGINEERING,
    "engineering time": EquipmentState.ENGINEERING,
    "sdt": EquipmentState.SCHEDULED_DOWN,
    "scheduled downtime": EquipmentState.SCHEDULED_DOWN,
    "pm": EquipmentState.SCHEDULED_DOWN,
    "maintenance": EquipmentState.SCHEDULED_DOWN,
    "udt": EquipmentState.UNSCHEDULED_DOWN,
    "unscheduled downtime": EquipmentState.UNSCHEDULED_DOWN,
    "down": EquipmentState.UNSCHEDULED_DOWN,
    "nst": EquipmentState.NON_SCHEDULED,
    "non scheduled": EquipmentState.NON_SCHEDULED,
    "non-scheduled time": EquipmentState.NON_SCHEDULED,
}
_NAMES = {one.value: one for one in EquipmentState} | _SHORT
_DOWN = (EquipmentState.SCHEDULED_DOWN, EquipmentState.UNSCHEDULED_DOWN)


def state_of(text: str) -> EquipmentState | None:
    """The state that a word or its usual short form names; None for any other, and for nothing."""
    return _NAMES.get(" ".join(text.replace("_", " ").casefold().split()))


def may_alarm(text: str) -> bool:
    """Whether rows in this state may raise an alarm: productive ones, and those whose state is not known."""
    return state_of(text) in (None, EquipmentState.PRODUCTIVE)


def is_down(text: str) -> bool:
    """Whether the equipment is down: a series ends where that begins and where it ends."""
    return state_of(text) in _DOWN
