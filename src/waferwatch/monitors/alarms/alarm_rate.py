"""How often a monitor gives a false alarm, counted, with what chance allows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from waferwatch.evaluate.intervals import poisson_interval
from waferwatch.scoring.thresholds.promise import HOURS_A_WEEK


@dataclass(frozen=True)
class AlarmRate:
    """Alarms of some equipment-hours by what engineers, or labels, say of them. Rates are per equipment and hour."""

    false: int
    true: int
    unjudged: int  # alarms that nobody has judged yet; they count neither as false nor as true
    hours: float | None  # equipment-hours; None where times are no dates
    per_hour: float | None  # false ones
    low: float | None  # of the 95 % interval (exact, of a Poisson count)
    high: float | None

    @classmethod
    def of(cls, false: int, true: int, unjudged: int, hours: float | None) -> Self:
        """The rate of false alarms; without hours, counts alone."""
        if not hours:
            return cls(false, true, unjudged, None, None, None, None)
        low, high = poisson_interval(false)
        return cls(false, true, unjudged, hours, false / hours, low / hours, high / hours)

    def plus(self, other: Self) -> Self:
        """Of both together; without hours where one of them has none but alarms."""
        hours = [one.hours for one in (self, other) if one.hours is not None or one.false + one.true + one.unjudged]
        known = [one for one in hours if one is not None]
        counts = (self.false + other.false, self.true + other.true, self.unjudged + other.unjudged)
        return type(self).of(*counts, sum(known) if len(known) == len(hours) else None)

    def per_week(self) -> tuple[float, float, float] | None:
        """False alarms per equipment and week with their interval; None where less than a week was watched: no rate is
        given in a unit longer than what was seen.
        """
        if self.hours is None or self.hours < HOURS_A_WEEK or self.per_hour is None:
            return None
        low, high = self.low or 0.0, self.high or 0.0
        return self.per_hour * HOURS_A_WEEK, low * HOURS_A_WEEK, high * HOURS_A_WEEK

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)
