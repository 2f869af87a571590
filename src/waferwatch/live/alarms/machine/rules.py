"""When an alarm opens, when it ends, and when it is the same one again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from waferwatch.settings import Settings


@dataclass(frozen=True)
class AlarmRules:
    """The rules of one server."""

    points: int = 3  # of the last ``window`` judged rows that must be above the threshold
    window: int = 5
    off_rows: int = 64  # judged rows in a row below the lower threshold
    realarm: timedelta = timedelta(minutes=30)  # within which the same problem is the same alarm

    @classmethod
    def of_settings(cls, settings: Settings) -> Self:
        """The rules that the settings name."""
        return cls(
            min(settings.alarm_points, settings.alarm_window),
            settings.alarm_window,
            settings.alarm_off_rows,
            timedelta(minutes=settings.realarm_minutes),
        )
