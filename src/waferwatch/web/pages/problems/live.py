"""Alarms of live data that are open now: they are worked on the Watch page, and problems lead there."""

from __future__ import annotations

from dataclasses import dataclass, field

from waferwatch.live.alarms.alarm import AlarmState
from waferwatch.live.alarms.search import AlarmFilter, find_alarms
from waferwatch.web.shell.context import Parts

_MOST = 500
_OPEN = (AlarmState.ACTIVE, AlarmState.ACKNOWLEDGED, AlarmState.SHELVED, AlarmState.SUPPRESSED)


@dataclass(frozen=True)
class LiveAlarms:
    """Open alarms, and which of them nobody has seen."""

    open: int = 0
    unseen: int = 0
    by_place: dict[tuple[str, str], int] = field(default_factory=dict)  # chamber and sensor -> number of the newest


def live_alarms(app: Parts) -> LiveAlarms:
    """Those of this moment; none where live monitoring does not run."""
    if app.live.running is None:
        return LiveAlarms()
    with app.alarms.desk.reading() as connection:
        found = find_alarms(connection, AlarmFilter(_OPEN), _MOST)
    places = {(one.equipment, one.sensor): one.id for one in reversed(found)}
    return LiveAlarms(len(found), sum(one.state is AlarmState.ACTIVE for one in found), places)
