"""Problems with numbers that stay: P-12 is the same problem in every check of its data, and keeps its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from waferwatch.errors import NotFoundError
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import problems as rows
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Judgement

_PREFIX = "P-"
_MOST_DIGITS = 9
_MOST_MEMBERS = 5000  # that are remembered of one problem
_BLOCK = 64  # rows: events without wafers that touch the same block are the same problem again


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

    @property
    def name(self) -> str:
        return f"{_PREFIX}{self.number}"


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


class Problems:
    """The problems of one store. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def found_by(self, run: Run, found: Detection) -> list[KnownProblem]:
        """Number the problems that a check has just found, in the order of ``found.problems``.

        A problem keeps its number from check to check of a data set as long as its fingerprint stays and it shares a
        wafer with what was found before; without wafers, some of its rows.
        """
        return self._numbered(run, found, newest=True)

    def of(self, run: Run, found: Detection) -> list[KnownProblem]:
        """The problems of any check of a data set, in the order of ``found.problems``; new ones are numbered."""
        return self._numbered(run, found, newest=False)

    def get(self, number: int) -> KnownProblem:
        """
        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        with self._database.read() as connection:
            row = connection.execute(select(rows).where(rows.c.number == number)).one_or_none()
        if row is None:
            raise no_problem(f"{_PREFIX}{number}")
        return _known(row)

    def judge(self, number: int, verdict: Judgement | None, note: str, user: str) -> KnownProblem:
        """Say what a problem was, in place of what was said before. ``None`` takes it back.

        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        values = {"verdict": verdict, "note": note, "user": user, "at": now()}
        if verdict is None:
            values = {"verdict": None, "note": "", "user": "", "at": None}
        with self._database.begin() as connection:
            connection.execute(update(rows).where(rows.c.number == number).values(**values))
        return self.get(number)

    def _numbered(self, run: Run, found: Detection, *, newest: bool) -> list[KnownProblem]:
        if not found.problems:
            return []
        known = self._of_dataset(run.dataset)
        matched = matches(found, known)
        if not newest and all(one is not None for one in matched):
            return [one for one in matched if one is not None]
        with self._database.begin() as connection:
            known = [_known(row) for row in connection.execute(_in_order(run.dataset))]
            matched = matches(found, known)
            numbers = [self._keep(connection, run, found, at, one) for at, one in enumerate(matched)]
        kept = {one.number: one for one in self._of_dataset(run.dataset)}
        return [kept[number] for number in numbers]

    def _of_dataset(self, dataset: str) -> list[KnownProblem]:
        with self._database.read() as connection:
            return [_known(row) for row in connection.execute(_in_order(dataset))]

    def _keep(self, connection: Connection, run: Run, found: Detection, at: int, known: KnownProblem | None) -> int:
        problem = found.problems[at]
        members = members_of(problem, found)
        if known is not None:
            more = sorted(known.members | members)[:_MOST_MEMBERS]
            wanted = update(rows).where(rows.c.number == known.number)
            connection.execute(wanted.values(run=run.id, members=more, about=_about(run, problem)))
            return known.number
        values = {
            "dataset": run.dataset,
            "fingerprint": problem.fingerprint,
            "run": run.id,
            "members": sorted(members)[:_MOST_MEMBERS],
            "about": _about(run, problem),
            "note": "",
            "user": "",
        }
        key = connection.execute(rows.insert().values(**values)).inserted_primary_key
        return int(key[0]) if key is not None else 0


def matches(found: Detection, known: Sequence[KnownProblem]) -> list[KnownProblem | None]:
    """For each problem of a detection the known one that it is; None for a new one. No known one is given twice.

    Of several with its fingerprint it is the one with which it shares the largest part.
    """
    open_, result = list(known), []
    for problem in found.problems:
        members = members_of(problem, found)
        alike = [
            (len(one.members & members) / len(one.members | members), -one.number, one)
            for one in open_
            if one.fingerprint == problem.fingerprint and one.members & members
        ]
        best = max(alike, key=lambda each: each[:2])[2] if alike else None
        result.append(best)
        if best is not None:
            open_.remove(best)
    return result


def members_of(problem: FabProblem, found: Detection) -> frozenset[str]:
    """What makes it the same problem again: its wafers by name, else their first rows; without any, rows of events."""
    if problem.runs:
        runs = [found.runs[number] for number in problem.runs]
        return frozenset(
            f"{one.lot or ''}/{one.wafer}" if one.wafer is not None else f"row {one.start_row}" for one in runs
        )
    ids = set(problem.events)
    blocks = (
        range(event.start_row // _BLOCK, event.end_row // _BLOCK + 1) for event in found.events if event.id in ids
    )
    return frozenset(f"rows {number}" for mine in blocks for number in mine)


def _about(run: Run, problem: FabProblem) -> dict[str, Any]:
    title = problem.title or Note("")
    return {"title": {"template": title.template, "values": dict(title.values)}, "dataset_name": run.dataset_name}


def _in_order(dataset: str) -> Any:
    return select(rows).where(rows.c.dataset == dataset).order_by(rows.c.number)


def _known(row: Row[Any]) -> KnownProblem:
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
    )
