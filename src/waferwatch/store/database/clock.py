"""The database's clock, by which processes on several machines agree who still lives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class database_now(GenericFunction[str]):  # noqa: N801 - written and used like an SQL function
    """The moment at which the statement runs by the database's clock, in the form of ``database.now``.

    Leases are compared by this clock alone, since the clocks of two machines may differ by minutes.

    Args:
        seconds: added to it; negative for the past.
    """

    type = String()
    inherit_cache = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(seconds)


@compiles(database_now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **more: Any) -> str:
    seconds = compiler.process(element.clauses, **more)
    return f"(strftime('%Y-%m-%dT%H:%M:%f', 'now', {seconds} || ' seconds') || '000+00:00')"


@compiles(database_now, "postgresql")
def _postgresql_now(element: Any, compiler: Any, **more: Any) -> str:
    seconds = compiler.process(element.clauses, **more)
    moment = f"clock_timestamp() AT TIME ZONE 'UTC' + make_interval(secs => {seconds})"
    return f'to_char({moment}, \'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\')'
