"""A table: what was read from one file or frame, before it is cut into series."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Role(StrEnum):
    """What a column is."""

    TIME = "time"
    SENSOR = "sensor"
    EQUIPMENT = "equipment"
    LOT = "lot"
    WAFER = "wafer"
    RECIPE = "recipe"
    STEP = "step"
    CONTEXT = "context"
    STATUS = "status"
    LABEL = "label"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Note:
    """Something the reader did to the data that its owner should know, as a translatable sentence."""

    template: str  # English, with {named} places; also the translation key
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Table:
    """Rows in input order.

    ``frame`` holds every input column under its own name. Sensor columns are float64 with NaN where a value is
    missing (infinities are turned to NaN and noted), the time column is datetime64[ns] (naive: what the clock of the
    data shows, in ``zone`` where the data tell it) or float64, the label column is bool, and all others are as read.
    """

    name: str  # file name, or "the frame" for data from Python: opens every message about the data
    frame: pd.DataFrame
    roles: dict[str, Role]  # one for each column of frame
    groups: tuple[str, ...]  # columns that split the rows into series (equipment, or the run of run-based traces)
    first_row: int = 1  # number of the first data row in messages: 2 for a CSV file with a header line, else 1
    notes: tuple[Note, ...] = ()
    zone: str | None = None  # of the time column, such as "UTC+09:00" or "UTC"; None where the data do not tell it

    def bytes_held(self) -> int:
        """Bytes that it takes in memory."""
        return int(self.frame.memory_usage(index=False).sum())

    def columns(self, role: Role) -> list[str]:
        """Names of the columns with this role, in file order."""
        return list(self._by_role.get(role, ()))

    def labels(self) -> NDArray[np.bool_] | None:
        """(rows,) True where known to be anomalous; None without a label column."""
        label = self.column(Role.LABEL)
        return None if label is None else self.frame[label].to_numpy(np.bool_)

    def column(self, role: Role) -> str | None:
        """The first column with this role, if there is one."""
        return next(iter(self._by_role.get(role, ())), None)

    @cached_property
    def _by_role(self) -> dict[Role, list[str]]:
        """Asked for wafer by wafer; to go through the names of a frame takes as long as to score some rows."""
        found: dict[Role, list[str]] = {}
        for name in self.frame.columns:
            found.setdefault(self.roles[name], []).append(name)
        return found
