"""What engineers say about events: a true alarm, a false one or an intended change, with a note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from waferwatch.store.database.connection import Database, now
from waferwatch.store.database.schema import verdicts as rows


class Judgement(StrEnum):
    """What an event was."""

    TRUE_ALARM = "true_alarm"
    FALSE_ALARM = "false_alarm"
    INTENDED_CHANGE = "intended_change"  # of a recipe or a set-point: seen rightly, and no fault


@dataclass(frozen=True)
class Verdict:
    """What was said about one event."""

    run: str
    row: int  # peak row of the event in the table, from 0: the event that holds it keeps the verdict
    verdict: Judgement
    note: str
    user: str
    at: str  # ISO 8601, UTC


class Verdicts:
    """The verdicts of one store. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, run: str, row: int, verdict: Judgement | None, note: str, user: str) -> Verdict | None:
        """Say what an event was, in place of what was said before. ``None`` takes it back."""
        return next(iter(self.put_all(run, [row], verdict, note, user)), None)

    def put_all(self, run: str, peaks: Sequence[int], verdict: Judgement | None, note: str, user: str) -> list[Verdict]:
        """As :meth:`put`, of several events of one run: of all of them, or of none.

        Args:
            peaks: their peak rows.
        """
        made = [] if verdict is None else [Verdict(run, row, verdict, note, user, now()) for row in peaks]
        with self._database.begin() as connection:
            if verdict is None:
                connection.execute(rows.delete().where(rows.c.run == run, rows.c.row.in_(peaks)))
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            for one in made:
                values = {"verdict": one.verdict.value, "note": note, "user": user, "at": one.at}
                wanted = insert(rows).values(run=run, row=one.row, **values)
                connection.execute(wanted.on_conflict_do_update(index_elements=["run", "row"], set_=values))
        return made

    def of(self, *runs: str) -> list[Verdict]:
        """Every verdict on events of these runs, oldest first."""
        wanted = select(rows).where(rows.c.run.in_(runs)).order_by(rows.c.at)
        with self._database.read() as connection:
            return [
                Verdict(row.run, row.row, Judgement(row.verdict), row.note, row.user, row.at)
                for row in connection.execute(wanted)
            ]


def event_verdicts(event_ids: NDArray[np.int64], verdicts: Iterable[Verdict]) -> dict[int, Verdict]:
    """The verdict on each event of one run: that on a row which the event holds now.

    Rows between an event's first and last one may belong to another equipment, so only ``event_ids`` can say it.

    Args:
        event_ids: (rows,) id of the event that the row belongs to, 0 = none.
        verdicts: of this run, oldest first; of two on one event the newer counts.

    Returns:
        Event id -> verdict.
    """
    inside = [one for one in verdicts if one.row < len(event_ids)]
    return {int(event_ids[one.row]): one for one in inside if event_ids[one.row]}
