"""What is kept of a problem whatever checks find: its number, its wafers, its state and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from waferwatch.errors import NotFoundError
from waferwatch.read.table import Note
from waferwatch.store.database.connection import now
from waferwatch.store.verdicts import Judgement

_PREFIX = "P-"
_MOST_DIGITS = 9


class ProblemState(StrEnum):
    """Where a problem stands, in the words of ISA-18.2 as far as it has any."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    CLOSED = "closed"  # somebody said what it was
    MERGED = "merged"  # counted to another problem


@dataclass(frozen=True)
class KnownProblem:
    """What is kept of a problem, whatever checks find."""

    number: int
    dataset: str
    fingerprint: str
    run: str  # the newest check that found it
    members: frozenset[str]
    title: Note
    dataset_name: str
    verdict: Judgement | None
    note: str
    user: str
    at: str | None  # when the verdict was given: ISO 8601, UTC
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    shelved_by: str | None = None
    shelved_until: str | None = None
    merged_into: int | None = None  # number of the problem that it is counted to
    split_from: int | None = None  # number of the problem that its wafers were taken out of

    @property
    def name(self) -> str:
        return problem_name(self.number)

    @property
    def equipment(self) -> str:
        return self.fingerprint.split(" | ")[0]

    @property
    def state(self) -> ProblemState:
        """Where it stands at this moment."""
        if self.merged_into is not None:
            return ProblemState.MERGED
        if self.verdict is not None:
            return ProblemState.CLOSED
        if self.shelved_until is not None and self.shelved_until > now():
            return ProblemState.SHELVED
        return ProblemState.NEW if self.acknowledged_at is None else ProblemState.ACKNOWLEDGED


def problem_name(number: int) -> str:
    """P-12."""
    return f"{_PREFIX}{number}"


def problem_number(name: str) -> int:
    """
    Raises:
        NotFoundError: for what is no name of a problem.
    """
    digits = name.upper().removeprefix(_PREFIX)
    if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS:
        return int(digits)
    raise no_problem(name)


def no_problem(name: str) -> NotFoundError:
    return NotFoundError(
        "There is no problem {name}.", hint="Choose one from the list of problems.", field="problem", name=name[:20]
    )


def known_problem(row: Row[Any]) -> KnownProblem:
    title = row.about["title"]
    return KnownProblem(
        number=row.number,
        dataset=row.dataset,
        fingerprint=row.fingerprint,
        run=row.run,
        members=frozenset(row.members),
        title=Note(title["template"], title["values"]),
        dataset_name=row.about["dataset_name"],
        verdict=None if row.verdict is None else Judgement(row.verdict),
        note=row.note,
        user=row.user,
        at=row.at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        shelved_by=row.shelved_by,
        shelved_until=row.shelved_until,
        merged_into=row.merged_into,
        split_from=row.split_from,
    )
