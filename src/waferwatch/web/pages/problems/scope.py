"""What a visitor looks at: chamber, recipe, sensor, severity and time, all of them in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from urllib.parse import urlencode

import numpy as np

from waferwatch.indicators.problems.problem import FabProblem
from waferwatch.indicators.verdicts import RunScore
from waferwatch.read.time_axis.places import end_of, place_of
from waferwatch.store.problems.grouping import ListedProblem

ORDERS = ("worst", "time", "chamber", "sensor")
_PATH = "/problems"
_MOMENTS = 2**16  # places whose numbers are remembered: those of some ten thousand wafers, a few megabytes


@dataclass(frozen=True)
class Scope:
    """Part of a check. Empty texts mean everything."""

    run: str = ""
    chamber: str = ""
    recipe: str = ""
    sensor: str = ""
    start: str = ""
    end: str = ""
    sort: str = ORDERS[0]
    search: str = ""
    faults: str = ""  # "1": whether labelled faults were found

    @classmethod
    def from_query(cls, query: Mapping[str, str], run: str) -> Scope:
        """What an address says; an order that does not exist means the worst first."""
        names = ("chamber", "recipe", "sensor", "start", "end", "faults")
        sort = query.get("sort", ORDERS[0])
        own = {name: query.get(name, "") for name in names}
        search = query.get("search", "").strip()
        return cls(run=run, sort=sort if sort in ORDERS else ORDERS[0], search=search, **own)

    @cached_property
    def narrowed(self) -> bool:
        """Whether it is only a part."""
        return any((self.chamber, self.recipe, self.sensor, self.start, self.end, self.search))

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """First and last moment, as :func:`moment_of` gives them; NaN where there is none.

        Raises:
            InputError: what was typed is neither a time nor a number.
        """
        return _bound(self.start.strip(), "start"), _bound(self.end.strip(), "end")

    def address(self, **changes: str) -> str:
        """The address of this scope with some of it changed."""
        one = replace(self, **changes)
        values = {name: value for name, value in asdict(one).items() if value and (name, value) != ("sort", ORDERS[0])}
        return f"{_PATH}?{urlencode(values)}"

    def holds_problem(self, one: FabProblem) -> bool:
        return (
            self.chamber in ("", one.equipment or "")
            and (not self.recipe or self.recipe in (one.recipe, *one.recipes))
            and self.sensor in ("", one.sensor)
            and self._touches(one.first_seen, one.last_seen)
            and self._names(one.equipment, one.sensor, *one.recipes, *one.steps, *one.wafers, *_sensors(one))
        )

    def holds_run(self, run: RunScore) -> bool:
        return not self.narrowed or (
            self.chamber in ("", run.equipment or "")
            and self.recipe in ("", run.recipe or "")
            and self._touches(run.start, run.end)
            and self._names(run.equipment, run.recipe, run.step, f"{run.lot or ''}/{run.wafer or ''}", *run.sensors)
        )

    def _names(self, *texts: str | None) -> bool:
        wanted = self.search.casefold()
        return not wanted or any(wanted in text.casefold() for text in texts if text)

    def _touches(self, first: str | float | None, last: str | float | None) -> bool:
        start, end = self.bounds
        low, high = moment_of(first), moment_of(last)
        return not (high < start or low > end)  # what has no time is compared with NaN, which is never so


def _sensors(one: FabProblem) -> list[str]:
    return [each.sensor for each in one.sensors]


def _bound(text: str, field: str) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        place = end_of(text, True, field) if field == "end" else place_of(text, True, field)
        return float(place.astype("datetime64[ms]").astype(np.int64)) / 1000


@lru_cache(_MOMENTS)
def moment_of(value: str | float | None) -> float:
    """A place on the time axis as a number: seconds since 1970 for times, NaN where there is none."""
    if value is None or value == "":
        return float("nan")
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return float(np.datetime64(str(value).replace(" ", "T"), "ms").astype(np.int64)) / 1000
    except ValueError:
        return float("nan")


def in_order(listed: Sequence[ListedProblem], sort: str) -> list[ListedProblem]:
    """Problems worst first as they came, or by something else."""
    if sort == "time":
        return sorted(listed, key=lambda one: -moment_of(one.problem.first_seen))
    if sort == "chamber":
        return sorted(listed, key=lambda one: one.problem.equipment or "")
    if sort == "sensor":
        return sorted(listed, key=lambda one: one.problem.sensor)
    return list(listed)
