"""What should be looked at in a table: one sentence each, with the place and what to do, ranked by what matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from waferwatch.read.table import Note, Role


class Severity(IntEnum):
    """How much a finding matters."""

    NOTE = 0  # worth knowing
    WARNING = 1  # makes results worse
    SERIOUS = 2  # makes results wrong or impossible


class Share(float):
    """A share of a whole, 0 to 1, to be shown in percent."""


class Seconds(float):
    """A length of time in seconds, to be shown in the units that fit."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at."""

    kind: str  # the same for the same sort of finding
    severity: Severity
    sentence: Note  # values are text, int, float, Share or Seconds; "row" is the row's number as people count
    remedy: Note
    columns: tuple[str, ...] = ()  # those concerned
    row: int | None = None  # position in the table of the first row concerned, from 0
    share: float = 0.0  # of all rows (or cells of the columns) that are concerned
    fix: tuple[tuple[str, Role], ...] = ()  # columns, and the roles with which this would no longer be found


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """What matters most first: by severity, then by how much of the data is concerned."""
    return tuple(sorted(findings, key=lambda one: (-one.severity, -one.share)))


def listed(names: tuple[str, ...] | list[str], most: int = 5) -> str:
    """Some names in one line."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def length(value: float, dated: bool) -> Any:
    """A length of time as a finding's value: in seconds, or in the units of a time column of numbers."""
    return Seconds(value) if dated else float(value)
