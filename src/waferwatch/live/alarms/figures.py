"""How many alarms there are, against what operators can bear, and how many of them are false."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from waferwatch.live.alarms.alarm import FALSE_ALARM, TRUE_ALARM, AlarmState
from waferwatch.live.alarms.book import moment
from waferwatch.monitors.alarms.alarm_rate import AlarmRate

# As ISA-18.2 and EEMUA 191 give them for one operator.
A_DAY, MOST_A_DAY = 150, 300
MOST_IN_TEN_MINUTES = 10
WORST = 10  # problems ...
MOST_OF_WORST = 0.05  # ... that together should bring at most this share of all alarms
CHATTER_TIMES, CHATTER_WITHIN = 3, timedelta(minutes=1)
STALE_AFTER = timedelta(hours=24)
_TEN_MINUTES = timedelta(minutes=10)
_HOUR_US = 3_600_000_000
_OPENED = """
SELECT changes.at, alarms.id, alarms.fingerprint FROM alarm_changes AS changes JOIN alarms ON alarms.id = changes.alarm
WHERE changes.action IN ('opened', 'reopened', 'unsuppressed', 'unshelved') AND changes.after = 'active'
AND changes.at >= ? ORDER BY changes.at
"""


@dataclass(frozen=True)
class AlarmLoad:
    """What an operator had to bear in some days."""

    days: float
    alarms: int  # times that one became active
    a_day: float
    most_in_ten_minutes: int
    flood_share: float  # of the time
    worst: list[dict[str, Any]]  # the problems with most alarms
    worst_share: float
    chattering: int  # problems that became active three times within a minute
    stale: int  # open for over a day
    suppressed: int  # alarms that never became active

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types, with the figures it is held against."""
        bounds = {
            "a_day": A_DAY,
            "most_a_day": MOST_A_DAY,
            "in_ten_minutes": MOST_IN_TEN_MINUTES,
            "worst_share": MOST_OF_WORST,
        }
        return asdict(self) | {"bounds": bounds}


def alarm_load(connection: sqlite3.Connection, since: datetime, now: datetime) -> AlarmLoad:
    """The load from a moment on, or from the first alarm on where that came later."""
    rows = connection.execute(_OPENED, (moment(since),)).fetchall()
    times = [datetime.fromisoformat(row["at"]) for row in rows]
    begin = max(since, times[0]) if times else since
    days = max((now - begin) / timedelta(days=1), 1e-6)
    by_problem = Counter(row["fingerprint"] for row in rows)
    worst = by_problem.most_common(WORST)
    flood = _flood_time(connection, begin, now)
    return AlarmLoad(
        days,
        len(rows),
        len(rows) / max(days, 1.0),
        _most_within(times, _TEN_MINUTES),
        min(flood / (now - begin), 1.0) if now > begin else 0.0,
        [{"fingerprint": name, "alarms": count} for name, count in worst],
        sum(count for _, count in worst) / len(rows) if rows else 0.0,
        _chattering(rows, times),
        _stale(connection, now),
        _count(connection, "raised_at = '' AND opened_at >= ?", moment(since)),
    )


def false_alarm_rates(connection: sqlite3.Connection, column: str) -> dict[str, AlarmRate]:
    """By equipment or by monitor: alarms by verdict, and false ones per productive equipment-hour.

    Args:
        column: ``equipment`` or ``monitor``.
    """
    name = {"equipment": "equipment", "monitor": "monitor"}[column]
    hours = {row[0]: row[1] / _HOUR_US for row in connection.execute(f"SELECT {name}, {_HOURS} GROUP BY 1")}
    counts: dict[str, Counter[str]] = {key: Counter() for key in hours}
    for row in connection.execute(f"SELECT {name}, {_RAISED} GROUP BY 1, 2"):
        counts.setdefault(row[0], Counter())[row[1]] = row[2]
    return {
        key: AlarmRate.of(found[FALSE_ALARM], found[TRUE_ALARM], found[""], hours.get(key))
        for key, found in sorted(counts.items())
    }


def alarms_since(connection: sqlite3.Connection, since: datetime) -> dict[str, int]:
    """Alarms that became active since a moment, and how many of them are true and false by now."""
    query = "SELECT verdict, count(*) FROM alarms WHERE raised_at >= ? GROUP BY 1"
    found = {row[0]: row[1] for row in connection.execute(query, (moment(since),))}
    return {
        "alarms": sum(found.values()),
        "true": found.get(TRUE_ALARM, 0),
        "false": found.get(FALSE_ALARM, 0),
    }


def whole_rate(rates: dict[str, AlarmRate]) -> AlarmRate:
    """All of them together."""
    hours = sum(one.hours or 0.0 for one in rates.values()) or None
    each = rates.values()
    return AlarmRate.of(
        sum(one.false for one in each), sum(one.true for one in each), sum(one.unjudged for one in each), hours
    )


_HOURS = "sum(productive_us) FROM alarm_hours"
_RAISED = "verdict, count(*) FROM alarms WHERE kind <> 'silence' AND raised_at <> ''"


def _most_within(times: list[datetime], span: timedelta) -> int:
    """The most of these moments, ascending, that lie within a span."""
    most = start = 0
    for stop, at in enumerate(times):
        while at - times[start] >= span:
            start += 1
        most = max(most, stop - start + 1)
    return most


def _chattering(rows: list[sqlite3.Row], times: list[datetime]) -> int:
    by_problem: dict[str, list[datetime]] = {}
    for row, at in zip(rows, times, strict=True):
        by_problem.setdefault(row["fingerprint"], []).append(at)
    return sum(_most_within(one, CHATTER_WITHIN) >= CHATTER_TIMES for one in by_problem.values())


def _stale(connection: sqlite3.Connection, now: datetime) -> int:
    before = moment(now - STALE_AFTER)
    return _count(connection, f"state <> '{AlarmState.CLOSED.value}' AND opened_at < ?", before)


def _count(connection: sqlite3.Connection, where: str, value: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM alarms WHERE {where}", (value,)).fetchone()[0])


def _flood_time(connection: sqlite3.Connection, begin: datetime, now: datetime) -> timedelta:
    total = timedelta()
    for row in connection.execute("SELECT began, ended FROM alarm_floods"):
        ended = datetime.fromisoformat(row["ended"]) if row["ended"] else now
        total += max(min(ended, now) - max(datetime.fromisoformat(row["began"]), begin), timedelta())
    return total
