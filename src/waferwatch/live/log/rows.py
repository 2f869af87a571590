"""One row as a source gives it."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from waferwatch.errors import InputError

LONGEST_TEXT = 200  # of a name or a context value
MOST_SENSORS = 5000  # of one equipment
_EARLIEST, _LATEST = 0, 2**62  # nanoseconds since 1970


@dataclass(frozen=True)
class LiveRow:
    """Readings of one equipment at one moment.

    Rows of one source with the same equipment, run, time and sequence are one row: the first one is kept.
    """

    equipment: str
    time: int  # nanoseconds since 1970: what the clock of the data shows, in UTC where it names a zone
    readings: Mapping[str, float]  # sensor -> reading, NaN = missing; a sensor that is not named is missing
    lot: str = ""
    wafer: str = ""
    recipe: str = ""
    step: str = ""
    state: str = ""  # of SEMI E10, or empty
    run: str = ""  # empty: lot and wafer
    sequence: int | None = None  # tells rows of one moment apart; None: rows with other readings are other rows

    context: tuple[str, str, str, str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "context", (self.lot, self.wafer, self.recipe, self.step, self.state))

    @property
    def named_run(self) -> str:
        return self.run or f"{self.lot}/{self.wafer}"

    def number(self, readings: bytes) -> int:
        """The sequence; where there is none, one that rows with the same readings share."""
        if self.sequence is not None:
            return self.sequence
        found: int = struct.unpack("<q", hashlib.blake2b(readings, digest_size=8).digest())[0]
        return found


def check_row(row: LiveRow, number: int) -> None:
    """
    Args:
        number: of the row, for the message.

    Raises:
        InputError: it cannot be kept.
    """
    if not row.equipment:
        raise InputError(
            "Row {row} names no equipment.", hint="Give each row an equipment.", field="equipment", row=number
        )
    for field_name in ("equipment", "lot", "wafer", "recipe", "step", "state", "run"):
        if len(getattr(row, field_name)) > LONGEST_TEXT:
            raise InputError(
                "The {name} of row {row} is longer than {most} letters.",
                hint="Shorten it.",
                field=field_name,
                name=field_name,
                row=number,
                most=LONGEST_TEXT,
            )
    if not _EARLIEST <= row.time <= _LATEST:
        raise InputError(
            "The time of row {row} is not a date after 1970.",
            hint="Give it as ISO 8601 text, or as seconds since 1970.",
            field="time",
            row=number,
        )
    if len(row.readings) > MOST_SENSORS:
        raise InputError(
            "Row {row} has {count} sensors; {most} are accepted.",
            hint="Leave out some sensors.",
            field="sensors",
            row=number,
            count=len(row.readings),
            most=MOST_SENSORS,
        )
