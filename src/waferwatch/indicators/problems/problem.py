"""The problem: events and wafers with one fingerprint."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from waferwatch.read.table import Note

DAYS = 7.0  # within which the same fingerprint is the same problem again


class ProblemSeverity(StrEnum):
    """How much a problem matters."""

    SEVERE = "severe"
    CLEAR = "clear"
    WEAK = "weak"


class Alone(StrEnum):
    """Whether a chamber alone has a problem."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ProblemSensor:
    """A sensor of a problem, in the order in which they left their bands."""

    sensor: str
    share: float  # of the deviation, 0 to 1
    direction: str  # "up", "down" or "other"
    left_at: str | float | None  # when it left the step's normal band in the first wafer; None where it did not


@dataclass(frozen=True)
class FabProblem:
    """One line for everything that is the same fault."""

    number: int  # 1, 2, ... worst first
    fingerprint: str  # chamber | recipe | step | sensors | direction
    equipment: str | None
    recipe: str | None
    step: str | None
    sensor: str  # leading
    direction: str  # "up", "down" or "other"
    statistic: str  # the leading one; "rows" for events of rows
    severity: ProblemSeverity
    ongoing: bool  # whether the chamber's last wafer (or row) shows it
    first_seen: str | float
    last_seen: str | float
    onset: str | float  # where the steep rise of the leading sensor begins
    count: int  # abnormal wafers; events where a table has no wafers
    of: int  # wafers of the chamber from the first to the last of them
    in_a_row: int  # most of them one after the other
    peak_score: float
    limit: float
    ratio: float  # peak as a multiple of the limit
    change: float | None  # share of the usual value, median over its wafers
    alone: Alone
    also_on: tuple[str, ...]  # sisters that show it too
    recipes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    wafers: tuple[str, ...] = ()  # "LOT/WAFER", in order
    events: tuple[int, ...] = ()  # ids
    runs: tuple[int, ...] = ()  # positions in Detection.runs
    sensors: tuple[ProblemSensor, ...] = ()
    title: Note | None = None
    why: Note | None = None  # of the severity

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        plain = {name: value for name, value in asdict(self).items() if name not in ("title", "why")}
        named = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
        sensors = [asdict(one) for one in self.sensors]
        texts = {"title": str(self.title or ""), "severity_reason": str(self.why or "")}
        return plain | named | {"sensors": sensors, "severity": self.severity.value, "alone": self.alone.value} | texts

    def described(self) -> dict[str, Any]:
        """All of it, so that :func:`problem_of` gives it back."""
        notes = {
            name: None if note is None else {"template": note.template, "values": dict(note.values)}
            for name, note in (("title", self.title), ("why", self.why))
        }
        return {name: value for name, value in self.to_dict().items() if name != "severity_reason"} | notes


def problem_of(about: dict[str, Any]) -> FabProblem:
    """What :meth:`FabProblem.described` gave."""
    lists = ("also_on", "recipes", "steps", "wafers", "events", "runs")
    notes = {
        name: None if about[name] is None else Note(about[name]["template"], about[name]["values"])
        for name in ("title", "why")
    }
    sensors = tuple(ProblemSensor(**one) for one in about["sensors"])
    return FabProblem(
        **{
            **about,
            **{name: tuple(about[name]) for name in lists},
            **notes,
            "sensors": sensors,
            "severity": ProblemSeverity(about["severity"]),
            "alone": Alone(about["alone"]),
        }
    )
