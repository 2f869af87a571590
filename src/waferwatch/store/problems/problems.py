"""Problems with numbers that stay: P-12 is the same problem in every check of its data, and keeps its verdict."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select, update

from waferwatch.errors import InputError
from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.problems.regrouped import only_runs
from waferwatch.read.table import Note
from waferwatch.scoring.result import Detection
from waferwatch.store.audit import write_entry
from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import problems as rows
from waferwatch.store.problems.grouping import ListedProblem, regrouped, root_of
from waferwatch.store.problems.known import KnownProblem, known_problem, no_problem, problem_name
from waferwatch.store.problems.matching import matches, members_of
from waferwatch.store.runs import Run
from waferwatch.store.verdicts import Judgement

_MOST_MEMBERS = 5000  # that are remembered of one problem
_DETAILS = ("shelved_until", "into", "problem")  # of an act that its line of the audit log keeps


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

    def listed(self, run: Run, found: Detection) -> list[ListedProblem]:
        """The problems of a check as an engineer has merged and split them, worst first."""
        known = self._of_dataset(run.dataset)
        matched = [one for one in matches(found, known) if one is not None]
        if len(matched) < len(found.problems):
            matched, known = self.of(run, found), self._of_dataset(run.dataset)
        return regrouped(found, matched, known)

    def missing(self, run: Run, listed: Sequence[ListedProblem]) -> list[KnownProblem]:
        """Problems that other checks of the same data found, and this one did not, the newest first."""
        found = {one.known.number for one in listed}
        kept = [one for one in self._of_dataset(run.dataset) if one.merged_into is None]
        return [one for one in reversed(kept) if one.number not in found]

    def state_of(self, dataset: str) -> Hashable:
        """What is kept of the problems of a data set at this moment: as long as it is the same, so are they."""
        size = func.length(cast(rows.c.members, Text))  # members are only ever added
        plain = [one for one in rows.c if one.name not in ("members", "about")]
        shelved = func.coalesce(rows.c.shelved_until > now(), False)  # it ends by itself
        wanted = select(*plain, shelved, cast(rows.c.about, Text), size).where(rows.c.dataset == dataset)
        with self._database.read() as connection:
            return tuple(tuple(row) for row in connection.execute(wanted.order_by(rows.c.number)))

    def alike(self, known: KnownProblem, limit: int = 5) -> list[KnownProblem]:
        """Problems of any chamber and data with the same recipe, step, leading sensors and direction.

        Those of which somebody said what they were come first, then the newest.
        """
        tail = known.fingerprint.partition(" | ")[2]
        wanted = select(rows).where(
            rows.c.fingerprint.endswith(f" | {tail}", autoescape=True),
            rows.c.number != known.number,
            rows.c.merged_into.is_(None),
        )
        with self._database.read() as connection:
            order_by = (rows.c.verdict.is_(None), rows.c.number.desc())
            return [known_problem(row) for row in connection.execute(wanted.order_by(*order_by).limit(limit))]

    def merged_into(self, number: int) -> list[KnownProblem]:
        """Problems that are counted to this one, by number."""
        with self._database.read() as connection:
            found = connection.execute(select(rows).where(rows.c.merged_into == number).order_by(rows.c.number))
            return [known_problem(row) for row in found]

    def get(self, number: int) -> KnownProblem:
        """
        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        with self._database.read() as connection:
            row = connection.execute(select(rows).where(rows.c.number == number)).one_or_none()
        if row is None:
            raise no_problem(problem_name(number))
        return known_problem(row)

    def acknowledge(self, number: int, note: str, user: str) -> KnownProblem:
        """Say that somebody has seen it.

        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        return self._act(number, "acknowledge problem", user, note, acknowledged_by=user, acknowledged_at=now())

    def shelve(self, number: int, until: str, note: str, user: str) -> KnownProblem:
        """Take it from the list until a moment (ISO 8601, UTC).

        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        return self._act(number, "shelve problem", user, note, shelved_by=user, shelved_until=until)

    def unshelve(self, number: int, note: str, user: str) -> KnownProblem:
        """Bring it back to the list.

        Raises:
            NotFoundError: when no problem was ever given this number.
        """
        return self._act(number, "unshelve problem", user, note, shelved_by=None, shelved_until=None)

    def merge(self, number: int, into: int, user: str) -> KnownProblem:
        """Count a problem to another one of the same data and chamber. Both keep their numbers.

        Raises:
            NotFoundError: when no problem was ever given one of the numbers.
            InputError: they belong to different data or chambers, or are one problem already.
        """
        one, dataset = self.get(number), self.get(into).dataset
        with self._database.begin() as connection:
            # As they are now, and stay until the end: of two that are merged into each other at once, one is refused.
            known = {row.number: known_problem(row) for row in connection.execute(_in_order(dataset).with_for_update())}
            one, root = known.get(number, one), known[root_of(into, known)]
            _check_mergeable(one, root)
            _changed(connection, root.number, "take in problem", user, problem=one.name)
            return _changed(connection, number, "merge problem", user, merged_into=root.number, into=root.name)

    def check_merge(self, numbers: Sequence[int], into: int) -> None:
        """What :meth:`merge` would say of any of them, before any is merged.

        Raises:
            NotFoundError: when no problem was ever given one of the numbers.
            InputError: as :meth:`merge`.
        """
        root = self._root(into)
        for number in numbers:
            _check_mergeable(self.get(number), root)

    def separate(self, number: int, user: str) -> KnownProblem:
        """Take a merge back: the problem stands on its own again.

        Raises:
            NotFoundError: when no problem was ever given this number.
            InputError: it is not merged.
        """
        one = self.get(number)
        if one.merged_into is None:
            raise InputError("{name} is not merged into another problem.", field="problem", name=one.name)
        with self._database.begin() as connection:
            _changed(connection, one.merged_into, "give back problem", user, problem=one.name)
            return _changed(connection, number, "separate problem", user, merged_into=None)

    def split(self, run: Run, found: Detection, number: int, wafers: Sequence[int], user: str) -> KnownProblem:
        """Make some wafers of a problem a problem of their own. To merge it back takes the split back.

        Args:
            wafers: positions in ``found.runs``.

        Raises:
            NotFoundError: the check did not find the problem.
            InputError: none of its wafers are named, or all of them are.
        """
        one = next((each for each in self.listed(run, found) if each.known.number == number), None)
        if one is None:
            raise no_problem(problem_name(number))
        chosen = [at for at in one.problem.runs if at in set(wafers)]
        if not chosen or len(chosen) == len(one.problem.runs):
            raise InputError(
                "A problem is split into two: some of its wafers, and the others.",
                hint="Choose at least one of its wafers, and not all of them.",
                field="wafers",
            )
        part = only_runs(one.problem, chosen, found.runs, found.events)
        values = _new_row(run, part, members_of(part, found)) | {"split_from": number}
        with self._database.begin() as connection:
            made = _inserted(connection, values)
            detail = {"problem": problem_name(made), "wafers": list(part.wafers)}
            write_entry(connection, user, "split problem", one.known.name, **detail)
            write_entry(connection, user, "split off problem", problem_name(made), problem=one.known.name)
        return self.get(made)

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
            write_entry(connection, user, "judge problem", problem_name(number), verdict=verdict, note=note)
        return self.get(number)

    def _root(self, number: int) -> KnownProblem:
        """The problem that this one is counted to in the end."""
        known = self.get(number)
        by_number = {each.number: each for each in self._of_dataset(known.dataset)}
        return by_number[root_of(number, by_number)]

    def _act(self, number: int, action: str, user: str, note: str, **values: Any) -> KnownProblem:
        """Change a problem and write it down in one transaction."""
        with self._database.begin() as connection:
            return _changed(connection, number, action, user, note, **values)

    def _numbered(self, run: Run, found: Detection, *, newest: bool) -> list[KnownProblem]:
        if not found.problems:
            return []
        known = self._of_dataset(run.dataset)
        matched = matches(found, known)
        if not newest and all(one is not None for one in matched):
            return [one for one in matched if one is not None]
        with self._database.begin() as connection:
            known = [known_problem(row) for row in connection.execute(_in_order(run.dataset))]
            matched = matches(found, known)
            numbers = [self._keep(connection, run, found, at, one) for at, one in enumerate(matched)]
        kept = {one.number: one for one in self._of_dataset(run.dataset)}
        return [kept[number] for number in numbers]

    def _of_dataset(self, dataset: str) -> list[KnownProblem]:
        with self._database.read() as connection:
            return [known_problem(row) for row in connection.execute(_in_order(dataset))]

    def _keep(self, connection: Connection, run: Run, found: Detection, at: int, known: KnownProblem | None) -> int:
        problem = found.problems[at]
        members = members_of(problem, found)
        if known is not None:
            more = sorted(known.members | members)[:_MOST_MEMBERS]
            wanted = update(rows).where(rows.c.number == known.number)
            connection.execute(wanted.values(run=run.id, members=more, about=_about(run, problem)))
            split = update(rows).where(rows.c.split_from == known.number)
            connection.execute(split.values(run=run.id))
            return known.number
        return _inserted(connection, _new_row(run, problem, members))


def _changed(
    connection: Connection, number: int, action: str, user: str, note: str = "", **values: Any
) -> KnownProblem:
    """Change a problem and write it down; what is no column is a detail of the audit line.

    Raises:
        NotFoundError: when no problem was ever given this number.
    """
    columns = {name: value for name, value in values.items() if name in rows.c}
    detail = {name: value for name, value in values.items() if name in _DETAILS} | ({"note": note} if note else {})
    if columns:
        connection.execute(update(rows).where(rows.c.number == number).values(**columns))
    row = connection.execute(select(rows).where(rows.c.number == number)).one_or_none()
    if row is None:
        raise no_problem(problem_name(number))
    write_entry(connection, user, action, problem_name(number), **detail)
    return known_problem(row)


def _check_mergeable(one: KnownProblem, root: KnownProblem) -> None:
    """
    Raises:
        InputError: they belong to different data or chambers, or are one problem already.
    """
    names = {"name": one.name, "other": root.name}
    if one.number == root.number:
        raise InputError("{name} and {other} are one problem already.", field="into", **names)
    if one.dataset != root.dataset:
        raise InputError("{name} and {other} belong to different data.", field="into", **names)
    if one.equipment != root.equipment:
        raise InputError(
            "{name} and {other} are on different chambers.",
            hint="Problems are merged on one chamber. The page of each says where else it is.",
            field="into",
            **names,
        )


def _new_row(run: Run, problem: FabProblem, members: frozenset[str]) -> dict[str, Any]:
    return {
        "dataset": run.dataset,
        "fingerprint": problem.fingerprint,
        "run": run.id,
        "members": sorted(members)[:_MOST_MEMBERS],
        "about": _about(run, problem),
        "note": "",
        "user": "",
    }


def _inserted(connection: Connection, values: Mapping[str, Any]) -> int:
    key = connection.execute(rows.insert().values(**values)).inserted_primary_key
    return int(key[0]) if key is not None else 0


def _about(run: Run, problem: FabProblem) -> dict[str, Any]:
    title = problem.title or Note("")
    return {"title": {"template": title.template, "values": dict(title.values)}, "dataset_name": run.dataset_name}


def _in_order(dataset: str) -> Any:
    return select(rows).where(rows.c.dataset == dataset).order_by(rows.c.number)
